import type { MemoryHost } from '../../host/memory-host.js';
import { PG_BUDDY } from '../../mm/page-flags.js';
import { MAX_PAGE_ORDER, type Order } from '../../mm/units.js';
import { nrNotFree } from '../pages-in-use.js';

/**
 * Aligned ranges of 2^order pages that are free in buddy: a block of order k counts as 2^(k - order).
 *
 * @example
 * const before = countFreeRanges(host, 9);
 * runToEnd(evacuator.highOrder({ order: 9, count: 1 }));
 * countFreeRanges(host, 9) > before; // true
 */
export function countFreeRanges(
  host: MemoryHost,
  order: Order,
  zones: Iterable<number> = host.layout.zones.keys(),
): number {
  if (order > MAX_PAGE_ORDER) return countWholeRanges(host, order, new Set(zones));
  let nr = 0;
  for (const zone of zones)
    for (let size = order; size <= MAX_PAGE_ORDER; size++) nr += host.free.nrBlocks(zone, size) * 2 ** (size - order);
  return nr;
}

/** Beyond the highest order that buddy keeps, a range is whole if all its pages are free. */
function countWholeRanges(host: MemoryHost, order: Order, zones: ReadonlySet<number>): number {
  const { columns, layout } = host;
  const { flags } = columns;
  const size = 2 ** order;
  let nr = 0;
  for (let start = 0; start + size <= layout.nrPfns; start += size) {
    if (!zones.has(host.zoneOf(start)) || nrNotFree(host, start, start + size) > 0) continue;
    // Free pages may be on per-CPU lists still.
    let pfn = start;
    while (pfn < start + size && (flags[pfn]! & PG_BUDDY) !== 0) pfn++;
    if (pfn === start + size) nr++;
  }
  return nr;
}
