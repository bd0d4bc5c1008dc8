import type { MigrateMode } from '../mm/migrate-mode.js';
import type { Pfn } from '../mm/units.js';
import type { RefusalCode } from './refusal.js';

/**
 * What is special about one type of page. The migration service does everything that is the same for all: locking,
 * page tables, TLB, reference freeze, copying, flags, retries, undo. The words are those of the kernel's
 * `struct movable_operations` (include/linux/migrate.h); `refuses` and `references` are what the kernel computes
 * inline, has_unmovable_pages and folio_expected_refs.
 *
 * A handler is called once per page and must not allocate, throw, remember pages, or look at the clock.
 *
 * @example
 * const GONE: RefusalCode = 1;
 *
 * class RingBufferHandler implements PageTypeHandler {
 *   constructor(private readonly pages: PageView) {}
 *   claims(flags: number) { return (flags & PG_MOVABLE_OPS) !== 0; }
 *   refuses() { return 0; }
 *   references() { return 1; } // the driver's own slot
 *   isolate(page: Pfn) { return this.pages.isolateFromDriver(page, GONE); }
 *   migrate(source: Pfn, target: Pfn) { return this.pages.moveSlot(source, target) ? 0 : GONE; }
 *   putback(page: Pfn) { this.pages.putbackToDriver(page); }
 * }
 */
export interface PageTypeHandler {
  /**
   * Is a page with these flags mine? Pure: the same flags always give the same answer.
   * Handlers are asked in order and the first that says yes has the page.
   */
  claims(flags: number): boolean;

  /**
   * Read-only: would this page be refused now, and why? 0 if it would go. Planners ask this of millions of pages
   * before anything moves, and the service asks once more right before `isolate`.
   */
  refuses(page: Pfn): RefusalCode;

  /**
   * Read-only: references that the page's owner holds besides its mappings: 1 for a page-cache or swap-cache slot,
   * 1 more for buffers. If the page has any further reference it is pinned and the service refuses it; once unmapped
   * and isolated its count must be exactly this plus 1, or the freeze fails (mm/migrate.c, folio_expected_refs).
   */
  references(page: Pfn): number;

  /** Take the page off whatever list it is on, with one reference; or say why not, with nothing changed. */
  isolate(page: Pfn): RefusalCode;

  /**
   * Re-point everything that names the page, except page tables, from source to target: cache slot, buffers, a
   * driver's table. Both pages are locked, no page-table entry maps source, its count is frozen at 0: nobody can get
   * hold of it. All or nothing: 0, or a code with nothing changed. The service copies the contents and flags next,
   * and after a 0 nothing can fail any more.
   */
  migrate(source: Pfn, target: Pfn, mode: MigrateMode): RefusalCode;

  /** Undo `isolate`, for a refused source as well as for a target that has arrived. Cannot fail. */
  putback(page: Pfn): void;

  /**
   * Optional, read-only: no free block is as large as this compound page, which starts at `head` and is isolated. May it
   * be turned into base pages, which then go one by one (-ENOMEM in migrate_pages_batch, split_folio)? 0, or why it
   * stays whole. Absent: it may, if the host can.
   */
  refusesSplit?(head: Pfn): RefusalCode;

  /**
   * Optional: the page, whole if it is compound, has count 0 and is not free, because its owner keeps it for later. Give
   * it back to the allocator, in place of `isolate` and all that follows (dissolve_free_hugetlb_folio): 0, or a code
   * with nothing changed. With this verb `refuses` is asked of such pages too; without, they are refused as being freed.
   */
  dissolve?(head: Pfn): RefusalCode;

  /**
   * Optional, for pages that are mapped where reverse maps do not look: replaces the entries that only this handler finds by migration
   * entries, with `PageView.entries`. The page is locked. The service then unmaps what reverse maps find, and refuses the
   * page (`still-mapped`) if a mapping is left, so nothing needs to be answered. A handler with `unmap` has `remap` too.
   */
  unmap?(page: Pfn): void;

  /**
   * Optional: turns every entry that `unmap` has replaced, and every copy that fork has made of one since, into an entry for
   * `target`: the page's new place, or `source` itself when the page does not go. Cannot fail.
   */
  remap?(source: Pfn, target: Pfn): void;

  /**
   * Optional, read-only: may this page, which does not go, stay where it is while its memory block goes offline? True only
   * if nobody will ever ask for what it holds: the block takes it along (has_unmovable_pages with MEMORY_OFFLINE). Asked
   * when taking blocks offline, never when making free blocks, and after drivers have been told (MEM_GOING_OFFLINE), so
   * that a page whose driver has let go of it can say so. Absent: no page of the type may.
   */
  staysWhenOffline?(page: Pfn): boolean;
}
