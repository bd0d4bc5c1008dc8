import { ACCESS_NO_MEMORY, ACCESS_OK } from '../../sim/access.js';
import type { StatedActivityOf } from '../activity-schema.js';
import { type Activity, type Scene, type Step, waitAfter } from './activity.js';
import { ProcessMemory } from './process-memory.js';

/** Pages that the parent writes in one step before it can fork. */
const FILL_PAGES = 64;

/** A build: a process forks children that write part of what they share with it, and exit when others take their turn. */
export class Forks implements Activity {
  readonly rate: number;
  #parent: ProcessMemory | null = null;
  #filled = 0;
  readonly #children: ProcessMemory[] = [];

  constructor(
    private readonly scene: Scene,
    private readonly stated: StatedActivityOf<'fork'>,
  ) {
    this.rate = stated.rate;
  }

  step(): Step {
    this.#parent ??= ProcessMemory.open(this.scene, this.stated.size);
    const parent = this.#parent;
    if (parent === null) return waitAfter(ACCESS_NO_MEMORY, this.scene);
    if (this.#filled < parent.nrPages) return this.#fill(parent);
    if (this.#children.length === this.stated.processes) this.#endChild(this.#children.shift() as ProcessMemory);
    const child = parent.fork();
    if (child === null) return waitAfter(ACCESS_NO_MEMORY, this.scene);
    this.#children.push(child);
    return this.#writeShared(parent, child);
  }

  expire(): void {}

  end(): boolean {
    for (const child of this.#children.splice(0)) this.#endChild(child);
    this.#parent?.checkAll(this.#filled);
    this.#parent?.exit();
    this.#parent = null;
    this.#filled = 0;
    return true;
  }

  #fill(parent: ProcessMemory): Step {
    const end = Math.min(parent.nrPages, this.#filled + FILL_PAGES);
    for (; this.#filled < end; this.#filled++) {
      const access = parent.write(this.#filled);
      if (access !== ACCESS_OK) return waitAfter(access, this.scene);
    }
    return 'done';
  }

  /** The child gets copies of what it writes; the parent goes on with a page of its own. */
  #writeShared(parent: ProcessMemory, child: ProcessMemory): Step {
    const { prng } = this.scene;
    const writes = Math.round(parent.nrPages * this.stated.write);
    for (let written = 0; written < writes; written++) {
      const access = child.write(prng.below(child.nrPages));
      if (access !== ACCESS_OK) return waitAfter(access, this.scene);
    }
    const access = parent.write(prng.below(parent.nrPages));
    return access === ACCESS_OK ? 'done' : waitAfter(access, this.scene);
  }

  #endChild(child: ProcessMemory): void {
    child.checkAll(child.nrPages);
    child.exit();
  }
}
