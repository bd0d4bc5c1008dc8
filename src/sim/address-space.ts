import { PG_ANON, PG_ISOLATED, PG_LOCKED, PG_NONLINEAR, PG_SWAPCACHE, PG_WRITEBACK } from '../mm/page-flags.js';
import { filePte, isMigration, isPresent, isSwap, PTE_WRITE, ptePayload } from '../mm/pte.js';
import { NO_PAGE, type Pfn } from '../mm/units.js';
import { type Machine, SCALAR } from './machine.js';
import { createMapping, linkVma, MAPPING_ANON, mappingOfPage, unlinkVma } from './mappings.js';
import { mlockPage } from './mlock.js';
import { putPage } from './page-allocator.js';
import { findInCache } from './page-cache.js';
import { getPage } from './page-ref.js';
import { clearPteBits, createTable, ensurePteAt, freeTables, MAX_VPN, pteAt, setPte, takePte } from './page-tables.js';
import { returnToPool, takeFromPool } from './pool.js';
import { munlockMapping, noteDirty } from './rmap.js';
import { duplicateSwap, freeSwap, MAX_SWAP_COUNT, removeFromSwapCache, swapSlotOf } from './swap.js';
import { tlbFlushMm, tlbFlushPage } from './tlb.js';
import { VM_LOCKED, VM_NONLINEAR, VM_SHARED } from './vm-flags.js';

export * from './vm-flags.js';

/**
 * A process with an empty address space; 0 if there is no page for its first page table.
 *
 * @example
 * const mm = createProcess(machine, 0);
 * mm > 0; // true
 */
export function createProcess(m: Machine, cpu: number): number {
  const pgd = createTable(m, cpu);
  if (pgd === 0) return 0;
  const mm = takeFromPool(m, m.mmNext, SCALAR.mmFree, SCALAR.mmFill, 'processes');
  m.mmAlive[mm] = 1;
  m.mmPgd[mm] = pgd;
  m.mmVmas[mm] = 0;
  return mm;
}

/**
 * What mmap is asked for.
 *
 * @example
 * const request: MapRequest = { start: -1, nrPages: 8, flags: VM_WRITE, file: 0, offset: 0 };
 * const vma = mapMemory(machine, createProcess(machine, 0), request);
 */
export interface MapRequest {
  /** First virtual page; -1 for just above what is mapped. */
  readonly start: number;
  readonly nrPages: number;
  /** VM_* flags. */
  readonly flags: number;
  /** Mapping of the file, 0 for anonymous memory. */
  readonly file: number;
  /** First page of the file. */
  readonly offset: number;
}

/**
 * Maps memory (mmap); the VMA, or 0 if the addresses are taken or there are too many. Nothing is faulted in.
 *
 * @example
 * const mm = createProcess(machine, 0);
 * const vma = mapMemory(machine, mm, { start: 16, nrPages: 4, flags: VM_WRITE, file: 0, offset: 0 });
 * vma > 0; // true
 */
export function mapMemory(m: Machine, mm: number, request: MapRequest): number {
  const start = request.start >= 0 ? request.start : nextFreeVpn(m, mm);
  if (request.nrPages < 1 || start + request.nrPages > MAX_VPN) return 0;
  for (let vma = m.mmVmas[mm]!; vma !== 0; vma = m.vmaNext[vma]!)
    if (start < m.vmaStart[vma]! + m.vmaPages[vma]! && m.vmaStart[vma]! < start + request.nrPages) return 0;
  const vma = newVma(m, mm, start, request.nrPages, request.offset, request.flags);
  m.vmaFile[vma] = request.file;
  if (request.file !== 0) linkVma(m, vma, request.file);
  return vma;
}

function nextFreeVpn(m: Machine, mm: number): number {
  let next = 16;
  for (let vma = m.mmVmas[mm]!; vma !== 0; vma = m.vmaNext[vma]!)
    next = Math.max(next, m.vmaStart[vma]! + m.vmaPages[vma]! + 1);
  return next;
}

