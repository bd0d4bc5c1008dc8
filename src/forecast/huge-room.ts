import type { MemoryHost } from '../host/memory-host.js';
import { PG_HEAD, PG_HUGE } from '../mm/page-flags.js';
import type { PfnRange } from '../mm/pfn-range.js';
import { MAX_PAGE_ORDER, PAGEBLOCK_ORDER, PAGEBLOCK_PAGES } from '../mm/units.js';

/** Huge pages of 2 MiB in a range, and the free ones that could be made elsewhere. */
export interface HugeRoom {
  /** Huge pages that begin in the range. Of a capture, unused ones in the pool too: flags do not tell them apart. */
  readonly pages: number;
  /** True if one of them is larger than 2 MiB: such a page does not move. */
  readonly hasGigantic: boolean;
  /** Free blocks of 2 MiB outside of the range, one of order 10 as two, and unused huge pages there, where pools are shown. */
  readonly freeOutside: number;
}

export function hugeRoomFor(host: MemoryHost, range: PfnRange): HugeRoom {
  const { flags, count } = host.columns;
  let pages = 0;
  let hasGigantic = false;
  let freeInside = 0;
  let unusedInside = 0;
  let available = 0;
  for (let pfn = range.start; pfn < range.end; pfn += PAGEBLOCK_PAGES) {
    const word = flags[pfn]!;
    if ((word & (PG_HUGE | PG_HEAD)) === (PG_HUGE | PG_HEAD)) {
      if (count[pfn] === 0) unusedInside++;
      else pages++;
      available = host.pages.hugePool?.available(pfn) ?? 0;
    } else if ((word & PG_HUGE) !== 0) hasGigantic = true;
    const order = host.free.blockOrder(pfn);
    if (order >= PAGEBLOCK_ORDER) freeInside += 2 ** (order - PAGEBLOCK_ORDER);
  }
  let free = 0;
  for (let zone = 0; zone < host.layout.zones.length; zone++)
    for (let order = PAGEBLOCK_ORDER; order <= MAX_PAGE_ORDER; order++)
      free += host.free.nrBlocks(zone, order) * 2 ** (order - PAGEBLOCK_ORDER);
  const unused = Math.max(0, available - unusedInside);
  return { pages, hasGigantic, freeOutside: Math.max(0, free - freeInside) + unused };
}
