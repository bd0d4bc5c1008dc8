import { FALLBACKS, MIGRATE_ISOLATE, MIGRATE_MOVABLE, type Migratetype } from '../mm/migratetype.js';
import { PG_BUDDY, PG_LRU, PG_MOVABLE_OPS } from '../mm/page-flags.js';
import { MAX_PAGE_ORDER, NO_PAGE, type Order, PAGEBLOCK_ORDER, PAGEBLOCK_PAGES, type Pfn } from '../mm/units.js';
import { freeListAt, linkBlock, takeFrom, takeSmallest, unlinkBlock } from './buddy.js';
import type { Machine } from './machine.js';
import { pageblockType, setPageblockType, setPageblockTypes } from './pageblocks.js';
import { relinkFree } from './relink-free.js';

/** A block from the type's own lists, else stolen from another's as the kernel does (__rmqueue). */
export function takeBlock(m: Machine, zone: number, type: Migratetype, order: Order): Pfn {
  const own = takeSmallest(m, zone, type, order);
  return own === NO_PAGE && type !== MIGRATE_ISOLATE ? stealBlock(m, zone, type, order) : own;
}

/**
 * Steals: the largest block of a fallback type, because it brings most of a pageblock along; but a movable request that
 * may not claim the whole pageblock takes the smallest instead, as its page can move away again (__rmqueue_fallback).
 */
function stealBlock(m: Machine, zone: number, type: Migratetype, order: Order): Pfn {
  for (let size = MAX_PAGE_ORDER; size >= order; size--) {
    const from = fallbackWithBlock(m, zone, type, size);
    if (from === -1) continue;
    const claims = size >= PAGEBLOCK_ORDER >> 1 || type !== MIGRATE_MOVABLE;
    if (!claims && size > order) return stealSmallest(m, zone, type, order);
    const pfn = m.freeHead[freeListAt(zone, from as Migratetype, size)]! - 1;
    if (claims) claimPageblocks(m, pfn, zone, type, size);
    if (pageblockType(m, pfn) === type) return takeSmallest(m, zone, type, order);
    return takeFrom(m, pfn, zone, from as Migratetype, size, order);
  }
  return NO_PAGE;
}

function stealSmallest(m: Machine, zone: number, type: Migratetype, order: Order): Pfn {
  for (let size = order; size <= MAX_PAGE_ORDER; size++) {
    const from = fallbackWithBlock(m, zone, type, size);
    if (from !== -1) return takeSmallest(m, zone, from as Migratetype, order);
  }
  return NO_PAGE;
}

function fallbackWithBlock(m: Machine, zone: number, type: Migratetype, order: Order): number {
  for (const from of FALLBACKS[type]!) if (m.freeHead[freeListAt(zone, from, order)] !== 0) return from;
  return -1;
}

/** Changes a pageblock's type if at least half of it is free or of the thief's kind (steal_suitable_fallback). */
function claimPageblocks(m: Machine, pfn: Pfn, zone: number, type: Migratetype, order: Order): void {
  if (order >= PAGEBLOCK_ORDER) {
    retypeFreeBlock(m, pfn, zone, type, order);
    return;
  }
  const start = pfn - (pfn % PAGEBLOCK_PAGES);
  let free = 0;
  let movable = 0;
  for (let page = start; page < start + PAGEBLOCK_PAGES; page++) {
    const flags = m.flags[page]!;
    if ((flags & PG_BUDDY) !== 0) free++;
    else if ((flags & (PG_LRU | PG_MOVABLE_OPS)) !== 0) movable++;
  }
  const old = pageblockType(m, pfn);
  const alike = type === MIGRATE_MOVABLE ? movable : old === MIGRATE_MOVABLE ? PAGEBLOCK_PAGES - free - movable : 0;
  if (free + alike < PAGEBLOCK_PAGES >> 1) return;
  relinkFree(m, start, start + PAGEBLOCK_PAGES, () => setPageblockType(m, start, type));
}

function retypeFreeBlock(m: Machine, pfn: Pfn, zone: number, type: Migratetype, order: Order): void {
  unlinkBlock(m, pfn, zone, pageblockType(m, pfn), order);
  setPageblockTypes(m, pfn, order, type);
  linkBlock(m, pfn, zone, type, order);
}
