import { MIGRATE_MOVABLE, MIGRATE_RECLAIMABLE } from '../mm/migratetype.js';
import {
  PG_ANON,
  PG_KSM,
  PG_LOCKED,
  PG_PRIVATE,
  PG_REFERENCED,
  PG_SWAPBACKED,
  PG_SWAPCACHE,
  PG_UPTODATE,
  PG_WRITEBACK,
} from '../mm/page-flags.js';
import { isFile, isMigration, isPresent, isSwap, PTE_DIRTY, PTE_WRITE, presentPte, ptePayload } from '../mm/pte.js';
import { NO_PAGE, type Pfn } from '../mm/units.js';
import { anonVmaOf, dropMapping, findVma, VM_LOCKED, VM_NONLINEAR, VM_SHARED, VM_WRITE } from './address-space.js';
import { copyContents, fillContents, load, originalHi, originalLo, readContents } from './contents.js';
import { hugetlbPage, orderOfFile } from './hugetlb.js';
import { addToLruBatch } from './lru.js';
import type { Machine } from './machine.js';
import { MAPPING_HUGETLB, MAPPING_SHMEM, setIndex } from './mappings.js';
import { mlockPage } from './mlock.js';
import { allocatePages, drainLruAddOf, putPage } from './page-allocator.js';
import { addToCache, diskPlaceOf, findInCache, freeSwapOfShmem, markDirty } from './page-cache.js';
import { getPage, refSub } from './page-ref.js';
import { ensurePteAt, setPte, setPteBits, takePte } from './page-tables.js';
import { nodeOfCpu } from './pageblocks.js';
import { RECLAIM_BATCH, reclaimPages } from './reclaim.js';
import { isKnownAt } from './rmap.js';
import { swapCachePageOf, takeFromSwapCache } from './shmem.js';
import { addToSwapCache, freeSwap, removeFromSwapCache, swapCachePage, swapSlotOf } from './swap.js';
import { tlbFill, tlbFlushPage, tlbLookup } from './tlb.js';

/** How an access ended. */
export const ACCESS_OK = 0;
/** The page is moving or locked: the task sleeps and must try again. */
export const ACCESS_BLOCKED = 1;
/** No VMA, or not writable: SIGSEGV. */
export const ACCESS_FAULT = 2;
/** Memory is gone: the OOM killer's case. */
export const ACCESS_NO_MEMORY = 3;
/** The page was found, but its words do not belong together: a copy or a write went astray. */
export const ACCESS_TORN = 4;
/**
 * What became of an access: one of ACCESS_*.
 *
 * @example
 * const isOutOfMemory = (access: Access) => access === ACCESS_NO_MEMORY;
 * isOutOfMemory(ACCESS_OK); // false
 */
export type Access = 0 | 1 | 2 | 3 | 4;

/**
 * Writes a whole virtual page, as the process would: translate, fault if need be, store.
 *
 * @example
 * const mm = createProcess(machine, 0);
 * mapMemory(machine, mm, { start: 16, nrPages: 4, flags: VM_WRITE, file: 0, offset: 0 });
 * writePage(machine, 0, mm, 16, 1, 2) === ACCESS_OK; // true
 */
export function writePage(m: Machine, cpu: number, mm: number, vpn: number, lo: number, hi: number): Access {
  const cached = tlbLookup(m, cpu, mm, vpn);
  const ready = PTE_WRITE | PTE_DIRTY;
  if ((cached & ready) === ready) {
    fillContents(m, ptePayload(cached), lo, hi);
    return ACCESS_OK;
  }
  const access = fault(m, cpu, mm, vpn, true);
  if (access !== ACCESS_OK) return access;
  fillContents(m, ptePayload(tlbLookup(m, cpu, mm, vpn)), lo, hi);
  return ACCESS_OK;
}

