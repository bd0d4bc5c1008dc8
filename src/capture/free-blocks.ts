import { PG_BUDDY } from '../mm/page-flags.js';
import type { PfnRange } from '../mm/pfn-range.js';
import { MAX_PAGE_ORDER, PAGEBLOCK_PAGES } from '../mm/units.js';
import { type Census, FREE, pagesIn, pagesOf } from './census.js';
import { formatCount } from './wording.js';
import type { PlacedZone } from './zone-ranges.js';

/** Free blocks by order, for "node/kind". */
export type Buddyinfo = ReadonlyMap<string, readonly number[]>;

/** /proc/buddyinfo: `Node 0, zone DMA32 n0 n1 ...`, the number of free blocks of each order. */
export function parseBuddyinfo(text: string): Buddyinfo {
  const zones = new Map<string, readonly number[]>();
  for (const line of text.split('\n')) {
    const match = /^Node (\d{1,4}), zone\s+(\S+)((?:\s+\d{1,12})+)\s*$/.exec(line);
    if (match !== null) zones.set(`${match[1]}/${match[2]}`, (match[3] as string).trim().split(/\s+/).map(Number));
  }
  return zones;
}

/**
 * Marks every page of a free block. Kernels since 2.6.34 do so themselves (stable_page_flags asks is_free_buddy_page);
 * the documentation of the file still says that only the first page is marked, and other sources may hold to it. True if
 * there was anything to mark.
 */
export function markWholeFreeBlocks(
  flags: Uint32Array,
  census: Census,
  zones: readonly PlacedZone[],
  buddyinfo: Buddyinfo | null,
  caveats: string[],
): boolean {
  const nrMarked = pagesIn(census, [{ start: 0, end: flags.length }], FREE);
  // Two marked pages of one aligned pair are one free block, or else the allocator would have merged them.
  if (nrMarked === 0 || nrPairsIn(flags, census) * 50 > nrMarked) return false;
  const nrFree = nrFreePages(zones, buddyinfo);
  if (nrFree === null) {
    caveats.push(
      'Every free block in kpageflags looks like a single page, and the capture has neither zoneinfo nor buddyinfo: ' +
        'if only first pages are marked, the rest of each free block is mistaken for something else.',
    );
    return false;
  }
  if (nrMarked * 10 > nrFree * 9) return false;
  for (const zone of zones) expandHeads(flags, zone, buddyinfo);
  caveats.push(
    `kpageflags marks ${formatCount(nrMarked)} pages for ${formatCount(nrFree)} free ones, the first of each free ` +
      'block: how long each block is was worked out from its place' +
      `${buddyinfo === null ? '' : ' and from buddyinfo'}.`,
  );
  return true;
}

/** Pageblocks that are free as a whole tell enough, where there are any; else all pages are looked at. */
function nrPairsIn(flags: Uint32Array, census: Census): number {
  let nrWhole = 0;
  let nrFree = 0;
  for (let pageblock = 0; pageblock < flags.length / PAGEBLOCK_PAGES; pageblock++) {
    const nr = pagesOf(census, pageblock, FREE);
    nrFree += nr;
    if (nr === PAGEBLOCK_PAGES) nrWhole++;
  }
  if (nrWhole * (PAGEBLOCK_PAGES / 2) * 50 > nrFree) return nrWhole * (PAGEBLOCK_PAGES / 2);
  let nrPairs = 0;
  for (let pfn = 0; pfn + 1 < flags.length; pfn += 2) if ((flags[pfn]! & flags[pfn + 1]! & PG_BUDDY) !== 0) nrPairs++;
  return nrPairs;
}

function nrFreePages(zones: readonly PlacedZone[], buddyinfo: Buddyinfo | null): number | null {
  if (zones.every(({ record }) => record.counters !== null)) {
    return zones.reduce((sum, { record }) => sum + (record.counters?.nrFree ?? 0), 0);
  }
  if (buddyinfo === null) return null;
  let nrFree = 0;
  for (const counts of buddyinfo.values()) for (const [order, count] of counts.entries()) nrFree += count * 2 ** order;
  return nrFree;
}

/** A block reaches at most over the flagless pages behind its head; the heads with most room get the longest blocks. */
function expandHeads(flags: Uint32Array, { record, ranges }: PlacedZone, buddyinfo: Buddyinfo | null): void {
  const heads = ranges.flatMap((range) => headsIn(flags, range)).sort((a, b) => b.order - a.order);
  const left = [...(buddyinfo?.get(`${record.node}/${record.kind}`) ?? [])];
  for (const { pfn, order: room } of heads) {
    let order = room;
    if (left.length > 0) {
      while (order > 0 && (left[order] ?? 0) === 0) order--;
      left[order] = (left[order] ?? 0) - 1;
    }
    flags.fill(PG_BUDDY, pfn, pfn + 2 ** order);
  }
}

function headsIn(flags: Uint32Array, { start, end }: PfnRange): { pfn: number; order: number }[] {
  const heads: { pfn: number; order: number }[] = [];
  for (let pfn = start; pfn < end; pfn++) {
    if (((flags[pfn] as number) & PG_BUDDY) === 0) continue;
    let order = 0;
    let clear = pfn + 1;
    while (order < MAX_PAGE_ORDER && pfn % 2 ** (order + 1) === 0 && pfn + 2 ** (order + 1) <= end) {
      while (clear < pfn + 2 ** (order + 1) && flags[clear] === 0) clear++;
      if (clear < pfn + 2 ** (order + 1)) break;
      order++;
    }
    heads.push({ pfn, order });
  }
  return heads;
}
