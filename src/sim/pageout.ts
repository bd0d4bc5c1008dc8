import {
  PG_ACTIVE,
  PG_ANON,
  PG_DIRTY,
  PG_HEAD,
  PG_ISOLATED,
  PG_LOCKED,
  PG_LRU,
  PG_PRIVATE,
  PG_REFERENCED,
  PG_SWAPBACKED,
  PG_SWAPCACHE,
  PG_TAIL,
  PG_UNEVICTABLE,
  PG_WRITEBACK,
} from '../mm/page-flags.js';
import { swapPte } from '../mm/pte.js';
import type { Pfn } from '../mm/units.js';
import { splitCompound } from './compound-pages.js';
import { changeLruFlags } from './lru.js';
import { type Machine, SCALAR } from './machine.js';
import { putPage } from './page-allocator.js';
import { isInItsSlot, removeFromCache } from './page-cache.js';
import { getPage } from './page-ref.js';
import { unmapForGood } from './rmap.js';
import { addToSwap, duplicateSwap, hasFreeSwap, MAX_SWAP_COUNT, removeFromSwapCache, swapSlotOf } from './swap.js';
import { startWriteback } from './writeback.js';

/**
 * Taking one page away from its owners (shrink_page_list, mm/vmscan.c): a clean page of a file is dropped; a dirty one,
 * shared memory and anonymous memory are written first, and freed when reclaim meets them again. The page is isolated,
 * and the isolation's reference is the caller's.
 *
 * Returns true if that reference is the last one now.
 */
export function reclaimIsolated(m: Machine, cpu: number, pfn: Pfn): boolean {
  if (m.count[pfn] === 1) return true;
  const flags = m.flags[pfn]!;
  if ((flags & (PG_LOCKED | PG_WRITEBACK)) !== 0) return false;
  if ((flags & PG_REFERENCED) !== 0) {
    // Used since the last look: another round, and the active list for a mapped one.
    changeLruFlags(m, pfn, m.mapcount[pfn] !== 0 ? PG_ACTIVE : 0, PG_REFERENCED);
    return false;
  }
  return (flags & PG_ANON) !== 0 ? swapOut(m, cpu, pfn) : dropCachePage(m, cpu, pfn);
}

/** Reclaims one page that is on the LRU, whatever its age and however often it was used (reclaim_pages). */
export function pageout(m: Machine, cpu: number, pfn: Pfn): 'freed' | 'writing' | 'kept' {
  const flags = m.flags[pfn]!;
  if ((flags & PG_LRU) === 0 || (flags & PG_UNEVICTABLE) !== 0) return 'kept';
  isolate(m, pfn);
  m.flags[pfn] = m.flags[pfn]! & ~PG_REFERENCED;
  const freed = reclaimIsolated(m, cpu, pfn);
  const writing = !freed && (m.flags[pfn]! & PG_WRITEBACK) !== 0;
  if (freed) freeIsolated(m, cpu, pfn);
  else giveBack(m, cpu, pfn);
  countScan(m, 1, freed ? 1 : 0);
  return freed ? 'freed' : writing ? 'writing' : 'kept';
}

/** Takes a page off its LRU list, with a reference; its entry keeps its place. */
export function isolate(m: Machine, pfn: Pfn): void {
  m.flags[pfn] = ((m.flags[pfn]! & ~PG_LRU) | PG_ISOLATED) >>> 0;
  getPage(m, pfn);
}

/** Puts it back where its entry is. */
export function giveBack(m: Machine, cpu: number, pfn: Pfn): void {
  m.flags[pfn] = ((m.flags[pfn]! & ~PG_ISOLATED) | PG_LRU) >>> 0;
  putPage(m, cpu, pfn);
}

/** Drops the last reference of an isolated page. */
export function freeIsolated(m: Machine, cpu: number, pfn: Pfn): void {
  m.flags[pfn] = (m.flags[pfn]! & ~PG_ISOLATED) >>> 0;
  putPage(m, cpu, pfn);
}

/** Counts what a pass looked at and what it freed (pgscan, pgsteal). */
export function countScan(m: Machine, scanned: number, freed: number): void {
  m.scalars[SCALAR.pgscan] = m.scalars[SCALAR.pgscan]! + scanned;
  m.scalars[SCALAR.pgsteal] = m.scalars[SCALAR.pgsteal]! + freed;
}

function swapOut(m: Machine, cpu: number, pfn: Pfn): boolean {
  const inSwapCache = (m.flags[pfn]! & PG_SWAPCACHE) !== 0;
  if (!inSwapCache && (m.mapcount[pfn] === 0 || !hasFreeSwap(m))) return false;
  if ((m.flags[pfn]! & (PG_HEAD | PG_TAIL)) !== 0) splitCompound(m, pfn);
  if (!inSwapCache && !addToSwap(m, pfn)) return false;
  const slot = swapSlotOf(m, pfn);
  if (m.swapMap[slot]! + m.mapcount[pfn]! > MAX_SWAP_COUNT) return false;
  if (!unmapForGood(m, pfn, swapPte(slot), () => duplicateSwap(m, slot))) return false;
  return dropSwapCachePage(m, cpu, pfn);
}

/** An unmapped page of the swap cache, anonymous or shared memory on its way out: written, or dropped if swap has it. */
function dropSwapCachePage(m: Machine, cpu: number, pfn: Pfn): boolean {
  if ((m.flags[pfn]! & PG_DIRTY) !== 0) {
    writeToSwap(m, pfn);
    return false;
  }
  if (m.count[pfn] !== 2) return false;
  removeFromSwapCache(m, pfn);
  putPage(m, cpu, pfn);
  return true;
}

/** Begins a write unless the queue is congested: reclaim leaves an eighth of it to others (may_write_to_queue). */
function write(m: Machine, pfn: Pfn): boolean {
  const most = m.holdPfn.length - (m.holdPfn.length >> 3);
  return m.scalars[SCALAR.nrHolds]! < most && startWriteback(m, pfn);
}

function writeToSwap(m: Machine, pfn: Pfn): void {
  if (write(m, pfn)) m.scalars[SCALAR.pswpout] = m.scalars[SCALAR.pswpout]! + 1;
}

/** A page of a file, or of shared memory: its device is swap, where its mapping owns the slot. */
function dropCachePage(m: Machine, cpu: number, pfn: Pfn): boolean {
  if ((m.flags[pfn]! & PG_SWAPCACHE) !== 0) return dropSwapCachePage(m, cpu, pfn);
  // Truncated, and alive only because somebody pins it: there is no cache to take it out of.
  if (!isInItsSlot(m, pfn)) return false;
  if (!unmapForGood(m, pfn, 0, () => {})) return false;
  if ((m.flags[pfn]! & PG_DIRTY) !== 0) {
    if ((m.flags[pfn]! & PG_SWAPBACKED) !== 0) writeToSwap(m, pfn);
    else write(m, pfn);
    return false;
  }
  const expected = 2 + ((m.flags[pfn]! & PG_PRIVATE) !== 0 ? 1 : 0);
  if (m.count[pfn] !== expected) return false;
  for (let references = removeFromCache(m, pfn); references > 0; references--) putPage(m, cpu, pfn);
  return true;
}
