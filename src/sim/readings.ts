import { PG_LOCKED } from '../mm/page-flags.js';
import { isFile, isMigration, isPresent, isSwap, ptePayload } from '../mm/pte.js';
import { findVma, vmasOf } from './address-space.js';
import { type LedgerComparison, readOfFile, readThroughFile, readThroughPte } from './ledger.js';
import { type Machine, SCALAR } from './machine.js';
import { MAPPING_FILE, MAPPING_SHMEM } from './mappings.js';
import { pteOf } from './page-tables.js';
import { swapCachePage } from './swap.js';

/**
 * What the pages of the processes and files that there are would read: as a ledger, but kept by whose they are, so that it
 * can be compared after other processes and files have come and gone, and pages that were rightly written left out.
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

/** What a virtual page would read, without a fault: what nobody has written reads 0, and so does what is not there. */
export function readVirtualPage(m: Machine, mm: number, vpn: number, out: Uint32Array): void {
  const pte = pteOf(m, mm, vpn);
  out.fill(0);
  if (pte !== 0 && !isFile(pte)) {
    readThroughPte(m, pte, out);
    return;
  }
  const vma = findVma(m, mm, vpn);
  if (vma !== 0 && m.vmaFile[vma] !== 0) readThroughFile(m, vma, vpn, pte, out);
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

function readPageOf(m: Machine, { owner, id }: Run, page: number): void {
  if (owner === 'process') {
    readVirtualPage(m, id, page, words);
    return;
  }
  words.fill(0);
  if (page < m.mapPages[id]!) readOfFile(m, id, page, words);
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
