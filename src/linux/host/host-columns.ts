import { journalledPages } from '../../mm/buffer-cache.js';
import type { MachineImage } from '../../mm/machine-image.js';
import type { PageColumns } from '../../mm/page-columns.js';
import {
  FREE_FLAGS,
  PG_ANON,
  PG_BUDDY,
  PG_HUGE,
  PG_LRU,
  PG_MOVABLE_OPS,
  PG_NOPAGE,
  PG_PRIVATE,
  PG_SWAPBACKED,
  PG_SWAPCACHE,
} from '../../mm/page-flags.js';
import { MAX_PAGE_ORDER, type Pfn } from '../../mm/units.js';

/** A page with one of these has an owner who can be known; hugetlb pages have flags of their own meaning. */
const OWNED = PG_LRU | PG_ANON | PG_MOVABLE_OPS | PG_SWAPBACKED;
const BLOCK_MAX = 2 ** MAX_PAGE_ORDER;

/** True for a page that somebody's mappings or a cache keep, false for free memory and the kernel's own. */
export function isOwned(flags: number): boolean {
  return (flags & OWNED) !== 0 && (flags & (FREE_FLAGS | PG_NOPAGE | PG_HUGE)) === 0;
}

/**
 * Columns of a host: what its image says of each page, and the references that follow from it, which is all of them that
 * can be seen from outside. Which mapping a page belongs to (`index`) and its place on the LRU are not shown: 0.
 */
export function hostColumns({ flags, mapcounts, nrPfns, zones }: MachineImage): PageColumns {
  const columns = {
    flags: flags.slice(),
    count: new Uint16Array(nrPfns),
    mapcount: mapcounts.slice(),
    index: new Uint32Array(nrPfns),
    lruEpoch: new Uint8Array(nrPfns),
  };
  countReferences(columns, 0, nrPfns);
  for (const pfn of journalledPages(flags)) columns.count[pfn] = columns.count[pfn]! + 1;
  for (const { start, end } of zones) markFreeBlocks(columns, start, end);
  return columns;
}

/** Fills in the references of the pages of a range from their flags and mappings, and mends the mappings. */
export function countReferences({ flags, count, mapcount }: PageColumns, start: Pfn, end: Pfn): void {
  for (let pfn = start; pfn < end; pfn++) {
    const word = flags[pfn]!;
    if ((word & (FREE_FLAGS | PG_NOPAGE)) !== 0) continue;
    if (!isOwned(word)) {
      mapcount[pfn] = 0;
      count[pfn] = 1;
      continue;
    }
    if ((word & PG_MOVABLE_OPS) !== 0) mapcount[pfn] = 0;
    const isAnon = (word & PG_ANON) !== 0;
    // Anonymous memory lives by its mappings: one that lost them between the reads of two files had one.
    if (isAnon && (word & (PG_SWAPCACHE | PG_MOVABLE_OPS)) === 0 && mapcount[pfn] === 0) mapcount[pfn] = 1;
    const cache = !isAnon || (word & PG_SWAPCACHE) !== 0 ? 1 : 0;
    const buffers = !isAnon && (word & PG_PRIVATE) !== 0 ? 1 : 0;
    count[pfn] = Math.min(mapcount[pfn]! + cache + buffers, 0xffff);
  }
}

/**
 * Notes the order of each free block in its first page (as page-columns.ts has it). Where one block ends and the next
 * begins is not shown: the largest blocks that fit are taken, as the allocator would have merged them.
 */
export function markFreeBlocks({ flags, mapcount }: PageColumns, start: Pfn, end: Pfn): void {
  for (let pfn = start; pfn < end; ) {
    if ((flags[pfn]! & PG_BUDDY) === 0) {
      pfn++;
      continue;
    }
    const aligned = pfn === 0 ? BLOCK_MAX : Math.min(BLOCK_MAX, pfn & -pfn);
    let run = 1;
    while (run < aligned && pfn + run < end && (flags[pfn + run]! & PG_BUDDY) !== 0) run++;
    const order = 31 - Math.clz32(run);
    mapcount.fill(0, pfn, pfn + 2 ** order);
    mapcount[pfn] = order + 1;
    pfn += 2 ** order;
  }
}
