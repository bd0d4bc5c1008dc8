import { MIGRATE_ISOLATE, type Migratetype, NR_MIGRATETYPES } from '../mm/migratetype.js';
import { PG_BUDDY } from '../mm/page-flags.js';
import {
  MAX_PAGE_ORDER,
  NO_PAGE,
  NR_PAGE_ORDERS,
  type Order,
  PAGEBLOCK_ORDER,
  PAGEBLOCK_PAGES,
  type Pfn,
} from '../mm/units.js';
import { linkBack, setLinkBack } from './contents.js';
import type { Machine } from './machine.js';
import { countInUse, freeListType, isOfOneList, oneListOf, setPageblockTypes, zoneOf } from './pageblocks.js';

/**
 * The buddy allocator, mm/page_alloc.c. Every page of a free block carries PG_BUDDY; the first one carries order + 1 in
 * `mapcount` and the links of its list, each as pfn + 1: the next one in `index`, the previous one in the first word of
 * its contents, as SLUB does. Lists are LIFO.
 */

export function freeListAt(zone: number, type: Migratetype, order: Order): number {
  return (zone * NR_MIGRATETYPES + type) * NR_PAGE_ORDERS + order;
}

/** Order of the free block that starts at `pfn`, or -1 if none starts there. */
export function freeBlockOrder(m: Machine, pfn: Pfn): number {
  return (m.flags[pfn]! & PG_BUDDY) !== 0 ? m.mapcount[pfn]! - 1 : -1;
}

/** Puts a free block, whose pages have PG_BUDDY, at the head of its list. */
export function linkBlock(m: Machine, pfn: Pfn, zone: number, type: Migratetype, order: Order): void {
  const list = freeListAt(zone, type, order);
  const head = m.freeHead[list]!;
  m.mapcount[pfn] = order + 1;
  m.index[pfn] = head;
  setLinkBack(m, pfn, 0);
  if (head !== 0) setLinkBack(m, head - 1, pfn + 1);
  else m.freeTail[list] = pfn + 1;
  m.freeHead[list] = pfn + 1;
  m.freeBlocks[list] = m.freeBlocks[list]! + 1;
  const nr = type === MIGRATE_ISOLATE ? m.nrIsolatedFree : m.nrFree;
  nr[zone] = nr[zone]! + (1 << order);
}

/** Takes a free block off its list; its pages keep PG_BUDDY until `claimBlock`. */
export function unlinkBlock(m: Machine, pfn: Pfn, zone: number, type: Migratetype, order: Order): void {
  const list = freeListAt(zone, type, order);
  const next = m.index[pfn]!;
  const previous = linkBack(m, pfn);
  if (previous === 0) m.freeHead[list] = next;
  else m.index[previous - 1] = next;
  if (next !== 0) setLinkBack(m, next - 1, previous);
  else m.freeTail[list] = previous;
  m.mapcount[pfn] = 0;
  m.index[pfn] = 0;
  m.freeBlocks[list] = m.freeBlocks[list]! - 1;
  const nr = type === MIGRATE_ISOLATE ? m.nrIsolatedFree : m.nrFree;
  nr[zone] = nr[zone]! - (1 << order);
}

/**
 * Frees 2^order pages whose flags are already PG_BUDDY-clean and counts 0; merges with free buddies (__free_one_page). Most
 * blocks never leave their pageblock, where every buddy has the same zone and list: they are filed here, in one go.
 */
export function freeBlock(m: Machine, pfn: Pfn, order: Order): void {
  const { flags, mapcount, index } = m;
  // A loop, because `fill` costs more than one page is worth.
  for (let page = pfn, end = pfn + (1 << order); page < end; page++) {
    flags[page] = PG_BUDDY;
    mapcount[page] = 0;
    index[page] = 0;
  }
  const block = pfn >>> PAGEBLOCK_ORDER;
  const type = order < PAGEBLOCK_ORDER ? oneListOf(m.migratetype[block]!) : -1;
  if (type < 0) {
    countInUse(m, pfn, order, -1);
    fileFree(m, pfn, order, true);
    return;
  }
  const { contents, contentWords, pageblockUse, freeHead, freeTail, freeBlocks } = m;
  const zone = m.zoneOfPageblock[block]!;
  const nr = type === MIGRATE_ISOLATE ? m.nrIsolatedFree : m.nrFree;
  const lists = freeListAt(zone, type as Migratetype, 0);
  pageblockUse[block] = pageblockUse[block]! - (1 << order);
  let start = pfn;
  let size = order;
  for (; size < PAGEBLOCK_ORDER; size++) {
    const buddy = start ^ (1 << size);
    if (mapcount[buddy] !== size + 1 || (flags[buddy]! & PG_BUDDY) === 0) break;
    const list = lists + size;
    const next = index[buddy]!;
    const previous = contents[buddy * contentWords]!;
    if (previous === 0) freeHead[list] = next;
    else index[previous - 1] = next;
    if (next !== 0) contents[(next - 1) * contentWords] = previous;
    else freeTail[list] = previous;
    mapcount[buddy] = 0;
    index[buddy] = 0;
    freeBlocks[list] = freeBlocks[list]! - 1;
    start &= buddy;
  }
  if (size === PAGEBLOCK_ORDER) {
    nr[zone] = nr[zone]! + (1 << order) - PAGEBLOCK_PAGES;
    mergeFree(m, start, size, true);
    return;
  }
  const list = lists + size;
  const head = freeHead[list]!;
  mapcount[start] = size + 1;
  index[start] = head;
  contents[start * contentWords] = 0;
  if (head !== 0) contents[(head - 1) * contentWords] = start + 1;
  else freeTail[list] = start + 1;
  freeHead[list] = start + 1;
  freeBlocks[list] = freeBlocks[list]! + 1;
  nr[zone] = nr[zone]! + (1 << order);
}

