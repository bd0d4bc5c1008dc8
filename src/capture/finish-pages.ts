import { isPowerOfTwo } from '../base/bits.js';
import { isMetadata } from '../mm/buffer-cache.js';
import { endOfCompound } from '../mm/compound-page.js';
import {
  PG_ACTIVE,
  PG_ANON,
  PG_BUDDY,
  PG_DIRTY,
  PG_HEAD,
  PG_HUGE,
  PG_LRU,
  PG_MLOCKED,
  PG_NOPAGE,
  PG_REFERENCED,
  PG_SWAPBACKED,
  PG_SWAPCACHE,
  PG_TAIL,
  PG_THP,
  PG_UNEVICTABLE,
  PG_UPTODATE,
  PG_WRITEBACK,
} from '../mm/page-flags.js';
import { PAGEBLOCK_ORDER, PAGEBLOCK_PAGES, type Pfn } from '../mm/units.js';
import { hasMappings, keptFlags } from './kpageflags.js';
import { countPages } from './wording.js';

/** What a THP is, it is as a whole. Linux 6.12 says so of every tail; 6.1 says it of the head alone. */
const SHARED_BITS =
  PG_LRU |
  PG_ANON |
  PG_SWAPBACKED |
  PG_SWAPCACHE |
  PG_UPTODATE |
  PG_MLOCKED |
  PG_UNEVICTABLE |
  PG_ACTIVE |
  PG_DIRTY |
  PG_REFERENCED |
  PG_WRITEBACK;

/** What is left to say when the pages of a capture are finished. */
export interface FinishedPages {
  readonly nrBroken: number;
  readonly nrSwapCached: number;
  /** File-system metadata of pageblocks in which some is dirty. */
  readonly nrJournalled: number;
}

interface Tally {
  nrBroken: number;
  nrSwapCached: number;
  /** By pageblock. */
  readonly metadata: Uint16Array;
  readonly dirty: Uint16Array;
}

/**
 * The last steps, in one pass. It leaves only compound pages that are whole: a head, its tails, 2^n pages on a boundary of
 * 2^n. Pages may come and go while kpageflags is read, so a broken one is possible: of a THP the pages live on one by
 * one, the rest is taken as kernel memory, as tails without a head are. And it drops what only a capture has (`keptFlags`,
 * `hasMappings`).
 */
export function finishPages(flags: Uint32Array, mapcounts: Uint16Array): FinishedPages {
  const nrPageblocks = Math.ceil(flags.length / PAGEBLOCK_PAGES);
  const column = () => new Uint16Array(nrPageblocks);
  const tally: Tally = { nrBroken: 0, nrSwapCached: 0, metadata: column(), dirty: column() };
  for (let pfn = 0; pfn < flags.length; ) {
    const word = flags[pfn]!;
    const start = pfn++;
    if ((word & (PG_HEAD | PG_TAIL)) === 0) {
      while (pfn < flags.length && flags[pfn] === word) pfn++;
      // Most of memory, and nothing to do for it.
      if (word !== PG_BUDDY && word !== PG_NOPAGE) finishRun(flags, mapcounts, start, pfn, tally);
    } else {
      pfn = endOfCompound(flags, start);
      mendCompound(flags, mapcounts, start, pfn, tally);
      finishRuns(flags, mapcounts, start, pfn, tally);
    }
  }
  const { nrBroken, nrSwapCached, metadata, dirty } = tally;
  const nrJournalled = metadata.reduce((sum, nr, pageblock) => (dirty[pageblock] === 0 ? sum : sum + nr), 0);
  return { nrBroken, nrSwapCached, nrJournalled };
}

function mendCompound(flags: Uint32Array, mapcounts: Uint16Array, start: Pfn, end: Pfn, tally: Tally): void {
  const word = flags[start]!;
  const isWhole = (word & PG_TAIL) === 0 && end - start > 1 && isPowerOfTwo(end - start) && start % (end - start) === 0;
  if (!isWhole) {
    breakUp(flags, mapcounts, start, end);
    tally.nrBroken += end - start;
  } else if ((word & PG_THP) !== 0) {
    const shared = word & SHARED_BITS;
    for (let tail = start + 1; tail < end; tail++) flags[tail] = (flags[tail]! & ~SHARED_BITS) | shared;
  }
}

function finishRuns(flags: Uint32Array, mapcounts: Uint16Array, start: Pfn, end: Pfn, tally: Tally): void {
  for (let pfn = start; pfn < end; ) {
    const first = pfn++;
    while (pfn < end && flags[pfn] === flags[first]) pfn++;
    finishRun(flags, mapcounts, first, pfn, tally);
  }
}

/** Pages that look alike. */
function finishRun(flags: Uint32Array, mapcounts: Uint16Array, start: Pfn, end: Pfn, tally: Tally): void {
  const word = flags[start]!;
  const kept = keptFlags(word);
  if (kept !== word) for (let pfn = start; pfn < end; pfn++) flags[pfn] = kept;
  if (!hasMappings(word)) for (let pfn = start; pfn < end; pfn++) if (mapcounts[pfn] !== 0) mapcounts[pfn] = 0;
  if ((word & PG_SWAPCACHE) !== 0) tally.nrSwapCached += end - start;
  if (isMetadata(kept)) tallyMetadata(tally, kept, start, end);
}

function tallyMetadata({ metadata, dirty }: Tally, word: number, start: Pfn, end: Pfn): void {
  for (let pfn = start; pfn < end; pfn++) {
    const pageblock = pfn >>> PAGEBLOCK_ORDER;
    metadata[pageblock] = metadata[pageblock]! + 1;
    if ((word & PG_DIRTY) !== 0) dirty[pageblock] = dirty[pageblock]! + 1;
  }
}

export function tellBroken({ nrBroken }: FinishedPages, caveats: string[]): void {
  if (nrBroken === 0) return;
  caveats.push(
    `${countPages(nrBroken)} of compound pages that are not whole, as they changed while kpageflags was read; ` +
      'those of user memory are treated as single pages, the others as kernel memory.',
  );
}

function breakUp(flags: Uint32Array, mapcounts: Uint16Array, start: number, end: number): void {
  const head = flags[start] as number;
  const isUserMemory = (head & PG_HEAD) !== 0 && (head & PG_THP) !== 0 && (head & PG_HUGE) === 0;
  for (let pfn = start; pfn < end; pfn++) {
    flags[pfn] = isUserMemory ? head & ~(PG_HEAD | PG_THP) : 0;
    if (!isUserMemory) mapcounts[pfn] = 0;
  }
}
