import { BLOCK_OFFLINE, BLOCK_ONLINE, blockRange } from '../mm/memory-block.js';
import { PG_BUDDY, PG_HWPOISON, PG_NOPAGE, PG_OFFLINE } from '../mm/page-flags.js';
import type { PfnRange } from '../mm/pfn-range.js';
import { type BlockId, type Order, PAGEBLOCK_ORDER, PAGEBLOCK_PAGES, type Pfn } from '../mm/units.js';
import { freeBlock } from './buddy.js';
import { poisonContentsOf } from './contents.js';
import { goesAlong } from './drivers/notify.js';
import { isUnplugged, takeBack } from './drivers/unplugged.js';
import { type Machine, SCALAR } from './machine.js';
import { drainPcp, hasDrainedPcp } from './page-allocator.js';
import { refSet } from './page-ref.js';
import { ONLINE_MIGRATETYPE, setHoles, setPageblockIsolated, setPageblockType, zoneOf } from './pageblocks.js';
import { removeFreeRange } from './relink-free.js';

/** Flags that a page keeps while its block is offline, if it has them: nobody is to have it when it is back. */
const TAKEN_ALONG = PG_HWPOISON | PG_OFFLINE;

/** Gives a block's pages to its zones, all free but those that went offline with it (online_pages). */
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
    if (m.scalars[SCALAR.nrTakenAlong] === 0) freeBlock(m, pfn, PAGEBLOCK_ORDER);
    else freeAround(m, pfn, PAGEBLOCK_ORDER);
  }
}

/** Frees a block but for the pages in it that are nobody's to hand out, in pieces as large as they leave. */
function freeAround(m: Machine, pfn: Pfn, order: Order): void {
  let nrKept = 0;
  for (let page = pfn; page < pfn + 2 ** order; page++) if ((m.flags[page]! & TAKEN_ALONG) !== 0) nrKept++;
  if (nrKept === 0) freeBlock(m, pfn, order);
  else if (order > 0) {
    freeAround(m, pfn + 2 ** (order - 1), order - 1);
    freeAround(m, pfn, order - 1);
  } else {
    m.flags[pfn] = m.flags[pfn]! & TAKEN_ALONG;
    m.scalars[SCALAR.nrTakenAlong] = m.scalars[SCALAR.nrTakenAlong]! - 1;
    if (isUnplugged(m.flags[pfn]!)) takeBack(m, pfn);
    else refSet(m, pfn, 1);
  }
}

/**
 * Takes a block out of its zone if every page of it is free, or goes along (test_pages_isolated, offline_pages). What goes
 * along is remembered, as in the kernel's memory map: it is there again when the block is. The zone's watermarks shrink.
 */
export function offlineBlock(m: Machine, block: BlockId): boolean {
  const range = blockRange(block, m.spec.blockPages);
  drainPcp(m);
  if (!isVacated(m, range)) return false;
  removeFreeRange(m, range.start, range.end);
  for (let pfn = range.start; pfn < range.end; pfn += PAGEBLOCK_PAGES) {
    const zone = zoneOf(m, pfn);
    setPageblockIsolated(m, pfn, false);
    setHoles(m, pfn, true);
    m.managed[zone] = m.managed[zone]! - PAGEBLOCK_PAGES;
    scaleWatermarks(m, zone);
  }
  for (let pfn = range.start; pfn < range.end; pfn++) {
    if ((m.flags[pfn]! & TAKEN_ALONG) === 0) m.flags[pfn] = PG_NOPAGE;
    else takeAlong(m, pfn);
  }
  poisonContentsOf(m, range);
  m.blockState[block] = BLOCK_OFFLINE;
  return true;
}

function takeAlong(m: Machine, pfn: Pfn): void {
  m.flags[pfn] = PG_NOPAGE | (m.flags[pfn]! & TAKEN_ALONG);
  refSet(m, pfn, 0);
  m.scalars[SCALAR.nrTakenAlong] = m.scalars[SCALAR.nrTakenAlong]! + 1;
}

/** True if every page of a block is in buddy, or goes along with it. */
export function isVacated(m: Machine, { start, end }: PfnRange): boolean {
  for (let pfn = start; pfn < end; pfn += PAGEBLOCK_PAGES) {
    const use = m.pageblockUse[pfn >>> PAGEBLOCK_ORDER]!;
    if (zoneOf(m, pfn) < 0 || (use !== 0 && use !== nrGoingAlong(m, pfn))) return false;
  }
  if (hasDrainedPcp(m)) return true;
  // What a CPU has on its lists is free as well.
  for (let pfn = start; pfn < end; pfn++) if ((m.flags[pfn]! & PG_BUDDY) === 0 && !goesAlong(m, pfn)) return false;
  return true;
}

function nrGoingAlong(m: Machine, start: Pfn): number {
  let nr = 0;
  for (let pfn = start; pfn < start + PAGEBLOCK_PAGES; pfn++) if (goesAlong(m, pfn)) nr++;
  return nr;
}

/** Watermarks are the shape's, in proportion to what is left of the zone (setup_per_zone_wmarks). */
function scaleWatermarks(m: Machine, zone: number): void {
  const { watermarks } = m.spec.zones[zone]!;
  const share = Math.min(1, m.managed[zone]! / Math.max(1, m.presentAtStart[zone]!));
  m.watermarkMin[zone] = Math.floor(watermarks.min * share);
  m.watermarkLow[zone] = Math.floor(watermarks.low * share);
  m.watermarkHigh[zone] = Math.floor(watermarks.high * share);
}
