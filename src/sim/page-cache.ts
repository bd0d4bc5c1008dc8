import {
  PG_DIRTY,
  PG_HUGE,
  PG_NONLINEAR,
  PG_PRIVATE,
  PG_SWAPBACKED,
  PG_UPTODATE,
  PG_WRITEBACK,
} from '../mm/page-flags.js';
import { NO_PAGE, type Pfn } from '../mm/units.js';
import { takeStored } from './contents.js';
import { EXTENT_PAGES, EXTENT_SHIFT, type Machine, SCALAR } from './machine.js';
import { clearIndex, MAPPING_DRIVER, MAPPING_SHMEM, mappingAt, setIndex } from './mappings.js';
import { getPage } from './page-ref.js';
import { returnToPool, takeFromPool } from './pool.js';
import { freeSwap, takeSwapForShmem } from './swap.js';

/**
 * The page cache: which frame holds which page of a mapping. A slot is one word, [tags:4 | pfn + 1:28]; the tags are the
 * radix tree's (PAGECACHE_TAG_DIRTY, PAGECACHE_TAG_WRITEBACK) and belong to the slot, so they stay when a page moves.
 */
export const SLOT_DIRTY = 1 << 28;
export const SLOT_WRITEBACK = 1 << 29;
export const SLOT_PFN = 0x0fff_ffff;
const IN_LEAF = EXTENT_PAGES - 1;

/** Where the slot of a place is in `leafSlots`; 0 if its leaf does not exist. */
export function slotAt(m: Machine, index: number): number {
  const leaf = m.extentLeaf[index >>> EXTENT_SHIFT]!;
  return leaf === 0 ? 0 : leaf * EXTENT_PAGES + (index & IN_LEAF);
}

/** The same, with a leaf if there is none yet. */
export function ensureSlot(m: Machine, index: number): number {
  const extent = index >>> EXTENT_SHIFT;
  if (m.extentLeaf[extent] === 0) {
    m.extentLeaf[extent] = takeFromPool(m, m.leafNext, SCALAR.leafFree, SCALAR.leafFill, 'page-cache leaves');
    m.scalars[SCALAR.leavesUsed] = m.scalars[SCALAR.leavesUsed]! + 1;
  }
  return m.extentLeaf[extent]! * EXTENT_PAGES + (index & IN_LEAF);
}

/** The frame that holds a page of a mapping, or NO_PAGE (find_get_page without the get). */
export function findInCache(m: Machine, index: number): Pfn {
  const at = slotAt(m, index);
  const pfn = at === 0 ? 0 : m.leafSlots[at]! & SLOT_PFN;
  return pfn === 0 ? NO_PAGE : pfn - 1;
}

/** Puts a page into its slot, with a reference (filemap_add_folio). */
export function addToCache(m: Machine, pfn: Pfn, index: number): void {
  const mapping = mappingAt(m, index);
  m.leafSlots[ensureSlot(m, index)] = pfn + 1;
  getPage(m, pfn);
  setIndex(m, pfn, index);
  let flags = m.flags[pfn]! | PG_UPTODATE;
  if (m.mapKind[mapping] === MAPPING_SHMEM) flags |= PG_SWAPBACKED;
  if (m.mapNonlinear[mapping] !== 0) flags |= PG_NONLINEAR;
  m.flags[pfn] = flags >>> 0;
}

/** Takes a page out of its slot; buffers are dropped with it. The caller still owes the references to `putPage`. */
export function removeFromCache(m: Machine, pfn: Pfn): number {
  const at = slotAt(m, m.index[pfn]!);
  m.leafSlots[at] = 0;
  clearIndex(m, pfn);
  const buffers = (m.flags[pfn]! & PG_PRIVATE) !== 0 ? 1 : 0;
  m.flags[pfn] = m.flags[pfn]! & ~(PG_DIRTY | PG_PRIVATE | PG_NONLINEAR);
  return 1 + buffers;
}

/** True if the slot that the page's index names holds this page. */
export function isInItsSlot(m: Machine, pfn: Pfn): boolean {
  const index = m.index[pfn]!;
  if (index === 0) return false;
  const at = slotAt(m, index);
  return at !== 0 && (m.leafSlots[at]! & SLOT_PFN) === pfn + 1;
}

/** Re-points the slot of `source` at `target`; tags stay. References are the caller's. */
export function replaceInSlot(m: Machine, source: Pfn, target: Pfn): void {
  const at = slotAt(m, m.index[source]!);
  m.leafSlots[at] = ((m.leafSlots[at]! & ~SLOT_PFN) | (target + 1)) >>> 0;
}

