import { VacateError } from '../base/vacate-error.js';
import { PG_HEAD, PG_HUGE, PG_TAIL } from '../mm/page-flags.js';
import { MAX_PAGE_ORDER, NO_PAGE, type Order, type Pfn } from '../mm/units.js';
import { freeBlock } from './buddy.js';
import { linkBack, poisonContents, setLinkBack } from './contents.js';
import { HSTATE_WORDS, type Machine, NR_HSTATES } from './machine.js';
import { refSet } from './page-ref.js';
import { isIsolated, nodeOf } from './pageblocks.js';

/**
 * Pools of huge pages, mm/hugetlb.c: one for each size (struct hstate), as words of the column `hugetlb`. A huge page that
 * nobody uses has count 0 and PG_HUGE; it is on its pool's list, which runs through the first word of its first two
 * pages: the one before in the first, the one after in the second, each as pfn + 1. Every base page keeps its own count,
 * as everywhere in this simulator; a huge page is back in its pool when the last of them is 0.
 */
export const H_ORDER = 0;
/** Huge pages of the pool, used or not (nr_huge_pages). */
export const H_NR = 1;
/** Those that nobody uses (free_huge_pages). */
export const H_FREE = 2;
/** Those of them that a file has been promised (resv_huge_pages). */
export const H_RESERVED = 3;
/** Beyond what the operator asked for: given back to the allocator when they are freed (surplus_huge_pages). */
export const H_SURPLUS = 4;
/** Most of these (nr_overcommit_hugepages). */
export const H_OVERCOMMIT = 5;
/** First of the unused ones, as pfn + 1. */
export const H_FIRST = 6;

/** Where the pool of a size has its words; -1 if there is none. */
export function findHstate(m: Machine, order: Order): number {
  for (let h = 0; h < NR_HSTATES * HSTATE_WORDS; h += HSTATE_WORDS) if (m.hugetlb[h + H_ORDER] === order) return h;
  return -1;
}

/**
 * The pool of a size, empty if it is new (hugetlb_add_hstate).
 *
 * @throws VacateError kind 'limit' if the machine has two of other sizes.
 */
export function hstateFor(m: Machine, order: Order): number {
  const known = findHstate(m, order);
  if (known >= 0) return known;
  const fresh = findHstate(m, 0);
  if (order < 1 || fresh < 0)
    throw new VacateError('limit', `a machine has huge pages of ${NR_HSTATES} sizes at most; leave one size out`);
  m.hugetlb[fresh + H_ORDER] = order;
  return fresh;
}

/**
 * The pool that a page with PG_HUGE is of; -1 if it is of none. Huge pages are aligned: only of one that is as large is the
 * page in the middle a tail.
 */
export function hstateOf(m: Machine, pfn: Pfn): number {
  let found = -1;
  for (let h = 0; h < NR_HSTATES * HSTATE_WORDS; h += HSTATE_WORDS) {
    const order = m.hugetlb[h + H_ORDER]!;
    if (order === 0) continue;
    const size = 2 ** order;
    const head = pfn - (pfn % size);
    const isWhole = (m.flags[head]! & PG_HEAD) !== 0 && (m.flags[head + size / 2]! & PG_TAIL) !== 0;
    if (isWhole && (found < 0 || order > m.hugetlb[found + H_ORDER]!)) found = h;
  }
  return found;
}

/** Unused huge pages that no reservation counts on (available_huge_pages). */
export function availableIn(m: Machine, h: number): number {
  return m.hugetlb[h + H_FREE]! - m.hugetlb[h + H_RESERVED]!;
}

export function changeHstate(m: Machine, h: number, field: number, change: number): void {
  m.hugetlb[h + field] = m.hugetlb[h + field]! + change;
}

/** Makes a run of pages an unused huge page of the pool (enqueue_hugetlb_folio). The pool's number is the caller's to count. */
export function enqueue(m: Machine, h: number, head: Pfn): void {
  const size = 2 ** m.hugetlb[h + H_ORDER]!;
  for (let pfn = head; pfn < head + size; pfn++) {
    m.flags[pfn] = PG_HUGE | (pfn === head ? PG_HEAD : PG_TAIL);
    m.mapcount[pfn] = 0;
    refSet(m, pfn, 0);
  }
  const next = m.hugetlb[h + H_FIRST]!;
  setLinkBack(m, head, 0);
  setLinkBack(m, head + 1, next);
  if (next !== 0) setLinkBack(m, next - 1, head + 1);
  m.hugetlb[h + H_FIRST] = head + 1;
  changeHstate(m, h, H_FREE, 1);
}

