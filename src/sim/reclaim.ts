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
  PG_WRITEBACK,
} from '../mm/page-flags.js';
import { swapPte } from '../mm/pte.js';
import type { Pfn } from '../mm/units.js';
import { splitCompound } from './compound-pages.js';
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
import { type Machine, SCALAR } from './machine.js';
import { drainLruAdd, putPage } from './page-allocator.js';
import { isInItsSlot, removeFromCache } from './page-cache.js';
import { zoneOf } from './pageblocks.js';
import { unmapForGood } from './rmap.js';
import { addToSwap, duplicateSwap, MAX_SWAP_COUNT, removeFromSwapCache, swapSlotOf } from './swap.js';
import { advance, startWriteback, WRITE_LATENCY_NS } from './writeback.js';

/** SWAP_CLUSTER_MAX, include/linux/swap.h. */
export const RECLAIM_BATCH = 32;
/** Passes over the lists at rising urgency; each waits for the writes that the last one began (DEF_PRIORITY, shortened). */
const MAX_ROUNDS = 4;

/**
 * Frees up to `wanted` pages in plain LRU order, file pages before anonymous ones (shrink_node, mm/vmscan.c). Clean file
 * pages are dropped, dirty ones and anonymous ones written first. Returns how many were freed.
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

function giveBack(m: Machine, cpu: number, pfn: Pfn): void {
  m.flags[pfn] = (m.flags[pfn]! & ~PG_ISOLATED) | PG_LRU;
  putPage(m, cpu, pfn);
}

/** Reclaims one page that is on the LRU, whatever its age and however often it was used (reclaim_pages). */
export function pageout(m: Machine, cpu: number, pfn: Pfn): 'freed' | 'writing' | 'kept' {
  if ((m.flags[pfn]! & PG_LRU) === 0) return 'kept';
  m.flags[pfn] = ((m.flags[pfn]! & ~(PG_LRU | PG_REFERENCED)) | PG_ISOLATED) >>> 0;
  m.count[pfn] = m.count[pfn]! + 1;
  m.scalars[SCALAR.pgscan] = m.scalars[SCALAR.pgscan]! + 1;
  const freed = m.count[pfn] === 1 || reclaimOne(m, cpu, pfn);
  if (freed) m.scalars[SCALAR.pgsteal] = m.scalars[SCALAR.pgsteal]! + 1;
  const writing = !freed && (m.flags[pfn]! & PG_WRITEBACK) !== 0;
  if (freed) {
    m.flags[pfn] = m.flags[pfn]! & ~PG_ISOLATED;
    putPage(m, cpu, pfn);
  } else giveBack(m, cpu, pfn);
  return freed ? 'freed' : writing ? 'writing' : 'kept';
}

/** One pass over the lists of a zone's node at a priority; pages of other zones are passed over. */
export function shrinkZone(m: Machine, cpu: number, zone: number, priority: number, wanted: number): number {
  drainLruAdd(m);
  const { node } = m.spec.zones[zone]!;
  let freed = 0;
  for (const [active, inactive] of [
    [LRU_ACTIVE_FILE, LRU_INACTIVE_FILE],
    [LRU_ACTIVE_ANON, LRU_INACTIVE_ANON],
  ] as const) {
    balance(m, cpu, node, active, inactive);
    const scan = Math.ceil(lruLengthOf(m, node, inactive) / 2 ** priority);
    if (freed < wanted) freed += shrink(m, cpu, node, inactive, wanted - freed, scan, zone);
  }
  return freed;
}

function shrink(
  m: Machine,
  cpu: number,
  node: number,
  list: number,
  wanted: number,
  most = Number.POSITIVE_INFINITY,
  zone = -1,
): number {
  let freed = 0;
  let scanned = 0;
  const scan = Math.min(most, Math.max(RECLAIM_BATCH, Math.min(lruLengthOf(m, node, list), wanted * 4)));
  for (; scanned < scan && freed < wanted; scanned++) {
    const pfn = takeOldest(m, node, list);
    if (pfn < 0) break;
    const eligible = zone < 0 || zoneOf(m, pfn) === zone;
    if (eligible && (m.count[pfn] === 1 || reclaimOne(m, cpu, pfn))) {
      m.flags[pfn] = m.flags[pfn]! & ~PG_ISOLATED;
      putPage(m, cpu, pfn);
      freed++;
      continue;
    }
    placeOnLru(m, pfn);
    giveBack(m, cpu, pfn);
  }
  m.scalars[SCALAR.pgscan] = m.scalars[SCALAR.pgscan]! + scanned;
  m.scalars[SCALAR.pgsteal] = m.scalars[SCALAR.pgsteal]! + freed;
  return freed;
}

/** True if the page's last reference is now the isolation's (shrink_page_list, one page). */
function reclaimOne(m: Machine, cpu: number, pfn: Pfn): boolean {
  const flags = m.flags[pfn]!;
  if ((flags & (PG_LOCKED | PG_WRITEBACK)) !== 0) return false;
  if ((flags & PG_REFERENCED) !== 0) {
    // Used since the last look: another round, and the active list for a mapped one.
    changeLruFlags(m, pfn, m.mapcount[pfn] !== 0 ? PG_ACTIVE : 0, PG_REFERENCED);
    return false;
  }
  return (flags & PG_ANON) !== 0 ? swapOut(m, cpu, pfn) : dropFilePage(m, cpu, pfn);
}

function swapOut(m: Machine, cpu: number, pfn: Pfn): boolean {
  const unowned = m.mapcount[pfn] === 0 && (m.flags[pfn]! & PG_SWAPCACHE) === 0;
  if (unowned) return false;
  if ((m.flags[pfn]! & (PG_HEAD | PG_TAIL)) !== 0) splitCompound(m, pfn);
  if ((m.flags[pfn]! & PG_SWAPCACHE) === 0 && !addToSwap(m, pfn)) return false;
  const slot = swapSlotOf(m, pfn);
  if (m.swapMap[slot]! + m.mapcount[pfn]! > MAX_SWAP_COUNT) return false;
  if (!unmapForGood(m, pfn, swapPte(slot), () => duplicateSwap(m, slot))) return false;
  if ((m.flags[pfn]! & PG_DIRTY) !== 0) {
    if (startWriteback(m, pfn)) m.scalars[SCALAR.pswpout] = m.scalars[SCALAR.pswpout]! + 1;
    return false;
  }
  if (m.count[pfn] !== 2) return false;
  removeFromSwapCache(m, pfn);
  putPage(m, cpu, pfn);
  return true;
}

function dropFilePage(m: Machine, cpu: number, pfn: Pfn): boolean {
  // Shared memory would go to swap; this machine keeps it resident.
  if ((m.flags[pfn]! & PG_SWAPBACKED) !== 0) return false;
  // Truncated, and alive only because somebody pins it: there is no cache to take it out of.
  if (!isInItsSlot(m, pfn)) return false;
  if (!unmapForGood(m, pfn, 0, () => {})) return false;
  if ((m.flags[pfn]! & PG_DIRTY) !== 0) {
    startWriteback(m, pfn);
    return false;
  }
  const expected = 2 + ((m.flags[pfn]! & PG_PRIVATE) !== 0 ? 1 : 0);
  if (m.count[pfn] !== expected) return false;
  for (let references = removeFromCache(m, pfn); references > 0; references--) putPage(m, cpu, pfn);
  return true;
}
