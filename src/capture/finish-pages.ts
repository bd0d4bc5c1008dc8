import { isPowerOfTwo } from '../base/bits.js';
import { endOfCompound } from '../mm/compound-page.js';
import {
  PG_ACTIVE,
  PG_ANON,
  PG_DIRTY,
  PG_HEAD,
  PG_HUGE,
  PG_LRU,
  PG_MLOCKED,
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
import { type Census, hasCompound } from './census.js';
import { hasMappings, keptFlags } from './kpageflags.js';
import { type CapturedPages, isTallied, tally } from './mappings.js';
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

/**
 * The last step. It leaves only compound pages that are whole: a head, its tails, 2^n pages on a boundary of 2^n. Pages may
 * come and go while kpageflags is read, so a broken one is possible: of a THP the pages live on one by one, the rest is
 * taken as kernel memory, as tails without a head are. From those pages it drops what only a capture has, as
 * `MappingReader` has done from the others. Pageblocks without compound pages are not looked at.
 */
export function finishPages(pages: CapturedPages, census: Census, caveats: string[]): void {
  const { flags, mapcounts } = pages;
  let nrBroken = 0;
  let pfn = 0;
  for (let pageblock = 0; pageblock < flags.length / PAGEBLOCK_PAGES; pageblock++) {
    const end = Math.min((pageblock + 1) * PAGEBLOCK_PAGES, flags.length);
    if (!hasCompound(census, pageblock)) continue;
    for (pfn = Math.max(pfn, pageblock * PAGEBLOCK_PAGES); pfn < end; ) {
      const start = pfn++;
      if ((flags[start]! & (PG_HEAD | PG_TAIL)) === 0) continue;
      pfn = endOfCompound(flags, start);
      nrBroken += mendCompound(flags, mapcounts, start, pfn);
      finishRuns(pages, start, pfn);
    }
  }
  if (nrBroken === 0) return;
  caveats.push(
    `${countPages(nrBroken)} of compound pages that are not whole, as they changed while kpageflags was read; ` +
      'those of user memory are treated as single pages, the others as kernel memory.',
  );
}

/** How many pages lost their compound page. */
function mendCompound(flags: Uint32Array, mapcounts: Uint16Array, start: Pfn, end: Pfn): number {
  const word = flags[start]!;
  const isWhole = (word & PG_TAIL) === 0 && end - start > 1 && isPowerOfTwo(end - start) && start % (end - start) === 0;
  if (!isWhole) {
    breakUp(flags, mapcounts, start, end);
    return end - start;
  }
  const shared = word & SHARED_BITS;
  if ((word & PG_THP) !== 0)
    for (let tail = start + 1; tail < end; tail++) flags[tail] = (flags[tail]! & ~SHARED_BITS) | shared;
  return 0;
}

/** Run by run, as tails look alike. */
function finishRuns(pages: CapturedPages, start: Pfn, end: Pfn): void {
  const { flags, mapcounts, keepsMapcounts } = pages;
  for (let pfn = start; pfn < end; ) {
    const first = pfn++;
    const word = flags[first]!;
    while (pfn < end && flags[pfn] === word) pfn++;
    const kept = keptFlags(word);
    if (kept !== word) flags.fill(kept, first, pfn);
    if (!hasMappings(word) && keepsMapcounts) mapcounts.fill(0, first, pfn);
    for (let page = first; page < pfn && isTallied(word); page++) tally(pages, page >>> PAGEBLOCK_ORDER, word);
  }
}

function breakUp(flags: Uint32Array, mapcounts: Uint16Array, start: number, end: number): void {
  const head = flags[start] as number;
  const isUserMemory = (head & PG_HEAD) !== 0 && (head & PG_THP) !== 0 && (head & PG_HUGE) === 0;
  for (let pfn = start; pfn < end; pfn++) {
    flags[pfn] = isUserMemory ? head & ~(PG_HEAD | PG_THP) : 0;
    if (!isUserMemory && mapcounts[pfn] !== 0) mapcounts[pfn] = 0;
  }
}
