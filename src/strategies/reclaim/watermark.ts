import type { FreeMemory } from '../../host/free-memory.js';
import type { Order } from '../../mm/units.js';

/** What a zone is asked: could it serve an allocation of the order and stay above the mark? */
export interface WatermarkTest {
  readonly order: Order;
  /** In pages: pages_min, pages_low or pages_high. */
  readonly mark: number;
  /** Pages held back besides from allocations that could have gone to a higher zone (protection[alloc_type]); 0 if absent. */
  readonly protection?: number;
  /** A quarter of the mark may be used: the allocation cannot wait, or runs at real-time priority. */
  readonly canTryHarder?: boolean;
  /** Half of the mark may be used (__GFP_HIGH). */
  readonly gfpHigh?: boolean;
}

/** What was wrong with the test as it was posted; each can be added by itself. */
export const WATERMARK_BUGS = ['subtract-wrong-order', 'unsigned-step'] as const;
export type WatermarkBug = (typeof WATERMARK_BUGS)[number];

const NO_BUGS: ReadonlySet<string> = new Set();

/**
 * zone_watermark_ok of 2.6.11: enough pages are free, and at each order below the one asked for, enough of them lie in
 * larger blocks, half as many at each step. Pages are those in buddy; those on per-CPU lists do not count.
 *
 * Source: Nick Piggin's patch 2/3 as merged (Oct 2004 with the fix of Nov 2004). With `subtract-wrong-order` the pages
 * that are of no use at a step are nr_free[order] << o instead of nr_free[o] << o (posted in Sep and Oct, found by Marcelo
 * Tosatti). With `unsigned-step` the allocation itself is not taken off at the start, as a negative number could not be;
 * each step asks for 2^order - 1 pages more instead (posted in Sep), so the first test lets a zone sink to its mark and
 * below by one allocation.
 */
export function zoneWatermarkOk(
  free: FreeMemory,
  zone: number,
  { order, mark, protection = 0, canTryHarder = false, gfpHigh = false }: WatermarkTest,
  bugs: ReadonlySet<string> = NO_BUGS,
): boolean {
  const unsigned = bugs.has('unsigned-step');
  const size = 2 ** order;
  let min = mark;
  if (gfpHigh) min -= min >> 1;
  if (canTryHarder) min -= min >> 2;
  let left = free.nrPages(zone) - (unsigned ? 0 : size - 1);
  if (unsigned ? left < min + protection : left <= min + protection) return false;
  for (let o = 0; o < order; o++) {
    // At the next order, this order's pages become unavailable.
    left -= free.nrBlocks(zone, bugs.has('subtract-wrong-order') ? order : o) * 2 ** o;
    min >>= 1;
    if (unsigned ? left < min + size - 1 : left <= min) return false;
  }
  return true;
}

/**
 * Blocks of the order that a zone lacks for the test of `zoneWatermarkOk` to pass, if they are made of pages that are
 * free already: the steps count. Infinity if the zone has too few free pages in all, whatever their blocks.
 */
export function blocksShort(free: FreeMemory, zone: number, { order, mark, protection = 0 }: WatermarkTest): number {
  const size = 2 ** order;
  let min = mark;
  let left = free.nrPages(zone) - (size - 1);
  if (left <= min + protection) return Number.POSITIVE_INFINITY;
  let short = 0;
  for (let o = 0; o < order; o++) {
    left -= free.nrBlocks(zone, o) * 2 ** o;
    min >>= 1;
    short = Math.max(short, Math.ceil((min + 1 - left) / size));
  }
  return short;
}
