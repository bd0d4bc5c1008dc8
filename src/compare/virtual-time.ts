/*
 * What work costs on a machine of today, in nanoseconds of virtual time. The simulated clock only knows what tasks wait
 * for (writes, pins, passes of retries); what CPUs do is priced here, with the same prices for every strategy.
 */

/**
 * Moving a page: unmap, shootdown, copy, remap. A host that moved the 7 GB it held (1.7 million pages) out of the way
 * of an unplug within a second took 600 to 900 ns a page; the middle, rounded.
 */
export const MOVE_NS = 700;

/** Looking at a page's state: what scanners and planners do most. A pass over an array of struct page is bound by memory. */
export const SCAN_NS = 5;

/** Freeing a page that was taken from its owner: a pass through the buddy allocator, measured at 94 ns, and its list. */
export const RECLAIM_NS = 100;

/** What a job did, in pages. */
export interface Work {
  readonly moved: number;
  readonly scanned: number;
  readonly reclaimed: number;
}

/** Virtual nanoseconds that the work itself takes, whatever was waited for. */
export function workNs({ moved, scanned, reclaimed }: Work): number {
  return moved * MOVE_NS + scanned * SCAN_NS + reclaimed * RECLAIM_NS;
}
