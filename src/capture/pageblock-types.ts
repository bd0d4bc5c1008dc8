import { MIGRATE_MOVABLE, MIGRATE_RECLAIMABLE, MIGRATE_UNMOVABLE, type Migratetype } from '../mm/migratetype.js';
import {
  PG_ANON,
  PG_BUDDY,
  PG_LRU,
  PG_NOPAGE,
  PG_RESERVED,
  PG_SLAB,
  PG_SWAPBACKED,
  PG_SWAPCACHE,
} from '../mm/page-flags.js';
import { MAX_PAGE_ORDER, NR_PAGE_ORDERS, PAGEBLOCK_ORDER, PAGEBLOCK_PAGES } from '../mm/units.js';
import type { Pagetypeinfo, ZoneTypes } from './pagetypeinfo.js';
import { TYPELESS } from './untyped-pages.js';
import { formatCount } from './wording.js';
import { nameOf, type PlacedZone } from './zone-ranges.js';

/** Memory of processes and files: it lives in movable pageblocks, as a rule. */
const USER = PG_LRU | PG_ANON | PG_SWAPCACHE | PG_SWAPBACKED;
/** Smaller free blocks come and go between the reading of kpageflags and that of pagetypeinfo. */
const STEADY_ORDER = 7;
/** So many more pages of the kernel than of processes leave no doubt, whatever the free lists say a moment later. */
const CLEAR_PAGES = 64;

/** What a pageblock holds, in pages. */
interface Contents {
  readonly block: number;
  /** Of the kernel, by their type. */
  kernel: number;
  slab: number;
  /** Without any flag: kernel memory, or free on a per-CPU list. */
  bare: number;
  user: number;
  reserved: number;
  absent: number;
  /** Free blocks by order; one of several pageblocks counts where it starts. */
  readonly free: number[];
}

/**
 * Which migratetype each pageblock has, by number. pagetypeinfo tells how many of each there are in a zone; which they
 * are is inferred: those with most kernel memory and least memory of processes are the ones that are not movable, as
 * many as there must be, and in doubt none that has a larger free block than their free lists. Null without the file.
 */
export function inferPageblockTypes(
  flags: Uint32Array,
  zones: readonly PlacedZone[],
  info: Pagetypeinfo | null,
  caveats: string[],
): Migratetype[] | null {
  if (info === null) return null;
  const inferred: string[] = [];
  const types: Migratetype[] = new Array<Migratetype>(Math.ceil(flags.length / PAGEBLOCK_PAGES)).fill(MIGRATE_MOVABLE);
  for (const zone of zones) {
    const known = info.get(`${zone.record.node}/${zone.record.kind}`);
    if (known === undefined) return null;
    const chosen = chooseUnmovable(contentsOf(flags, zone), known);
    const nrReclaimable = known.nrBlocks.get('Reclaimable') ?? 0;
    // Which of them are reclaimable matters little: slabs of inodes and dentries are most of what is.
    chosen.sort((a, b) => b.slab - b.bare - (a.slab - a.bare) || a.block - b.block);
    for (const [rank, { block }] of chosen.entries())
      types[block] = rank < nrReclaimable ? MIGRATE_RECLAIMABLE : MIGRATE_UNMOVABLE;
    if (chosen.some(({ kernel, bare }) => kernel + bare > 0))
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

function chooseUnmovable(blocks: readonly Contents[], known: ZoneTypes): Contents[] {
  const wanted = nrUnmovable(known);
  const left = unmovableFree(known);
  const chosen: Contents[] = [];
  for (const contents of [...blocks].sort((a, b) => likeness(b) - likeness(a) || a.block - b.block)) {
    if (chosen.length === wanted) break;
    if (likeness(contents) < CLEAR_PAGES && !fits(contents.free, left)) continue;
    for (const [order, nr] of contents.free.entries()) left[order] = left[order]! - nr;
    chosen.push(contents);
  }
  return chosen;
}

/**
 * How much a pageblock looks as if kernel memory were allocated from it. Memory that was reserved at boot comes after all
 * that is used, as nobody ever made its pageblocks movable, and before what is free.
 */
function likeness({ kernel, bare, user, reserved, free }: Contents): number {
  if (kernel + bare + user === 0) {
    const isWhole = free[PAGEBLOCK_ORDER]! + free[MAX_PAGE_ORDER]! > 0;
    return reserved > 0 ? reserved / PAGEBLOCK_PAGES / 2 : isWhole ? 0.75 : 0;
  }
  return kernel - user + (user === 0 ? bare : 0);
}

/** Free blocks on the lists of all types but movable ones. */
function unmovableFree({ free }: ZoneTypes): number[] {
  const sums = new Array<number>(NR_PAGE_ORDERS).fill(0);
  for (const [type, counts] of free)
    if (type === 'Unmovable' || type === 'Reclaimable' || type === 'HighAtomic')
      for (const [order, nr] of counts.entries()) sums[order] = sums[order]! + nr;
  return sums;
}

function fits(free: readonly number[], left: readonly number[]): boolean {
  for (let order = STEADY_ORDER; order <= MAX_PAGE_ORDER; order++) if (free[order]! > left[order]!) return false;
  return true;
}

function contentsOf(flags: Uint32Array, { ranges }: PlacedZone): Contents[] {
  const blocks: Contents[] = [];
  for (const { start, end } of ranges)
    for (let pfn = start; pfn < end; pfn += PAGEBLOCK_PAGES)
      blocks.push(look(flags, pfn, Math.min(end, pfn + PAGEBLOCK_PAGES)));
  return blocks;
}

function look(flags: Uint32Array, start: number, end: number): Contents {
  const free = new Array<number>(NR_PAGE_ORDERS).fill(0);
  const found = { block: start / PAGEBLOCK_PAGES, kernel: 0, slab: 0, bare: 0, user: 0, reserved: 0, absent: 0, free };
  for (let pfn = start; pfn < end; pfn++) {
    const word = flags[pfn]!;
    if ((word & PG_NOPAGE) !== 0) found.absent++;
    else if ((word & PG_RESERVED) !== 0) found.reserved++;
    else if ((word & PG_BUDDY) !== 0) {
      const order = freeOrderAt(flags, pfn);
      if (order >= 0) free[order] = free[order]! + 1;
    } else if ((word & PG_SLAB) !== 0) {
      found.kernel++;
      found.slab++;
    } else if ((word & USER) !== 0) found.user++;
    else if (word === 0) found.bare++;
    else if ((word & ~TYPELESS) !== 0) found.kernel++;
  }
  return found;
}

/** Order of the free block that starts at a free page: the largest aligned run; -1 if the page is inside of one. */
function freeOrderAt(flags: Uint32Array, pfn: number): number {
  for (let order = 0; order < MAX_PAGE_ORDER; order++) {
    const buddy = pfn ^ (1 << order);
    let isFree = true;
    for (let page = buddy; isFree && page < buddy + (1 << order); page++)
      isFree = ((flags[page] ?? 0) & PG_BUDDY) !== 0;
    if (!isFree) return order;
    if (buddy < pfn) return -1;
  }
  return MAX_PAGE_ORDER;
}
