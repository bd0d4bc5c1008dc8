import { PG_TAIL } from './page-flags.js';
import type { Pfn } from './units.js';

/** The first page of the compound page that has `pfn`; a page that is part of none is its own (compound_head). */
export function headOfCompound(flags: Uint32Array, pfn: Pfn): Pfn {
  let head = pfn;
  while ((flags[head]! & PG_TAIL) !== 0) head--;
  return head;
}

/** One past the last page of the compound page that starts at `head`. */
export function endOfCompound(flags: Uint32Array, head: Pfn): Pfn {
  let end = head + 1;
  while (end < flags.length && (flags[end]! & PG_TAIL) !== 0) end++;
  return end;
}