function newVma(m: Machine, mm: number, start: number, nrPages: number, offset: number, flags: number): number {
  const vma = takeFromPool(m, m.vmaNext, SCALAR.vmaFree, SCALAR.vmaFill, 'VMAs');
  m.vmaMm[vma] = mm;
  m.vmaStart[vma] = start;
  m.vmaPages[vma] = nrPages;
  m.vmaOffset[vma] = offset;
  m.vmaFile[vma] = 0;
  m.vmaAnon[vma] = 0;
  m.vmaFlags[vma] = flags;
  m.vmaLinks[vma] = 0;
  m.vmaNext[vma] = m.mmVmas[mm]!;
  m.mmVmas[mm] = vma;
  return vma;
}

/** The VMA that has a virtual page, 0 for none (find_vma). */
export function findVma(m: Machine, mm: number, vpn: number): number {
  for (let vma = m.mmVmas[mm]!; vma !== 0; vma = m.vmaNext[vma]!)
    if (vpn >= m.vmaStart[vma]! && vpn < m.vmaStart[vma]! + m.vmaPages[vma]!) return vma;
  return 0;
}

/** The anon_vma in which the VMA's new pages live, made on first use (anon_vma_prepare). */
export function anonVmaOf(m: Machine, vma: number): number {
  if (m.vmaAnon[vma] === 0) {
    // Offsets are those of the VMA, so parent and child agree on them after fork.
    const mapping = createMapping(m, MAPPING_ANON, m.vmaOffset[vma]! + m.vmaPages[vma]!);
    m.mapRoot[mapping] = rootOf(m, vma, mapping);
    m.vmaAnon[vma] = mapping;
    linkVma(m, vma, mapping);
  }
  return m.vmaAnon[vma]!;
}

/** The oldest anon_vma of the family that a VMA belongs to: the one whose tree has every VMA that may share a page. */
function rootOf(m: Machine, vma: number, fallback: number): number {
  for (let link = m.vmaLinks[vma]!; link !== 0; link = m.linkVmaNext[link]!) {
    const mapping = m.linkMapping[link]!;
    if (m.mapKind[mapping] === MAPPING_ANON) return m.mapRoot[mapping]!;
  }
  return fallback;
}

/** Unmaps one VMA and everything in it (munmap of the whole). */
export function unmapVma(m: Machine, cpu: number, vma: number): void {
  const mm = m.vmaMm[vma]!;
  const end = m.vmaStart[vma]! + m.vmaPages[vma]!;
  if (m.others !== null) zapTogether(m, cpu, vma, m.vmaStart[vma]!, end);
  else for (let vpn = m.vmaStart[vma]!; vpn < end; vpn++) zapPte(m, cpu, mm, vpn, vma);
  const file = m.vmaFile[vma]!;
  if (file !== 0 && (m.vmaFlags[vma]! & VM_NONLINEAR) !== 0) endNonlinear(m, file);
  unlinkVma(m, vma);
  removeFromProcess(m, mm, vma);
  m.vmaMm[vma] = 0;
  m.vmaPages[vma] = 0;
  m.vmaFlags[vma] = 0;
  m.vmaAnon[vma] = 0;
  m.vmaFile[vma] = 0;
  returnToPool(m, m.vmaNext, SCALAR.vmaFree, vma);
}

function removeFromProcess(m: Machine, mm: number, vma: number): void {
  let at = m.mmVmas[mm]!;
  if (at === vma) {
    m.mmVmas[mm] = m.vmaNext[vma]!;
    return;
  }
  while (m.vmaNext[at] !== vma) at = m.vmaNext[at]!;
  m.vmaNext[at] = m.vmaNext[vma]!;
}

