import type { MemoryHost } from '../../host/memory-host.js';
import type { MigrationService } from '../../migration/migration-service.js';
import { endOfCompound } from '../../mm/compound-page.js';
import { FREE_FLAGS, PG_HEAD, PG_NOPAGE, PG_TAIL } from '../../mm/page-flags.js';
import { HAS_HOLES, PAGES_IN_USE } from '../../mm/pageblock-use.js';
import { type Order, PAGEBLOCK_ORDER, PAGEBLOCK_PAGES, type Pfn } from '../../mm/units.js';
import { countPageblockUseFast } from '../../simd/pageblock-use.js';

/** No range of this kind: it holds a page that cannot move now, a hole, or two zones. */
export const IMPOSSIBLE = 0xffff_ffff;

/**
 * What it costs to empty each aligned range of 2^order pages, in pages to move: element i is the range that starts at
 * i << order. With `zones`, ranges elsewhere are IMPOSSIBLE.
 */
export function rangeCosts(service: MigrationService, order: Order, zones?: readonly number[]): Uint32Array {
  const costs = usedPagesByRange(service, order, zones);
  const { flags } = service.host.columns;
  const size = 2 ** order;
  let across = false;
  for (let i = 0; i < costs.length; i++) {
    across = reachesInto(flags, i * size, size, across);
    if (isCandidate(costs[i]!) && (across || isBarred(service, i * size, size))) costs[i] = IMPOSSIBLE;
  }
  return costs;
}

/** True if a compound page that began before `start` goes on there; `before` is the same of the range before. */
function reachesInto(flags: Uint32Array, start: Pfn, size: number, before: boolean): boolean {
  if ((flags[start]! & PG_TAIL) === 0 || start === 0) return false;
  let pfn = start - 1;
  while (pfn > start - size && (flags[pfn]! & PG_TAIL) !== 0) pfn--;
  return (flags[pfn]! & PG_TAIL) !== 0 ? before : (flags[pfn]! & PG_HEAD) !== 0;
}

/** True if a page of the range would not go now, or is the first of a compound page that goes on beyond it. */
function isBarred(service: MigrationService, start: Pfn, size: number): boolean {
  const { flags } = service.host.columns;
  const end = start + size;
  for (let pfn = service.skipPlain(start, end); pfn < end; pfn = service.skipPlain(pfn + 1, end)) {
    const word = flags[pfn]!;
    if ((word & FREE_FLAGS) !== 0) continue;
    if ((word & PG_HEAD) !== 0 && endOfFolioLargerThan(flags, pfn, size) > 0) return true;
    if (service.judge(pfn) !== 0) return true;
  }
  return false;
}

/**
 * The same from a glance: pages in use, whether they would go or not. IMPOSSIBLE for a range with holes or two zones;
 * whether the others can be emptied, `wouldEmpty` says. For ranges of whole pageblocks, a host that keeps their use has
 * the answer; otherwise every page is looked at.
 */
export function usedPagesByRange(service: MigrationService, order: Order, zones?: readonly number[]): Uint32Array {
  const { columns, layout, pageblockUse } = service.host;
  const size = 2 ** order;
  const used = new Uint32Array(Math.floor(layout.nrPfns / size));
  if (order < PAGEBLOCK_ORDER) countUsed(columns.flags, size, used);
  else addUpUse(pageblockUse ?? useFromFlags(columns.flags), order - PAGEBLOCK_ORDER, used);
  for (let i = 0; i < used.length; i++)
    if (used[i] !== IMPOSSIBLE && !isWanted(service, i * size, size, zones)) used[i] = IMPOSSIBLE;
  return used;
}

function useFromFlags(flags: Uint32Array): Uint16Array {
  const use = new Uint16Array(Math.floor(flags.length / PAGEBLOCK_PAGES));
  countPageblockUseFast(flags, use);
  return use;
}

/** From what is known of pageblocks, 2^shift of them a range. */
function addUpUse(use: Uint16Array, shift: number, used: Uint32Array): void {
  for (let i = 0, at = 0; i < used.length; i++) {
    let pages = 0;
    let holes = 0;
    for (const end = at + (1 << shift); at < end; at++) {
      pages += use[at]! & PAGES_IN_USE;
      holes |= use[at]! & HAS_HOLES;
    }
    used[i] = holes !== 0 ? IMPOSSIBLE : pages;
  }
}

/** From the flags of every page. */
function countUsed(flags: Uint32Array, size: number, used: Uint32Array): void {
  for (let i = 0, pfn = 0; i < used.length; i++) {
    let pages = 0;
    let holes = 0;
    for (const end = pfn + size; pfn < end; pfn++) {
      const word = flags[pfn]!;
      if ((word & FREE_FLAGS) === 0) pages++;
      holes |= word & PG_NOPAGE;
    }
    used[i] = holes !== 0 ? IMPOSSIBLE : pages;
  }
}

/** Would the range be empty if all its pages were moved now? `later` if nothing stands in the way that lasts. */
export function wouldEmpty(service: MigrationService, start: Pfn, size: number): 'yes' | 'later' | 'no' {
  const { flags } = service.host.columns;
  let answer: 'yes' | 'later' = 'yes';
  const end = start + size;
  for (let pfn = service.skipPlain(start, end); pfn < end; pfn = service.skipPlain(pfn + 1, end)) {
    if ((flags[pfn]! & PG_HEAD) !== 0 && endOfFolioLargerThan(flags, pfn, size) > 0) return 'no';
    const outcome = service.judge(pfn);
    if (outcome === 0) continue;
    if (service.handlers.isPermanent(outcome)) return 'no';
    answer = 'later';
  }
  return (flags[start]! & PG_TAIL) === 0 ? answer : 'no';
}

/** Where the compound page at `head` ends if it does not fit a range: emptying the range would take more moves than it has pages. */
function endOfFolioLargerThan(flags: Uint32Array, head: Pfn, size: number): Pfn {
  const end = endOfCompound(flags, head);
  return Math.floor(head / size) === Math.floor((end - 1) / size) ? 0 : end;
}

/** The zone that has all of a range; -1 if there is none such. */
export function zoneAcross(host: MemoryHost, start: Pfn, size: number): number {
  const zone = host.zoneOf(start);
  for (let pfn = start + PAGEBLOCK_PAGES; pfn < start + size; pfn += PAGEBLOCK_PAGES)
    if (host.zoneOf(pfn) !== zone) return -1;
  return zone;
}

function isWanted({ host }: MigrationService, start: Pfn, size: number, zones?: readonly number[]): boolean {
  const zone = zoneAcross(host, start, size);
  return zone >= 0 && zones?.includes(zone) !== false;
}

/** Ranges that can be emptied and are not yet, cheapest first, equals by address: a counting sort. */
export function cheapestFirst(costs: Uint32Array, order: Order): Uint32Array {
  const starts = new Uint32Array(2 ** order + 2);
  for (let i = 0; i < costs.length; i++) if (isCandidate(costs[i]!)) starts[costs[i]! + 1] = starts[costs[i]! + 1]! + 1;
  for (let cost = 1; cost < starts.length; cost++) starts[cost] = starts[cost]! + starts[cost - 1]!;
  const sorted = new Uint32Array(starts[starts.length - 1]!);
  for (let i = 0; i < costs.length; i++) {
    const cost = costs[i]!;
    if (!isCandidate(cost)) continue;
    sorted[starts[cost]!] = i;
    starts[cost] = starts[cost]! + 1;
  }
  return sorted;
}

function isCandidate(cost: number): boolean {
  return cost !== IMPOSSIBLE && cost !== 0;
}
