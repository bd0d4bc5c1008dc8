import { MIGRATE_MOVABLE, MIGRATE_RECLAIMABLE, MIGRATE_UNMOVABLE, type Migratetype } from '../mm/migratetype.js';
import { PG_BUDDY } from '../mm/page-flags.js';
import { MAX_PAGE_ORDER, NR_PAGE_ORDERS, type Order, PAGEBLOCK_ORDER, PAGEBLOCK_PAGES } from '../mm/units.js';
import { BARE, type Census, FREE, KERNEL, pagesOf, RESERVED, SLABS, USERS } from './census.js';
import type { Pagetypeinfo, ZoneTypes } from './pagetypeinfo.js';
import { formatCount } from './wording.js';
import { nameOf, type PlacedZone } from './zone-ranges.js';

/** Smaller free blocks come and go between the reading of kpageflags and that of pagetypeinfo. */
const STEADY_ORDER = 7;
const STEADY_PAGES = 2 ** STEADY_ORDER;
/** So many more pages of the kernel than of processes leave no doubt, whatever the free lists say a moment later. */
const CLEAR_PAGES = 64;
/** Neither the kernel nor processes have more in a pageblock. */
const LIKENESS_MAX = PAGEBLOCK_PAGES;

/** Pages with what was counted of them. */
export interface CountedPages {
  readonly flags: Uint32Array;
  readonly census: Census;
}

/**
 * Which migratetype each pageblock has, by number. pagetypeinfo tells how many of each there are in a zone; which they
 * are is inferred: those with most kernel memory and least memory of processes are the ones that are not movable, as
 * many as there must be, and in doubt none that has a larger free block than their free lists. Null without the file.
 */
export function inferPageblockTypes(
  pages: CountedPages,
  zones: readonly PlacedZone[],
  info: Pagetypeinfo | null,
  caveats: string[],
): Migratetype[] | null {
  if (info === null) return null;
  const { census, flags } = pages;
  const slabs = (block: number) => pagesOf(census, block, SLABS) - pagesOf(census, block, BARE);
  const isUsed = (block: number) => kernelPages(census, block) + pagesOf(census, block, BARE) > 0;
  const inferred: string[] = [];
  const types: Migratetype[] = new Array<Migratetype>(Math.ceil(flags.length / PAGEBLOCK_PAGES)).fill(MIGRATE_MOVABLE);
  for (const zone of zones) {
    const known = info.get(`${zone.record.node}/${zone.record.kind}`);
    if (known === undefined) return null;
    const chosen = chooseUnmovable(pages, zone, known);
    const nrReclaimable = known.nrBlocks.get('Reclaimable') ?? 0;
    // Which of them are reclaimable matters little: slabs of inodes and dentries are most of what is.
    chosen.sort((a, b) => slabs(b) - slabs(a) || a - b);
    for (const [rank, block] of chosen.entries())
      types[block] = rank < nrReclaimable ? MIGRATE_RECLAIMABLE : MIGRATE_UNMOVABLE;
    if (chosen.some(isUsed))
      inferred.push(`${formatCount(nrUnmovable(known))} of ${nameOf(zone, zones).replace('Zone', 'zone')}`);
  }
  if (inferred.length > 0) {
    caveats.push(
      `Which pageblocks are not movable, ${inferred.join(', ')} by pagetypeinfo, is inferred from what they hold.`,
    );
  }
  return types;
}

/** Pageblocks that are neither movable nor set aside for it. */
function nrUnmovable({ nrBlocks }: ZoneTypes): number {
  const nr = (name: string): number => nrBlocks.get(name) ?? 0;
  return nr('Unmovable') + nr('Reclaimable') + nr('HighAtomic');
}

