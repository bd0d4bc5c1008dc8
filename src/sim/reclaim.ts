import { PG_ACTIVE, PG_REFERENCED } from '../mm/page-flags.js';
import {
  changeLruFlags,
  LRU_ACTIVE_ANON,
  LRU_ACTIVE_FILE,
  LRU_INACTIVE_ANON,
  LRU_INACTIVE_FILE,
  lruLengthOf,
  placeOnLru,
  takeOldest,
} from './lru.js';
import type { Machine } from './machine.js';
import { drainLruAdd } from './page-allocator.js';
import { countScan, freeIsolated, giveBack, reclaimIsolated } from './pageout.js';
import { advance, WRITE_LATENCY_NS } from './writeback.js';

/** SWAP_CLUSTER_MAX, include/linux/swap.h. */
export const RECLAIM_BATCH = 32;
/** Passes over the lists at rising urgency; each waits for the writes that the last one began (DEF_PRIORITY, shortened). */
const MAX_ROUNDS = 4;

/**
 * Direct reclaim, by whoever finds no page: frees up to `wanted` pages of any zone in plain LRU order, file pages before
 * anonymous ones (try_to_free_pages, mm/vmscan.c). Clean file pages are dropped, others written first. Returns how many
 * were freed.
 */
export function reclaimPages(m: Machine, cpu: number, wanted: number): number {
  drainLruAdd(m);
  let freed = 0;
  for (let round = 0; round < MAX_ROUNDS && freed < wanted; round++) {
    for (let node = 0; node < m.nrNodes && freed < wanted; node++) {
      balance(m, cpu, node, LRU_ACTIVE_FILE, LRU_INACTIVE_FILE);
      freed += shrink(m, cpu, node, LRU_INACTIVE_FILE, wanted - freed);
      balance(m, cpu, node, LRU_ACTIVE_ANON, LRU_INACTIVE_ANON);
      if (freed < wanted) freed += shrink(m, cpu, node, LRU_INACTIVE_ANON, wanted - freed);
    }
    if (freed < wanted) advance(m, cpu, WRITE_LATENCY_NS);
  }
  return freed;
}

/** Keeps the inactive list at least as long as the active one (shrink_active_list). */
function balance(m: Machine, cpu: number, node: number, active: number, inactive: number): void {
  let moves = Math.min(RECLAIM_BATCH, lruLengthOf(m, node, active) - lruLengthOf(m, node, inactive));
  for (; moves > 0; moves--) {
    const pfn = takeOldest(m, node, active);
    if (pfn < 0) return;
    changeLruFlags(m, pfn, 0, PG_ACTIVE | PG_REFERENCED);
    giveBack(m, cpu, pfn);
  }
}

function shrink(m: Machine, cpu: number, node: number, list: number, wanted: number): number {
  let freed = 0;
  let scanned = 0;
  const scan = Math.max(RECLAIM_BATCH, Math.min(lruLengthOf(m, node, list), wanted * 4));
  for (; scanned < scan && freed < wanted; scanned++) {
    const pfn = takeOldest(m, node, list);
    if (pfn < 0) break;
    if (reclaimIsolated(m, cpu, pfn)) {
      freeIsolated(m, cpu, pfn);
      freed++;
      continue;
    }
    placeOnLru(m, pfn);
    giveBack(m, cpu, pfn);
  }
  countScan(m, scanned, freed);
  return freed;
}
