import { PAGEBLOCK_PAGES, type Pfn } from '../../../mm/units.js';
import {
  blockEnd,
  blockStart,
  type CompactControl,
  isBlockThere,
  NO_FAST_START,
  PAGE_ALLOC_COSTLY_ORDER,
} from './compact-control.js';
import { isolateFreePagesBlock, isSuitableTarget } from './free-scanner.js';
import type { FreeStock } from './free-stock.js';

/**
 * A pageblock to empty that has free pages already, found on the free lists: less is left to move before it is whole.
 * Returns where the migrate scanner is to go on (fast_find_migrateblock).
 */
export function fastFindMigrateblock(control: CompactControl): Pfn {
  const { host, request, rules, state } = control;
  const from = control.migratePfn;
  if (request.ignoreSkipHint || request.order <= PAGE_ALLOC_COSTLY_ORDER) return from;
  if (rules.finishesAfterFailure && control.finishPageblock) return from;
  if (from !== state.start && from !== blockStart(from)) return from;
  const limit = control.freelistScanLimit;
  // The first half of what lies between the scanners; once under way an eighth, as targets may lie further up.
  const distance = (control.freePfn - from) >> (from === state.start ? 1 : 3);
  const highest = blockStart(from + distance);
  let scanned = 0;
  let found = -1;
  for (let order = request.order - 1; order >= PAGE_ALLOC_COSTLY_ORDER && found < 0 && scanned < limit; order--) {
    for (const pfn of host.free.atEnd(state.zone, order, 'first', limit + 1)) {
      const isEnough = scanned++ >= limit;
      const isChosen = !isEnough && pfn < highest && !state.getSkip(pfn);
      if (!isEnough && !isChosen) continue;
      host.free.rotate(pfn, 'last');
      if (isChosen) found = pfn;
      break;
    }
  }
  control.migrateScanned += scanned;
  if (found < 0) {
    control.fastSearchFail++;
    return restartFromFastStart(control);
  }
  control.fastSearchFail = 0;
  if (rules.marksFastSource) state.setSkip(found);
  if (control.fastStartPfn === 0) control.fastStartPfn = found;
  else if (control.fastStartPfn !== NO_FAST_START) control.fastStartPfn = Math.min(control.fastStartPfn, found);
  return blockStart(found);
}

/** After the fast search has failed, the scan goes on from the lowest block that it had found (reinit_migrate_pfn). */
function restartFromFastStart(control: CompactControl): Pfn {
  if (control.fastStartPfn !== 0 && control.fastStartPfn !== NO_FAST_START) {
    control.migratePfn = control.fastStartPfn;
    control.fastStartPfn = NO_FAST_START;
  }
  return control.migratePfn;
}

/** What a search of the free lists for a target came upon. */
interface Found {
  /** The block that was isolated, -1 if none. */
  page: Pfn;
  /** First page of the highest pageblock that was seen. */
  highest: Pfn;
  scanned: number;
  /** A block was found and could not be isolated. */
  isAborted: boolean;
}

/**
 * A short search of the free lists, oldest blocks first, for targets near the upper end; the scanner need not walk there
 * then (fast_isolate_freepages). Whole-zone compaction does without.
 */
export function fastIsolateFreePages(control: CompactControl, stock: FreeStock): void {
  const { request, state } = control;
  if (request.order <= 0) return;
  const isStart = control.freePfn >= state.initFreePfn;
  const distance = control.freePfn - control.migratePfn;
  const preferred = blockStart(control.freePfn - (distance >> 2));
  const lowest = blockStart(control.freePfn - (distance >> 1));
  const found = searchOrders(control, stock, preferred, lowest, isStart ? PAGEBLOCK_PAGES >> 1 : 0);
  let page = found.page;
  if (page < 0) {
    control.fastSearchFail++;
    if (isStart) page = pessimisticStart(control, found.highest, lowest);
  }
  if (found.highest > 0 && found.highest >= state.cachedFreePfn) state.cachedFreePfn = found.highest - PAGEBLOCK_PAGES;
  control.freeScanned += found.scanned;
  if (page >= 0) isolateAround(control, stock, page);
}