function unlink(m: Machine, h: number, head: Pfn): void {
  const previous = linkBack(m, head);
  const next = linkBack(m, head + 1);
  if (previous === 0) m.hugetlb[h + H_FIRST] = next;
  else setLinkBack(m, previous, next);
  if (next !== 0) setLinkBack(m, next - 1, previous);
  changeHstate(m, h, H_FREE, -1);
}

/** An unused huge page that may be handed out, of the node if it has one; NO_PAGE if there is none. */
export function findUnused(m: Machine, h: number, node: number): Pfn {
  let elsewhere = NO_PAGE;
  for (let link = m.hugetlb[h + H_FIRST]!; link !== 0; link = linkBack(m, link)) {
    const head = link - 1;
    if (isIsolated(m, head)) continue;
    if (nodeOf(m, head) === node) return head;
    if (elsewhere === NO_PAGE) elsewhere = head;
  }
  return elsewhere;
}

/** Takes an unused huge page out of the list, with one reference on each of its pages (dequeue_hugetlb_folio). */
export function dequeue(m: Machine, h: number, head: Pfn): void {
  unlink(m, h, head);
  for (let pfn = head; pfn < head + 2 ** m.hugetlb[h + H_ORDER]!; pfn++) refSet(m, pfn, 1);
}

/** Gives an unused huge page back to the allocator; false, with nothing changed, if it is used or promised to a file. */
export function dissolve(m: Machine, head: Pfn): boolean {
  const h = (m.flags[head]! & PG_HUGE) === 0 ? -1 : hstateOf(m, head);
  if (h < 0 || isUsed(m, h, head) || availableIn(m, h) <= 0) return false;
  unlink(m, h, head);
  changeHstate(m, h, H_NR, -1);
  toBuddy(m, head, m.hugetlb[h + H_ORDER]!);
  return true;
}

function isUsed(m: Machine, h: number, head: Pfn): boolean {
  const end = head + 2 ** m.hugetlb[h + H_ORDER]!;
  // Whoever frees pages in a row, either way, is told by the ends.
  if (m.count[head] !== 0 || m.count[end - 1] !== 0) return true;
  for (let pfn = head; pfn < end; pfn++) if (m.count[pfn] !== 0) return true;
  return false;
}

function toBuddy(m: Machine, head: Pfn, order: Order): void {
  const end = head + 2 ** order;
  for (let pfn = head; pfn < end; pfn++) {
    m.flags[pfn] = 0;
    m.mapcount[pfn] = 0;
    poisonContents(m, pfn);
  }
  const size = Math.min(order, MAX_PAGE_ORDER);
  for (let pfn = head; pfn < end; pfn += 2 ** size) freeBlock(m, pfn, size);
}

/**
 * A page of a huge page has lost its last reference; the last of them takes it to its pool (free_huge_folio). False, with
 * nothing changed, for one that is on no pool's books: whoever took it gives it back page by page.
 */
export function releaseHugePage(m: Machine, pfn: Pfn): boolean {
  const h = hstateOf(m, pfn);
  if (h < 0) return false;
  const order = m.hugetlb[h + H_ORDER]!;
  const head = pfn - (pfn % 2 ** order);
  if (isUsed(m, h, head)) return true;
  if (m.hugetlb[h + H_SURPLUS] === 0) {
    enqueue(m, h, head);
    return true;
  }
  changeHstate(m, h, H_SURPLUS, -1);
  changeHstate(m, h, H_NR, -1);
  toBuddy(m, head, order);
  return true;
}

/**
 * The contents of a huge page are in another one that was unused: the pool has lost the place that it left, which is the
 * allocator's now. (Linux takes the old one back and dissolves it a moment later, if it stands where memory goes off line.)
 */
export function noteMovedIntoPool(m: Machine, source: Pfn): void {
  const h = hstateOf(m, source);
  changeHstate(m, h, H_NR, -1);
  if (m.hugetlb[h + H_SURPLUS] !== 0) changeHstate(m, h, H_SURPLUS, -1);
}
