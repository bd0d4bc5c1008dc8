import { PAGEBLOCK_ORDER, PAGEBLOCK_PAGES } from '../../mm/units.js';
import { ACCESS_NO_MEMORY, ACCESS_OK } from '../../sim/access.js';
import { faultHugePage } from '../../sim/huge-pages.js';
import type { StatedActivityOf } from '../activity-schema.js';
import { type Activity, type Scene, type Step, waitAfter } from './activity.js';
import { ProcessMemory } from './process-memory.js';

/** A process that writes one new page after the other until it has enough, then exits and begins again. */
export class Growth implements Activity {
  readonly rate: number;
  #memory: ProcessMemory | null = null;
  #filled = 0;

  constructor(
    private readonly scene: Scene,
    private readonly stated: StatedActivityOf<'growth'>,
  ) {
    this.rate = stated.rate;
  }

  step(): Step {
    if (this.#filled === this.stated.size) this.end();
    // A huge page is aligned in virtual memory as it is in physical.
    this.#memory ??= ProcessMemory.open(this.scene, this.stated.size, PAGEBLOCK_PAGES);
    if (this.#memory === null) return waitAfter(ACCESS_NO_MEMORY, this.scene);
    if (this.stated.huge && this.#filled % PAGEBLOCK_PAGES === 0) this.#askForHugePage(this.#memory);
    const access = this.#memory.write(this.#filled);
    if (access !== ACCESS_OK) return waitAfter(access, this.scene);
    this.#filled++;
    this.#memory.check(this.scene.prng.below(this.#filled));
    return 'done';
  }

  expire(): void {}

  end(): boolean {
    this.#memory?.checkAll(this.#filled);
    this.#memory?.exit();
    this.#memory = null;
    this.#filled = 0;
    return true;
  }

  /** Base pages do where there is no huge one, yet it is a request that was not met. */
  #askForHugePage({ mm, start, nrPages }: ProcessMemory): void {
    const { machine, cpu, tally } = this.scene;
    if (this.#filled + PAGEBLOCK_PAGES > nrPages) return;
    if (faultHugePage(machine, cpu, mm, start + this.#filled, PAGEBLOCK_ORDER) === ACCESS_NO_MEMORY) tally.failures++;
  }
}
