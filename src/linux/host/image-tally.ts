import type { MachineImage } from '../../mm/machine-image.js';
import { FREE_FLAGS, PG_ANON, PG_BUDDY, PG_HUGE, PG_NOPAGE, PG_SWAPCACHE } from '../../mm/page-flags.js';
import { PAGEBLOCK_ORDER, PAGEBLOCK_PAGES } from '../../mm/units.js';
import { CHUNK_PAGES } from '../../simd/chunk-columns.js';
import { pageChunk } from '../../simd/page-chunk.js';

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
  const { columns, steps } = pageChunk();
  for (let start = 0; start < flags.length; start += CHUNK_PAGES) {
    const some = flags.subarray(start, start + CHUNK_PAGES);
    const nrPageblocks = Math.ceil(some.length / PAGEBLOCK_PAGES);
    const found = columns.found.subarray(0, nrPageblocks);
    columns.flags.set(some);
    // What the last pageblock lacks is neither.
    columns.flags.fill(PG_NOPAGE, some.length, nrPageblocks * PAGEBLOCK_PAGES);
    steps.countFlags(nrPageblocks, SWAP_CACHED | NOT_OWNED, SWAP_CACHED);
    nrSwapCached += found.reduce((sum, nr) => sum + nr, 0);
    steps.countFlags(nrPageblocks, PG_BUDDY, PG_BUDDY);
    freeIn.set(found, start >>> PAGEBLOCK_ORDER);
  }
  return { freeIn, nrSwapCached };
}