/** From the order that served last, downwards and round once (next_search_order). */
function searchOrders(control: CompactControl, stock: FreeStock, preferred: Pfn, lowest: Pfn, deep: number): Found {
  const { request } = control;
  let limit = deep > 0 ? deep : Math.max(1, control.freelistScanLimit >> 1);
  const found: Found = { page: -1, highest: 0, scanned: 0, isAborted: false };
  control.searchOrder = Math.min(request.order - 1, control.searchOrder);
  for (let order = control.searchOrder; order >= 0; ) {
    limit = searchOneOrder(control, stock, { order, preferred, lowest, limit }, found);
    if (found.page >= 0 || control.nrFreePages >= control.nrMigratePages) break;
    order = order > 0 ? order - 1 : request.order - 1;
    if (found.isAborted || order === control.searchOrder) {
      control.searchOrder = control.searchOrder > 0 ? control.searchOrder - 1 : request.order - 1;
      break;
    }
  }
  return found;
}

interface Search {
  readonly order: number;
  readonly preferred: Pfn;
  readonly lowest: Pfn;
  readonly limit: number;
}

/** Looks through one list from its end; gives the limit for the next. */
function searchOneOrder(control: CompactControl, stock: FreeStock, search: Search, found: Found): number {
  const { host, state } = control;
  const { order, preferred, lowest } = search;
  let { limit } = search;
  const blocks = host.free.atEnd(state.zone, order, 'last', limit);
  if (blocks.length === 0) return limit;
  let candidate = -1;
  let last = -1;
  let looked = 0;
  for (const pfn of blocks) {
    last = pfn;
    looked++;
    found.highest = Math.max(found.highest, blockStart(pfn));
    if (pfn >= preferred) {
      control.fastSearchFail = 0;
      control.searchOrder = order;
      found.page = pfn;
      break;
    }
    if (pfn >= lowest && pfn > candidate) {
      candidate = pfn;
      limit >>= 1;
    }
    if (looked >= limit) break;
  }
  found.scanned += looked;
  if (found.page < 0 && candidate >= 0) {
    found.page = candidate;
    last = candidate;
  }
  host.free.rotate(last, 'first');
  if (found.page >= 0) {
    if (host.free.take(found.page) >= 0) {
      found.scanned += 2 ** order - 1;
      stock.add(found.page, order);
    } else {
      // The zone would fall below its mark: looking on is of no use.
      found.page = -1;
      found.isAborted = true;
    }
  }
  return looked >= limit ? Math.max(1, limit >> 1) : limit;
}

/** At the start of a scan that found nothing near the top: the highest block seen, or half-way for an allocation. */
function pessimisticStart(control: CompactControl, highest: Pfn, lowest: Pfn): Pfn {
  const { flags } = control.host.columns;
  if (highest >= lowest) {
    control.freePfn = highest;
    return highest;
  }
  if (!control.request.direct) return -1;
  control.freePfn = lowest;
  if (!isBlockThere(flags, lowest)) return -1;
  return control.rules.sparesWantedOrder && !isSuitableTarget(control, lowest) ? -1 : lowest;
}

/** More from the pageblock of a block that was found, if more is needed (fast_isolate_around). */
function isolateAround(control: CompactControl, stock: FreeStock, pfn: Pfn): void {
  const { host, rules, state } = control;
  if (control.nrFreePages >= control.nrMigratePages || control.isOptimistic) return;
  const start = blockStart(pfn);
  const end = blockEnd(pfn);
  if (!isBlockThere(host.columns.flags, start)) return;
  const stopped = isolateFreePagesBlock(control, stock, start, end, 1);
  const isUsedUp = rules.keepsOrders ? stopped === end : control.nrFreePages < control.nrMigratePages;
  if (isUsedUp) state.setSkip(pfn);
}