/** A block whose parts belong on different lists is filed in parts, each where it belongs (split_large_buddy). */
export function fileFree(m: Machine, pfn: Pfn, order: Order, acrossTypes: boolean): void {
  if (order === 0 || isOfOneList(m, pfn, order)) {
    mergeFree(m, pfn, order, acrossTypes);
    return;
  }
  fileFree(m, pfn, order - 1, acrossTypes);
  fileFree(m, pfn + (1 << (order - 1)), order - 1, acrossTypes);
}

/**
 * Puts a free block on its list, as part of the largest block that it completes. Pageblocks of different types merge when
 * a page is freed (and then take one type), but not when isolation is undone: that gives each back as it was.
 */
export function mergeFree(m: Machine, pfn: Pfn, order: Order, acrossTypes: boolean): void {
  const zone = zoneOf(m, pfn);
  const type = freeListType(m, pfn);
  let start = pfn;
  let size = order;
  while (size < MAX_PAGE_ORDER) {
    const buddy = start ^ (1 << size);
    if (buddy >= m.spec.nrPfns || freeBlockOrder(m, buddy) !== size || zoneOf(m, buddy) !== zone) break;
    const buddyType = freeListType(m, buddy);
    // Isolated and other blocks never merge; below that, a block goes by the type of its own pageblock.
    if (buddyType !== type && (!acrossTypes || buddyType === MIGRATE_ISOLATE || type === MIGRATE_ISOLATE)) break;
    unlinkBlock(m, buddy, zone, buddyType, size);
    // Pageblocks that merge take one type, so that a later split puts every half on the list of its own.
    if (buddyType !== type) setPageblockTypes(m, buddy, size, type);
    start = Math.min(start, buddy);
    size++;
  }
  linkBlock(m, start, zone, type, size);
}

/** The smallest free block of one type and zone that serves; its rest goes back. NO_PAGE if there is none (__rmqueue_smallest). */
export function takeSmallest(m: Machine, zone: number, type: Migratetype, order: Order, limit = MAX_PAGE_ORDER): Pfn {
  const { freeHead } = m;
  const lists = freeListAt(zone, type, 0);
  for (let size = order; size <= limit; size++) {
    const head = freeHead[lists + size]!;
    if (head !== 0) return takeFrom(m, head - 1, zone, type, size, order);
  }
  return NO_PAGE;
}

/** The first 2^order pages of one free block of `size`; upper halves of the rest go back to the same type (expand). */
export function takeFrom(m: Machine, pfn: Pfn, zone: number, type: Migratetype, size: Order, order: Order): Pfn {
  const { flags, mapcount, index, contents, contentWords, freeHead, freeTail, freeBlocks } = m;
  const lists = freeListAt(zone, type, 0);
  const from = lists + size;
  const next = index[pfn]!;
  // Most blocks are taken from the head of their list, and then their contents need not be fetched.
  const previous = freeHead[from] === pfn + 1 ? 0 : contents[pfn * contentWords]!;
  if (previous === 0) freeHead[from] = next;
  else index[previous - 1] = next;
  if (next !== 0) contents[(next - 1) * contentWords] = previous;
  else freeTail[from] = previous;
  mapcount[pfn] = 0;
  index[pfn] = 0;
  freeBlocks[from] = freeBlocks[from]! - 1;
  for (let half = size - 1; half >= order; half--) {
    const upper = pfn + (1 << half);
    const list = lists + half;
    const head = freeHead[list]!;
    mapcount[upper] = half + 1;
    index[upper] = head;
    contents[upper * contentWords] = 0;
    if (head !== 0) contents[(head - 1) * contentWords] = upper + 1;
    else freeTail[list] = upper + 1;
    freeHead[list] = upper + 1;
    freeBlocks[list] = freeBlocks[list]! + 1;
  }
  const nr = type === MIGRATE_ISOLATE ? m.nrIsolatedFree : m.nrFree;
  nr[zone] = nr[zone]! - (1 << order);
  for (let page = pfn, end = pfn + (1 << order); page < end; page++) flags[page] = 0;
  countInUse(m, pfn, order, 1);
  return pfn;
}
