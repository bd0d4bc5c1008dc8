import { PG_DIRTY, PG_LOCKED, PG_SWAPCACHE, PG_WRITEBACK } from '../mm/page-flags.js';
import { NO_PAGE, type Pfn } from '../mm/units.js';
import type { Machine } from './machine.js';
import { MAPPING_SHMEM, mappingAt, mappingOfPage } from './mappings.js';
import { addToCache, diskPlaceOf, ensureDiskPlace, freeSwapOfShmem, markDirty, removeFromCache } from './page-cache.js';
import { refSub } from './page-ref.js';
import { addToSwapCache, removeFromSwapCache, swapCachePage } from './swap.js';
import { waitForWriteback } from './writeback.js';

/**
 * Shared memory between its file and swap, mm/shmem.c. While a page is on its way out or back in, the swap cache has it, and
 * the file's slot is a swap entry: it is in one of the two caches at any time, never in both.
 */

/**
 * Takes an unmapped page of shared memory over to the swap cache, dirty, to be written from there (shmem_writepage). False,
 * with nothing changed, if it is mapped, locked, being written, not shared memory, or swap is full.
 */
export function moveToSwapCache(m: Machine, pfn: Pfn): boolean {
  const busy = PG_LOCKED | PG_WRITEBACK | PG_SWAPCACHE;
  if (m.mapcount[pfn] !== 0 || (m.flags[pfn]! & busy) !== 0) return false;
  if (m.mapKind[mappingOfPage(m, pfn)] !== MAPPING_SHMEM) return false;
  const slot = ensureDiskPlace(m, m.index[pfn]!);
  if (slot === 0) return false;
  const references = removeFromCache(m, pfn);
  addToSwapCache(m, pfn, slot);
  refSub(m, pfn, references);
  m.flags[pfn] = m.flags[pfn]! | PG_DIRTY;
  return true;
}

/** The page of the swap cache that a place of shared memory has gone to; NO_PAGE if there is none. */
export function swapCachePageOf(m: Machine, index: number): Pfn {
  const slot = m.mapKind[mappingAt(m, index)] === MAPPING_SHMEM ? diskPlaceOf(m, index) : 0;
  const cached = slot === 0 ? -1 : swapCachePage(m, slot);
  return cached < 0 ? NO_PAGE : cached;
}

/**
 * Brings such a page back to its file, dirty, and gives its slot up (shmem_swapin_folio). A page that somebody has locked, or
 * whose write does not end, stays where it is: the caller sleeps, and tries again.
 */
export function takeFromSwapCache(m: Machine, cpu: number, pfn: Pfn, index: number): void {
  if ((m.flags[pfn]! & PG_LOCKED) !== 0) return;
  if ((m.flags[pfn]! & PG_WRITEBACK) !== 0 && !waitForWriteback(m, cpu, pfn)) return;
  removeFromSwapCache(m, pfn);
  addToCache(m, pfn, index);
  refSub(m, pfn, 1);
  freeSwapOfShmem(m, index);
  markDirty(m, pfn);
}
