import { MIGRATE_MOVABLE, MIGRATE_RECLAIMABLE, MIGRATE_UNMOVABLE, type Migratetype } from '../mm/migratetype.js';
import { PG_BUDDY } from '../mm/page-flags.js';
import { PAGES_IN_USE } from '../mm/pageblock-use.js';
import { mergeRanges, type PfnRange } from '../mm/pfn-range.js';
import { MAX_PAGE_ORDER, NO_PAGE, type Order, PAGEBLOCK_ORDER, PAGEBLOCK_PAGES, type Pfn } from '../mm/units.js';
import { freeBlock, freeBlockOrder, freeListAt, takeFrom } from './buddy.js';
import { poisonContents } from './contents.js';
import type { Machine } from './machine.js';
import { freeAbove, hasDrainedPcp, prepareNewPages, putPages, zonelist } from './page-allocator.js';
import { isIsolated, isPartlyBooked, nodeOf, zoneOf } from './pageblocks.js';

/** Movable memory goes into holes among movable memory first, and into other pageblocks before a whole block breaks. */
export const BY_PREFERENCE: readonly Migratetype[] = [MIGRATE_MOVABLE, MIGRATE_RECLAIMABLE, MIGRATE_UNMOVABLE];

/**
 * Free pages to move to: the smallest block that serves anywhere. Blocks of `spared` order and more are broken only when
 * nothing smaller is left in any zone that has room above its min watermark.
 */
export function allocateTarget(m: Machine, order: Order, source: Pfn, spared: Order): Pfn {
  const zones = zonelist(m, nodeOf(m, source), 'Movable');
  const edge = Math.min(Math.max(order, spared), MAX_PAGE_ORDER + 1);
  const pfn = takeFromOrders(m, zones, order, order, edge - 1, spared);
  return pfn !== NO_PAGE ? pfn : takeFromOrders(m, zones, order, edge, MAX_PAGE_ORDER, spared);
}

function takeFromOrders(
  m: Machine,
  zones: readonly number[],
  order: Order,
  from: Order,
  to: Order,
  spared: Order,
): Pfn {
  for (let size = from; size <= to; size++) {
    // Beyond the highest order, a whole range is made of several blocks: those that are no part of one go first.
    if (size === MAX_PAGE_ORDER && spared > MAX_PAGE_ORDER) {
      const loose = takeFromLists(m, zones, order, size, spared);
      if (loose !== NO_PAGE) return loose;
    }
    const pfn = takeFromLists(m, zones, order, size, 0);
    if (pfn !== NO_PAGE) return pfn;
  }
  return NO_PAGE;
}

/** From the first list of one order, in a zone that has room; with `looseFor`, only a block that is loose for that order. */
function takeFromLists(m: Machine, zones: readonly number[], order: Order, size: Order, looseFor: Order): Pfn {
  for (const zone of zones) {
    if (freeAbove(m, zone, 'min', 'Movable') < 2 ** order) continue;
    for (const type of BY_PREFERENCE) {
      const head = m.freeHead[freeListAt(zone, type, size)]!;
      if (head === 0) continue;
      const block = looseFor === 0 ? head - 1 : looseBlock(m, zone, type, looseFor);
      if (block === NO_PAGE) continue;
      const pfn = takeFrom(m, block, zone, type, size, order);
      prepareNewPages(m, pfn, order);
      return pfn;
    }
  }
  return NO_PAGE;
}

/** A free block of the highest order that is no part of a larger range which is whole; NO_PAGE if all are. */
function looseBlock(m: Machine, zone: number, type: Migratetype, spared: Order): Pfn {
  const size = 2 ** spared;
  for (let link = m.freeHead[freeListAt(zone, type, MAX_PAGE_ORDER)]!; link !== 0; link = m.index[link - 1]!) {
    const start = link - 1 - ((link - 1) % size);
    for (let pfn = start; pfn < start + size; pfn += 2 ** MAX_PAGE_ORDER)
      if (freeBlockOrder(m, pfn) !== MAX_PAGE_ORDER) return link - 1;
  }
  return NO_PAGE;
}

/** Gives back a target that nothing was moved to, straight to buddy. */
export function freeTarget(m: Machine, pfn: Pfn, order: Order): void {
  putPages(m, pfn, order, toBuddy);
}

function toBuddy(m: Machine, pfn: Pfn, order: Order): void {
  for (let page = pfn; page < pfn + 2 ** order; page++) {
    m.flags[page] = 0;
    poisonContents(m, page);
  }
  freeBlock(m, pfn, order);
}

/** Free pages by zone that `allocateTarget` could hand out: outside isolated ranges and `without`, above min watermarks. */
export function roomByZone(m: Machine, without: readonly PfnRange[]): number[] {
  const inRanges = new Uint32Array(m.spec.zones.length);
  const areDrained = hasDrainedPcp(m);
  for (const { start, end } of mergeRanges(without)) {
    for (let pfn = start; pfn < end; ) {
      const next = Math.min(end, (pfn | (PAGEBLOCK_PAGES - 1)) + 1);
      const zone = zoneOf(m, pfn);
      if (zone >= 0) {
        const isWhole = next - pfn === PAGEBLOCK_PAGES && areDrained && !isPartlyBooked(m, pfn);
        inRanges[zone] = inRanges[zone]! + (isWhole ? roomInPageblock(m, pfn) : roomBetween(m, pfn, next));
      }
      pfn = next;
    }
  }
  return [...inRanges].map((excluded, zone) => Math.max(0, freeAbove(m, zone, 'min', 'Movable') - excluded));
}

/** What is not in use is in buddy, if it is on no CPU's list. */
function roomInPageblock(m: Machine, start: Pfn): number {
  return isIsolated(m, start) ? 0 : PAGEBLOCK_PAGES - (m.pageblockUse[start >>> PAGEBLOCK_ORDER]! & PAGES_IN_USE);
}

function roomBetween(m: Machine, start: Pfn, end: Pfn): number {
  let pages = 0;
  for (let pfn = start; pfn < end; pfn++) if ((m.flags[pfn]! & PG_BUDDY) !== 0 && !isIsolated(m, pfn)) pages++;
  return pages;
}

/** The same in all. */
export function roomOutside(m: Machine, without: readonly PfnRange[]): number {
  return roomByZone(m, without).reduce((sum, pages) => sum + pages, 0);
}
