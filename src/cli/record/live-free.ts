import { VacateError } from '../../base/vacate-error.js';
import type { FreeMemory } from '../../host/free-memory.js';
import { type BuddyinfoRow, readBuddyinfo } from '../../linux/buddyinfo.js';
import type { LinuxTree } from '../../linux/linux-tree.js';
import type { ZoneShape } from '../../mm/zone.js';

/** What was read is good for so long: whoever asks, asks of all zones. */
const FRESH_MS = 50;

/** Free memory of a host as its kernel counts it now; nothing where it does not say. */
export class LiveFree implements Pick<FreeMemory, 'nrPages' | 'nrBlocks'> {
  #rows: readonly BuddyinfoRow[] = [];
  #readAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly tree: LinuxTree,
    private readonly zones: readonly ZoneShape[],
  ) {}

  nrPages(zone: number): number {
    return this.#free(zone).reduce((pages, blocks, order) => pages + blocks * 2 ** order, 0);
  }

  nrBlocks(zone: number, order: number): number {
    return this.#free(zone)[order] ?? 0;
  }

  #free(zone: number): readonly number[] {
    const now = performance.now();
    if (now - this.#readAt > FRESH_MS) {
      this.#readAt = now;
      this.#rows = this.#read();
    }
    const { node, kind } = this.zones[zone]!;
    return this.#rows.find((row) => row.node === node && row.zone === kind)?.free ?? [];
  }

  /** What only tells how far things are must not stop them. */
  #read(): readonly BuddyinfoRow[] {
    try {
      return readBuddyinfo(this.tree) ?? [];
    } catch (error) {
      if (VacateError.is(error)) return this.#rows;
      throw error;
    }
  }
}
