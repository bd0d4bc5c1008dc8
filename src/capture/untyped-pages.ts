import { MIGRATE_MOVABLE, type Migratetype } from '../mm/migratetype.js';
import {
  PG_ACTIVE,
  PG_ANON,
  PG_BUDDY,
  PG_ERROR,
  PG_HEAD,
  PG_LOCKED,
  PG_LRU,
  PG_MMAP,
  PG_MOVABLE_OPS,
  PG_PCP,
  PG_PRIVATE,
  PG_RECLAIM,
  PG_REFERENCED,
  PG_SWAPBACKED,
  PG_SWAPCACHE,
  PG_TAIL,
  PG_UPTODATE,
} from '../mm/page-flags.js';
import type { PfnRange } from '../mm/pfn-range.js';
import { PAGEBLOCK_PAGES } from '../mm/units.js';
import { countPages, formatCount } from './wording.js';
import { nameOf, type PlacedZone } from './zone-ranges.js';

/** Bits that say how a page fares, not what it is. */
export const TYPELESS = PG_LOCKED | PG_ERROR | PG_REFERENCED | PG_ACTIVE | PG_RECLAIM | PG_MMAP | PG_PRIVATE;
/** As a page is after its first fault. */
const FRESH_ANONYMOUS = PG_ANON | PG_SWAPBACKED | PG_UPTODATE | PG_LRU;

export interface CapturedPages {
  readonly flags: Uint32Array;
  readonly mapcounts: Uint16Array;
  /** False if no kpagecount was captured; then counts and flags cannot contradict each other. */
  readonly areCountsKnown: boolean;
}

/** Pages of one zone that flags alone do not explain. */
interface Unexplained {
  /** No flag and no mapping: free on a per-CPU list, or memory of the kernel. */
  readonly bare: number[];
  /** In use by the look of it, of no type. */
  readonly nameless: number[];
  nrMappedSince: number;
  nrUnmappedSince: number;
  nrHeldUnmapped: number;
}

/**
 * Gives types to pages that have none in kpageflags, by what zoneinfo counted and by what a zone may hold. A page that
 * stays without any flag is memory of the kernel.
 */
export function nameUntypedPages(
  pages: CapturedPages,
  zones: readonly PlacedZone[],
  types: readonly Migratetype[] | null,
  caveats: string[],
): void {
  for (const zone of zones) {
    const name = nameOf(zone, zones);
    const unexplained = collect(pages, zone);
    tellRaces(unexplained, name, caveats);
    nameZspages(pages, unexplained.nameless, zone, name, caveats);
    nameNameless(pages, unexplained.nameless, zone, name, caveats);
    nameBare(pages, unexplained, zone, types, name, caveats);
  }
}

/**
 * kpagecount is read after kpageflags, and processes start and end between the two (the reader's own, for one): a page
 * without flags but with mappings was free and is an anonymous page now; an anonymous page that was mapped and has no
 * mapping left was freed to a per-CPU list.
 */
function collect(pages: CapturedPages, { ranges }: PlacedZone): Unexplained {
  const { flags, mapcounts, areCountsKnown } = pages;
  const found: Unexplained = { bare: [], nameless: [], nrMappedSince: 0, nrUnmappedSince: 0, nrHeldUnmapped: 0 };
  for (const { start, end } of ranges) {
    for (let pfn = start; pfn < end; pfn++) {
      const word = flags[pfn] as number;
      if (word === 0) {
        if (mapcounts[pfn] === 0) found.bare.push(pfn);
        else {
          flags[pfn] = FRESH_ANONYMOUS;
          found.nrMappedSince++;
        }
      } else if ((word & ~TYPELESS) === 0) found.nameless.push(pfn);
      else if (areCountsKnown && mapcounts[pfn] === 0 && isSingleAnonymous(word)) {
        if ((word & PG_MMAP) === 0) found.nrHeldUnmapped++;
        else {
          flags[pfn] = PG_PCP;
          found.nrUnmappedSince++;
        }
      }
    }
  }
  return found;
}

