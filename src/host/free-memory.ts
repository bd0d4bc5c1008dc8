import type { Migratetype } from '../mm/migratetype.js';
import type { Order, Pfn } from '../mm/units.js';
import type { ZoneKind } from '../mm/zone.js';

/**
 * An ordinary order-0 or higher allocation of movable memory, as a fault or a page-cache read makes it.
 *
 * @example
 * const request: PlainAllocation = { order: 0, node: 0, ownNode: true, highest: 'Movable', mark: 'min' };
 * const { free }: { free: FreeMemory } = host;
 * const pfn = free.allocate(request);
 * free.give(pfn, 0);
 * pfn !== NO_PAGE; // true
 */
export interface PlainAllocation {
  readonly order: Order;
  /** Node whose zones are tried first. */
  readonly node: number;
  /** False: zones of `node` are left out (a node mask without it). */
  readonly ownNode: boolean;
  /** The mark that each zone stays above. */
  readonly mark: 'min' | 'low';
  /** Highest zone that may be used: 'Movable' for user memory (GFP_HIGHUSER_MOVABLE). */
  readonly highest: ZoneKind;
}

/**
 * The buddy allocator, as algorithms see it that look for free memory themselves: defragmentation and reclaim. Zones are
 * indices into `layout.zones`. Isolated memory is not free for anyone and is left out of every answer.
 */
export interface FreeMemory {
  /** Order of the free block that starts at the page; -1 if none starts there (PageBuddy, buddy_order). */
  blockOrder(pfn: Pfn): number;
  /** Migratetype of the page's pageblock; MIGRATE_ISOLATE while the page is isolated. */
  migratetype(pfn: Pfn): Migratetype;
  /** Free pages of a zone in buddy; those on per-CPU lists do not count (NR_FREE_PAGES). */
  nrPages(zone: number): number;
  /** Free blocks of one order in a zone (nr_free); of one migratetype only, if given. */
  nrBlocks(zone: number, order: Order, type?: Migratetype): number;
  /** First pages of the free blocks of one order, as their lists have them: most recently freed first, movable ones first. */
  blocks(zone: number, order: Order): Uint32Array;
  /** Movable free blocks of one order, at most so many, from one end of their list on. */
  atEnd(zone: number, order: Order, end: 'first' | 'last', most: number): Uint32Array;
  /** A zone's mark in pages, with what it holds back from allocations that could have gone as high as `highest`. */
  watermark(zone: number, mark: 'min' | 'low' | 'high', highest: ZoneKind): number;

  /**
   * Takes the free block that starts at the page out of buddy, whole; each of its pages has one reference and no other
   * state, as a migration target has (__isolate_free_page). Returns its order; -1, with nothing changed, if no block
   * starts there, it is isolated, or the zone would fall below its min watermark.
   */
  take(pfn: Pfn): number;
  /** An ordinary allocation, from per-CPU lists where the kernel uses them; NO_PAGE if there is nothing. Never reclaims. */
  allocate(request: PlainAllocation): Pfn;
  /** Gives back 2^order pages that `take` or `allocate` gave and that nobody has used; straight to buddy. */
  give(pfn: Pfn, order: Order): void;
  /** Drops the last reference of such a page as everyone does: an order-0 page goes to the CPU's own list first. */
  free(pfn: Pfn, order: Order): void;
  /**
   * Turns the free list that has a block, so that the block comes first on it or last: what a search has seen, the next
   * one meets late (move_freelist_head, move_freelist_tail).
   */
  rotate(pfn: Pfn, to: 'first' | 'last'): void;
  /** Flushes the running CPU's lists of one zone into buddy (drain_local_pages). */
  drainLocal(zone: number): void;
}
