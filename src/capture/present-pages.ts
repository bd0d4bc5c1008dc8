import { BLOCK_OFFLINE } from '../mm/memory-block.js';
import { PG_NOPAGE } from '../mm/page-flags.js';
import { mergeRanges, type PfnRange } from '../mm/pfn-range.js';
import { PAGEBLOCK_PAGES } from '../mm/units.js';
import { type Census, countAbsent, hasPresent } from './census.js';
import type { MemoryBlock } from './memory-blocks.js';
import { countPages } from './wording.js';
import type { PlacedZone } from './zone-ranges.js';

/** The flags of all pages, and what each pageblock holds by them. Both stay true to each other here. */
export interface CountedFlags {
  readonly flags: Uint32Array;
  readonly census: Census;
}

/** A page is there if its block is on line; of the others the kernel may have shown a memory map that nobody fills. */
export function keepOnlinePages(
  counted: CountedFlags,
  blocks: readonly MemoryBlock[],
  blockPages: number,
  caveats: string[],
): void {
  const listed = blocks.map(({ block }) => ({ start: block * blockPages, end: (block + 1) * blockPages }));
  const nrOutside = dropOutside(counted, mergeRanges(listed));
  if (nrOutside > 0) {
    caveats.push(`${countPages(nrOutside)} in no block that memory_blocks lists, treated as absent.`);
  }
  for (const { block, state } of blocks)
    if (state === BLOCK_OFFLINE) dropRange(counted, block * blockPages, (block + 1) * blockPages);
}

/** What no zone has, no allocator hands out. */
export function keepZonedPages(counted: CountedFlags, zones: readonly PlacedZone[], caveats: string[]): void {
  const nrOutside = dropOutside(counted, mergeRanges(zones.flatMap(({ ranges }) => ranges)));
  if (nrOutside > 0) caveats.push(`${countPages(nrOutside)} in no zone of zoneinfo, treated as absent.`);
}

/** Makes holes of everything between the ranges, which are sorted and disjoint; gives the number of pages lost. */
function dropOutside(counted: CountedFlags, ranges: readonly PfnRange[]): number {
  let nrLost = 0;
  let hole = 0;
  const end = counted.flags.length;
  for (const { start, end: next } of [...ranges, { start: end, end }]) {
    nrLost += dropRange(counted, hole, start);
    hole = next;
  }
  return nrLost;
}

/** Most of a hole has no page to lose, and its pageblocks say so. */
function dropRange({ flags, census }: CountedFlags, start: number, end: number): number {
  let nrLost = 0;
  for (let pfn = start; pfn < end; ) {
    const limit = Math.min(end, (pfn | (PAGEBLOCK_PAGES - 1)) + 1);
    if (hasPresent(census, pfn)) nrLost += dropPages({ flags, census }, pfn, limit);
    pfn = limit;
  }
  return nrLost;
}

/** Pages of one pageblock. */
function dropPages({ flags, census }: CountedFlags, start: number, end: number): number {
  let nrLost = 0;
  for (let pfn = start; pfn < end; pfn++) {
    if (flags[pfn] === PG_NOPAGE) continue;
    countAbsent(census, pfn, flags[pfn]!);
    flags[pfn] = PG_NOPAGE;
    nrLost++;
  }
  return nrLost;
}
