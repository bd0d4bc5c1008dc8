import type { MachineImage } from '../../mm/machine-image.js';
import { FREE_FLAGS, PG_ANON, PG_BUDDY, PG_HUGE, PG_NOPAGE, PG_SWAPCACHE } from '../../mm/page-flags.js';
import { PAGEBLOCK_ORDER, PAGEBLOCK_PAGES } from '../../mm/units.js';
import { CHUNK_PAGES } from '../../simd/chunk-columns.js';
import { bring, chunkOf } from '../../simd/page-chunk.js';

/** Anonymous memory is somebody's (`isOwned`), and has a slot, unless its other flags mean something else. */
const SWAP_CACHED = PG_ANON | PG_SWAPCACHE;
const NOT_OWNED = FREE_FLAGS | PG_NOPAGE | PG_HUGE;

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
  const chunk = chunkOf(flags);
  const { columns, steps } = chunk;
  for (let start = 0; start < flags.length; start += CHUNK_PAGES) {
    const nrPages = Math.min(CHUNK_PAGES, flags.length - start);
    const nrPageblocks = nrPages >>> PAGEBLOCK_ORDER;
    const found = columns.found.subarray(0, nrPageblocks);
    const at = bring(chunk, flags, start, nrPages);
    steps.countFlags(at, nrPageblocks, SWAP_CACHED | NOT_OWNED, SWAP_CACHED);
    for (const nr of found) nrSwapCached += nr;
    steps.countFlags(at, nrPageblocks, PG_BUDDY, PG_BUDDY);
    freeIn.set(found, start >>> PAGEBLOCK_ORDER);
  }
  // The last pageblock may be cut short.
  for (let pfn = flags.length - (flags.length % PAGEBLOCK_PAGES); pfn < flags.length; pfn++) {
    if ((flags[pfn]! & PG_BUDDY) !== 0) freeIn[pfn >>> PAGEBLOCK_ORDER]!++;
    if ((flags[pfn]! & (SWAP_CACHED | NOT_OWNED)) === SWAP_CACHED) nrSwapCached++;
  }
  return { freeIn, nrSwapCached };
}
