import { BLOCK_OFFLINE } from '../mm/memory-block.js';
import { PG_NOPAGE } from '../mm/page-flags.js';
import { mergeRanges, type PfnRange } from '../mm/pfn-range.js';
import type { MemoryBlock } from './memory-blocks.js';
import { countPages } from './wording.js';
import type { PlacedZone } from './zone-ranges.js';

/**
 * A page is there if its block is on line; of the others the kernel may have shown a memory map that nobody fills. Both of
 * these say whether any page went.
 */
export function keepOnlinePages(
  flags: Uint32Array,
  blocks: readonly MemoryBlock[],
  blockPages: number,
  caveats: string[],
): boolean {
  const listed = blocks.map(({ block }) => ({ start: block * blockPages, end: (block + 1) * blockPages }));
  const nrOutside = dropOutside(flags, mergeRanges(listed));
  if (nrOutside > 0) {
    caveats.push(`${countPages(nrOutside)} in no block that memory_blocks lists, treated as absent.`);
  }
  let nrOffline = 0;
  for (const { block, state } of blocks)
    if (state === BLOCK_OFFLINE) nrOffline += dropRange(flags, block * blockPages, (block + 1) * blockPages);
  return nrOutside + nrOffline > 0;
}

/** What no zone has, no allocator hands out. */
export function keepZonedPages(flags: Uint32Array, zones: readonly PlacedZone[], caveats: string[]): boolean {
  const nrOutside = dropOutside(flags, mergeRanges(zones.flatMap(({ ranges }) => ranges)));
  if (nrOutside > 0) caveats.push(`${countPages(nrOutside)} in no zone of zoneinfo, treated as absent.`);
  return nrOutside > 0;
}

/** Makes holes of everything between the ranges, which are sorted and disjoint; gives the number of pages lost. */
function dropOutside(flags: Uint32Array, ranges: readonly PfnRange[]): number {
  let nrLost = 0;
  let hole = 0;
  for (const { start, end } of [...ranges, { start: flags.length, end: flags.length }]) {
    nrLost += dropRange(flags, hole, start);
    hole = end;
  }
  return nrLost;
}

function dropRange(flags: Uint32Array, start: number, end: number): number {
  let nrLost = 0;
  for (let pfn = start; pfn < end; pfn++) if (flags[pfn] !== PG_NOPAGE) nrLost++;
  if (nrLost > 0) flags.fill(PG_NOPAGE, start, end);
  return nrLost;
}