/** The likeliest first, and of those that are equally likely the lowest. */
function chooseUnmovable(pages: CountedPages, zone: PlacedZone, known: ZoneTypes): number[] {
  const { census } = pages;
  const wanted = nrUnmovable(known);
  const left = unmovableFree(known);
  const chosen: number[] = [];
  if (wanted === 0) return chosen;
  for (const block of byLikeness(census, zone)) {
    const free = steadyFree(pages, block);
    if (likeness(census, block) < CLEAR_PAGES && free.some((nr, index) => nr > left[STEADY_ORDER + index]!)) continue;
    for (const [index, nr] of free.entries()) left[STEADY_ORDER + index] = left[STEADY_ORDER + index]! - nr;
    chosen.push(block);
    if (chosen.length === wanted) break;
  }
  return chosen;
}

/** The zone's pageblocks in that order, as many as are looked at. */
function* byLikeness(census: Census, { ranges }: PlacedZone): Generator<number> {
  const ranks: number[][] = Array.from({ length: 2 * LIKENESS_MAX + 1 }, () => []);
  for (const { start, end } of ranges)
    for (let pfn = start; pfn < end; pfn += PAGEBLOCK_PAGES) {
      const block = pfn / PAGEBLOCK_PAGES;
      ranks[Math.floor(likeness(census, block)) + LIKENESS_MAX]!.push(block);
    }
  for (const rank of ranks.reverse()) yield* rank.sort((a, b) => likeness(census, b) - likeness(census, a) || a - b);
}

/**
 * How much a pageblock looks as if kernel memory were allocated from it. Memory that was reserved at boot comes after all
 * that is used, as nobody ever made its pageblocks movable, and before what is free.
 */
function likeness(census: Census, block: number): number {
  const kernel = kernelPages(census, block);
  const bare = pagesOf(census, block, BARE);
  const user = pagesOf(census, block, USERS);
  if (kernel + bare + user > 0) return kernel - user + (user === 0 ? bare : 0);
  const reserved = pagesOf(census, block, RESERVED);
  return reserved > 0 ? reserved / PAGEBLOCK_PAGES / 2 : wholeOrder(census, block) > 0 ? 0.75 : 0;
}

function kernelPages(census: Census, block: number): number {
  return pagesOf(census, block, KERNEL) + pagesOf(census, block, SLABS);
}

/** Order of the free block that a pageblock is, or is the first half of; 0 for none. */
function wholeOrder(census: Census, block: number): Order {
  const isFree = (each: number) => pagesOf(census, each, FREE) === PAGEBLOCK_PAGES;
  if (!isFree(block)) return 0;
  if (!isFree(block ^ 1)) return PAGEBLOCK_ORDER;
  return block % 2 === 0 ? MAX_PAGE_ORDER : 0;
}

/** Free blocks on the lists of all types but movable ones, by order. */
function unmovableFree({ free }: ZoneTypes): number[] {
  const sums = new Array<number>(NR_PAGE_ORDERS).fill(0);
  for (const [type, counts] of free)
    if (type === 'Unmovable' || type === 'Reclaimable' || type === 'HighAtomic')
      for (const [order, nr] of counts.entries()) sums[order] = sums[order]! + nr;
  return sums;
}

/** Free blocks that start in a pageblock, from STEADY_ORDER on: the largest aligned runs. */
function steadyFree({ flags, census }: CountedPages, block: number): number[] {
  const found = new Array<number>(NR_PAGE_ORDERS - STEADY_ORDER).fill(0);
  const nrFree = pagesOf(census, block, FREE);
  if (nrFree === PAGEBLOCK_PAGES) {
    const order = wholeOrder(census, block);
    if (order > 0) found[order - STEADY_ORDER] = 1;
    return found;
  }
  if (nrFree < STEADY_PAGES) return found;
  const areFree = [0, 1, 2, 3].map((part) => isFree(flags, block * PAGEBLOCK_PAGES + part * STEADY_PAGES));
  for (const half of [0, 2]) {
    const nr = Number(areFree[half]) + Number(areFree[half + 1]);
    if (nr > 0) found[nr - 1] = found[nr - 1]! + 1;
  }
  return found;
}

function isFree(flags: Uint32Array, start: number): boolean {
  for (let pfn = start; pfn < start + STEADY_PAGES; pfn++) if (((flags[pfn] ?? 0) & PG_BUDDY) === 0) return false;
  return true;
}
