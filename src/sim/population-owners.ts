import { bitsFor, permuted } from '../base/permutation.js';
import { mix32 } from '../base/prng.js';
import { VacateError } from '../base/vacate-error.js';
import { MIGRATE_UNMOVABLE } from '../mm/migratetype.js';
import { PG_ANON, PG_LRU, PG_PGTABLE, PG_SLAB, PG_SWAPBACKED, PG_UPTODATE } from '../mm/page-flags.js';
import { PTE_DIRTY, PTE_WRITE, presentPte } from '../mm/pte.js';
import { PAGEBLOCK_PAGES, type Pfn } from '../mm/units.js';
import { anonVmaOf, createProcess, mapMemory, VM_WRITE } from './address-space.js';
import { fillContents, originalHi, originalLo } from './contents.js';
import { createFile } from './files.js';
import { EXTENT_PAGES, type Machine, SCALAR, TABLE_ENTRIES } from './machine.js';
import { ensureSlot, slotAt } from './page-cache.js';
import { ensurePteAt, pteAt } from './page-tables.js';
import { nodeOf, setPageblockType } from './pageblocks.js';

/** To whom the pages of a populated machine go that are a process's or a file's. */
export interface Owners {
  /** Of the permutation of their places, and of what they hold. */
  readonly seed: number;
  readonly marks: number;
  /** All of them; of these, so many are processes' and the rest files'. */
  readonly nrPages: number;
  readonly nrAnon: number;
  /** Pages of each process and of each file but the last. */
  readonly perProcess: number;
  readonly perFile: number;
  readonly vmas: Uint32Array;
  readonly files: Uint32Array;
  /** Page tables, which are there already and have no frames yet. */
  readonly firstTable: number;
  readonly nrTables: number;
  /** Pages that are on the LRU by now, anonymous ones and files', node by node. */
  readonly founders: Uint32Array;
  /** Of the pages of one pageblock: which they are of all, where their entry or slot is, and where on the index line. */
  readonly place: Uint32Array;
  readonly at: Uint32Array;
  readonly index: Uint32Array;
  readonly touched: Uint32Array;
}

/** What is to be shared out, see `Population`. */
export interface Shares {
  readonly seed: number;
  readonly marks: number;
  readonly nrPages: number;
  readonly cached: number;
  readonly processes: number;
  readonly files: number;
}

/** @throws VacateError kind 'limit' if a process cannot have as much, or records run out. */
export function createOwners(m: Machine, shares: Shares): Owners {
  const { seed, marks, nrPages } = shares;
  const nrCached = Math.floor(nrPages * shares.cached);
  const nrAnon = nrPages - nrCached;
  const perProcess = Math.max(1, Math.ceil(nrAnon / shares.processes));
  const perFile = Math.max(1, Math.ceil(nrCached / shares.files));
  const firstTable = m.scalars[SCALAR.tableFill]! + 1;
  // The kernel's pages are not there yet, so tables get theirs from among them later.
  const takeFrames = m.scalars[SCALAR.tablesTakeFrames]!;
  m.scalars[SCALAR.tablesTakeFrames] = 0;
  const vmas: number[] = [];
  for (let left = nrAnon; left > 0; left -= perProcess) vmas.push(createMemory(m, Math.min(left, perProcess)));
  m.scalars[SCALAR.tablesTakeFrames] = takeFrames;
  const files: number[] = [];
  for (let left = nrCached; left > 0; left -= perFile) files.push(createCachedFile(m, Math.min(left, perFile)));
  return {
    seed,
    marks,
    nrPages,
    nrAnon,
    perProcess,
    perFile,
    vmas: Uint32Array.from(vmas),
    files: Uint32Array.from(files),
    firstTable,
    nrTables: m.scalars[SCALAR.tableFill]! + 1 - firstTable,
    founders: new Uint32Array(m.nrNodes * 2),
    place: new Uint32Array(PAGEBLOCK_PAGES),
    at: new Uint32Array(PAGEBLOCK_PAGES),
    index: new Uint32Array(PAGEBLOCK_PAGES),
    touched: new Uint32Array(1),
  };
}

/** A process with so much memory, and page tables for it. */
function createMemory(m: Machine, nrPages: number): number {
  const mm = createProcess(m, 0);
  const vma = mapMemory(m, mm, { start: -1, nrPages, flags: VM_WRITE, file: 0, offset: 0 });
  if (vma === 0)
    throw new VacateError('limit', `${nrPages} pages do not fit into one process; raise the number of processes`);
  m.mapCached[anonVmaOf(m, vma)] = nrPages;
  const start = m.vmaStart[vma]!;
  for (let vpn = start; vpn < start + nrPages; vpn += TABLE_ENTRIES - (vpn % TABLE_ENTRIES)) ensurePteAt(m, 0, mm, vpn);
  return vma;
}

function createCachedFile(m: Machine, nrPages: number): number {
  const file = createFile(m, nrPages);
  m.mapCached[file] = nrPages;
  for (let page = 0; page < nrPages; page += EXTENT_PAGES) ensureSlot(m, m.mapBase[file]! + page);
  return file;
}

/**
 * The pages of a pageblock that are in use and nobody's go to the kernel: page tables first, as long as there are some
 * without a frame. Returns how many it has by now.
 */
