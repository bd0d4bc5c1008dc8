import type { Pfn } from '../mm/units.js';
import type { MovableOperations } from './movable-operations.js';
import type { PageEntries } from './page-entries.js';
import type { RefusalCode } from './refusal.js';

/**
 * The pool of huge pages that a page is of, as its handler sees it (struct hstate). Any page of a huge page names it.
 *
 * @example
 * const canDissolve = (pool: HugePool, head: Pfn) => pool.owns(head) && pool.available(head) > 0;
 */
export interface HugePool {
  /** False for a huge page that is on no pool's books: its owner took it for itself. */
  owns(pfn: Pfn): boolean;
  /** True if no free block is as large, so that none is made while the machine runs (hstate_is_gigantic). */
  isGigantic(pfn: Pfn): boolean;
  /** Huge pages of this size that nobody uses and no reservation counts on (available_huge_pages). */
  available(pfn: Pfn): number;
  /** True if one of these lies outside of isolated ranges, so that another one may move there. */
  hasTarget(pfn: Pfn): boolean;
  /**
   * Gives an unused one back to the allocator; its pool is smaller by one (dissolve_free_hugetlb_folio). Returns 0, or the
   * code, with nothing changed, if somebody uses it or a reservation counts on it.
   */
  dissolve(head: Pfn, kept: RefusalCode): RefusalCode;
}

/**
 * What a handler may ask and do with one page. Pages are named by pfn; there is no page object.
 * Reads are plain column reads. The verbs each do one step of the kernel's protocol and leave every invariant whole.
 *
 * @example
 * const isInSwapCache = (pages: PageView, pfn: Pfn) => (pages.flags(pfn) & PG_SWAPCACHE) !== 0;
 * isInSwapCache(host.pages, 0); // false
 */
export interface PageView {
  /** PG_* bits (vacate/handler re-exports them). */
  flags(pfn: Pfn): number;
  /** All references: mappings, cache, buffers, isolations, pins (page_count). */
  count(pfn: Pfn): number;
  /** Page-table entries that map it (page_mapcount). */
  mapcount(pfn: Pfn): number;
  /** True while a page cache, swap cache or driver pool has the page in its slot (page_mapping and the slot agree). */
  inCache(pfn: Pfn): boolean;
  /** Swap slot of a swap-cache page, -1 for any other (page_private of a swap-cache page). */
  swapSlot(pfn: Pfn): number;
  /** True if the page belongs to a mapping at all; false once truncated or when its owner is gone. */
  hasMapping(pfn: Pfn): boolean;
  /** True if the page's file is mapped by a nonlinear VMA (mapping->i_mmap_nonlinear is not empty). */
  hasNonlinearMappings(pfn: Pfn): boolean;
  /**
   * True if a device has pinned the page for as long as it wants (FOLL_LONGTERM); of a page with DMA_PINNED, false says that a
   * transfer is under way. Absent where pins are not shown: a kernel does not tell the one from the other.
   */
  longtermPinned?(pfn: Pfn): boolean;

  /**
   * Takes the page off its LRU list and takes one reference (isolate_lru_page, mm/vmscan.c).
   * Returns 0, or a non-zero code of the caller's choice when the page is not on an LRU: nothing is changed then.
   */
  isolateFromLru(pfn: Pfn, notOnLru: RefusalCode): RefusalCode;
  /** Undoes `isolateFromLru`: back to the same place, reference dropped (putback_lru_page). Cannot fail. */
  putbackToLru(pfn: Pfn): void;
  /**
   * As `isolateFromLru`, for a page that a driver or hugetlbfs owns and no LRU holds (isolate_movable_page,
   * isolate_hugetlb). Returns 0, or the code, with nothing changed, if its owner has let go of it meanwhile, or another
   * migrator has it in hand.
   */
  isolateFromDriver(pfn: Pfn, letGo: RefusalCode): RefusalCode;
  /** Undoes `isolateFromDriver`. */
  putbackToDriver(pfn: Pfn): void;

  /**
   * Re-points the slot that holds `source` (page cache, swap cache or driver pool) at `target`, and gives `target` the
   * identity that goes with it: mapping and index. Tags of the slot (dirty, writeback) stay with the slot.
   * Returns false, with nothing changed, if the slot no longer holds `source`: it was truncated meanwhile.
   * For a page in no slot it only carries the identity (folio_migrate_mapping, mm/migrate.c).
   */
  moveSlot(source: Pfn, target: Pfn): boolean;
  /**
   * The callbacks of the driver that has the page (page_movable_ops); null if none has, or it has let go of it. Absent where
   * drivers are not shown: then `moveSlot` does all that can be done.
   */
  movableOps?(pfn: Pfn): MovableOperations | null;
  /** Moves the filesystem's buffers, which hold one reference, from source to target (buffer_migrate_folio). */
  moveBuffers(source: Pfn, target: Pfn): void;

  /** Pools of huge pages; absent where they are not shown, as on a host that was only read. */
  readonly hugePool?: HugePool;
  /** Page-table entries, for a handler that takes mappings away itself; absent on a host that shows none. */
  readonly entries?: PageEntries;
}