function isSingleAnonymous(word: number): boolean {
  return (word & (PG_ANON | PG_SWAPCACHE | PG_HEAD | PG_TAIL)) === PG_ANON;
}

function tellRaces(unexplained: Unexplained, name: string, caveats: string[]): void {
  const { nrMappedSince, nrUnmappedSince, nrHeldUnmapped } = unexplained;
  if (nrHeldUnmapped > 0) {
    caveats.push(
      `${name}: ${countPages(nrHeldUnmapped, 'anonymous')} with neither a mapping nor a swap slot, held by something ` +
        'that is not known.',
    );
  }
  if (nrMappedSince + nrUnmappedSince === 0) return;
  caveats.push(
    `${name}: ${countPages(nrMappedSince)} without flags had mappings when kpagecount was read, a moment after ` +
      `kpageflags, and ${countPages(nrUnmappedSince, 'anonymous')} had none left; the former are treated as ` +
      'anonymous, the latter as free.',
  );
}

/**
 * zsmalloc, mm/zsmalloc.c: until 6.10 its pages keep an offset where others count mappings, so they look mapped, and
 * the first page of each zspage has PG_private. Since 6.11 they have a page type there, which the file does not show:
 * only the first page of each zspage has a flag at all.
 */
function nameZspages(
  { flags, mapcounts }: CapturedPages,
  nameless: number[],
  { record }: PlacedZone,
  name: string,
  caveats: string[],
): void {
  const likeness = (pfn: number): number => {
    const word = flags[pfn] as number;
    return ((word & PG_PRIVATE) === 0 ? 0 : 2) + ((word & PG_MMAP) === 0 ? 0 : 1);
  };
  const candidates = nameless.filter((pfn) => likeness(pfn) > 0).sort((a, b) => likeness(b) - likeness(a) || a - b);
  const nrZspages = record.counters?.nrZspages ?? candidates.filter((pfn) => likeness(pfn) === 3).length;
  for (const pfn of candidates.slice(0, nrZspages)) {
    flags[pfn] = PG_MOVABLE_OPS;
    mapcounts[pfn] = 0;
  }
  const named = new Set(candidates.slice(0, nrZspages));
  // One by one: there may be more than an argument list can hold.
  let nrLeft = 0;
  for (const pfn of nameless) if (!named.has(pfn)) nameless[nrLeft++] = pfn;
  nameless.length = nrLeft;
  if (named.size === nrZspages) return;
  caveats.push(
    `${name}: zsmalloc has ${countPages(nrZspages)}, of which ${formatCount(named.size)} could be found; the others ` +
      'carry no flag on this kernel and are counted with the untyped pages.',
  );
}

/** Types unknown here. In zone Movable a mapped page is memory of a process, as the kernel may not live there. */
function nameNameless(
  { flags, mapcounts }: CapturedPages,
  nameless: readonly number[],
  { record }: PlacedZone,
  name: string,
  caveats: string[],
): void {
  let nrKernel = 0;
  for (const pfn of nameless) {
    if (record.kind === 'Movable' && (mapcounts[pfn] as number) > 0) {
      flags[pfn] = FRESH_ANONYMOUS;
      continue;
    }
    flags[pfn] = 0;
    mapcounts[pfn] = 0;
    nrKernel++;
  }
  if (record.kind !== 'Movable' || nrKernel === 0) return;
  caveats.push(`${name}: ${countPages(nrKernel)} in use without a type or a mapping, treated as kernel memory.`);
}

