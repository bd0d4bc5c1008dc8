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
 * Leaves only compound pages that are whole: a head, its tails, 2^n pages on a boundary of 2^n. Pages may come and go
 * while kpageflags is read, so a broken one is possible: of a THP the pages live on one by one, the rest is taken as
 * kernel memory, as tails without a head are.
 */
export function mendCompoundPages(flags: Uint32Array, mapcounts: Uint16Array, caveats: string[]): void {
  let nrBroken = 0;
  for (let pfn = 0; pfn < flags.length; ) {
    const word = flags[pfn] as number;
    if ((word & (PG_HEAD | PG_TAIL)) === 0) {
      pfn++;
      continue;
    }
    const end = endOfCompound(flags, pfn);
    const isWhole = (word & PG_TAIL) === 0 && end - pfn > 1 && isPowerOfTwo(end - pfn) && pfn % (end - pfn) === 0;
    if (!isWhole) {
      breakUp(flags, mapcounts, pfn, end);
      nrBroken += end - pfn;
    } else if ((word & PG_THP) !== 0) {
      for (let tail = pfn + 1; tail < end; tail++) {
        flags[tail] = ((flags[tail] as number) & ~SHARED_BITS) | (word & SHARED_BITS);
      }
    }
    pfn = end;
  }
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