/**
 * Reads a whole virtual page into `out` (two words).
 *
 * @example
 * const mm = createProcess(machine, 0);
 * mapMemory(machine, mm, { start: 16, nrPages: 4, flags: VM_WRITE, file: 0, offset: 0 });
 * writePage(machine, 0, mm, 16, 1, 2);
 * const words = new Uint32Array(2);
 * readPage(machine, 0, mm, 16, words);
 * [...words]; // [1,2]
 */
export function readPage(m: Machine, cpu: number, mm: number, vpn: number, out: Uint32Array): Access {
  let cached = tlbLookup(m, cpu, mm, vpn);
  if (cached === 0) {
    const access = fault(m, cpu, mm, vpn, false);
    if (access !== ACCESS_OK) return access;
    cached = tlbLookup(m, cpu, mm, vpn);
  }
  return readContents(m, ptePayload(cached), out) ? ACCESS_OK : ACCESS_TORN;
}

/** Makes a virtual page accessible and caches the translation (handle_mm_fault). */
export function fault(m: Machine, cpu: number, mm: number, vpn: number, write: boolean): Access {
  const vma = findVma(m, mm, vpn);
  if (vma === 0 || (write && (m.vmaFlags[vma]! & VM_WRITE) === 0)) return ACCESS_FAULT;
  const at = ensurePteAt(m, cpu, mm, vpn);
  if (at === 0) return ACCESS_NO_MEMORY;
  const access = resolve(m, cpu, vma, vpn, at, write);
  if (access !== ACCESS_OK) return access;
  const pte = m.ptes[at]!;
  const pfn = ptePayload(pte);
  m.flags[pfn] = m.flags[pfn]! | PG_REFERENCED;
  if ((m.vmaFlags[vma]! & VM_LOCKED) !== 0) mlockPage(m, pfn);
  tlbFill(m, cpu, mm, vpn, pte);
  return ACCESS_OK;
}

function resolve(m: Machine, cpu: number, vma: number, vpn: number, at: number, write: boolean): Access {
  const pte = m.ptes[at]!;
  if (isMigration(pte)) return ACCESS_BLOCKED;
  if (isSwap(pte)) return swapIn(m, cpu, vma, vpn, at, write);
  if (isPresent(pte)) {
    if (!write) return ACCESS_OK;
    if ((pte & PTE_WRITE) !== 0) return makeDirty(m, at);
    return copyOnWrite(m, cpu, vma, vpn, at);
  }
  if (m.vmaFile[vma] === 0) return anonymousFault(m, cpu, vma, vpn, at, write);
  const filePage = isFile(pte) ? ptePayload(pte) : vpn - m.vmaStart[vma]! + m.vmaOffset[vma]!;
  return fileFault(m, cpu, vma, vpn, at, filePage, write);
}

/** A new page for a process: direct reclaim if it must, the last reserves never. */
function allocateUserPage(m: Machine, cpu: number, node: number): Pfn {
  const request = { order: 0, type: MIGRATE_MOVABLE, node, highest: 'Movable', mark: 'low' } as const;
  const easy = allocatePages(m, cpu, request);
  if (easy !== NO_PAGE) return easy;
  reclaimPages(m, cpu, RECLAIM_BATCH);
  return allocatePages(m, cpu, { ...request, mark: 'min' });
}

function mapPage(m: Machine, at: number, pfn: Pfn, bits: number): void {
  setPte(m, at, presentPte(pfn, bits));
  m.mapcount[pfn] = m.mapcount[pfn]! + 1;
}

/** A new anonymous page for a virtual page; one that others of the family will map too belongs to their root. */
function newAnonPage(m: Machine, cpu: number, vma: number, vpn: number, shared = false): Pfn {
  const pfn = allocateUserPage(m, cpu, nodeOfCpu(m, cpu));
  if (pfn === NO_PAGE) return NO_PAGE;
  const own = anonVmaOf(m, vma);
  const anon = shared ? m.mapRoot[own]! : own;
  m.flags[pfn] = PG_ANON | PG_SWAPBACKED | PG_UPTODATE;
  setIndex(m, pfn, m.mapBase[anon]! + m.vmaOffset[vma]! + (vpn - m.vmaStart[vma]!));
  return pfn;
}