/** Free pages of per-CPU lists look like untyped kernel pages, except where the kernel has no pages. */
function nameBare(
  { flags }: CapturedPages,
  { bare, nrUnmappedSince }: Unexplained,
  zone: PlacedZone,
  types: readonly Migratetype[] | null,
  name: string,
  caveats: string[],
): void {
  if (bare.length === 0) return;
  const { record } = zone;
  const nrPcp = record.counters?.nrPcp ?? null;
  if (record.kind === 'Movable') {
    for (const pfn of bare) flags[pfn] = PG_PCP;
    const nrTaken = bare.length + nrUnmappedSince;
    if (nrTaken === nrPcp) return;
    caveats.push(
      `${name}: ${countPages(nrTaken)} taken as free on per-CPU lists, ` +
        (nrPcp === null ? 'and no zoneinfo says how many there were.' : `and zoneinfo counted ${formatCount(nrPcp)}.`),
    );
    return;
  }
  if (nrPcp === null) {
    caveats.push(
      `${name}: how many of ${countPages(bare.length, 'untyped')} are free on per-CPU lists is not known; all are ` +
        'treated as kernel memory.',
    );
  } else if (bare.length <= nrPcp) {
    for (const pfn of bare) flags[pfn] = PG_PCP;
  } else if (types !== null) {
    nameBareInMovableBlocks(flags, bare, zone, types, name, caveats);
  } else if (nrPcp > 0) {
    caveats.push(
      `${name}: ${formatCount(nrPcp)} of ${countPages(bare.length, 'untyped')} are free on per-CPU lists, which ones ` +
        'cannot be known; all are treated as kernel memory.',
    );
  }
}

/**
 * What the kernel takes for itself it takes from pageblocks of its own, nearly always: a page without a flag in a movable
 * one is free on a list. There can be as many as the lists may hold; the pageblocks with most of them come first. Lists
 * fill and empty all the time: where fewer were on them when zoneinfo was read, and so many more free, the rest had left
 * the lists.
 */
function nameBareInMovableBlocks(
  flags: Uint32Array,
  bare: readonly number[],
  { record, ranges }: PlacedZone,
  types: readonly Migratetype[],
  name: string,
  caveats: string[],
): void {
  const { nrPcp = 0, nrFree = 0, pagesets = [] } = record.counters ?? {};
  const nrMost = Math.max(
    nrPcp,
    pagesets.reduce((sum, { high }) => sum + high, 0),
  );
  const taken = inMovableBlocks(bare, types).slice(0, nrMost);
  const nrGone = Math.max(0, Math.min(taken.length - nrPcp, nrFree - countFree(flags, ranges)));
  for (const [index, pfn] of taken.entries()) flags[pfn] = index < nrGone ? PG_BUDDY : PG_PCP;
  if (taken.length === 0 && nrPcp === 0) return;
  caveats.push(
    `${name}: ${formatCount(taken.length)} of ${countPages(bare.length, 'untyped')} lie in movable pageblocks and are ` +
      `taken as free on per-CPU lists, where zoneinfo counted ${formatCount(nrPcp)} a moment later` +
      `${nrGone === 0 ? '' : `, so ${formatCount(nrGone)} of them as given back to the allocator`}; the others are ` +
      'treated as kernel memory.',
  );
}

/** Of the pages those that lie in movable pageblocks, a pageblock after the other, the fullest first. */
function inMovableBlocks(pfns: readonly number[], types: readonly Migratetype[]): number[] {
  const byBlock = new Map<number, number[]>();
  for (const pfn of pfns) {
    const block = Math.floor(pfn / PAGEBLOCK_PAGES);
    if (types[block] !== MIGRATE_MOVABLE) continue;
    const inBlock = byBlock.get(block);
    if (inBlock === undefined) byBlock.set(block, [pfn]);
    else inBlock.push(pfn);
  }
  return [...byBlock.values()].sort((a, b) => b.length - a.length).flat();
}

function countFree(flags: Uint32Array, ranges: readonly PfnRange[]): number {
  let nrFree = 0;
  for (const { start, end } of ranges)
    for (let pfn = start; pfn < end; pfn++) if (((flags[pfn] as number) & PG_BUDDY) !== 0) nrFree++;
  return nrFree;
}
