import type { Pfn } from '../mm/units.js';

/** What /proc/vmstat counts of reclaim since the machine was built. */
export interface ReclaimCounters {
  /** Pages that reclaim looked at (pgscan). */
  readonly scanned: number;
  /** Pages that reclaim freed (pgsteal). */
  readonly reclaimed: number;
  /** Pages written to swap (pswpout). */
  readonly swappedOut: number;
}

/** What came of one page: freed now, being written (ask again later), or kept. */
export type Pageout = 'freed' | 'writing' | 'kept';

/**
 * Freeing memory by taking it away from its owners: page cache is dropped, anonymous memory goes to swap.
 *
 * @example
 * const reclaim: Reclaim = host.reclaim;
 * const { scanned }: ReclaimCounters = reclaim.counters;
 * const isGone = (went: Pageout) => went === 'freed';
 * scanned; // 0
 */
export interface Reclaim {
  readonly counters: ReclaimCounters;
  /**
   * One pass over the LRU lists of a zone at a priority (12 looks at 1/4096 of each list, 0 at all of it), oldest pages
   * first, until `wanted` pages are free (shrink_zone, mm/vmscan.c). Returns how many it freed.
   */
  shrinkZone(zone: number, priority: number, wanted: number): number;
  /** Tries to reclaim one page that is on the LRU, whatever its age (reclaim_pages; the purge of 2004). */
  pageout(pfn: Pfn): Pageout;
}
