import {
  PG_ANON,
  PG_HEAD,
  PG_LOCKED,
  PG_LRU,
  PG_RESERVED,
  PG_SWAPCACHE,
  PG_TAIL,
  PG_WRITEBACK,
} from '../../../mm/page-flags.js';
import { type PfnRange, rangeOf } from '../../../mm/pfn-range.js';
import { NO_PAGE, type Order, type Pfn } from '../../../mm/units.js';
import type { Job } from '../../strategy.js';
import type { Attempt } from './attempt.js';
import { Targets } from './targets.js';

/** No block of this order or below is started from (max_order_delta, though it is compared with the order itself). */
const LOWEST_ORDER = 2;
const BUSY = PG_LOCKED | PG_WRITEBACK | PG_RESERVED | PG_HEAD | PG_TAIL;

/**
 * coalesce_memory(zone, order) as posted on 4 June 2005, on top of the hotplug patches' migration: first every page before
 * a free block is looked at, and only if all would go they move. In effect these are pages of the page cache and the swap
 * cache that nobody maps. What it vacates it never frees: here that range stays out of the allocator until `release`.
 */
export class Coalesce2005 {
  readonly #targets: Targets;
  readonly #vacated: PfnRange[] = [];

  constructor(
    private readonly attempt: Attempt,
    readonly zone: number,
  ) {
    this.#targets = new Targets(attempt.host, attempt.zone(zone).node, attempt.on, attempt.hazards);
  }

  *call(): Job<Pfn> {
    const { host, order } = this.attempt;
    for (let torder = order - 1; torder > LOWEST_ORDER; torder--) {
      const blocks = host.free.blocks(this.zone, torder);
      const need = 2 ** order - 2 ** torder;
      // Its count of blocks is decremented before it is looked at, so the last block is not visited.
      for (let i = 0; i < blocks.length - 1; i++) {
        const block = blocks[i]!;
        yield { step: 'scanning', done: i, total: blocks.length };
        if (!this.#allWouldGo(block - need, block) || host.free.blockOrder(block) !== torder) continue;
        // The first page that does not go after all ends the call.
        return (yield* this.#vacate(block, torder, need)) ? block : NO_PAGE;
      }
    }
    return NO_PAGE;
  }

  /** is_page_busy() of every page. Nobody looks whether the zone begins on the way. */
  #allWouldGo(start: Pfn, end: Pfn): boolean {
    const { hazards, host } = this.attempt;
    for (let pfn = end - 1; pfn >= start; pfn--) {
      if (pfn < 0) hazards.add('outside-memory-map', 0);
      else if (host.zoneOf(pfn) !== this.zone) hazards.add('outside-zone', pfn);
      else if (this.#wouldGo(pfn)) continue;
      return false;
    }
    return true;
  }

  /** A page that a cache alone holds. Free pages are on no LRU list, so they do not pass either. */
  #wouldGo(pfn: Pfn): boolean {
    const { columns, pages } = this.attempt.host;
    const flags = columns.flags[pfn]!;
    if ((flags & BUSY) !== 0 || (flags & PG_LRU) === 0 || columns.count[pfn] !== 1) return false;
    return (flags & PG_ANON) !== 0 ? (flags & PG_SWAPCACHE) !== 0 : pages.hasMapping(pfn);
  }

  *#vacate(block: Pfn, torder: Order, need: number): Job<boolean> {
    const { hazards, host } = this.attempt;
    if (host.free.take(block) < 0) return false;
    const range = rangeOf(block - need, need);
    host.isolateRange(range);
    let left = need;
    try {
      // The list is built head first, so the last page goes first.
      for (let pfn = block - 1; pfn >= range.start; pfn--, left--) {
        const { migrated, freed } = yield* this.attempt.move(Uint32Array.of(pfn), this.#targets);
        if (migrated + freed === 0) return false;
      }
      this.#vacated.push(range);
      hazards.add('vacated-never-freed', range.start, need);
      return true;
    } finally {
      if (left > 0) host.undoIsolateRange(range);
      host.free.give(block, torder);
    }
  }

  /** Gives the machine back what the posted code leaks. */
  release(): void {
    for (const range of this.#vacated) this.attempt.host.undoIsolateRange(range);
    this.#vacated.length = 0;
  }
}