/** Clears one entry and drops what it held: a page, a swap slot, or its claim on a page that is moving (zap_pte_range). */
export function zapPte(m: Machine, cpu: number, mm: number, vpn: number, vma: number): void {
  const pte = clearEntry(m, cpu, vma, vpn);
  if (pte === 0) return;
  tlbFlushPage(m, mm, vpn);
  dropCleared(m, cpu, vma, pte);
}

/** Pages whose entries are cleared before every CPU is asked to forget them, and which are dropped after that. */
const GATHERED_MAX = 512;

/** The same for a run of pages, with one shootdown for many (struct mmu_gather): until then none of them is anybody else's. */
function zapTogether(m: Machine, cpu: number, vma: number, start: number, end: number): void {
  const mm = m.vmaMm[vma]!;
  const gathered = new Uint32Array(Math.min(GATHERED_MAX, end - start));
  for (let vpn = start; vpn < end; ) {
    let nr = 0;
    for (; vpn < end && nr < gathered.length; vpn++) {
      const pte = clearEntry(m, cpu, vma, vpn);
      if (pte !== 0) gathered[nr++] = pte;
    }
    if (nr > 0) tlbFlushMm(m, mm);
    for (let i = 0; i < nr; i++) dropCleared(m, cpu, vma, gathered[i]!);
  }
}

/** Takes an entry away, with what it held if that was no page; the entry if it was one that CPUs may have cached, else 0. */
function clearEntry(m: Machine, cpu: number, vma: number, vpn: number): number {
  const at = pteAt(m, m.vmaMm[vma]!, vpn);
  if (at === 0) return 0;
  const pte = takePte(m, at, 0);
  if (isSwap(pte)) releaseSwapEntry(m, cpu, ptePayload(pte));
  // A migration entry holds no reference: the page that moves simply finds one entry fewer when it arrives.
  if (isMigration(pte)) {
    m.others?.wake(at);
    noteDirtyOnItsWay(m, vma, vpn, pte);
  }
  // The entry before it may still be cached: its shootdown comes once for a batch (flush_tlb_batched_pending).
  return isPresent(pte) || isMigration(pte) ? pte : 0;
}

/**
 * What an entry knew of a page that is on its way: the page has its slot in the old frame still, or in the new one. (Linux
 * marks the page dirty at the unmap, which no undo takes back: try_to_migrate_one.)
 */
function noteDirtyOnItsWay(m: Machine, vma: number, vpn: number, pte: number): void {
  const source = ptePayload(pte);
  if (mappingOfPage(m, source) !== 0) noteDirty(m, source, pte);
  else if ((m.vmaFlags[vma]! & VM_NONLINEAR) !== 0) noteDirtyArrivals(m, m.vmaFile[vma]!, pte);
  else if ((m.vmaFlags[vma]! & VM_SHARED) !== 0) {
    const offset = m.vmaOffset[vma]! + (vpn - m.vmaStart[vma]!);
    noteDirty(m, findInCache(m, m.mapBase[m.vmaFile[vma]!]! + offset), pte);
  }
}

/** A nonlinear entry does not say which page of the file it was: each that has its slot and is still on its way may be it. */
function noteDirtyArrivals(m: Machine, file: number, pte: number): void {
  const onItsWay = PG_LOCKED | PG_ISOLATED;
  for (let page = 0; page < m.mapPages[file]!; page++) {
    const pfn = findInCache(m, m.mapBase[file]! + page);
    if (pfn !== NO_PAGE && (m.flags[pfn]! & onItsWay) === onItsWay) noteDirty(m, pfn, pte);
  }
}

function dropCleared(m: Machine, cpu: number, vma: number, pte: number): void {
  if (!isPresent(pte)) return;
  const pfn = ptePayload(pte);
  noteDirty(m, pfn, pte);
  if ((m.vmaFlags[vma]! & VM_LOCKED) !== 0) munlockMapping(m, pfn);
  dropMapping(m, cpu, pfn);
}

