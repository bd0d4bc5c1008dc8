import type { MemoryHost } from '../../../host/memory-host.js';
import { MAX_PAGE_ORDER, type Order } from '../../../mm/units.js';
import { PAGE_ALLOC_COSTLY_ORDER } from './compact-control.js';
import { COMPACT_CONTINUE, COMPACT_SKIPPED, COMPACT_SUCCESS } from './compact-result.js';
import { blocksByOrder, contigPageInfo, fragmentationIndex } from './fragmentation.js';

/** Below it, an allocation is taken to fail for lack of memory, which compaction does not cure (vm.extfrag_threshold). */
export const EXTFRAG_THRESHOLD = 500;

/** Free pages that compaction needs to work with: for each page of the block a target, and again (compact_gap). */
export function compactGap(order: Order): number {
  return 2 << order;
}

/** Would an allocation from a zone that could have gone to Movable leave it above a mark? (zone_watermark_ok) */
export function isWatermarkOk(host: MemoryHost, zone: number, order: Order, pages: number): boolean {
  if (host.free.nrPages(zone) - (2 ** order - 1) <= pages) return false;
  if (order === 0) return true;
  for (let size = order; size <= MAX_PAGE_ORDER; size++) if (host.free.nrBlocks(zone, size) > 0) return true;
  return false;
}

/**
 * Is it of use to compact this zone for an allocation of the order (compaction_suitable)? COMPACT_SUCCESS if it would
 * succeed as things are; COMPACT_SKIPPED if there is too little free memory to work with, or if lack of memory rather
 * than fragmentation is what makes it fail; COMPACT_CONTINUE otherwise.
 */
export function allocationSuitability(
  host: MemoryHost,
  zone: number,
  order: Order,
): typeof COMPACT_SUCCESS | typeof COMPACT_SKIPPED | typeof COMPACT_CONTINUE {
  const { free } = host;
  if (isWatermarkOk(host, zone, order, free.watermark(zone, 'min', 'Movable'))) return COMPACT_SUCCESS;
  const mark = order > PAGE_ALLOC_COSTLY_ORDER ? 'low' : 'min';
  if (!isWatermarkOk(host, zone, 0, free.watermark(zone, mark, 'Movable') + compactGap(order))) return COMPACT_SKIPPED;
  if (order <= PAGE_ALLOC_COSTLY_ORDER) return COMPACT_CONTINUE;
  const index = fragmentationIndex(contigPageInfo(blocksByOrder(host, zone), order), order);
  return index >= 0 && index <= EXTFRAG_THRESHOLD ? COMPACT_SKIPPED : COMPACT_CONTINUE;
}
