import { isFile, isMigration, isPresent, isSwap, ptePayload } from '../mm/pte.js';
import { NO_PAGE } from '../mm/units.js';
import { vmasOf } from './address-space.js';
import { originalHi, originalLo, readContents, readStored } from './contents.js';
import { type Machine, SCALAR } from './machine.js';
import { MAPPING_ANON, MAPPING_FILE } from './mappings.js';
import { diskPlaceOf, findInCache } from './page-cache.js';
import { pteOf } from './page-tables.js';
import { swapCachePageOf } from './shmem.js';

/**
 * What every virtual page and every page of a file reads, in a fixed order: processes, their VMAs, their pages, then
 * files and driver pools. Reading goes through page tables, caches, swap and disk, never by pfn, so it says what a process
 * would see wherever its pages stand, reclaimed or not.
 */
export type Ledger = Uint32Array;

/**
 * What reads otherwise than a ledger says.
 *
 * @example
 * const before: Ledger = takeLedger(machine);
 * const { wrong }: LedgerComparison = compareLedger(machine, before);
 * wrong; // 0
 */
export interface LedgerComparison {
  /** Pages that were compared. */
  readonly pages: number;
  /** Pages that read something else now. */
  readonly wrong: number;
  /** The first of them, in words. */
  readonly firstWrong: string | null;
}

const MISSING = 0xffff_fffe;
const TORN = 0xffff_fffd;

/**
 * What every virtual page and every page of a file reads now, 8 bytes a page.
 *
 * @example
 * const before = takeLedger(machine);
 * runToEnd(evacuator.offline({ blocks: [8] }));
 * compareLedger(machine, before).wrong; // 0
 */
export function takeLedger(m: Machine): Ledger {
  let words = new Uint32Array(4096);
  let length = 0;
  eachPage(m, (lo, hi) => {
    if (length === words.length) {
      const larger = new Uint32Array(words.length * 2);
      larger.set(words);
      words = larger;
    }
    words[length++] = lo;
    words[length++] = hi;
  });
  return words.slice(0, length);
}

/**
 * Reads everything again. The set of virtual and cached pages must be the same: nobody else has run meanwhile.
 *
 * @example
 * compareLedger(machine, takeLedger(machine)).wrong; // 0
 */
export function compareLedger(m: Machine, before: Ledger): LedgerComparison {
  let at = 0;
  let wrong = 0;
  let firstWrong: string | null = null;
  eachPage(m, (lo, hi, where) => {
    if (before[at] !== lo || before[at + 1] !== hi) {
      wrong++;
      firstWrong ??= where();
    }
    at += 2;
  });
  if (at !== before.length) {
    wrong += Math.abs(at - before.length) / 2;
    firstWrong ??= `${Math.abs(at - before.length) / 2} pages ${at < before.length ? 'are gone' : 'came from nowhere'}`;
  }
  return { pages: before.length / 2, wrong, firstWrong };
}

type Visit = (lo: number, hi: number, where: () => string) => void;

function eachPage(m: Machine, visit: Visit): void {
  const out = new Uint32Array(2);
  for (let mm = 1; mm <= m.scalars[SCALAR.mmFill]!; mm++) {
    if (m.mmAlive[mm] === 0) continue;
    for (const vma of vmasOf(m, mm)) {
      const end = m.vmaStart[vma]! + m.vmaPages[vma]!;
      for (let vpn = m.vmaStart[vma]!; vpn < end; vpn++) {
        const pte = pteOf(m, mm, vpn);
        if (pte !== 0 && !isFile(pte)) readThroughPte(m, pte, out);
        else if (m.vmaFile[vma] === 0 || !readThroughFile(m, vma, vpn, pte, out)) continue;
        visit(out[0]!, out[1]!, () => `process ${mm}, virtual page 0x${vpn.toString(16)}`);
      }
    }
  }
  for (let mapping = 1; mapping <= m.scalars[SCALAR.mapFill]!; mapping++) {
    if (m.mapKind[mapping] === 0 || m.mapKind[mapping] === MAPPING_ANON) continue;
    for (let page = 0; page < m.mapPages[mapping]!; page++) {
      if (!readOfFile(m, mapping, page, out)) continue;
      visit(out[0]!, out[1]!, () => `file ${mapping}, page ${page}`);
    }
  }
}

/** What a fault at an entry that maps nothing would bring; false beyond the end of the file. */
export function readThroughFile(m: Machine, vma: number, vpn: number, pte: number, out: Uint32Array): boolean {
  const page = isFile(pte) ? ptePayload(pte) : vpn - m.vmaStart[vma]! + m.vmaOffset[vma]!;
  const file = m.vmaFile[vma]!;
  return page < m.mapPages[file]! && readOfFile(m, file, page, out);
}

/** A page of a file: in the cache, or as its device has it. False for a page of shared memory or a pool that is not there. */
export function readOfFile(m: Machine, mapping: number, page: number, out: Uint32Array): boolean {
  const index = m.mapBase[mapping]! + page;
  const cached = findInCache(m, index);
  const pfn = cached === NO_PAGE ? swapCachePageOf(m, index) : cached;
  const place = pfn === NO_PAGE ? diskPlaceOf(m, index) : 0;
  if (pfn === NO_PAGE && place === 0) {
    if (m.mapKind[mapping] !== MAPPING_FILE) return false;
    out[0] = originalLo(mapping, page);
    out[1] = m.contentWords === 1 ? 0 : originalHi(mapping, page);
  } else if (!(pfn === NO_PAGE ? readStored(m, place, out) : readContents(m, pfn, out))) out.fill(TORN);
  return true;
}

/** What an entry that maps something reads, wherever that is. */
export function readThroughPte(m: Machine, pte: number, out: Uint32Array): void {
  if (isPresent(pte) || isMigration(pte)) {
    if (!readContents(m, ptePayload(pte), out)) out.fill(TORN);
    return;
  }
  if (!isSwap(pte)) {
    out.fill(MISSING);
    return;
  }
  const slot = ptePayload(pte);
  const cached = m.swapCache[slot]!;
  const whole = cached !== 0 ? readContents(m, cached - 1, out) : readStored(m, slot, out);
  if (!whole) out.fill(TORN);
}