/** One mapping of a page is gone: so is its reference, and an anonymous page that nobody maps any more. */
export function dropMapping(m: Machine, cpu: number, pfn: Pfn): void {
  m.mapcount[pfn] = m.mapcount[pfn]! - 1;
  if (m.mapcount[pfn] === 0 && (m.flags[pfn]! & PG_ANON) !== 0) tryToFreeSwap(m, cpu, pfn);
  putPage(m, cpu, pfn);
}

/** Takes an unmapped, unlocked swap-cache page out of the cache if nobody names its slot (free_swap_cache). */
export function tryToFreeSwap(m: Machine, cpu: number, pfn: Pfn): void {
  const flags = m.flags[pfn]!;
  if ((flags & PG_SWAPCACHE) === 0 || (flags & (PG_WRITEBACK | PG_LOCKED)) !== 0) return;
  if (m.swapMap[swapSlotOf(m, pfn)] !== 0) return;
  removeFromSwapCache(m, pfn);
  putPage(m, cpu, pfn);
}

function releaseSwapEntry(m: Machine, cpu: number, slot: number): void {
  freeSwap(m, slot);
  const cached = m.swapCache[slot]! - 1;
  if (cached >= 0 && m.swapMap[slot] === 0 && m.mapcount[cached] === 0) tryToFreeSwap(m, cpu, cached);
}

/**
 * Ends a process: every mapping, every table (exit_mmap).
 *
 * @example
 * const mm = createProcess(machine, 0);
 * exitProcess(machine, 0, mm);
 * validateMachine(machine); // []
 */
export function exitProcess(m: Machine, cpu: number, mm: number): void {
  while (m.mmVmas[mm] !== 0) unmapVma(m, cpu, m.mmVmas[mm]!);
  freeTables(m, cpu, mm);
  tlbFlushMm(m, mm);
  m.mmAlive[mm] = 0;
  returnToPool(m, m.mmNext, SCALAR.mmFree, mm);
}

/**
 * A copy of a process that shares its pages until one of the two writes (fork, copy_page_range). The child's VMAs join
 * every anon_vma of the parent's and get one of their own for pages to come. 0 if memory for tables runs out.
 *
 * @example
 * const parent = createProcess(machine, 0);
 * const child = forkProcess(machine, 0, parent);
 * child !== parent; // true
 */
export function forkProcess(m: Machine, cpu: number, parent: number): number {
  const child = createProcess(m, cpu);
  if (child === 0) return 0;
  for (const vma of vmasOf(m, parent)) {
    if (!copyVma(m, cpu, child, vma)) {
      exitProcess(m, cpu, child);
      return 0;
    }
  }
  tlbFlushMm(m, parent);
  return child;
}

/** VMAs of a process, oldest first. */
export function vmasOf(m: Machine, mm: number): number[] {
  const vmas: number[] = [];
  for (let vma = m.mmVmas[mm]!; vma !== 0; vma = m.vmaNext[vma]!) vmas.push(vma);
  return vmas.reverse();
}

function copyVma(m: Machine, cpu: number, child: number, vma: number): boolean {
  const flags = m.vmaFlags[vma]! & ~VM_LOCKED;
  const copy = newVma(m, child, m.vmaStart[vma]!, m.vmaPages[vma]!, m.vmaOffset[vma]!, flags);
  m.vmaFile[copy] = m.vmaFile[vma]!;
  for (let link = m.vmaLinks[vma]!; link !== 0; link = m.linkVmaNext[link]!) linkVma(m, copy, m.linkMapping[link]!);
  if ((flags & VM_NONLINEAR) !== 0) m.mapNonlinear[m.vmaFile[copy]!] = m.mapNonlinear[m.vmaFile[copy]!]! + 1;
  const parent = m.vmaMm[vma]!;
  for (let vpn = m.vmaStart[vma]!; vpn < m.vmaStart[vma]! + m.vmaPages[vma]!; vpn++) {
    const at = pteAt(m, parent, vpn);
    if (at !== 0 && m.ptes[at] !== 0 && !copyPte(m, cpu, at, child, vpn, flags)) return false;
  }
  return true;
}

