import { MIGRATE_MOVABLE, type Migratetype } from '../mm/migratetype.js';
import { PG_BUDDY, PG_MMAP, PG_MOVABLE_OPS, PG_PCP, PG_PRIVATE } from '../mm/page-flags.js';
import { PAGEBLOCK_ORDER, PAGEBLOCK_PAGES } from '../mm/units.js';
import { type Census, FREE, pagesIn } from './census.js';
import { type CapturedPages, FRESH_ANONYMOUS, type Unexplained } from './mappings.js';
import { countPages, formatCount } from './wording.js';
import { nameOf, type PlacedZone } from './zone-ranges.js';

/**
 * Gives types to pages that have none in kpageflags, by what zoneinfo counted and by what a zone may hold. A page that
 * stays without any flag is memory of the kernel.
 */
export function nameUntypedPages(
  pages: CapturedPages,
  found: readonly Unexplained[],
  zones: readonly PlacedZone[],
  { census, types }: { census: Census; types: readonly Migratetype[] | null },
  caveats: string[],
): void {
  for (const [index, zone] of zones.entries()) {
    const name = nameOf(zone, zones);
    const unexplained = found[index]!;
    tellRaces(unexplained, name, caveats);
    // Pages without a flag first: nameless ones that turn out to be the kernel's lose theirs.
    const ofBare: string[] = [];
    nameBare(pages, unexplained, zone, { census, types }, name, ofBare);
    nameZspages(pages, unexplained.nameless, zone, name, caveats);
    nameNameless(pages, unexplained.nameless, zone, name, caveats);
    caveats.push(...ofBare);
  }
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
  pages: CapturedPages,
  { nrBare, nrUnmappedSince }: Unexplained,
  zone: PlacedZone,
  { census, types }: { census: Census; types: readonly Migratetype[] | null },
  name: string,
  caveats: string[],
): void {
  if (nrBare === 0) return;
  const { record, ranges } = zone;
  const nrPcp = record.counters?.nrPcp ?? null;
  if (record.kind === 'Movable') {
    nameIn(pages, pageblocksIn(pages, zone), nrBare, 0);
    const nrTaken = nrBare + nrUnmappedSince;
    if (nrTaken === nrPcp) return;
    caveats.push(
      `${name}: ${countPages(nrTaken)} taken as free on per-CPU lists, ` +
        (nrPcp === null ? 'and no zoneinfo says how many there were.' : `and zoneinfo counted ${formatCount(nrPcp)}.`),
    );
    return;
  }
  if (nrPcp === null) {
    caveats.push(
      `${name}: how many of ${countPages(nrBare, 'untyped')} are free on per-CPU lists is not known; all are ` +
        'treated as kernel memory.',
    );
  } else if (nrBare <= nrPcp) {
    nameIn(pages, pageblocksIn(pages, zone), nrBare, 0);
  } else if (types !== null) {
    nameBareInMovableBlocks(pages, nrBare, zone, { types, nrFound: pagesIn(census, ranges, FREE) }, name, caveats);
  } else if (nrPcp > 0) {
    caveats.push(
      `${name}: ${formatCount(nrPcp)} of ${countPages(nrBare, 'untyped')} are free on per-CPU lists, which ones ` +
        'cannot be known; all are treated as kernel memory.',
    );
  }
}

/**
 * What the kernel takes for itself it takes from pageblocks of its own, nearly always: a page without a flag in a movable
 * one is free on a list. There can be as many as the lists may hold; the pageblocks with most of them come first. Lists
 * fill and empty all the time: where fewer were on them when zoneinfo was read, and so many more free than were found,
 * the rest had left the lists.
 */
function nameBareInMovableBlocks(
  pages: CapturedPages,
  nrBare: number,
  zone: PlacedZone,
  { types, nrFound }: { types: readonly Migratetype[]; nrFound: number },
  name: string,
  caveats: string[],
): void {
  const { nrPcp = 0, nrFree = 0, pagesets = [] } = zone.record.counters ?? {};
  const nrMost = Math.max(
    nrPcp,
    pagesets.reduce((sum, { high }) => sum + high, 0),
  );
  const { bareIn } = pages;
  const movable = pageblocksIn(pages, zone).filter((pageblock) => types[pageblock] === MIGRATE_MOVABLE);
  movable.sort((a, b) => bareIn[b]! - bareIn[a]!);
  const nrThere = movable.reduce((sum, pageblock) => sum + bareIn[pageblock]!, 0);
  const nrTaken = Math.min(nrThere, nrMost);
  const nrGone = Math.max(0, Math.min(nrTaken - nrPcp, nrFree - nrFound));
  nameIn(pages, movable, nrTaken, nrGone);
  if (nrTaken === 0 && nrPcp === 0) return;
  caveats.push(
    `${name}: ${formatCount(nrTaken)} of ${countPages(nrBare, 'untyped')} lie in movable pageblocks and are ` +
      `taken as free on per-CPU lists, where zoneinfo counted ${formatCount(nrPcp)} a moment later` +
      `${nrGone === 0 ? '' : `, so ${formatCount(nrGone)} of them as given back to the allocator`}; the others are ` +
      'treated as kernel memory.',
  );
}

/** Pageblocks of a zone that have pages without a flag, ascending. */
function pageblocksIn({ bareIn }: CapturedPages, { ranges }: PlacedZone): number[] {
  const found: number[] = [];
  for (const { start, end } of ranges)
    for (let pageblock = start >>> PAGEBLOCK_ORDER; pageblock < end / PAGEBLOCK_PAGES; pageblock++)
      if (bareIn[pageblock] !== 0) found.push(pageblock);
  return found;
}

/** The first pages without a flag in these pageblocks are free: `nrGone` in the allocator, the others on lists. */
function nameIn(pages: CapturedPages, pageblocks: readonly number[], nrTaken: number, nrGone: number): void {
  const { flags, mapcounts, bareIn, hasListed } = pages;
  let nr = 0;
  for (const pageblock of pageblocks) {
    if (nr === nrTaken) return;
    hasListed[pageblock] = 1;
    let left = bareIn[pageblock]!;
    for (let pfn = pageblock * PAGEBLOCK_PAGES; left > 0 && nr < nrTaken; pfn++) {
      if (flags[pfn] !== 0 || mapcounts[pfn] !== 0) continue;
      flags[pfn] = nr++ < nrGone ? PG_BUDDY : PG_PCP;
      left--;
    }
  }
}
