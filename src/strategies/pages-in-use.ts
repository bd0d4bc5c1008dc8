import type { MemoryHost } from '../host/memory-host.js';
import { FREE_FLAGS, PG_NOPAGE } from '../mm/page-flags.js';
import { HAS_HOLES, PAGES_IN_USE } from '../mm/pageblock-use.js';
import type { PfnRange } from '../mm/pfn-range.js';
import { PAGEBLOCK_ORDER, PAGEBLOCK_PAGES, type Pfn } from '../mm/units.js';

/** Pages from `start` to before `end` that are not free, holes among them. */
export function nrNotFree({ columns, pageblockUse }: MemoryHost, start: Pfn, end: Pfn): number {
  if (pageblockUse === undefined || (start | end) % PAGEBLOCK_PAGES !== 0)
    return end - start - nrWith(columns.flags, start, end, FREE_FLAGS);
  let pages = 0;
  for (let at = start >>> PAGEBLOCK_ORDER, last = end >>> PAGEBLOCK_ORDER; at < last; at++)
    pages += pageblockUse[at]! & PAGES_IN_USE;
  return pages;
}

/** Pages of a range that are in use: neither free nor holes. */
export function nrInUse(host: MemoryHost, { start, end }: PfnRange): number {
  const { columns, pageblockUse } = host;
  const { flags } = columns;
  if (pageblockUse === undefined || (start | end) % PAGEBLOCK_PAGES !== 0)
    return end - start - nrWith(flags, start, end, FREE_FLAGS | PG_NOPAGE);
  let pages = nrNotFree(host, start, end);
  for (let block = start; block < end; block += PAGEBLOCK_PAGES)
    if ((pageblockUse[block >>> PAGEBLOCK_ORDER]! & HAS_HOLES) !== 0)
      pages -= nrWith(flags, block, block + PAGEBLOCK_PAGES, PG_NOPAGE);
  return pages;
}

/** Pages that have one of these flags. */
function nrWith(flags: Uint32Array, start: Pfn, end: Pfn, mask: number): number {
  let pages = 0;
  for (let pfn = start; pfn < end; pfn++) if ((flags[pfn]! & mask) !== 0) pages++;
  return pages;
}
