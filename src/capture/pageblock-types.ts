import { MIGRATE_MOVABLE, MIGRATE_RECLAIMABLE, MIGRATE_UNMOVABLE, type Migratetype } from '../mm/migratetype.js';
import { MAX_PAGE_ORDER, NR_PAGE_ORDERS, PAGEBLOCK_ORDER, PAGEBLOCK_PAGES } from '../mm/units.js';
import type { Census } from './census.js';
import type { Pagetypeinfo, ZoneTypes } from './pagetypeinfo.js';
import { formatCount } from './wording.js';
import { nameOf, type PlacedZone } from './zone-ranges.js';

/** Smaller free blocks come and go between the reading of kpageflags and that of pagetypeinfo. */
const STEADY_ORDER = 7;
/** So many more pages of the kernel than of processes leave no doubt, whatever the free lists say a moment later. */
const CLEAR_PAGES = 64;
/** Neither the kernel nor processes have more in a pageblock. */
const LIKENESS_MAX = PAGEBLOCK_PAGES;

/**
 * Which migratetype each pageblock has, by number. pagetypeinfo tells how many of each there are in a zone; which they
 * are is inferred: those with most kernel memory and least memory of processes are the ones that are not movable, as
 * many as there must be, and in doubt none that has a larger free block than their free lists. Null without the file.
 */
export function inferPageblockTypes(
  census: Census,
  zones: readonly PlacedZone[],
  info: Pagetypeinfo | null,
  caveats: string[],
): Migratetype[] | null {
  if (info === null) return null;
  const { kernel, slab, bare } = census;
  const inferred: string[] = [];
  const types: Migratetype[] = new Array<Migratetype>(census.present.length).fill(MIGRATE_MOVABLE);
  for (const zone of zones) {
    const known = info.get(`${zone.record.node}/${zone.record.kind}`);
    if (known === undefined) return null;
    const chosen = chooseUnmovable(census, zone, known);
    const nrReclaimable = known.nrBlocks.get('Reclaimable') ?? 0;
    // Which of them are reclaimable matters little: slabs of inodes and dentries are most of what is.
    const slabs = (block: number) => slab[block]! - bare[block]!;
    chosen.sort((a, b) => slabs(b) - slabs(a) || a - b);
    for (const [rank, block] of chosen.entries())
      types[block] = rank < nrReclaimable ? MIGRATE_RECLAIMABLE : MIGRATE_UNMOVABLE;
    if (chosen.some((block) => kernel[block]! + bare[block]! > 0))
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
function chooseUnmovable(census: Census, zone: PlacedZone, known: ZoneTypes): number[] {
  const wanted = nrUnmovable(known);
  const left = unmovableFree(known);
  const chosen: number[] = [];
  if (wanted === 0) return chosen;
  for (const block of byLikeness(census, zone)) {
    if (likeness(census, block) < CLEAR_PAGES && !fits(census, block, left)) continue;
    for (let order = 0; order < NR_PAGE_ORDERS; order++) left[order] = left[order]! - freeIn(census, block, order);
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
  const kernel = census.kernel[block]!;
  const bare = census.bare[block]!;
  const user = census.user[block]!;
  const reserved = census.reserved[block]!;
  if (kernel + bare + user === 0) {
    const isWhole = freeIn(census, block, PAGEBLOCK_ORDER) + freeIn(census, block, MAX_PAGE_ORDER) > 0;
    return reserved > 0 ? reserved / PAGEBLOCK_PAGES / 2 : isWhole ? 0.75 : 0;
  }
  return kernel - user + (user === 0 ? bare : 0);
}

function freeIn({ blocks }: Census, block: number, order: number): number {
  return blocks[block * NR_PAGE_ORDERS + order]!;
}

/** Free blocks on the lists of all types but movable ones. */
function unmovableFree({ free }: ZoneTypes): number[] {
  const sums = new Array<number>(NR_PAGE_ORDERS).fill(0);
  for (const [type, counts] of free)
    if (type === 'Unmovable' || type === 'Reclaimable' || type === 'HighAtomic')
      for (const [order, nr] of counts.entries()) sums[order] = sums[order]! + nr;
  return sums;
}

function fits(census: Census, block: number, left: readonly number[]): boolean {
  for (let order = STEADY_ORDER; order <= MAX_PAGE_ORDER; order++)
    if (freeIn(census, block, order) > left[order]!) return false;
  return true;
}