/** Marks a page of the cache dirty, in its flags and in its slot's tag (folio_mark_dirty); of hugetlbfs none ever is. */
export function markDirty(m: Machine, pfn: Pfn): void {
  if ((m.flags[pfn]! & PG_HUGE) !== 0) return;
  m.flags[pfn] = m.flags[pfn]! | PG_DIRTY;
  tagSlot(m, pfn, SLOT_DIRTY, 0);
}

/** Clean, under writeback: what a page is from submission to completion of its write. */
export function markWriteback(m: Machine, pfn: Pfn): void {
  m.flags[pfn] = (m.flags[pfn]! & ~PG_DIRTY) | PG_WRITEBACK;
  tagSlot(m, pfn, SLOT_WRITEBACK, SLOT_DIRTY);
}

export function endWritebackMark(m: Machine, pfn: Pfn): void {
  m.flags[pfn] = m.flags[pfn]! & ~PG_WRITEBACK;
  tagSlot(m, pfn, 0, SLOT_WRITEBACK);
}

function tagSlot(m: Machine, pfn: Pfn, set: number, clear: number): void {
  if (!isInItsSlot(m, pfn)) return;
  const at = slotAt(m, m.index[pfn]!);
  m.leafSlots[at] = ((m.leafSlots[at]! & ~clear) | set) >>> 0;
}

/**
 * Where a device keeps a page of a mapping, as a place in `stored`: on disk for a file that has been written back, a
 * swap slot for shared memory. 0 if none does, and the page still has its original contents.
 */
export function diskPlaceOf(m: Machine, index: number): number {
  const leaf = m.extentDisk[index >>> EXTENT_SHIFT]!;
  return leaf === 0 ? 0 : m.leafSlots[leaf * EXTENT_PAGES + (index & IN_LEAF)]!;
}

/** The same, reserved if there is none yet; 0 if it is shared memory's and swap is full. */
export function ensureDiskPlace(m: Machine, index: number): number {
  const known = diskPlaceOf(m, index);
  if (known !== 0) return known;
  const place = m.mapKind[mappingAt(m, index)] === MAPPING_SHMEM ? takeSwapForShmem(m) : takeStored(m);
  if (place !== 0) setDiskPlace(m, index, place);
  return place;
}

/** Shared memory gives its swap slot up: the page is in memory again, or gone. */
export function freeSwapOfShmem(m: Machine, index: number): void {
  const slot = diskPlaceOf(m, index);
  if (slot === 0) return;
  setDiskPlace(m, index, 0);
  freeSwap(m, slot);
}

/** Notes where a device keeps a page; of a page of a driver's table, a word of the driver's own. */
export function setDiskPlace(m: Machine, index: number, place: number): void {
  const extent = index >>> EXTENT_SHIFT;
  if (m.extentDisk[extent] === 0) {
    m.extentDisk[extent] = takeFromPool(m, m.leafNext, SCALAR.leafFree, SCALAR.leafFill, 'page-cache leaves');
    m.scalars[SCALAR.leavesUsed] = m.scalars[SCALAR.leavesUsed]! + 1;
  }
  m.leafSlots[m.extentDisk[extent]! * EXTENT_PAGES + (index & IN_LEAF)] = place;
}

/** Gives back what an extent of a file that is gone had: its slots, which are empty, and its places on disk. */
export function releaseExtent(m: Machine, extent: number): void {
  const disk = m.extentDisk[extent]!;
  const isDrivers = m.mapKind[m.extentMapping[extent]!] === MAPPING_DRIVER;
  for (let at = disk * EXTENT_PAGES; disk !== 0 && at < (disk + 1) * EXTENT_PAGES; at++) {
    if (m.leafSlots[at] !== 0 && !isDrivers) returnToPool(m, m.storedNext, SCALAR.storedFree, m.leafSlots[at]!);
    m.leafSlots[at] = 0;
  }
  for (const leaf of [m.extentLeaf[extent]!, disk]) {
    if (leaf === 0) continue;
    returnToPool(m, m.leafNext, SCALAR.leafFree, leaf);
    m.scalars[SCALAR.leavesUsed] = m.scalars[SCALAR.leavesUsed]! - 1;
  }
  m.extentLeaf[extent] = 0;
  m.extentDisk[extent] = 0;
}
