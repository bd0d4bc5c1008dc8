import { FREE_FLAGS, PG_NOPAGE } from '../mm/page-flags.js';
import { PAGEBLOCK_PAGES, type Pfn } from '../mm/units.js';
import type { Formable } from './host-row.js';

const MOVABLE = 0;
const STUCK = 1;
const HOLE = 2;

/** 1 GiB. */
const GIGANTIC_PAGES = 2 ** 18;

/** By pageblock: what it holds. */
interface Pageblocks {
  readonly isFree: Uint8Array;
  readonly isStuck: Uint8Array;
  readonly hasHole: Uint8Array;
}

/**
 * In how many places of 2 MiB and of 1 GiB a huge page could be made, and in how many a page is in the way that never
 * moves. `isStuck` is asked of one page of each run of pages that look alike: for ever, not just now.
 */
export function formableIn(
  flags: Uint32Array,
  isOnline: (pfn: Pfn) => boolean,
  isStuck: (pfn: Pfn) => boolean,
): { hugePages2M: Formable; hugePages1G: Formable } {
  const found = surveyPageblocks(flags, isOnline, isStuck);
  return { hugePages2M: countPlaces(found, 1), hugePages1G: countPlaces(found, GIGANTIC_PAGES / PAGEBLOCK_PAGES) };
}

function surveyPageblocks(
  flags: Uint32Array,
  isOnline: (pfn: Pfn) => boolean,
  isStuck: (pfn: Pfn) => boolean,
): Pageblocks {
  const nr = Math.floor(flags.length / PAGEBLOCK_PAGES);
  const found = { isFree: new Uint8Array(nr).fill(1), isStuck: new Uint8Array(nr), hasHole: new Uint8Array(nr) };
  for (let pageblock = 0; pageblock < nr; pageblock++) {
    const start = pageblock * PAGEBLOCK_PAGES;
    if (!isOnline(start)) {
      found.hasHole[pageblock] = 1;
      continue;
    }
    let last = 0;
    let kind = MOVABLE;
    for (let pfn = start; pfn < start + PAGEBLOCK_PAGES; pfn++) {
      const word = flags[pfn]!;
      if ((word & FREE_FLAGS) !== 0) continue;
      found.isFree[pageblock] = 0;
      // What never moves shows in the flags, so pages of one look are asked once in a row.
      if (word !== last || pfn === start) {
        last = word;
        kind = (word & PG_NOPAGE) !== 0 ? HOLE : isStuck(pfn) ? STUCK : MOVABLE;
      }
      if (kind === HOLE) found.hasHole[pageblock] = 1;
      else if (kind === STUCK) found.isStuck[pageblock] = 1;
    }
  }
  return found;
}

/** Aligned places of so many pageblocks. */
function countPlaces({ isFree, isStuck, hasHole }: Pageblocks, length: number): Formable {
  let places = 0;
  let stuck = 0;
  let free = 0;
  for (let start = 0; start + length <= isFree.length; start += length) {
    const end = start + length;
    if (hasOne(hasHole, start, end)) continue;
    places++;
    if (hasOne(isStuck, start, end)) stuck++;
    else if (isFree.subarray(start, end).every((each) => each === 1)) free++;
  }
  return { places, stuck, free };
}

function hasOne(column: Uint8Array, start: number, end: number): boolean {
  const at = column.indexOf(1, start);
  return at >= 0 && at < end;
}
