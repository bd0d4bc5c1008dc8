import { MIGRATE_ISOLATE, type Migratetype } from '../mm/migratetype.js';
import { PG_BUDDY } from '../mm/page-flags.js';
import { PAGES_IN_USE } from '../mm/pageblock-use.js';
import { MAX_PAGE_ORDER, type Order, PAGEBLOCK_ORDER, PAGEBLOCK_PAGES, type Pfn } from '../mm/units.js';
import { fileFree, freeBlockOrder, freeListAt, linkBlock, unlinkBlock } from './buddy.js';
import type { Machine } from './machine.js';
import { countInUse, freeListType, isPartlyBooked, zoneOf } from './pageblocks.js';

/** Decides anew on which lists free pages belong, from `start` to before `end`. */
export type Change = (start: Pfn, end: Pfn) => void;

/**
 * Takes every free block in [start, end) off its list, lets `change` decide anew where it belongs, and links it again
 * (move_freepages). A block that straddles an edge is cut there first; after the change, neighbours merge if they may.
 * Of whole pageblocks, `change` is told one after the other, the last one first; those of a larger free block together.
 */
export function relinkFree(m: Machine, start: Pfn, end: Pfn, change: Change): void {
  cutAt(m, start);
  cutAt(m, end);
  if ((start | end) % PAGEBLOCK_PAGES !== 0) {
    relinkEach(m, start, end, change);
    return;
  }
  // In reverse, so that what was first on its list is first again.
  for (let block = end - PAGEBLOCK_PAGES; block >= start; block -= PAGEBLOCK_PAGES) {
    const isFree = (m.flags[block]! & PG_BUDDY) !== 0;
    const order = freeBlockOrder(m, block);
    // The rest of a block that starts in the pageblock before: its turn comes with that.
    if (isFree && order < 0) continue;
    if (order >= PAGEBLOCK_ORDER) relinkBlock(m, block, order, change);
    else if (isPartlyBooked(m, block)) relinkEach(m, block, block + PAGEBLOCK_PAGES, change);
    else relinkPageblock(m, block, change);
  }
}

/** One that has whole pageblocks. */
function relinkBlock(m: Machine, pfn: Pfn, order: Order, change: Change): void {
  unlinkBlock(m, pfn, zoneOf(m, pfn), freeListType(m, pfn), order);
  change(pfn, pfn + (1 << order));
  fileFree(m, pfn, order, false);
}

/** Block by block, whatever list each is on and comes to. */
function relinkEach(m: Machine, start: Pfn, end: Pfn, change: Change): void {
  const blocks: number[] = [];
  for (let pfn = start; pfn < end; ) {
    const order = freeBlockOrder(m, pfn);
    if (order < 0) {
      pfn++;
      continue;
    }
    unlinkBlock(m, pfn, zoneOf(m, pfn), freeListType(m, pfn), order);
    blocks.push(pfn, order);
    pfn += 1 << order;
  }
  change(start, end);
  for (let i = blocks.length - 2; i >= 0; i -= 2) fileFree(m, blocks[i]!, blocks[i + 1]!, false);
}

/**
 * A pageblock of which not all is free. Its free blocks have one list of each order, before the change and after it, and
 * stay as large as they are: what may merge within a pageblock has merged already.
 */
function relinkPageblock(m: Machine, start: Pfn, change: Change): void {
  const zone = zoneOf(m, start);
  const from = freeListType(m, start);
  change(start, start + PAGEBLOCK_PAGES);
  if ((m.pageblockUse[start >>> PAGEBLOCK_ORDER]! & PAGES_IN_USE) === PAGEBLOCK_PAGES) return;
  const to = freeListType(m, start);
  const nr = findFree(m, start);
  const pages = moveToHeads(m, nr, freeListAt(zone, from, 0), freeListAt(zone, to, 0));
  addFree(m, zone, from, -pages);
  addFree(m, zone, to, pages);
}

function addFree(m: Machine, zone: number, type: Migratetype, pages: number): void {
  const nr = type === MIGRATE_ISOLATE ? m.nrIsolatedFree : m.nrFree;
  nr[zone] = nr[zone]! + pages;
}

/** The free blocks of a pageblock, ascending. */
const found = new Uint32Array(PAGEBLOCK_PAGES);
/** By order: the first and the last of the blocks found, as pfn + 1, and how many there are. */
const first = new Uint32Array(PAGEBLOCK_ORDER);
const last = new Uint32Array(PAGEBLOCK_ORDER);
const nrFound = new Uint32Array(PAGEBLOCK_ORDER);
/** What was read ahead, kept so that no compiler leaves the reading out. */
const touched = new Uint32Array(1);

/**
 * Fills `found`, returns how many there are. Reads what each has beside it on its list: that lies all over memory, and a
 * loop that does little else has many of them on their way at a time.
 */
