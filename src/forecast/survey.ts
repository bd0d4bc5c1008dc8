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

/** What a page is to the survey: 0 for none, or several of these. */
export const IS_FREE = 1;
export const IS_PER_CPU = 2;
export const IS_USED = 4;
export const IS_CACHE = 8;
export const IS_SWAPPABLE = 16;
export const IS_DIRTY_METADATA = 32;
export const NR_TRAITS = 64;

/** The same for a page with these flags. */
export function traitsOf(flags: number): number {
  if ((flags & FREE_FLAGS) !== 0) return (flags & PG_PCP) === 0 ? IS_FREE : IS_FREE | IS_PER_CPU;
  if ((flags & PG_NOPAGE) !== 0) return 0;
  if ((flags & PG_LRU) === 0) return IS_USED;
  const dirty = (flags & PG_DIRTY) !== 0 && isMetadata(flags) ? IS_USED | IS_DIRTY_METADATA : IS_USED;
  if ((flags & NOT_DROPPED) === 0) return dirty | IS_CACHE;
  return (flags & KEPT) === 0 && (flags & (PG_ANON | PG_SWAPBACKED)) !== 0 ? dirty | IS_SWAPPABLE : dirty;
}

/** A survey in which nothing was found yet. */
export function emptySurvey(nrBlocks: number): Survey {
  const none = () => new Uint32Array(nrBlocks);
  return { free: none(), perCpu: none(), used: none(), cache: none(), swappable: none(), nrDirtyMetadata: 0 };
}

/** One look at every page of the machine. */
export function surveyBlocks({ columns, layout }: MemoryHost): Survey {
  const { flags } = columns;
  const { nrPfns, blockPages } = layout;
  const nrBlocks = Math.ceil(nrPfns / blockPages);
  const { free, perCpu, used, cache, swappable } = emptySurvey(nrBlocks);
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
