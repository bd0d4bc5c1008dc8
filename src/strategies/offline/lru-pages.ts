import { FREE_FLAGS, PG_ACTIVE, PG_LRU, PG_NOPAGE, PG_TAIL } from '../../mm/page-flags.js';
import { type PfnRange, totalPages } from '../../mm/pfn-range.js';

/** Pages of the ranges that are on the LRU, ascending; a compound page stands for itself with its first page. */
export function lruPages(flags: Uint32Array, ranges: readonly PfnRange[]): Uint32Array {
  return select(flags, ranges, [0, PG_ACTIVE]);
}

/**
 * The same, inactive ones first, ascending within each. A host shows no LRU lists: that a page is on the inactive one is
 * known, its place there is not.
 */
export function inactiveFirst(flags: Uint32Array, ranges: readonly PfnRange[]): Uint32Array {
  const inactive = select(flags, ranges, [0]);
  const active = select(flags, ranges, [PG_ACTIVE]);
  const pages = new Uint32Array(inactive.length + active.length);
  pages.set(inactive);
  pages.set(active, inactive.length);
  return pages;
}

function select(flags: Uint32Array, ranges: readonly PfnRange[], active: readonly number[]): Uint32Array {
  const pages = new Uint32Array(totalPages(ranges));
  let nr = 0;
  for (const { start, end } of ranges) {
    for (let pfn = start; pfn < end; pfn++) {
      const word = flags[pfn]!;
      if ((word & (PG_LRU | PG_TAIL | FREE_FLAGS | PG_NOPAGE)) === PG_LRU && active.includes(word & PG_ACTIVE))
        pages[nr++] = pfn;
    }
  }
  return pages.slice(0, nr);
}
