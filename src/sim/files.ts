import { assert } from '../base/assert.js';
import { PG_LOCKED, PG_SWAPCACHE, PG_WRITEBACK } from '../mm/page-flags.js';
import { filePte, isPresent, ptePayload } from '../mm/pte.js';
import { NO_PAGE } from '../mm/units.js';
import { dropMapping, VM_NONLINEAR } from './address-space.js';
import { createDriver, DRIVER_TABLE } from './drivers/driver.js';
import { orderOfFile, unreserve } from './hugetlb.js';
import { EXTENT_SHIFT, type Machine } from './machine.js';
import { createMapping, MAPPING_FILE, MAPPING_SHMEM, mappingAt, mappingOfPage, releaseMapping } from './mappings.js';
import { putPage } from './page-allocator.js';
import {
  addToCache,
  diskPlaceOf,
  findInCache,
  freeSwapOfShmem,
  releaseExtent,
  removeFromCache,
  slotAt,
} from './page-cache.js';
import { refSub } from './page-ref.js';
import { pteAt, takePte } from './page-tables.js';
import { noteDirty, vpnInVma } from './rmap.js';
import { swapCachePageOf, takeFromSwapCache } from './shmem.js';
import { tlbFlushPage } from './tlb.js';
import { waitForWriteback } from './writeback.js';

/** A file of so many pages, nothing of it in memory. */
export function createFile(m: Machine, nrPages: number): number {
  return createMapping(m, MAPPING_FILE, nrPages);
}

/** A shared-memory file (shmem, tmpfs): it is in memory, and in swap when reclaim has put it there. */
export function createShmem(m: Machine, nrPages: number): number {
  return createMapping(m, MAPPING_SHMEM, nrPages);
}

/** A driver's pool of pages that it can move, with a table of them and no rules of its own. */
export function createDriverPool(m: Machine, nrPages: number): number {
  return createDriver(m, DRIVER_TABLE, nrPages);
}

/** Puts a page of a driver's pool into place. The allocation's reference becomes the pool's. */
export function addDriverPage(m: Machine, pfn: number, pool: number, page: number, flags: number): void {
  addToCache(m, pfn, m.mapBase[pool]! + page);
  refSub(m, pfn, 1);
  m.flags[pfn] = flags;
}

/**
 * Shortens a file (truncate): pages from `nrPages` on are unmapped everywhere, leave the cache and are forgotten, on
 * disk too. Returns false, with the file shortened as far as it went, when it meets a page that somebody has locked or
 * whose write does not end: the caller sleeps on it and tries again.
 */
export function truncateFile(m: Machine, cpu: number, file: number, nrPages: number): boolean {
  const together = 2 ** orderOfFile(m, file);
  for (let first = m.mapPages[file]! - together; first >= nrPages; first -= together) {
    for (let page = first; page < first + together; page++) if (!isIdle(m, cpu, file, page)) return false;
    if (together > 1) unreserve(m, file, first);
    for (let page = first + together - 1; page >= first; page--) dropPage(m, cpu, file, page);
    m.mapPages[file] = first;
  }
  return true;
}

/** False if somebody has the page locked, its write does not end, or it cannot leave the swap cache now. */
function isIdle(m: Machine, cpu: number, file: number, page: number): boolean {
  const index = m.mapBase[file]! + page;
  const swapped = swapCachePageOf(m, index);
  if (swapped !== NO_PAGE) {
    takeFromSwapCache(m, cpu, swapped, index);
    if ((m.flags[swapped]! & PG_SWAPCACHE) !== 0) return false;
  }
  const pfn = findInCache(m, index);
  if (pfn === NO_PAGE) return true;
  if ((m.flags[pfn]! & PG_LOCKED) !== 0) return false;
  // A frame that a device is to read must not become anybody else's.
  return (m.flags[pfn]! & PG_WRITEBACK) === 0 || waitForWriteback(m, cpu, pfn);
}

function dropPage(m: Machine, cpu: number, file: number, page: number): void {
  const index = m.mapBase[file]! + page;
  const pfn = findInCache(m, index);
  unmapPageOfFile(m, cpu, file, page);
  if (pfn !== NO_PAGE)
    for (let references = removeFromCache(m, pfn); references > 0; references--) putPage(m, cpu, pfn);
  forgetOnDisk(m, index);
}

/**
 * Deletes a file that nobody maps (unlink, evict_inode): its pages leave the cache, its places on disk and on the index
 * line are free again. False, with the file shortened as far as it went, if a page of it is locked.
 */
export function deleteFile(m: Machine, cpu: number, file: number): boolean {
  assert(m.mapLinks[file] === 0, 'a file that is mapped is not deleted');
  if (!truncateFile(m, cpu, file, 0)) return false;
  const first = m.mapBase[file]! >>> EXTENT_SHIFT;
  let extent = first;
  for (; m.extentMapping[extent] === file; extent++) releaseExtent(m, extent);
  m.mapPages[file] = (extent - first) << EXTENT_SHIFT;
  releaseMapping(m, file);
  return true;
}

function forgetOnDisk(m: Machine, index: number): void {
  if (m.mapKind[mappingAt(m, index)] === MAPPING_SHMEM) {
    freeSwapOfShmem(m, index);
    return;
  }
  // The place stays reserved; what it says no longer counts because the file has no such page any more.
  if (diskPlaceOf(m, index) !== 0) m.stored[diskPlaceOf(m, index) * m.contentWords] = 0;
}

/** Unmaps one page of a file from every VMA (unmap_mapping_range); nonlinear VMAs are searched page by page. */
function unmapPageOfFile(m: Machine, cpu: number, file: number, page: number): void {
  for (let link = m.mapLinks[file]!; link !== 0; link = m.linkNext[link]!) {
    const vma = m.linkVma[link]!;
    if ((m.vmaFlags[vma]! & VM_NONLINEAR) !== 0) unmapNonlinear(m, cpu, vma, file, page);
    else {
      const vpn = vpnInVma(m, vma, page);
      if (vpn >= 0) unmapFileEntry(m, cpu, vma, vpn, file, page);
    }
  }
}

function unmapNonlinear(m: Machine, cpu: number, vma: number, file: number, page: number): void {
  for (let vpn = m.vmaStart[vma]!; vpn < m.vmaStart[vma]! + m.vmaPages[vma]!; vpn++)
    unmapFileEntry(m, cpu, vma, vpn, file, page);
}

function unmapFileEntry(m: Machine, cpu: number, vma: number, vpn: number, file: number, page: number): void {
  const mm = m.vmaMm[vma]!;
  const at = pteAt(m, mm, vpn);
  if (at === 0) return;
  const pte = m.ptes[at]!;
  if (!isPresent(pte)) return;
  const pfn = ptePayload(pte);
  // A private copy belongs to the process and stays, as when a hole is punched (even_cows = 0).
  if (mappingOfPage(m, pfn) !== file || m.index[pfn] !== m.mapBase[file]! + page) return;
  // A nonlinear entry remembers its page of the file, which is found to be gone at the next fault.
  noteDirty(m, pfn, takePte(m, at, (m.vmaFlags[vma]! & VM_NONLINEAR) !== 0 ? filePte(page) : 0));
  tlbFlushPage(m, mm, vpn);
  dropMapping(m, cpu, pfn);
}

/** True if the cache holds a page of the file. */
export function isCached(m: Machine, file: number, page: number): boolean {
  const at = slotAt(m, m.mapBase[file]! + page);
  return at !== 0 && m.leafSlots[at] !== 0;
}
