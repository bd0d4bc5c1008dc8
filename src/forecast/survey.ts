import type { MemoryHost } from '../host/memory-host.js';
import { isMetadata } from '../mm/buffer-cache.js';
import {
  FREE_FLAGS,
  PG_ANON,
  PG_DIRTY,
  PG_LRU,
  PG_MLOCKED,
  PG_NOPAGE,
  PG_PCP,
  PG_SWAPBACKED,
  PG_UNEVICTABLE,
  PG_WRITEBACK,
} from '../mm/page-flags.js';

/** What each memory block holds, by flags alone; arrays by block number, in pages. */
export interface Survey {
  readonly free: Uint32Array;
  /** Of these, on per-CPU lists: free, but not counted in the zone's free pages. */
  readonly perCpu: Uint32Array;
  readonly used: Uint32Array;
  /** Clean page cache that reclaim can drop. */
  readonly cache: Uint32Array;
  /** Anonymous and shared memory that reclaim could swap out. */
  readonly swappable: Uint32Array;
  /** Pages of file-system metadata that are dirty, in all. */
  readonly nrDirtyMetadata: number;
}

const KEPT = PG_MLOCKED | PG_UNEVICTABLE;
const NOT_DROPPED = KEPT | PG_DIRTY | PG_WRITEBACK | PG_ANON | PG_SWAPBACKED;

/** One look at every page of the machine. */
export function surveyBlocks({ columns, layout }: MemoryHost): Survey {
  const { flags } = columns;
  const { nrPfns, blockPages } = layout;
  const nrBlocks = Math.ceil(nrPfns / blockPages);
  const [free, perCpu, used, cache, swappable] = Array.from({ length: 5 }, () => new Uint32Array(nrBlocks)) as [
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
  ];
  let nrDirtyMetadata = 0;
  for (let block = 0; block < nrBlocks; block++) {
    const end = Math.min((block + 1) * blockPages, nrPfns);
    let nrFree = 0;
    let nrPerCpu = 0;
    let nrUsed = 0;
    let nrCache = 0;
    let nrSwappable = 0;
    for (let pfn = block * blockPages; pfn < end; pfn++) {
      const word = flags[pfn]!;
      if ((word & FREE_FLAGS) !== 0) {
        nrFree++;
        if ((word & PG_PCP) !== 0) nrPerCpu++;
      } else if ((word & PG_NOPAGE) === 0) {
        nrUsed++;
        if ((word & PG_LRU) === 0) continue;
        if ((word & PG_DIRTY) !== 0 && isMetadata(word)) nrDirtyMetadata++;
        if ((word & NOT_DROPPED) === 0) nrCache++;
        else if ((word & KEPT) === 0 && (word & (PG_ANON | PG_SWAPBACKED)) !== 0) nrSwappable++;
      }
    }
    free[block] = nrFree;
    perCpu[block] = nrPerCpu;
    used[block] = nrUsed;
    cache[block] = nrCache;
    swappable[block] = nrSwappable;
  }
  return { free, perCpu, used, cache, swappable, nrDirtyMetadata };
}
