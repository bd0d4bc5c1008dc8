import {
  PG_ANON,
  PG_BUDDY,
  PG_KSM,
  PG_LRU,
  PG_NOPAGE,
  PG_RESERVED,
  PG_SLAB,
  PG_SWAPBACKED,
  PG_SWAPCACHE,
} from '../mm/page-flags.js';
import type { PfnRange } from '../mm/pfn-range.js';
import { MAX_PAGE_ORDER, NR_PAGE_ORDERS, PAGEBLOCK_ORDER, PAGEBLOCK_PAGES } from '../mm/units.js';
import { TYPELESS } from './typeless.js';

/** Memory of processes and files: it lives in movable pageblocks, as a rule. */
const USER = PG_LRU | PG_ANON | PG_SWAPCACHE | PG_SWAPBACKED;
const LARGEST = 2 ** MAX_PAGE_ORDER;

/**
 * What each pageblock holds, in pages, by number: all that the steps of reading ask of it, counted in one pass over the
 * flags while they are being read.
 */
export interface Census {
  readonly present: Uint16Array;
  readonly free: Uint16Array;
  /** Of the kernel, by their type; slabs are among them. */
  readonly kernel: Uint16Array;
  readonly slab: Uint16Array;
  /** Without any flag: kernel memory, or free on a per-CPU list. */
  readonly bare: Uint16Array;
  readonly user: Uint16Array;
  readonly reserved: Uint16Array;
  /** Free blocks that start there, NR_PAGE_ORDERS of them for each pageblock: the largest aligned runs. */
  readonly blocks: Uint16Array;
  /** Aligned pairs of pages that are both free, in all. */
  nrPairs: number;
  nrAnon: number;
  /** Anonymous pages with the KSM flag; and all pages with it. */
  nrMerged: number;
  nrKsm: number;
  /** Where the free pages began that lie right before what comes next; -1 for none. */
  freeFrom: number;
}

export function emptyCensus(nrPfns: number): Census {
  const nrPageblocks = Math.ceil(nrPfns / PAGEBLOCK_PAGES);
  const column = (width = 1) => new Uint16Array(nrPageblocks * width);
  return {
    ...{ present: column(), free: column(), kernel: column(), slab: column(), bare: column(), user: column() },
    ...{ reserved: column(), blocks: column(NR_PAGE_ORDERS) },
    ...{ nrPairs: 0, nrAnon: 0, nrMerged: 0, nrKsm: 0, freeFrom: -1 },
  };
}

/** The census of pages that are all there; `ignored` are flags that mean nothing. */
export function censusOf(flags: Uint32Array, ignored: number): Census {
  const census = emptyCensus(flags.length);
  countInto(census, flags, { start: 0, end: flags.length }, ignored);
  closeCensus(census, flags.length);
  return census;
}

/** Counts the next pages, run by run: whoever counts all pages in pieces has counted them once. */
export function countInto(census: Census, flags: Uint32Array, { start, end }: PfnRange, ignored: number): void {
  const { present, free, kernel, slab, bare, user, reserved } = census;
  for (let pfn = start; pfn < end; ) {
    const word = flags[pfn]!;
    const pageblock = pfn >>> PAGEBLOCK_ORDER;
    const limit = Math.min(end, (pageblock + 1) << PAGEBLOCK_ORDER);
    const first = pfn++;
    while (pfn < limit && flags[pfn] === word) pfn++;
    const nr = pfn - first;
    const isFree = (word & PG_BUDDY) !== 0;
    if (isFree !== census.freeFrom >= 0) {
      if (isFree) census.freeFrom = first;
      else closeCensus(census, first);
    }
    if ((word & PG_NOPAGE) !== 0) continue;
    present[pageblock] = present[pageblock]! + nr;
    if ((word & (PG_ANON | PG_KSM)) !== 0) countMerged(census, word, nr);
    if (isFree) free[pageblock] = free[pageblock]! + nr;
    if ((word & PG_RESERVED) !== 0) reserved[pageblock] = reserved[pageblock]! + nr;
    else if (isFree) continue;
    else if ((word & PG_SLAB) !== 0) {
      kernel[pageblock] = kernel[pageblock]! + nr;
      slab[pageblock] = slab[pageblock]! + nr;
    } else if ((word & USER) !== 0) user[pageblock] = user[pageblock]! + nr;
    else if ((word & ~ignored) === 0) bare[pageblock] = bare[pageblock]! + nr;
    else if ((word & ~(TYPELESS | ignored)) !== 0) kernel[pageblock] = kernel[pageblock]! + nr;
  }
}

function countMerged(census: Census, word: number, nr: number): void {
  if ((word & PG_ANON) !== 0) census.nrAnon += nr;
  if ((word & PG_KSM) === 0) return;
  census.nrKsm += nr;
  if ((word & PG_ANON) !== 0) census.nrMerged += nr;
}

/** The free pages before `end`, which is not free, in the blocks that the allocator makes of them. */
export function closeCensus(census: Census, end: number): void {
  const { blocks, freeFrom } = census;
  if (freeFrom < 0) return;
  census.nrPairs += Math.max(0, (end >>> 1) - ((freeFrom + 1) >>> 1));
  for (let pfn = freeFrom; pfn < end; ) {
    const most = Math.min(LARGEST, end - pfn);
    const order = 31 - Math.clz32(pfn === 0 ? most : Math.min(most, pfn & -pfn));
    const at = (pfn >>> PAGEBLOCK_ORDER) * NR_PAGE_ORDERS + order;
    blocks[at] = blocks[at]! + 1;
    pfn += 2 ** order;
  }
  census.freeFrom = -1;
}

/** A column's pages in ranges of whole pageblocks. */
export function pagesIn(column: Uint16Array, ranges: readonly PfnRange[]): number {
  let nr = 0;
  for (const { start, end } of ranges) {
    const past = Math.ceil(end / PAGEBLOCK_PAGES);
    for (let pageblock = start >>> PAGEBLOCK_ORDER; pageblock < past; pageblock++) nr += column[pageblock] ?? 0;
  }
  return nr;
}
