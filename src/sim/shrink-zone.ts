import { PG_ACTIVE, PG_LRU, PG_REFERENCED, PG_WRITEBACK } from '../mm/page-flags.js';
import {
  changeLruFlags,
  dropStaleOldest,
  LRU_ACTIVE_ANON,
  LRU_ACTIVE_FILE,
  LRU_INACTIVE_ANON,
  LRU_INACTIVE_FILE,
  lruLengthOf,
  lruListOf,
  oldestPages,
  placeOnLru,
} from './lru.js';
import type { Machine } from './machine.js';
import { drainLruAdd } from './page-allocator.js';
import { countScan, freeIsolated, giveBack, isolate, reclaimIsolated } from './pageout.js';

/** vm.swappiness, mm/vmscan.c. */
const SWAPPINESS = 60;

/**
 * One pass of kswapd over a zone (shrink_zone, mm/vmscan.c of 2.6.9): the oldest 1 / 2^priority of each list, page cache
 * before anonymous memory, until `wanted` pages are freed. Pages of other zones keep their places. Returns how many it
 * freed; a page that it began to write is freed by a later pass.
 */
export function shrinkZone(m: Machine, cpu: number, zone: number, priority: number, wanted: number): number {
  drainLruAdd(m);
  for (const kind of [LRU_ACTIVE_FILE, LRU_INACTIVE_FILE, LRU_ACTIVE_ANON, LRU_INACTIVE_ANON])
    dropStaleOldest(m, m.spec.zones[zone]!.node, kind);
  let freed = shrinkLists(m, cpu, zone, LRU_ACTIVE_FILE, LRU_INACTIVE_FILE, priority, wanted);
  if (freed < wanted && swapsAt(m, zone, priority))
    freed += shrinkLists(m, cpu, zone, LRU_ACTIVE_ANON, LRU_INACTIVE_ANON, priority, wanted - freed);
  return freed;
}

/**
 * Whether anonymous memory is looked at: when it is most of what there is, or when page cache alone has not been enough
 * for some time (swap_tendency of refill_inactive_zone; anonymous memory stands for mapped memory, which nobody counts
 * here).
 */
function swapsAt(m: Machine, zone: number, priority: number): boolean {
  if (m.spec.nrSwapSlots === 0) return false;
  const { node } = m.spec.zones[zone]!;
  const file = lruLengthOf(m, node, LRU_ACTIVE_FILE) + lruLengthOf(m, node, LRU_INACTIVE_FILE);
  const anon = lruLengthOf(m, node, LRU_ACTIVE_ANON) + lruLengthOf(m, node, LRU_INACTIVE_ANON);
  const mappedRatio = (anon * 100) / Math.max(1, anon + file);
  const distress = 100 >> priority;
  return mappedRatio / 2 + distress + SWAPPINESS >= 100;
}

function shrinkLists(
  m: Machine,
  cpu: number,
  zone: number,
  active: number,
  inactive: number,
  priority: number,
  wanted: number,
): number {
  const { node } = m.spec.zones[zone]!;
  if (lruLengthOf(m, node, active) > lruLengthOf(m, node, inactive))
    refillInactive(m, cpu, oldestPages(m, node, active, zone, quotaOf(m, zone, active, priority)), active);
  const oldest = oldestPages(m, node, inactive, zone, quotaOf(m, zone, inactive, priority));
  return shrinkInactive(m, cpu, oldest, inactive, wanted);
}

/** A zone's part of its node's list, as large as its part of the node's memory; at priority 0 there is no limit. */
function quotaOf(m: Machine, zone: number, kind: number, priority: number): number {
  const { node } = m.spec.zones[zone]!;
  const length = lruLengthOf(m, node, kind);
  if (priority === 0) return length;
  let ofNode = 0;
  for (const [id, { node: other }] of m.spec.zones.entries()) if (other === node) ofNode += m.managed[id]!;
  return Math.ceil((length * m.managed[zone]!) / Math.max(1, ofNode) / 2 ** priority);
}

/** Old pages of the active list become inactive; one that is mapped and was used stays, once (refill_inactive_zone). */
function refillInactive(m: Machine, cpu: number, pfns: Uint32Array, _active: number): void {
  for (let i = 0; i < pfns.length; i++) {
    const pfn = pfns[i]!;
    isolate(m, pfn);
    if ((m.flags[pfn]! & PG_REFERENCED) !== 0 && m.mapcount[pfn] !== 0) {
      m.flags[pfn] = (m.flags[pfn]! & ~PG_REFERENCED) >>> 0;
      placeOnLru(m, pfn);
    } else changeLruFlags(m, pfn, 0, PG_ACTIVE | PG_REFERENCED);
    giveBack(m, cpu, pfn);
  }
}

/** Old pages of the inactive list are freed; those that stay go to its young end, those now being written keep their place. */
function shrinkInactive(m: Machine, cpu: number, pfns: Uint32Array, inactive: number, wanted: number): number {
  let freed = 0;
  let scanned = 0;
  for (let i = 0; i < pfns.length && freed < wanted; i++) {
    const pfn = pfns[i]!;
    // Reclaiming one page can change another: a compound page is split.
    if ((m.flags[pfn]! & PG_LRU) === 0 || lruListOf(m.flags[pfn]!) !== inactive) continue;
    scanned++;
    isolate(m, pfn);
    if (reclaimIsolated(m, cpu, pfn)) {
      freeIsolated(m, cpu, pfn);
      freed++;
      continue;
    }
    if ((m.flags[pfn]! & PG_WRITEBACK) === 0) placeOnLru(m, pfn);
    giveBack(m, cpu, pfn);
  }
  countScan(m, scanned, freed);
  return freed;
}