function copyPte(m: Machine, cpu: number, at: number, child: number, vpn: number, vmaFlags: number): boolean {
  const pte = m.ptes[at]!;
  const to = ensurePteAt(m, cpu, child, vpn);
  if (to === 0) return false;
  if (isSwap(pte)) {
    if (m.swapMap[ptePayload(pte)]! >= MAX_SWAP_COUNT) return false;
    duplicateSwap(m, ptePayload(pte));
  }
  const moves = isPresent(pte) || isMigration(pte);
  // Private pages are write-protected on both sides; a page in mid-migration keeps that in its migration entry.
  const copied = moves && (vmaFlags & VM_SHARED) === 0 ? (clearPteBits(m, at, PTE_WRITE) & ~PTE_WRITE) >>> 0 : pte;
  if (isPresent(pte)) {
    const pfn = ptePayload(pte);
    m.mapcount[pfn] = m.mapcount[pfn]! + 1;
    getPage(m, pfn);
  }
  setPte(m, to, copied);
  return true;
}

/** Locks or unlocks the pages that a VMA has in memory (mlock, munlock); pages that come later follow the VMA's flag. */
export function setLocked(m: Machine, vma: number, locked: boolean): void {
  m.vmaFlags[vma] = locked ? m.vmaFlags[vma]! | VM_LOCKED : m.vmaFlags[vma]! & ~VM_LOCKED;
  for (let vpn = m.vmaStart[vma]!; vpn < m.vmaStart[vma]! + m.vmaPages[vma]!; vpn++) {
    const at = pteAt(m, m.vmaMm[vma]!, vpn);
    const pte = at === 0 ? 0 : m.ptes[at]!;
    if (!isPresent(pte)) continue;
    if (locked) mlockPage(m, ptePayload(pte));
    else munlockMapping(m, ptePayload(pte));
  }
}

/**
 * Maps another page of the file at a virtual page of a shared file VMA (remap_file_pages, Linux before 4.0): the VMA and
 * its file become nonlinear, and reverse maps no longer find the file's pages.
 */
export function remapFilePage(m: Machine, cpu: number, vma: number, vpn: number, filePage: number): boolean {
  const file = m.vmaFile[vma]!;
  if (file === 0 || (m.vmaFlags[vma]! & VM_SHARED) === 0 || filePage >= m.mapPages[file]!) return false;
  const at = ensurePteAt(m, cpu, m.vmaMm[vma]!, vpn);
  if (at === 0 || isMigration(m.ptes[at]!)) return false;
  zapPte(m, cpu, m.vmaMm[vma]!, vpn, vma);
  if ((m.vmaFlags[vma]! & VM_NONLINEAR) === 0) {
    m.vmaFlags[vma] = m.vmaFlags[vma]! | VM_NONLINEAR;
    m.mapNonlinear[file] = m.mapNonlinear[file]! + 1;
    markNonlinear(m, file, true);
  }
  setPte(m, at, filePte(filePage));
  return true;
}

function endNonlinear(m: Machine, file: number): void {
  m.mapNonlinear[file] = m.mapNonlinear[file]! - 1;
  if (m.mapNonlinear[file] === 0) markNonlinear(m, file, false);
}

function markNonlinear(m: Machine, file: number, nonlinear: boolean): void {
  for (let page = 0; page < m.mapPages[file]!; page++) {
    const pfn = findInCache(m, m.mapBase[file]! + page);
    if (pfn === NO_PAGE) continue;
    m.flags[pfn] = (nonlinear ? m.flags[pfn]! | PG_NONLINEAR : m.flags[pfn]! & ~PG_NONLINEAR) >>> 0;
  }
}
