import type { MemoryHost } from '../../../host/memory-host.js';
import { MAX_PAGE_ORDER, type Order } from '../../../mm/units.js';

/** Free memory by how contiguous it is, seen from one order (struct contig_page_info, mm/vmstat.c). */
export interface ContigPageInfo {
  /** Free pages in buddy. */
  readonly freePages: number;
  /** Free blocks of any order. */
  readonly freeBlocksTotal: number;
  /** Blocks of the order that the free blocks hold: one of a higher order counts as several. */
  readonly freeBlocksSuitable: number;
}

/** From the number of free blocks by order, as a line of /proc/buddyinfo has them (fill_contig_page_info). */
export function contigPageInfo(blocksByOrder: readonly number[], suitableOrder: Order): ContigPageInfo {
  let freePages = 0;
  let freeBlocksTotal = 0;
  let freeBlocksSuitable = 0;
  for (const [order, blocks] of blocksByOrder.entries()) {
    freeBlocksTotal += blocks;
    freePages += blocks * 2 ** order;
    if (order >= suitableOrder) freeBlocksSuitable += blocks * 2 ** (order - suitableOrder);
  }
  return { freePages, freeBlocksTotal, freeBlocksSuitable };
}

/** A zone's line of /proc/buddyinfo. */
export function blocksByOrder({ free }: MemoryHost, zone: number): number[] {
  return Array.from({ length: MAX_PAGE_ORDER + 1 }, (_, order) => free.nrBlocks(zone, order));
}

/**
 * Why an allocation of the order would fail: towards 0 for lack of memory, towards 1000 because of fragmentation; -1000
 * if it would not fail (fragmentation_index; debugfs extfrag/extfrag_index prints it in thousandths).
 */
export function fragmentationIndex(info: ContigPageInfo, order: Order): number {
  if (info.freeBlocksTotal === 0) return 0;
  if (info.freeBlocksSuitable > 0) return -1000;
  const requests = Math.floor((info.freePages * 1000) / 2 ** order);
  return 1000 - Math.floor((1000 + requests) / info.freeBlocksTotal);
}

/** Free memory that is of no use for the order, in percent; 0 if there is none free (extfrag_for_order). */
export function extfragForOrder(info: ContigPageInfo, order: Order): number {
  if (info.freePages === 0) return 0;
  return Math.floor(((info.freePages - info.freeBlocksSuitable * 2 ** order) * 100) / info.freePages);
}

/** The same in thousandths; 1000 if nothing is free (unusable_free_index, debugfs extfrag/unusable_index). */
export function unusableFreeIndex(info: ContigPageInfo, order: Order): number {
  if (info.freePages === 0) return 1000;
  return Math.floor(((info.freePages - info.freeBlocksSuitable * 2 ** order) * 1000) / info.freePages);
}
