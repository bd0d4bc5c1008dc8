import { ACCESS_OK, ACCESS_TORN, type Access, readPage, writePage } from '../../sim/access.js';
import { isVirtualPageLocked, readVirtualPage } from '../../sim/readings.js';
import type { StatedActivityOf } from '../activity-schema.js';
import { type Activity, type Scene, type Step, waitAfter } from './activity.js';
import { chooseWorkingSet, type WorkingSet } from './working-set.js';

const read = new Uint32Array(2);

/** Processes of the workloads go on reading and writing their anonymous memory. */
export class Touch implements Activity {
  readonly rate: number;
  readonly #set: WorkingSet;
  /** What each page of the set holds, two words each. */
  readonly #record: Uint32Array;

  constructor(
    private readonly scene: Scene,
    private readonly stated: StatedActivityOf<'touch'>,
    /** Told of each page that is written. */
    private readonly onWrite: (mm: number, vpn: number) => void,
  ) {
    this.rate = stated.rate;
    this.#set = chooseWorkingSet(scene.machine, stated.size, 'anonymous', scene.prng);
    this.#record = new Uint32Array(this.#set.nrPages * 2);
    for (let at = 0; at < this.#set.nrPages; at++) {
      readVirtualPage(scene.machine, this.#set.mms[at] as number, this.#set.vpns[at] as number, read);
      this.#record.set(read, at * 2);
    }
  }

  step(): Step {
    const { prng } = this.scene;
    if (this.#set.nrPages === 0) return 'done';
    const at = prng.below(this.#set.nrPages);
    const access = prng.chance(this.stated.write) ? this.#write(at) : this.#check(at);
    return access === ACCESS_OK ? 'done' : waitAfter(access, this.scene);
  }

  expire(): void {}

  end(): boolean {
    const { machine, tally } = this.scene;
    for (let at = 0; at < this.#set.nrPages; at++) {
      const mm = this.#set.mms[at] as number;
      const vpn = this.#set.vpns[at] as number;
      if (isVirtualPageLocked(machine, mm, vpn)) continue;
      readVirtualPage(machine, mm, vpn, read);
      if (!this.#isRight(at)) tally.wrong++;
    }
    return true;
  }

  #write(at: number): Access {
    const { machine, cpu, contents } = this.scene;
    const mm = this.#set.mms[at] as number;
    const vpn = this.#set.vpns[at] as number;
    const { lo, hi } = contents.next();
    const access = writePage(machine, cpu, mm, vpn, lo, hi);
    if (access !== ACCESS_OK) return access;
    this.onWrite(mm, vpn);
    this.#record[at * 2] = lo;
    this.#record[at * 2 + 1] = hi;
    return ACCESS_OK;
  }

  #check(at: number): Access {
    const { machine, cpu, tally } = this.scene;
    const access = readPage(machine, cpu, this.#set.mms[at] as number, this.#set.vpns[at] as number, read);
    if (access === ACCESS_TORN || (access === ACCESS_OK && !this.#isRight(at))) tally.wrong++;
    return access;
  }

  #isRight(at: number): boolean {
    return read[0] === this.#record[at * 2] && read[1] === this.#record[at * 2 + 1];
  }
}