export function giveToKernel(m: Machine, start: Pfn, before: number, { firstTable, nrTables }: Owners): number {
  const { flags, count, tableFrame } = m;
  let kernel = before;
  setPageblockType(m, start, MIGRATE_UNMOVABLE);
  for (let pfn = start; pfn < start + PAGEBLOCK_PAGES; pfn++) {
    if (flags[pfn] !== 0) continue;
    count[pfn] = 1;
    if (kernel < nrTables) tableFrame[firstTable + kernel] = pfn + 1;
    flags[pfn] = kernel < nrTables ? PG_PGTABLE : PG_SLAB;
    fillContents(m, pfn, mix32(pfn), 0);
    kernel++;
  }
  return kernel;
}

/** Low word of what an anonymous page at `index` holds on a machine populated with this seed: no other page has the same. */
export function anonymousMark(seed: number, index: number): number {
  return mix32(index ^ mix32(seed));
}

/**
 * The pages of a pageblock that are in use and nobody's go to processes and files, each to the place that the permutation
 * gives it. Returns how many have one by now.
 */
export function giveToOwners(m: Machine, start: Pfn, before: number, owners: Owners): number {
  const { flags, count, mapcount, index, ptes, leafSlots } = m;
  const { marks, nrAnon, perFile, files, place, at } = owners;
  let nr = 0;
  let nrOfProcesses = 0;
  for (let pfn = start; pfn < start + PAGEBLOCK_PAGES; pfn++) if (flags[pfn] === 0) nr++;
  choosePlaces(m, before, nr, owners);
  for (let pfn = start, i = 0; i < nr; pfn++) {
    if (flags[pfn] !== 0) continue;
    const ofAll = place[i]!;
    const onLine = owners.index[i]!;
    count[pfn] = 1;
    index[pfn] = onLine;
    if (ofAll < nrAnon) {
      flags[pfn] = PG_ANON | PG_SWAPBACKED | PG_UPTODATE | PG_LRU;
      mapcount[pfn] = 1;
      ptes[at[i]!] = presentPte(pfn, PTE_WRITE | PTE_DIRTY);
      fillContents(m, pfn, anonymousMark(marks, onLine), onLine);
      nrOfProcesses++;
    } else {
      const file = Math.floor((ofAll - nrAnon) / perFile);
      const page = ofAll - nrAnon - file * perFile;
      flags[pfn] = PG_UPTODATE | PG_LRU;
      leafSlots[at[i]!] = pfn + 1;
      fillContents(m, pfn, originalLo(files[file]!, page), originalHi(files[file]!, page));
    }
    i++;
  }
  const { founders } = owners;
  const node = nodeOf(m, start);
  founders[node * 2] = founders[node * 2]! + nrOfProcesses;
  founders[node * 2 + 1] = founders[node * 2 + 1]! + nr - nrOfProcesses;
  return before + nr;
}

/**
 * Pages that are given out while one stretch of processes and files is filled, 4 GiB of them. They lie in pageblocks all
 * over memory; but their entries, 4 MiB, stay within reach of a TLB and a cache, which makes it several times quicker.
 */
const WINDOW_PAGES = 2 ** 20;

/**
 * Where the next pages go: to places within the window that chance chooses. It reads what they are going to write, which
 * lies anywhere in there, so that many lines come at a time.
 */
function choosePlaces(m: Machine, before: number, nr: number, owners: Owners): void {
  const { ptes, leafSlots, mapBase, vmaMm, vmaStart, vmaAnon } = m;
  const { seed, nrPages, nrAnon, perProcess, perFile, vmas, files, place, at, index } = owners;
  let sum = 0;
  let start = 0;
  let end = 0;
  let bits = 0;
  let anonBefore = 0;
  let anonAfter = 0;
  for (let i = 0; i < nr; i++) {
    if (before + i >= end) {
      start = before + i - ((before + i) % WINDOW_PAGES);
      end = Math.min(start + WINDOW_PAGES, nrPages);
      bits = bitsFor(end - start);
      anonBefore = Math.floor((nrAnon * start) / nrPages);
      anonAfter = Math.floor((nrAnon * end) / nrPages);
    }
    const inWindow = permuted(before + i - start, end - start, bits, seed ^ start);
    const isAnon = inWindow < anonAfter - anonBefore;
    const ofAll = isAnon ? anonBefore + inWindow : nrAnon + start + inWindow - anonAfter;
    place[i] = ofAll;
    if (isAnon) {
      const process = Math.floor(ofAll / perProcess);
      const vma = vmas[process]!;
      const page = ofAll - process * perProcess;
      index[i] = mapBase[vmaAnon[vma]!]! + page;
      at[i] = pteAt(m, vmaMm[vma]!, vmaStart[vma]! + page);
      sum += ptes[at[i]!]!;
    } else {
      const file = Math.floor((ofAll - nrAnon) / perFile);
      index[i] = mapBase[files[file]!]! + (ofAll - nrAnon - file * perFile);
      at[i] = slotAt(m, index[i]!);
      sum += leafSlots[at[i]!]!;
    }
  }
  owners.touched[0] = sum;
}
