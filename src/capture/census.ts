import {
  PG_ANON,
  PG_BUDDY,
  PG_HEAD,
  PG_KSM,
  PG_LRU,
  PG_NOPAGE,
  PG_RESERVED,
  PG_SLAB,
  PG_SWAPBACKED,
  PG_SWAPCACHE,
  PG_TAIL,
} from '../mm/page-flags.js';
import type { PfnRange } from '../mm/pfn-range.js';
import { PAGEBLOCK_ORDER, PAGEBLOCK_PAGES } from '../mm/units.js';
import { CENSUS_COLUMNS } from '../simd/chunk-columns.js';
import { TYPELESS } from './typeless.js';

/** Memory of processes and files: it lives in movable pageblocks, as a rule. */
const USER = PG_LRU | PG_ANON | PG_SWAPCACHE | PG_SWAPBACKED;

/** Columns of a census: what a page is to the steps of reading. Eight, and as many again for pages of compound ones. */
export const ABSENT = 0;
export const FREE = 1;
export const USERS = 2;
/** Without any flag: kernel memory, or free on a per-CPU list. */
export const BARE = 3;
/** Of the kernel, by their type; slabs have a column of their own. */
export const KERNEL = 4;
export const SLABS = 5;
export const RESERVED = 6;
/** In use by the look of it, of no type. */
export const TYPES_UNKNOWN = 7;
const COMPOUND = 8;
const WIDTH = CENSUS_COLUMNS;
const WIDTH_SHIFT = 31 - Math.clz32(WIDTH);

/**
 * What each pageblock holds, in pages: all that the steps of reading ask of it, counted while the flags are read, so that
 * none of them has to look at every page again. WIDTH columns for each pageblock.
 */
export type Census = Uint16Array;

export function emptyCensus(nrPfns: number): Census {
  return new Uint16Array(Math.ceil(nrPfns / PAGEBLOCK_PAGES) << WIDTH_SHIFT);
}

/** The first of a pageblock's columns. */
function rowOf(pfn: number): number {
  return (pfn >>> PAGEBLOCK_ORDER) << WIDTH_SHIFT;
}

/** Adds the rows of `nrPages` pages, the first of which is `pfn`: its pageblock may have been counted in part. */
export function addRows(census: Census, rows: Uint16Array, pfn: number, nrPages: number): void {
  const first = rowOf(pfn);
  const end = rowOf(pfn + nrPages - 1) + WIDTH;
  for (let at = first; at < end; at++) census[at] = census[at]! + rows[at - first]!;
}

/** The column of a page; `ignored` are flags that mean nothing. */
export function columnOf(flags: number, ignored: number): number {
  if ((flags & PG_NOPAGE) !== 0) return ABSENT;
  return kindOf(flags & ~ignored) + ((flags & (PG_HEAD | PG_TAIL)) === 0 ? 0 : COMPOUND);
}

function kindOf(flags: number): number {
  if ((flags & PG_RESERVED) !== 0) return RESERVED;
  if ((flags & PG_BUDDY) !== 0) return FREE;
  if ((flags & PG_SLAB) !== 0) return SLABS;
  if ((flags & USER) !== 0) return USERS;
  if (flags === 0) return BARE;
  return (flags & ~TYPELESS) === 0 ? TYPES_UNKNOWN : KERNEL;
}

/** The census of pages that are all there. */
export function censusOf(flags: Uint32Array, ignored: number): Census {
  const census = emptyCensus(flags.length);
  for (let pfn = 0; pfn < flags.length; ) {
    const word = flags[pfn]!;
    const limit = Math.min(flags.length, (pfn | (PAGEBLOCK_PAGES - 1)) + 1);
    const first = pfn++;
    while (pfn < limit && flags[pfn] === word) pfn++;
    const at = rowOf(first) + columnOf(word, ignored);
    census[at] = census[at]! + pfn - first;
  }
  return census;
}

/** A page that was counted, with these flags, is not there after all. The KSM flag meant nothing in the count. */
export function countAbsent(census: Census, pfn: number, flags: number): void {
  const row = rowOf(pfn);
  const was = row + columnOf(flags, PG_KSM);
  census[was] = census[was]! - 1;
  census[row + ABSENT] = census[row + ABSENT]! + 1;
}

/** Pages of some kind in a pageblock, parts of compound pages among them. */
export function pagesOf(census: Census, pageblock: number, kind: number): number {
  const at = (pageblock << WIDTH_SHIFT) + kind;
  return census[at]! + census[at + COMPOUND]!;
}

/** The same in ranges of whole pageblocks. */
export function pagesIn(census: Census, ranges: readonly PfnRange[], kind: number): number {
  let nr = 0;
  for (const { start, end } of ranges)
    for (let at = rowOf(start) + kind; at < rowOf(end + PAGEBLOCK_PAGES - 1); at += WIDTH)
      nr += census[at]! + census[at + COMPOUND]!;
  return nr;
}

export function presentIn(census: Census, ranges: readonly PfnRange[]): number {
  let nr = 0;
  for (let kind = ABSENT + 1; kind < COMPOUND; kind++) nr += pagesIn(census, ranges, kind);
  return nr;
}

export function hasPresent(census: Census, pfn: number): boolean {
  const row = rowOf(pfn);
  for (let at = row + ABSENT + 1; at < row + WIDTH; at++) if (census[at] !== 0) return true;
  return false;
}

export function hasCompound(census: Census, pageblock: number): boolean {
  const row = pageblock << WIDTH_SHIFT;
  for (let at = row + COMPOUND; at < row + WIDTH; at++) if (census[at] !== 0) return true;
  return false;
}

/** How many pages are anonymous, how many of them have the KSM flag, and how many pages have it in all. */
export interface Merged {
  nrAnon: number;
  nrMerged: number;
  nrKsm: number;
}

/** Pages without any that is there are passed over by the census. */
export function countMerged(flags: Uint32Array, census: Census): Merged {
  const merged = { nrAnon: 0, nrMerged: 0, nrKsm: 0 };
  for (let pfn = 0; pfn < flags.length; ) {
    const limit = Math.min(flags.length, (pfn | (PAGEBLOCK_PAGES - 1)) + 1);
    if (hasPresent(census, pfn)) countMergedIn(flags, { start: pfn, end: limit }, merged);
    pfn = limit;
  }
  return merged;
}

function countMergedIn(flags: Uint32Array, { start, end }: PfnRange, merged: Merged): void {
  for (let pfn = start; pfn < end; ) {
    const word = flags[pfn]!;
    const first = pfn++;
    while (pfn < end && flags[pfn] === word) pfn++;
    if ((word & PG_ANON) !== 0) merged.nrAnon += pfn - first;
    if ((word & PG_KSM) === 0) continue;
    merged.nrKsm += pfn - first;
    if ((word & PG_ANON) !== 0) merged.nrMerged += pfn - first;
  }
}
