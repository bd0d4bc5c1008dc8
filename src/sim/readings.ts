import { PG_LOCKED } from '../mm/page-flags.js';
import { isFile, isMigration, isPresent, isSwap, ptePayload } from '../mm/pte.js';
import { NO_PAGE } from '../mm/units.js';
import { findVma, vmasOf } from './address-space.js';
import { originalHi, originalLo, readContents, readStored } from './contents.js';
import type { LedgerComparison } from './ledger.js';
import { type Machine, SCALAR } from './machine.js';
import { MAPPING_FILE, MAPPING_SHMEM } from './mappings.js';
import { diskPlaceOf, findInCache } from './page-cache.js';
import { pteOf } from './page-tables.js';
import { swapCachePage } from './swap.js';

/**
 * What the pages of the processes and files that there are would read, in memory or not: through page tables, caches,
 * swap or disk, without a fault. Unlike a ledger it stays the same when reclaim drops or swaps pages, and when other
 * processes and files come and go.
 */
export interface Readings {
  readonly runs: readonly Run[];
  /** Two words a page, run after run. */
  readonly words: Uint32Array;
}

/** Pages of one process, or of one file. */
interface Run {
  readonly owner: 'process' | 'file';
  readonly id: number;
  readonly start: number;
  readonly nrPages: number;
}

const words = new Uint32Array(2);
const TORN = 0xffff_fffd;
const MISSING = 0xffff_fffe;

export function takeReadings(m: Machine): Readings {
  const runs = [...runsOfProcesses(m), ...runsOfFiles(m)];
  const nrPages = runs.reduce((sum, run) => sum + run.nrPages, 0);
  const all = new Uint32Array(nrPages * 2);
  let at = 0;
  for (const run of runs)
    for (let page = run.start; page < run.start + run.nrPages; page++, at += 2) {
      readPageOf(m, run, page);
      all.set(words, at);
    }
  return { runs, words: all };
}

/** Reads everything again, but virtual pages that `isExcepted` names. The same processes and files must be there. */
export function compareReadings(
  m: Machine,
  { runs, words: before }: Readings,
  isExcepted: (mm: number, vpn: number) => boolean = () => false,
): LedgerComparison {
  let pages = 0;
  let wrong = 0;
  let firstWrong: string | null = null;
  let at = 0;
  for (const run of runs)
    for (let page = run.start; page < run.start + run.nrPages; page++, at += 2) {
      if (run.owner === 'process' && isExcepted(run.id, page)) continue;
      readPageOf(m, run, page);
      pages++;
      if (words[0] === before[at] && words[1] === before[at + 1]) continue;
      wrong++;
      firstWrong ??= `${run.owner} ${run.id}, page 0x${page.toString(16)}`;
    }
  return { pages, wrong, firstWrong };
}

/** What a virtual page would read, without a fault; `out` says so too if the page is torn, or nobody's. */
export function readVirtualPage(m: Machine, mm: number, vpn: number, out: Uint32Array): void {
  const vma = findVma(m, mm, vpn);
  if (vma === 0) out.fill(MISSING);
  else readInVma(m, vma, pteOf(m, mm, vpn), vpn, out);
}

/** True if a virtual page is in a frame that is locked: on its way, so that only the end of the move says what it reads. */
export function isVirtualPageLocked(m: Machine, mm: number, vpn: number): boolean {
  const pte = pteOf(m, mm, vpn);
  const pfn = isSwap(pte)
    ? swapCachePage(m, ptePayload(pte))
    : isPresent(pte) || isMigration(pte)
      ? ptePayload(pte)
      : -1;
  return pfn >= 0 && (m.flags[pfn]! & PG_LOCKED) !== 0;
}

function readInVma(m: Machine, vma: number, pte: number, vpn: number, out: Uint32Array): void {
  if (isPresent(pte) || isMigration(pte)) {
    if (!readContents(m, ptePayload(pte), out)) out.fill(TORN);
    return;
  }
  if (isSwap(pte)) {
    const slot = ptePayload(pte);
    const cached = swapCachePage(m, slot);
    if (!(cached >= 0 ? readContents(m, cached, out) : readStored(m, slot, out))) out.fill(TORN);
    return;
  }
  const file = m.vmaFile[vma]!;
  if (file === 0) out.fill(0);
  else readInFile(m, file, isFile(pte) ? ptePayload(pte) : vpn - m.vmaStart[vma]! + m.vmaOffset[vma]!, out);
}

function readInFile(m: Machine, file: number, page: number, out: Uint32Array): void {
  if (page >= m.mapPages[file]!) {
    out.fill(MISSING);
    return;
  }
  const index = m.mapBase[file]! + page;
  const pfn = findInCache(m, index);
  const place = diskPlaceOf(m, index);
  let whole = true;
  if (pfn !== NO_PAGE) whole = readContents(m, pfn, out);
  else if (place !== 0) whole = readStored(m, place, out);
  else if (m.mapKind[file] === MAPPING_SHMEM) out.fill(0);
  else {
    out[0] = originalLo(file, page);
    out[1] = originalHi(file, page);
  }
  if (!whole) out.fill(TORN);
}

function readPageOf(m: Machine, { owner, id }: Run, page: number): void {
  if (owner === 'process') readVirtualPage(m, id, page, words);
  else readInFile(m, id, page, words);
}

function runsOfProcesses(m: Machine): Run[] {
  const runs: Run[] = [];
  for (let mm = 1; mm <= m.scalars[SCALAR.mmFill]!; mm++) {
    if (m.mmAlive[mm] === 0) continue;
    for (const vma of vmasOf(m, mm))
      runs.push({ owner: 'process', id: mm, start: m.vmaStart[vma]!, nrPages: m.vmaPages[vma]! });
  }
  return runs;
}

function runsOfFiles(m: Machine): Run[] {
  const runs: Run[] = [];
  for (let file = 1; file <= m.scalars[SCALAR.mapFill]!; file++)
    if (m.mapKind[file] === MAPPING_FILE || m.mapKind[file] === MAPPING_SHMEM)
      runs.push({ owner: 'file', id: file, start: 0, nrPages: m.mapPages[file]! });
  return runs;
}
