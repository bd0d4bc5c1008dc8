import { BLOCK_OFFLINE, BLOCK_ONLINE, blockRange } from '../mm/memory-block.js';
import { PG_BUDDY, PG_NOPAGE } from '../mm/page-flags.js';
import type { PfnRange } from '../mm/pfn-range.js';
import type { BlockId } from '../mm/units.js';
import { PAGEBLOCK_ORDER, PAGEBLOCK_PAGES } from '../mm/units.js';
import { freeBlock } from './buddy.js';
import { poisonContentsOf } from './contents.js';
import type { Machine } from './machine.js';
import { drainPcp, hasDrainedPcp } from './page-allocator.js';
import { ONLINE_MIGRATETYPE, setHoles, setPageblockIsolated, setPageblockType, zoneOf } from './pageblocks.js';
import { removeFreeRange } from './relink-free.js';

/** Gives a block's pages to its zones, all free (online_pages). */
export function onlineBlock(m: Machine, block: BlockId): void {
  const { start, end } = blockRange(block, m.spec.blockPages);
  m.blockState[block] = BLOCK_ONLINE;
  for (let pfn = end - PAGEBLOCK_PAGES; pfn >= start; pfn -= PAGEBLOCK_PAGES) {
    const zone = zoneOf(m, pfn);
    if (zone < 0) continue;
    setPageblockType(m, pfn, ONLINE_MIGRATETYPE);
    setPageblockIsolated(m, pfn, false);
    setHoles(m, pfn, false);
    m.managed[zone] = m.managed[zone]! + PAGEBLOCK_PAGES;
    scaleWatermarks(m, zone);
    freeBlock(m, pfn, 9);
  }
}

/**
 * Takes a block out of its zone if every page of it is free (test_pages_isolated, offline_pages). The zone's watermarks
 * shrink with it.
 */
export function offlineBlock(m: Machine, block: BlockId): boolean {
  const range = blockRange(block, m.spec.blockPages);
  drainPcp(m);
  if (!isEntirelyFree(m, range)) return false;
  removeFreeRange(m, range.start, range.end);
  for (let pfn = range.start; pfn < range.end; pfn += PAGEBLOCK_PAGES) {
    const zone = zoneOf(m, pfn);
    setPageblockIsolated(m, pfn, false);
    setHoles(m, pfn, true);
    m.managed[zone] = m.managed[zone]! - PAGEBLOCK_PAGES;
    scaleWatermarks(m, zone);
  }
  m.flags.fill(PG_NOPAGE, range.start, range.end);
  poisonContentsOf(m, range);
  m.blockState[block] = BLOCK_OFFLINE;
  return true;
}

/** True if every page of a block is in buddy. */
export function isEntirelyFree(m: Machine, { start, end }: PfnRange): boolean {
  for (let pfn = start; pfn < end; pfn += PAGEBLOCK_PAGES)
    if (zoneOf(m, pfn) < 0 || m.pageblockUse[pfn >>> PAGEBLOCK_ORDER] !== 0) return false;
  // What a CPU has on its lists is free as well.
  if (!hasDrainedPcp(m)) for (let pfn = start; pfn < end; pfn++) if ((m.flags[pfn]! & PG_BUDDY) === 0) return false;
  return true;
}

/** Watermarks are the shape's, in proportion to what is left of the zone (setup_per_zone_wmarks). */
function scaleWatermarks(m: Machine, zone: number): void {
  const { watermarks } = m.spec.zones[zone]!;
  const share = Math.min(1, m.managed[zone]! / Math.max(1, m.presentAtStart[zone]!));
  m.watermarkMin[zone] = Math.floor(watermarks.min * share);
  m.watermarkLow[zone] = Math.floor(watermarks.low * share);
  m.watermarkHigh[zone] = Math.floor(watermarks.high * share);
}
