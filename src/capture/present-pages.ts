import { BLOCK_OFFLINE } from '../mm/memory-block.js';
import { PG_NOPAGE } from '../mm/page-flags.js';
import { mergeRanges, type PfnRange } from '../mm/pfn-range.js';
import type { MemoryBlock } from './memory-blocks.js';
import { countPages } from './wording.js';
import type { PlacedZone } from './zone-ranges.js';

/** A page is there if its block is on line; of the others the kernel may have shown a memory map that nobody fills. */
export function keepOnlinePages(
  flags: Uint32Array,
  blocks: readonly MemoryBlock[],
  blockPages: number,
  caveats: string[],
): void {
  const listed = blocks.map(({ block }) => ({ start: block * blockPages, end: (block + 1) * blockPages }));
  const nrOutside = dropOutside(flags, mergeRanges(listed));
  if (nrOutside > 0) {
    caveats.push(`${countPages(nrOutside)} in no block that memory_blocks lists, treated as absent.`);
  }
  for (const { block, state } of blocks) {
    if (state === BLOCK_OFFLINE) flags.fill(PG_NOPAGE, block * blockPages, (block + 1) * blockPages);
  }
}

/** What no zone has, no allocator hands out. */
export function keepZonedPages(flags: Uint32Array, zones: readonly PlacedZone[], caveats: string[]): void {
  const nrOutside = dropOutside(flags, mergeRanges(zones.flatMap(({ ranges }) => ranges)));
  if (nrOutside > 0) caveats.push(`${countPages(nrOutside)} in no zone of zoneinfo, treated as absent.`);
}

/** Makes holes of everything between the ranges, which are sorted and disjoint; gives the number of pages lost. */
function dropOutside(flags: Uint32Array, ranges: readonly PfnRange[]): number {
  let nrLost = 0;
  let hole = 0;
  for (const { start, end } of [...ranges, { start: flags.length, end: flags.length }]) {
    for (let pfn = hole; pfn < start; pfn++) if (((flags[pfn] as number) & PG_NOPAGE) === 0) nrLost++;
    if (start > hole) flags.fill(PG_NOPAGE, hole, start);
    hole = end;
  }
  return nrLost;
}
