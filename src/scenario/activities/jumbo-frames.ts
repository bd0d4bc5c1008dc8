import { PG_SLAB } from '../../mm/page-flags.js';
import { NO_PAGE, type Pfn } from '../../mm/units.js';
import { allocateKernelPages } from '../../sim/access.js';
import { fillContents, readContents } from '../../sim/contents.js';
import { freePages } from '../../sim/page-allocator.js';
import type { StatedActivityOf } from '../activity-schema.js';
import type { Activity, Scene, Step } from './activity.js';

const read = new Uint32Array(2);

interface Packet {
  readonly pfn: Pfn;
  readonly until: number;
  readonly lo: number;
  readonly hi: number;
}

/** Packets arrive in blocks of kernel memory that cannot be waited for (GFP_ATOMIC), and are consumed after a moment. */
export class JumboFrames implements Activity {
  readonly rate: number;
  /** The oldest first. */
  readonly #packets: Packet[] = [];

  constructor(
    private readonly scene: Scene,
    private readonly stated: StatedActivityOf<'jumbo-frames'>,
  ) {
    this.rate = stated.rate;
  }

  step(): Step {
    const { machine, cpu, contents, tally } = this.scene;
    const pfn = allocateKernelPages(machine, cpu, this.stated.order, PG_SLAB);
    if (pfn === NO_PAGE) {
      // The packet is dropped; the next one comes all the same.
      tally.failures++;
      return 'done';
    }
    const { lo, hi } = contents.next();
    for (let page = pfn; page < pfn + 2 ** this.stated.order; page++) fillContents(machine, page, lo, hi);
    this.#packets.push({ pfn, until: (machine.clock[0] as number) + this.stated.hold, lo, hi });
    return 'done';
  }

  expire(): void {
    const now = this.scene.machine.clock[0] as number;
    const first = this.#packets.findIndex(({ until }) => until > now);
    for (const packet of this.#packets.splice(0, first < 0 ? this.#packets.length : first)) this.#consume(packet);
  }

  end(): boolean {
    for (const packet of this.#packets.splice(0)) this.#consume(packet);
    return true;
  }

  #consume({ pfn, lo, hi }: Packet): void {
    const { machine, cpu, tally } = this.scene;
    const { order } = this.stated;
    for (let page = pfn; page < pfn + 2 ** order; page++) {
      if (!readContents(machine, page, read) || read[0] !== lo || read[1] !== hi) tally.wrong++;
      machine.count[page] = 0;
    }
    freePages(machine, cpu, pfn, order);
  }
}