function addToLru(m: Machine, cpu: number, pfn: Pfn): void {
  if (addToLruBatch(m, cpu, pfn)) drainLruAddOf(m, cpu);
}

function writeBits(m: Machine, vma: number, write: boolean): number {
  return write && (m.vmaFlags[vma]! & VM_WRITE) !== 0 ? PTE_WRITE | PTE_DIRTY : 0;
}

function anonymousFault(m: Machine, cpu: number, vma: number, vpn: number, at: number, write: boolean): Access {
  const pfn = newAnonPage(m, cpu, vma, vpn);
  if (pfn === NO_PAGE) return ACCESS_NO_MEMORY;
  fillContents(m, pfn, 0, 0);
  mapPage(m, at, pfn, writeBits(m, vma, write));
  addToLru(m, cpu, pfn);
  return ACCESS_OK;
}

function makeDirty(m: Machine, at: number): Access {
  setPteBits(m, at, PTE_DIRTY);
  const pfn = ptePayload(m.ptes[at]!);
  if ((m.flags[pfn]! & PG_ANON) === 0) markDirty(m, pfn);
  return ACCESS_OK;
}

/** A write to a read-only entry (do_wp_page): the page is made writable if nobody shares it, else copied. */
function copyOnWrite(m: Machine, cpu: number, vma: number, vpn: number, at: number): Access {
  const pfn = ptePayload(m.ptes[at]!);
  if ((m.vmaFlags[vma]! & VM_SHARED) !== 0) {
    setPteBits(m, at, PTE_WRITE);
    return makeDirty(m, at);
  }
  const flags = m.flags[pfn]!;
  if ((flags & PG_ANON) !== 0 && isOurs(m, cpu, pfn)) {
    setPteBits(m, at, PTE_WRITE | PTE_DIRTY);
    return ACCESS_OK;
  }
  // The copy may have to reclaim, which must not take the page from under us.
  getPage(m, pfn);
  const copy = newAnonPage(m, cpu, vma, vpn);
  if (copy === NO_PAGE || m.ptes[at] === 0 || !isPresent(m.ptes[at]!)) {
    putPage(m, cpu, pfn);
    if (copy !== NO_PAGE) putPage(m, cpu, copy);
    return copy === NO_PAGE ? ACCESS_NO_MEMORY : ACCESS_BLOCKED;
  }
  copyContents(m, pfn, copy);
  // Another thread of the process that still read the old page could do so when it is somebody else's (ptep_clear_flush).
  takePte(m, at, 0);
  tlbFlushPage(m, m.vmaMm[vma]!, vpn);
  mapPage(m, at, copy, PTE_WRITE | PTE_DIRTY);
  addToLru(m, cpu, copy);
  dropMapping(m, cpu, pfn);
  putPage(m, cpu, pfn);
  return ACCESS_OK;
}

/** True if the only user of an anonymous page is this mapping (reuse_swap_page); its swap slot is given up then. */
function isOurs(m: Machine, cpu: number, pfn: Pfn): boolean {
  const flags = m.flags[pfn]!;
  // What KSM has merged is found by what it holds: nobody ever writes to it.
  if (m.mapcount[pfn] !== 1 || (flags & PG_KSM) !== 0) return false;
  if ((flags & PG_SWAPCACHE) === 0) return true;
  if (m.swapMap[swapSlotOf(m, pfn)] !== 0 || (flags & (PG_WRITEBACK | PG_LOCKED)) !== 0) return false;
  removeFromSwapCache(m, pfn);
  putPage(m, cpu, pfn);
  return true;
}