function findFree(m: Machine, start: Pfn): number {
  const { flags, mapcount, index, contents, contentWords } = m;
  let nr = 0;
  let sum = touchLines(m, start);
  for (let pfn = start, end = start + PAGEBLOCK_PAGES; pfn < end; ) {
    if ((flags[pfn]! & PG_BUDDY) === 0) {
      pfn++;
      continue;
    }
    found[nr++] = pfn;
    const next = index[pfn]!;
    const previous = contents[pfn * contentWords]!;
    if (next !== 0) sum ^= contents[(next - 1) * contentWords]!;
    if (previous !== 0) sum ^= index[previous - 1]!;
    pfn += 1 << (mapcount[pfn]! - 1);
  }
  touched[0] = sum;
  return nr;
}

/** Words on a line of the cache. */
const WORDS_PER_LINE = 16;

/** One word of every line that is read next: their own loop guesses wrong too often to have many on their way. */
function touchLines({ flags, mapcount, index, contents, contentWords }: Machine, start: Pfn): number {
  let sum = 0;
  for (let pfn = start, end = start + PAGEBLOCK_PAGES; pfn < end; pfn += WORDS_PER_LINE)
    sum ^= flags[pfn]! ^ mapcount[pfn]! ^ index[pfn]! ^ contents[pfn * contentWords]!;
  return sum;
}

/** Moves the first `nr` blocks of `found` to the heads of other lists, by address; returns how many pages they have. */
function moveToHeads(m: Machine, nr: number, from: number, to: number): number {
  const { mapcount, index, contents, contentWords, freeHead, freeTail } = m;
  last.fill(0);
  nrFound.fill(0);
  let pages = 0;
  for (let i = 0; i < nr; i++) {
    const pfn = found[i]!;
    const order = mapcount[pfn]! - 1;
    const next = index[pfn]!;
    const previous = contents[pfn * contentWords]!;
    if (previous === 0) freeHead[from + order] = next;
    else index[previous - 1] = next;
    if (next === 0) freeTail[from + order] = previous;
    else contents[(next - 1) * contentWords] = previous;
    // Nobody names it any more: its links are those to the blocks that come along.
    const before = last[order]!;
    if (before === 0) first[order] = pfn + 1;
    else index[before - 1] = pfn + 1;
    contents[pfn * contentWords] = before;
    last[order] = pfn + 1;
    nrFound[order] = nrFound[order]! + 1;
    pages += 1 << order;
  }
  for (let order = 0; order < PAGEBLOCK_ORDER; order++) if (last[order] !== 0) linkFound(m, from, to, order);
  return pages;
}

/** What was found of one order comes to stand before all others of its new list. */
function linkFound(m: Machine, from: number, to: number, order: Order): void {
  const { index, freeHead, freeTail, freeBlocks } = m;
  const head = freeHead[to + order]!;
  index[last[order]! - 1] = head;
  if (head === 0) freeTail[to + order] = last[order]!;
  else m.contents[(head - 1) * m.contentWords] = last[order]!;
  freeHead[to + order] = first[order]!;
  freeBlocks[from + order] = freeBlocks[from + order]! - nrFound[order]!;
  freeBlocks[to + order] = freeBlocks[to + order]! + nrFound[order]!;
}

/** Splits the free block that has pages on both sides of `pfn`, so that none does. */
function cutAt(m: Machine, pfn: Pfn): void {
  // Across the start of a pageblock there are only blocks that have all of it.
  if (pfn % PAGEBLOCK_PAGES === 0 && m.pageblockUse[pfn >>> PAGEBLOCK_ORDER] !== 0) return;
  if (pfn >= m.spec.nrPfns || (m.flags[pfn]! & PG_BUDDY) === 0 || freeBlockOrder(m, pfn) >= 0) return;
  let order = 1;
  let head = pfn - (pfn % 2);
  while (freeBlockOrder(m, head) < order && order <= MAX_PAGE_ORDER) {
    order++;
    head = pfn - (pfn % (1 << order));
  }
  order = freeBlockOrder(m, head);
  if (order < 0 || head + (1 << order) <= pfn) return;
  const zone = zoneOf(m, head);
  unlinkBlock(m, head, zone, freeListType(m, head), order);
  splitAround(m, head, order, pfn, zone);
}

function splitAround(m: Machine, head: Pfn, order: Order, pfn: Pfn, zone: number): void {
  if (pfn <= head || pfn >= head + (1 << order)) {
    linkBlock(m, head, zone, freeListType(m, head), order);
    return;
  }
  splitAround(m, head + (1 << (order - 1)), order - 1, pfn, zone);
  splitAround(m, head, order - 1, pfn, zone);
}

/** Takes what is free in a range off the lists for good; whole blocks of it, as a block that straddles an edge is cut there. */
export function removeFreeRange(m: Machine, start: Pfn, end: Pfn): void {
  cutAt(m, start);
  cutAt(m, end);
  for (let pfn = start; pfn < end; ) {
    const order = freeBlockOrder(m, pfn);
    if (order < 0) {
      pfn++;
      continue;
    }
    unlinkBlock(m, pfn, zoneOf(m, pfn), freeListType(m, pfn), order);
    countInUse(m, pfn, order, 1);
    pfn += 1 << order;
  }
}
