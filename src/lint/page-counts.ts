import { FREE_FLAGS, PG_HUGE, PG_NOPAGE, PG_PGTABLE, PG_RESERVED, PG_SLAB, PG_UNEVICTABLE } from '../mm/page-flags.js';

/** Pages of a memory block by what keeps them there. */
export interface PageCounts {
  readonly reserved: number;
  readonly slab: number;
  readonly pageTables: number;
  /** In use by the kernel, of no type that shows. */
  readonly otherKernel: number;
  readonly hugetlb: number;
  readonly unevictable: number;
  /** All that are neither free nor missing. */
  readonly used: number;
}

/** Counts the pages of [start, end). */
export function countPages(flags: Uint32Array, start: number, end: number): PageCounts {
  let reserved = 0;
  let slab = 0;
  let pageTables = 0;
  let otherKernel = 0;
  let hugetlb = 0;
  let unevictable = 0;
  let used = 0;
  for (let pfn = start; pfn < end; pfn++) {
    const word = flags[pfn]!;
    if ((word & (FREE_FLAGS | PG_NOPAGE)) !== 0) continue;
    used++;
    if ((word & PG_RESERVED) !== 0) reserved++;
    else if ((word & PG_SLAB) !== 0) slab++;
    else if ((word & PG_PGTABLE) !== 0) pageTables++;
    else if ((word & PG_HUGE) !== 0) hugetlb++;
    else if ((word & PG_UNEVICTABLE) !== 0) unevictable++;
    // Of other kernel memory no flag tells; a user's page that is off the LRU for a moment still has those of its content.
    else if (word === 0) otherKernel++;
  }
  return { reserved, slab, pageTables, otherKernel, hugetlb, unevictable, used };
}

/** Pages that never move, of whatever kind. */
export function unmovablePages({ reserved, slab, pageTables, otherKernel }: PageCounts): number {
  return reserved + slab + pageTables + otherKernel;
}

export function addCounts(a: PageCounts, b: PageCounts): PageCounts {
  return {
    reserved: a.reserved + b.reserved,
    slab: a.slab + b.slab,
    pageTables: a.pageTables + b.pageTables,
    otherKernel: a.otherKernel + b.otherKernel,
    hugetlb: a.hugetlb + b.hugetlb,
    unevictable: a.unevictable + b.unevictable,
    used: a.used + b.used,
  };
}

export const NO_PAGES: PageCounts = {
  reserved: 0,
  slab: 0,
  pageTables: 0,
  otherKernel: 0,
  hugetlb: 0,
  unevictable: 0,
  used: 0,
};
