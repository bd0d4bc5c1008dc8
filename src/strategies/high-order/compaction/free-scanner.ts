import { endOfCompound } from '../../../mm/compound-page.js';
import { MIGRATE_ASYNC } from '../../../mm/migrate-mode.js';
import { MIGRATE_MOVABLE } from '../../../mm/migratetype.js';
import { PG_BUDDY, PG_HEAD, PG_NOPAGE, PG_TAIL } from '../../../mm/page-flags.js';
import { MAX_PAGE_ORDER, PAGEBLOCK_ORDER, PAGEBLOCK_PAGES, type Pfn } from '../../../mm/units.js';
import { blockEnd, blockStart, COMPACT_CLUSTER_MAX, type CompactControl, isBlockThere } from './compact-control.js';
import type { FreeStock } from './free-stock.js';

/**
 * The scanner that goes down: isolates free blocks until there are as many pages as the batch has, block by block towards
 * the migrate scanner (the loop of isolate_freepages). It stops in the midst of a pageblock, and goes on from there.
 */
export function isolateFreePages(control: CompactControl, stock: FreeStock): void {
  const { flags } = control.host.columns;
  let from = control.freePfn;
  let start = blockStart(from);
  const lowest = blockEnd(control.migratePfn);
  let stride = control.request.mode === MIGRATE_ASYNC ? COMPACT_CLUSTER_MAX : 1;
  for (; start >= lowest; start -= PAGEBLOCK_PAGES, from = start) {
    if (!isBlockThere(flags, start) || !isSuitableTarget(control, start)) continue;
    if (!control.isIsolationSuitable(start)) continue;
    const end = start + PAGEBLOCK_PAGES;
    const before = control.nrFreePages;
    from = isolateFreePagesBlock(control, stock, from, end, stride);
    if (from === end) updatePageblockSkip(control, start);
    if (control.nrFreePages >= control.nrMigratePages) {
      if (from >= end) from = start - PAGEBLOCK_PAGES;
      break;
    }
    // It broke off early, for lack of memory above the watermark.
    if (from < end) break;
    stride = control.nrFreePages > before ? 1 : Math.min(COMPACT_CLUSTER_MAX, stride * 2);
  }
  control.freePfn = from;
}

/** What a full scan has used up is not scanned again (update_pageblock_skip). */
function updatePageblockSkip({ rules, state }: CompactControl, start: Pfn): void {
  state.setSkip(start);
  const cached = rules.keepsOrders ? start - PAGEBLOCK_PAGES : start;
  if (cached < state.cachedFreePfn) state.cachedFreePfn = cached;
}

/**
 * Pages go into movable pageblocks, and never into one that starts with a free block as large as what is to be made
 * (suitable_migration_target).
 */
export function isSuitableTarget({ host, request, rules }: CompactControl, start: Pfn): boolean {
  const spared = rules.sparesWantedOrder && request.order > 0 ? request.order : PAGEBLOCK_ORDER;
  if (host.free.blockOrder(start) >= spared) return false;
  return request.ignoreBlockSuitable || host.free.migratetype(start) === MIGRATE_MOVABLE;
}

/**
 * Isolates the free blocks in [start, end) whole, until there are enough; returns where it stopped, `end` at most
 * (isolate_freepages_block).
 */
export function isolateFreePagesBlock(
  control: CompactControl,
  stock: FreeStock,
  start: Pfn,
  end: Pfn,
  stride: number,
): Pfn {
  const { host, rules } = control;
  const { flags } = host.columns;
  const { free } = host;
  let scanned = 0;
  let pfn = start;
  for (; pfn < end; pfn += stride) {
    const word = flags[pfn]!;
    if ((word & PG_NOPAGE) !== 0) continue;
    scanned++;
    if ((word & (PG_HEAD | PG_TAIL)) !== 0) {
      const passedOver = (word & PG_HEAD) === 0 ? 0 : endOfCompound(flags, pfn) - pfn - 1;
      if (passedOver >= 2 ** MAX_PAGE_ORDER || (rules.countsPassedOver && pfn + passedOver >= end)) continue;
      pfn += passedOver;
      if (rules.countsPassedOver) scanned += passedOver;
      continue;
    }
    if ((word & PG_BUDDY) === 0 || free.blockOrder(pfn) < 0) continue;
    const order = free.take(pfn);
    if (order < 0) break;
    const nrPages = 2 ** order;
    scanned += nrPages - 1;
    stock.add(pfn, order);
    if (control.nrMigratePages <= control.nrFreePages) {
      pfn += nrPages;
      break;
    }
    pfn += nrPages - 1;
  }
  control.freeScanned += scanned;
  return Math.min(pfn, end);
}