/** Brings a swapped-out page back (do_swap_page): from the swap cache, or read into it. */
function swapIn(m: Machine, cpu: number, vma: number, vpn: number, at: number, write: boolean): Access {
  const slot = ptePayload(m.ptes[at]!);
  let pfn = swapCachePage(m, slot);
  if (pfn >= 0 && (m.flags[pfn]! & PG_LOCKED) !== 0) return ACCESS_BLOCKED;
  if (pfn < 0) {
    pfn = newAnonPage(m, cpu, vma, vpn, m.swapMap[slot]! > 1);
    if (pfn === NO_PAGE) return ACCESS_NO_MEMORY;
    load(m, slot, pfn);
    addToSwapCache(m, pfn, slot);
    addToLru(m, cpu, pfn);
    // The allocation's reference becomes the mapping's.
  } else if (isKnownAt(m, pfn, vma, vpn)) getPage(m, pfn);
  else {
    // A merged page was swapped out, and came back as somebody else's (ksm_might_need_to_copy).
    pfn = copyOfSwapped(m, cpu, vma, vpn, slot);
    if (pfn === NO_PAGE) return ACCESS_NO_MEMORY;
  }
  mapPage(m, at, pfn, 0);
  freeSwap(m, slot);
  return write ? copyOnWrite(m, cpu, vma, vpn, at) : ACCESS_OK;
}

/** A page of one's own with what the swap cache has at a slot; NO_PAGE if memory is gone. */
function copyOfSwapped(m: Machine, cpu: number, vma: number, vpn: number, slot: number): Pfn {
  const copy = newAnonPage(m, cpu, vma, vpn);
  if (copy === NO_PAGE) return NO_PAGE;
  // Making room for it may have taken the page out of the cache: then the device has what it held.
  const pfn = swapCachePage(m, slot);
  if (pfn >= 0) copyContents(m, pfn, copy);
  else load(m, slot, copy);
  addToLru(m, cpu, copy);
  return copy;
}

/** A fault in a file mapping (filemap_fault, do_cow_fault, do_shared_fault). */
function fileFault(
  m: Machine,
  cpu: number,
  vma: number,
  vpn: number,
  at: number,
  filePage: number,
  write: boolean,
): Access {
  const file = m.vmaFile[vma]!;
  if (filePage >= m.mapPages[file]!) return ACCESS_FAULT;
  if (m.mapKind[file] === MAPPING_HUGETLB) return hugetlbFault(m, cpu, vma, vpn, filePage, write);
  const pfn = readFilePage(m, cpu, file, filePage);
  if (pfn === NO_PAGE) return ACCESS_NO_MEMORY;
  if ((m.flags[pfn]! & (PG_LOCKED | PG_SWAPCACHE)) !== 0) return ACCESS_BLOCKED;
  const shared = (m.vmaFlags[vma]! & VM_SHARED) !== 0;
  if ((m.vmaFlags[vma]! & VM_NONLINEAR) !== 0) setPte(m, at, 0);
  getPage(m, pfn);
  mapPage(m, at, pfn, shared ? writeBits(m, vma, write) : 0);
  if (!write) return ACCESS_OK;
  return shared ? makeDirty(m, at) : copyOnWrite(m, cpu, vma, vpn, at);
}

/** A fault in a mapping of hugetlbfs (hugetlb_fault): the whole huge page is mapped at once, a page-table entry a page. */
function hugetlbFault(m: Machine, cpu: number, vma: number, vpn: number, filePage: number, write: boolean): Access {
  const file = m.vmaFile[vma]!;
  const nrPages = 2 ** orderOfFile(m, file);
  const within = filePage % nrPages;
  const found = hugetlbPage(m, cpu, file, filePage);
  if (found === NO_PAGE) return ACCESS_NO_MEMORY;
  const head = found - within;
  for (let i = 0; i < nrPages; i++) {
    if ((m.flags[head + i]! & PG_LOCKED) !== 0) return ACCESS_BLOCKED;
    if (ensurePteAt(m, cpu, m.vmaMm[vma]!, vpn - within + i) === 0) return ACCESS_NO_MEMORY;
  }
  for (let i = 0; i < nrPages; i++) {
    const at = ensurePteAt(m, cpu, m.vmaMm[vma]!, vpn - within + i);
    if (m.ptes[at] !== 0) continue;
    getPage(m, head + i);
    mapPage(m, at, head + i, writeBits(m, vma, write));
  }
  return ACCESS_OK;
}

