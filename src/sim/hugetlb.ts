import { MIGRATE_MOVABLE } from '../mm/migratetype.js';
import { FREE_FLAGS, PG_HEAD, PG_HUGE, PG_TAIL } from '../mm/page-flags.js';
import { MAX_PAGE_ORDER, NO_PAGE, type Order, type Pfn } from '../mm/units.js';
import { freeBlockOrder, takeFrom } from './buddy.js';
import { fillContents } from './contents.js';
import {
  availableIn,
  changeHstate,
  dequeue,
  enqueue,
  findHstate,
  findUnused,
  H_FREE,
  H_NR,
  H_ORDER,
  H_OVERCOMMIT,
  H_RESERVED,
  H_SURPLUS,
  hstateFor,
  hstateOf,
} from './hugetlb-pool.js';
import { HUGE_RESERVED, type Machine } from './machine.js';
import { createMapping, MAPPING_HUGETLB, mappingAt } from './mappings.js';
import { allocatePages, prepareNewPages, putPage } from './page-allocator.js';
import { addToCache, findInCache } from './page-cache.js';
import { refSet, refSub } from './page-ref.js';
import { freeListType, nodeOf, nodeOfCpu, zoneOf } from './pageblocks.js';
import { allocateTarget } from './targets.js';

/** Order of the huge pages of a hugetlbfs file is in the low bits of its byte. */
const ORDER_BITS = 0x1f;

/**
 * Sets `nr` more huge pages of 2^order pages aside (nr_hugepages); returns how many there was memory for. Gigantic ones
 * need a run of blocks of the highest order, as on the kernel's command line: later there is no such run to be made.
 */
export function growPool(m: Machine, cpu: number, order: Order, nr: number): number {
  const h = hstateFor(m, order);
  for (let made = 0; made < nr; made++) {
    const head = order > MAX_PAGE_ORDER ? takeGigantic(m, order) : takeFresh(m, cpu, order);
    if (head === NO_PAGE) return made;
    changeHstate(m, h, H_NR, 1);
    enqueue(m, h, head);
  }
  return nr;
}

function takeFresh(m: Machine, cpu: number, order: Order): Pfn {
  const node = nodeOfCpu(m, cpu);
  return allocatePages(m, cpu, { order, type: MIGRATE_MOVABLE, node, highest: 'Movable', mark: 'low' });
}

/** A run of free blocks of the highest order, outside zone Movable (htlb_alloc_mask: gigantic pages are not movable). */
function takeGigantic(m: Machine, order: Order): Pfn {
  const size = 2 ** order;
  for (const { kind, start, end } of m.spec.zones) {
    if (kind === 'Movable') continue;
    for (let head = Math.ceil(start / size) * size; head + size <= end; head += size) {
      if (!isFreeRun(m, head, head + size)) continue;
      for (let pfn = head; pfn < head + size; pfn += 2 ** MAX_PAGE_ORDER) {
        takeFrom(m, pfn, zoneOf(m, pfn), freeListType(m, pfn), MAX_PAGE_ORDER, MAX_PAGE_ORDER);
        prepareNewPages(m, pfn, MAX_PAGE_ORDER);
      }
      return head;
    }
  }
  return NO_PAGE;
}

function isFreeRun(m: Machine, start: Pfn, end: Pfn): boolean {
  for (let pfn = start; pfn < end; pfn += 2 ** MAX_PAGE_ORDER)
    if (freeBlockOrder(m, pfn) !== MAX_PAGE_ORDER) return false;
  return true;
}

/** So many huge pages may be made beyond the pool while there is memory (nr_overcommit_hugepages). */
export function setOvercommit(m: Machine, order: Order, nr: number): void {
  m.hugetlb[hstateFor(m, order) + H_OVERCOMMIT] = nr;
}

/**
 * A file of hugetlbfs, of `nr` huge pages, none of which is in memory yet. With `reserved` the pool keeps as many for it
 * as it has (hugetlb_reserve_pages, as MAP_HUGETLB and SHM_HUGETLB do), so that no fault can fail; 0 if it has not enough.
 */
export function createHugetlbFile(m: Machine, order: Order, nr: number, reserved: boolean): number {
  const h = hstateFor(m, order);
  if (reserved && availableIn(m, h) < nr) return 0;
  const file = createMapping(m, MAPPING_HUGETLB, nr * 2 ** order);
  m.mapHuge[file] = order | (reserved ? HUGE_RESERVED : 0);
  if (reserved) changeHstate(m, h, H_RESERVED, nr);
  return file;
}

/** log2 of the pages of a file that are in memory together or not at all: 0 but for hugetlbfs. */
export function orderOfFile(m: Machine, file: number): Order {
  return m.mapHuge[file]! & ORDER_BITS;
}

/**
 * The frame of a page of a hugetlbfs file; if it has none, a huge page of the pool becomes the file's, zeroed
 * (hugetlb_no_page). NO_PAGE if the pool has none to spare: SIGBUS.
 */
export function hugetlbPage(m: Machine, cpu: number, file: number, page: number): Pfn {
  const index = m.mapBase[file]! + page;
  const cached = findInCache(m, index);
  if (cached !== NO_PAGE) return cached;
  const order = orderOfFile(m, file);
  const head = takeForFile(m, cpu, findHstate(m, order), (m.mapHuge[file]! & HUGE_RESERVED) !== 0);
  if (head === NO_PAGE) return NO_PAGE;
  const within = page % 2 ** order;
  for (let i = 0; i < 2 ** order; i++) {
    m.flags[head + i] = PG_HUGE | (i === 0 ? PG_HEAD : PG_TAIL);
    fillContents(m, head + i, 0, 0);
    addToCache(m, head + i, index - within + i);
    // The allocation's own reference goes, the cache holds its.
    refSub(m, head + i, 1);
  }
  return head + within;
}

