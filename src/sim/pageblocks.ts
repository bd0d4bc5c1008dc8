import { MIGRATE_ISOLATE, MIGRATE_MOVABLE, type Migratetype } from '../mm/migratetype.js';
import { HAS_HOLES, PAGES_IN_USE } from '../mm/pageblock-use.js';
import { type Order, PAGEBLOCK_ORDER, PAGEBLOCK_PAGES, type Pfn } from '../mm/units.js';
import { type Machine, NO_ZONE } from './machine.js';

/**
 * A pageblock's byte: its migratetype, and whether it is isolated. The two are kept apart (as in Linux since the
 * standalone PB_migrate_isolate bit, 6.16), so undoing an isolation cannot forget the type.
 */
const TYPE = 0x03;
const ISOLATED = 0x80;
/** Some pages of the block are booked one by one: look at the bitmap. */
const PARTLY_BOOKED = 0x40;

export function pageblockType(m: Machine, pfn: Pfn): Migratetype {
  return (m.migratetype[pfn >>> PAGEBLOCK_ORDER]! & TYPE) as Migratetype;
}

export function setPageblockType(m: Machine, pfn: Pfn, type: Migratetype): void {
  const block = pfn >>> PAGEBLOCK_ORDER;
  m.migratetype[block] = (m.migratetype[block]! & ~TYPE) | type;
}

/** The same of every pageblock of a free block. */
export function setPageblockTypes(m: Machine, pfn: Pfn, order: Order, type: Migratetype): void {
  for (let page = pfn; page < pfn + (1 << order); page += PAGEBLOCK_PAGES) setPageblockType(m, page, type);
}

export function setPageblockIsolated(m: Machine, pfn: Pfn, isolated: boolean): void {
  const block = pfn >>> PAGEBLOCK_ORDER;
  m.migratetype[block] = isolated ? m.migratetype[block]! | ISOLATED : m.migratetype[block]! & ~ISOLATED;
}

/** Books one page, for ranges smaller than a pageblock (PG_booked, Takahashi 2004). */
export function book(m: Machine, pfn: Pfn): void {
  m.booked[pfn >>> 3] = m.booked[pfn >>> 3]! | (1 << (pfn & 7));
  m.migratetype[pfn >>> PAGEBLOCK_ORDER] = m.migratetype[pfn >>> PAGEBLOCK_ORDER]! | PARTLY_BOOKED;
}

export function unbook(m: Machine, pfn: Pfn): void {
  m.booked[pfn >>> 3] = m.booked[pfn >>> 3]! & ~(1 << (pfn & 7));
}

/** Forgets the mark of a pageblock in which nothing is booked any more. */
export function settleBooking(m: Machine, pfn: Pfn): void {
  const block = pfn >>> PAGEBLOCK_ORDER;
  const start = (block << PAGEBLOCK_ORDER) >>> 3;
  for (let i = start; i < start + (1 << (PAGEBLOCK_ORDER - 3)); i++) if (m.booked[i] !== 0) return;
  m.migratetype[block] = m.migratetype[block]! & ~PARTLY_BOOKED;
}

/** True if the page may not be handed out when free: its pageblock is isolated, or it is booked. */
export function isIsolated(m: Machine, pfn: Pfn): boolean {
  const byte = m.migratetype[pfn >>> PAGEBLOCK_ORDER]!;
  if ((byte & (ISOLATED | PARTLY_BOOKED)) === 0) return false;
  return (byte & ISOLATED) !== 0 || (m.booked[pfn >>> 3]! & (1 << (pfn & 7))) !== 0;
}

/** True if pages of the pageblock may be isolated one by one. */
export function isPartlyBooked(m: Machine, pfn: Pfn): boolean {
  return (m.migratetype[pfn >>> PAGEBLOCK_ORDER]! & PARTLY_BOOKED) !== 0;
}

/** The list on which all free pages of a pageblock with this byte belong; -1 if they are on several. */
export function oneListOf(byte: number): Migratetype | -1 {
  if ((byte & (ISOLATED | PARTLY_BOOKED)) === 0) return (byte & TYPE) as Migratetype;
  return (byte & ISOLATED) !== 0 ? MIGRATE_ISOLATE : -1;
}

/** True if all pages of a block belong on the same free list. */
export function isOfOneList(m: Machine, pfn: Pfn, order: Order): boolean {
  const first = freeListType(m, pfn);
  const end = pfn + (1 << order);
  for (let page = pfn; page < end; ) {
    if (freeListType(m, page) !== first) return false;
    page = isPartlyBooked(m, page) ? page + 1 : page - (page % PAGEBLOCK_PAGES) + PAGEBLOCK_PAGES;
  }
  return true;
}

/** The free list on which a free page belongs. */
export function freeListType(m: Machine, pfn: Pfn): Migratetype {
  return isIsolated(m, pfn) ? MIGRATE_ISOLATE : pageblockType(m, pfn);
}

/** So many more pages of the block's pageblocks are in use; fewer, if they are free now. */
export function countInUse(m: Machine, pfn: Pfn, order: Order, change: 1 | -1): void {
  const use = m.pageblockUse;
  if (order <= PAGEBLOCK_ORDER) {
    const at = pfn >>> PAGEBLOCK_ORDER;
    use[at] = use[at]! + change * (1 << order);
    return;
  }
  for (let at = pfn >>> PAGEBLOCK_ORDER, end = at + (1 << (order - PAGEBLOCK_ORDER)); at < end; at++)
    use[at] = use[at]! + change * PAGEBLOCK_PAGES;
}

/** Notes of a pageblock whether some of its pages have no frame. */
export function setHoles(m: Machine, pfn: Pfn, hasHoles: boolean): void {
  const at = pfn >>> PAGEBLOCK_ORDER;
  m.pageblockUse[at] = hasHoles ? m.pageblockUse[at]! | HAS_HOLES : m.pageblockUse[at]! & PAGES_IN_USE;
}

/** Zone index of a page, -1 outside every zone. */
export function zoneOf(m: Machine, pfn: Pfn): number {
  const zone = m.zoneOfPageblock[pfn >>> PAGEBLOCK_ORDER] ?? NO_ZONE;
  return zone === NO_ZONE ? -1 : zone;
}

export function nodeOf(m: Machine, pfn: Pfn): number {
  return m.spec.zones[zoneOf(m, pfn)]!.node;
}

/** Node on which a CPU's memory is preferred; CPUs are dealt to nodes in turn. */
export function nodeOfCpu(m: Machine, cpu: number): number {
  return cpu % m.nrNodes;
}

/** The type that memory has when it comes online. */
export const ONLINE_MIGRATETYPE = MIGRATE_MOVABLE;