/**
 * The frame of a page of a file, read from its device if the cache has none; NO_PAGE if memory is gone. A page that is locked,
 * or still in the swap cache, is not to be used yet.
 */
export function readFilePage(m: Machine, cpu: number, file: number, page: number): Pfn {
  const index = m.mapBase[file]! + page;
  const cached = findInCache(m, index);
  if (cached !== NO_PAGE) return cached;
  const swapped = swapCachePageOf(m, index);
  if (swapped !== NO_PAGE) {
    takeFromSwapCache(m, cpu, swapped, index);
    return swapped;
  }
  const pfn = allocateUserPage(m, cpu, nodeOfCpu(m, cpu));
  if (pfn === NO_PAGE) return NO_PAGE;
  const place = diskPlaceOf(m, index);
  if (place !== 0) load(m, place, pfn);
  else if (m.mapKind[file] === MAPPING_SHMEM) fillContents(m, pfn, 0, 0);
  else fillContents(m, pfn, originalLo(file, page), originalHi(file, page));
  addToCache(m, pfn, index);
  addToLru(m, cpu, pfn);
  // The allocation's own reference goes; cache and LRU batch hold theirs.
  refSub(m, pfn, 1);
  if (m.mapKind[file] === MAPPING_SHMEM) {
    freeSwapOfShmem(m, index);
    markDirty(m, pfn);
  }
  return pfn;
}

/** read(2) of one page of a file into `out` (two words), through the page cache. */
export function readFileContents(m: Machine, cpu: number, file: number, page: number, out: Uint32Array): Access {
  if (page >= m.mapPages[file]!) return ACCESS_FAULT;
  const pfn = readFilePage(m, cpu, file, page);
  if (pfn === NO_PAGE) return ACCESS_NO_MEMORY;
  // A page that is on the move is in its slot before its contents are.
  if ((m.flags[pfn]! & (PG_LOCKED | PG_SWAPCACHE)) !== 0) return ACCESS_BLOCKED;
  m.flags[pfn] = m.flags[pfn]! | PG_REFERENCED;
  return readContents(m, pfn, out) ? ACCESS_OK : ACCESS_TORN;
}

/** write(2) to one page of a file, through the page cache. Buffered filesystems leave buffers on the page. */
export function writeFilePage(
  m: Machine,
  cpu: number,
  file: number,
  page: number,
  lo: number,
  hi: number,
  buffers: boolean,
): Access {
  if (page >= m.mapPages[file]!) return ACCESS_FAULT;
  const pfn = readFilePage(m, cpu, file, page);
  if (pfn === NO_PAGE) return ACCESS_NO_MEMORY;
  if ((m.flags[pfn]! & (PG_LOCKED | PG_SWAPCACHE)) !== 0) return ACCESS_BLOCKED;
  fillContents(m, pfn, lo, hi);
  if (buffers && (m.flags[pfn]! & PG_PRIVATE) === 0) {
    m.flags[pfn] = m.flags[pfn]! | PG_PRIVATE;
    getPage(m, pfn);
  }
  markDirty(m, pfn);
  return ACCESS_OK;
}

/** Kernel memory that never moves: 2^order pages with the given flags, or NO_PAGE. */
export function allocateKernelPages(m: Machine, cpu: number, order: number, flags: number, reclaimable = false): Pfn {
  const type = reclaimable ? MIGRATE_RECLAIMABLE : 0;
  const node = nodeOfCpu(m, cpu);
  let pfn = allocatePages(m, cpu, { order, type, node, highest: 'Normal', mark: 'low' });
  if (pfn === NO_PAGE) pfn = allocatePages(m, cpu, { order, type, node, highest: 'Normal', mark: 'min' });
  if (pfn !== NO_PAGE) for (let page = pfn; page < pfn + 2 ** order; page++) m.flags[page] = flags;
  return pfn;
}
