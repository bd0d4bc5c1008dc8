import type { Migratetype } from '../mm/migratetype.js';
import { MAX_PAGE_ORDER, type Order, PAGEBLOCK_ORDER, type Pfn } from '../mm/units.js';
import { freeListAt, linkBlock, unlinkBlock } from './buddy.js';
import { setLinkBack } from './contents.js';
import type { Machine } from './machine.js';
import { freeAbove, zonelist } from './page-allocator.js';
import { nodeOf } from './pageblocks.js';
import { hasTaken, lookAhead, type Scout } from './target-scout.js';
import { allocateTarget, BY_PREFERENCE } from './targets.js';

/**
 * Targets for many pages of one node, just those that `allocateTarget` would give one after the other. Single free pages
 * come off their list in a row; a larger block is cut from its front, and what is left of it goes back once.
 */
export function allocateTargets(
  m: Machine,
  sources: Uint32Array,
  nrPages: number,
  spared: Order,
  targets: Uint32Array,
  scout: Scout,
): void {
  const zones = zonelist(m, nodeOf(m, sources[0]!), 'Movable');
  for (let at = 0; at < nrPages; ) {
    const found = smallestList(m, zones);
    const zone = (found / ZONE) | 0;
    const type = (((found % ZONE) / TYPE) | 0) as Migratetype;
    const size = found % TYPE;
    const most = Math.min(nrPages - at, freeAbove(m, zone, 'min', 'Movable'));
    if (size === 0) at += takeSingles(m, zone, type, most, targets, at, scout);
    else if (size === MAX_PAGE_ORDER && spared > MAX_PAGE_ORDER) {
      targets[at] = allocateTarget(m, 0, sources[at]!, spared);
      at++;
    } else at += takeBlocks(m, zone, type, size, most, targets, at);
  }
}

const ZONE = 256;
const TYPE = 32;

/** The list from which the next target comes, as zone * 256 + type * 32 + order; some zone has room. */
function smallestList(m: Machine, zones: readonly number[]): number {
  const { freeHead } = m;
  for (let size = 0; size <= MAX_PAGE_ORDER; size++) {
    for (const zone of zones) {
      if (freeAbove(m, zone, 'min', 'Movable') < 1) continue;
      for (const type of BY_PREFERENCE)
        if (freeHead[freeListAt(zone, type, size)] !== 0) return zone * ZONE + type * TYPE + size;
    }
  }
  throw new RangeError('no zone has room, though it was looked for');
}

function takeSingles(
  m: Machine,
  zone: number,
  type: Migratetype,
  most: number,
  targets: Uint32Array,
  at: number,
  scout: Scout,
): number {
  lookAhead(m, scout, zone, type, most);
  const { index, mapcount, pageblockUse } = m;
  const list = freeListAt(zone, type, 0);
  let link = m.freeHead[list]!;
  let nr = 0;
  for (; nr < most && link !== 0; nr++) {
    const pfn = link - 1;
    link = index[pfn]!;
    targets[at + nr] = pfn;
    mapcount[pfn] = 0;
    pageblockUse[pfn >>> PAGEBLOCK_ORDER] = pageblockUse[pfn >>> PAGEBLOCK_ORDER]! + 1;
  }
  m.freeHead[list] = link;
  if (link === 0) m.freeTail[list] = 0;
  else setLinkBack(m, link - 1, 0);
  m.freeBlocks[list] = m.freeBlocks[list]! - nr;
  m.nrFree[zone] = m.nrFree[zone]! - nr;
  hasTaken(scout, targets, at, at + nr);
  return nr;
}

/**
 * Blocks of one list as long as they are needed whole, and the first pages of the next. Nothing smaller is free in its
 * zone, so each part that is left over comes to stand alone.
 */
function takeBlocks(
  m: Machine,
  zone: number,
  type: Migratetype,
  size: Order,
  most: number,
  targets: Uint32Array,
  at: number,
): number {
  const { freeHead, pageblockUse } = m;
  const list = freeListAt(zone, type, size);
  let taken = 0;
  while (taken < most && freeHead[list] !== 0) {
    const head = freeHead[list]! - 1;
    const nr = Math.min(most - taken, 1 << size);
    unlinkBlock(m, head, zone, type, size);
    for (let i = 0; i < nr; i++) {
      targets[at + taken + i] = head + i;
      pageblockUse[(head + i) >>> PAGEBLOCK_ORDER] = pageblockUse[(head + i) >>> PAGEBLOCK_ORDER]! + 1;
    }
    taken += nr;
    if (nr < 1 << size) fileRest(m, head + nr, head + (1 << size), zone, type);
  }
  return taken;
}

function fileRest(m: Machine, start: Pfn, end: Pfn, zone: number, type: Migratetype): void {
  for (let pfn = start; pfn < end; ) {
    const order = 31 - Math.clz32(pfn & -pfn);
    linkBlock(m, pfn, zone, type, order);
    pfn += 1 << order;
  }
}