function takeForFile(m: Machine, cpu: number, h: number, reserved: boolean): Pfn {
  const head = reserved || availableIn(m, h) > 0 ? findUnused(m, h, nodeOfCpu(m, cpu)) : NO_PAGE;
  if (head !== NO_PAGE) {
    dequeue(m, h, head);
    if (reserved) changeHstate(m, h, H_RESERVED, -1);
    return head;
  }
  const order = m.hugetlb[h + H_ORDER]!;
  if (reserved || order > MAX_PAGE_ORDER || m.hugetlb[h + H_SURPLUS]! >= m.hugetlb[h + H_OVERCOMMIT]!) return NO_PAGE;
  const fresh = takeFresh(m, cpu, order);
  if (fresh === NO_PAGE) return NO_PAGE;
  changeHstate(m, h, H_NR, 1);
  changeHstate(m, h, H_SURPLUS, 1);
  return fresh;
}

/** A hugetlbfs file loses a huge page that was never in memory: what was kept for it is for everyone (hugetlb_unreserve_pages). */
export function unreserve(m: Machine, file: number, page: number): void {
  if ((m.mapHuge[file]! & HUGE_RESERVED) === 0 || findInCache(m, m.mapBase[file]! + page) !== NO_PAGE) return;
  changeHstate(m, findHstate(m, orderOfFile(m, file)), H_RESERVED, -1);
}

/**
 * A place for a huge page that moves (alloc_hugetlb_folio_nodemask): an unused one of the pool, else a fresh one, which
 * takes the old one's place in the pool. NO_PAGE if there is none; fresh gigantic ones are never made.
 */
export function hugetlbTarget(m: Machine, order: Order, source: Pfn): Pfn {
  const h = hstateOf(m, source);
  if (h < 0 || m.hugetlb[h + H_ORDER] !== order) return NO_PAGE;
  const unused = availableIn(m, h) > 0 ? findUnused(m, h, nodeOf(m, source)) : NO_PAGE;
  if (unused !== NO_PAGE) {
    dequeue(m, h, unused);
    return unused;
  }
  return order > MAX_PAGE_ORDER ? NO_PAGE : allocateTarget(m, order, source, MAX_PAGE_ORDER + 1);
}

/** Gives back a target of the pool that nothing was moved to; whoever still looks at a page of it does so when he is done. */
export function freeHugetlbTarget(m: Machine, head: Pfn): void {
  const h = hstateOf(m, head);
  const end = head + 2 ** m.hugetlb[h + H_ORDER]!;
  let held = 0;
  for (let pfn = head; pfn < end; pfn++) if (m.count[pfn]! > 1) held++;
  if (held > 0) {
    for (let pfn = head; pfn < end; pfn++) putPage(m, 0, pfn);
    return;
  }
  for (let pfn = head; pfn < end; pfn++) refSet(m, pfn, 0);
  enqueue(m, h, head);
}

/** What is wrong with the pools, in sentences: counts, lists and reservations are what pages and files say. */
export function checkHugetlb(m: Machine, report: (sentence: string) => void): void {
  for (let at = 0; at < m.hugetlb.length; at += 8) if (m.hugetlb[at + H_ORDER] !== 0) checkPool(m, at, report);
}

function checkPool(m: Machine, h: number, report: (sentence: string) => void): void {
  const order = m.hugetlb[h + H_ORDER]!;
  const size = 2 ** order;
  let nr = 0;
  let unused = 0;
  for (let head = 0; head + size <= m.spec.nrPfns; head += size) {
    if ((m.flags[head]! & (PG_HUGE | PG_HEAD)) !== (PG_HUGE | PG_HEAD) || hstateOf(m, head) !== h) continue;
    nr++;
    const free = m.count[head] === 0;
    if (free) unused++;
    for (let pfn = head; pfn < head + size; pfn++) {
      if ((m.flags[pfn]! & PG_HUGE) === 0 || (m.flags[pfn]! & FREE_FLAGS) !== 0)
        report(`page ${pfn} is no part of the huge page at ${head}`);
      if ((m.count[pfn] === 0) !== free) report(`the huge page at ${head} is used in part`);
    }
  }
  const words = m.hugetlb.subarray(h, h + 8);
  if (nr !== words[H_NR]) report(`there are ${nr} huge pages of order ${order}, the pool says ${words[H_NR]}`);
  if (unused !== words[H_FREE]) report(`${unused} huge pages are unused, the pool says ${words[H_FREE]}`);
  if (words[H_SURPLUS]! > nr) report(`${words[H_SURPLUS]} huge pages of ${nr} are surplus`);
  const reserved = reservedIn(m, order);
  if (reserved !== words[H_RESERVED])
    report(`files were promised ${reserved} huge pages, the pool says ${words[H_RESERVED]}`);
  if (reserved > unused) report(`files were promised ${reserved} huge pages, and ${unused} are unused`);
}

function reservedIn(m: Machine, order: Order): number {
  let nr = 0;
  for (let file = 1; file < m.mapHuge.length; file++) {
    if (m.mapKind[file] !== MAPPING_HUGETLB || m.mapHuge[file] !== (order | HUGE_RESERVED)) continue;
    for (let page = 0; page < m.mapPages[file]!; page += 2 ** order)
      if (mappingAt(m, m.mapBase[file]! + page) === file && findInCache(m, m.mapBase[file]! + page) === NO_PAGE) nr++;
  }
  return nr;
}
