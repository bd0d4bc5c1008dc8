import type { MachineImage } from '../../mm/machine-image.js';
import { PG_ANON, PG_BUDDY, PG_SWAPCACHE } from '../../mm/page-flags.js';
import { PAGEBLOCK_PAGES } from '../../mm/units.js';
import { isOwned } from './host-columns.js';

const CACHED = PG_ANON | PG_SWAPCACHE;
const BUDDY_SHIFT = 31 - Math.clz32(PG_BUDDY);

/** What is asked of all pages of an image, again and again. */
export interface ImageTally {
  /** Free pages, by pageblock. */
  readonly freeIn: Uint16Array;
  readonly nrSwapCached: number;
}

/** One look at every page. */
export function tallyImage({ flags }: MachineImage): ImageTally {
  const freeIn = new Uint16Array(Math.ceil(flags.length / PAGEBLOCK_PAGES));
  let nrSwapCached = 0;
  for (let pageblock = 0; pageblock < freeIn.length; pageblock++) {
    const end = Math.min((pageblock + 1) * PAGEBLOCK_PAGES, flags.length);
    let nrFree = 0;
    for (let pfn = pageblock * PAGEBLOCK_PAGES; pfn < end; pfn++) {
      const word = flags[pfn]!;
      nrFree += (word >>> BUDDY_SHIFT) & 1;
      if ((word & CACHED) === CACHED && isOwned(word)) nrSwapCached++;
    }
    freeIn[pageblock] = nrFree;
  }
  return { freeIn, nrSwapCached };
}
