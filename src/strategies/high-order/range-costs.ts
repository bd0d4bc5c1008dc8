import type { MemoryHost } from '../../host/memory-host.js';
import type { MigrationService } from '../../migration/migration-service.js';
import { endOfCompound } from '../../mm/compound-page.js';
import { FREE_FLAGS, PG_HEAD, PG_NOPAGE, PG_TAIL } from '../../mm/page-flags.js';
import type { Order, Pfn } from '../../mm/units.js';
import { PAGEBLOCK_PAGES } from '../../mm/units.js';

/** No range of this kind: it holds a page that cannot move now, a hole, or two zones. */
export const IMPOSSIBLE = 0xffff_ffff;

/**
 * What it costs to empty each aligned range of 2^order pages, in pages to move: element i is the range that starts at
 * i << order. With `zones`, ranges elsewhere are IMPOSSIBLE. Two prefix sums over all pages, of pages in use and of pages that bar the way, answer every order alike.
 */
export function rangeCosts(service: MigrationService, order: Order, zones?: readonly number[]): Uint32Array {
  const { host } = service;
  const { nrPfns } = host.layout;
  const used = new Uint32Array(nrPfns + 1);
  const barred = new Uint32Array(nrPfns + 1);
  const { flags } = host.columns;
  const size = 2 ** order;
  for (let pfn = 0, sticksOutUntil = 0; pfn < nrPfns; pfn++) {
    const free = (flags[pfn]! & FREE_FLAGS) !== 0;
    if ((flags[pfn]! & PG_HEAD) !== 0) sticksOutUntil = endOfFolioLargerThan(flags, pfn, size);
    const bars = !free && ((flags[pfn]! & PG_NOPAGE) !== 0 || pfn < sticksOutUntil || service.judge(pfn) !== 0);
    used[pfn + 1] = used[pfn]! + (free ? 0 : 1);
    barred[pfn + 1] = barred[pfn]! + (bars ? 1 : 0);
  }
  const costs = new Uint32Array(Math.floor(nrPfns / size));
  for (let i = 0; i < costs.length; i++) {
    const start = i * size;
    const impossible = barred[start + size] !== barred[start] || !isWanted(service, start, size, zones);
    costs[i] = impossible ? IMPOSSIBLE : used[start + size]! - used[start]!;
  }
  return costs;
}

/**
 * The same from a glance: pages in use, whether they would go or not. IMPOSSIBLE for a range with holes or two zones;
 * whether the others can be emptied, `wouldEmpty` says.
 */
export function usedPagesByRange(service: MigrationService, order: Order, zones?: readonly number[]): Uint32Array {
  const { columns, layout } = service.host;
  const { flags } = columns;
  const size = 2 ** order;
  const used = new Uint32Array(Math.floor(layout.nrPfns / size));
  for (let i = 0, pfn = 0; i < used.length; i++) {
    let pages = 0;
    let holes = 0;
    for (const end = pfn + size; pfn < end; pfn++) {
      const word = flags[pfn]!;
      if ((word & FREE_FLAGS) === 0) pages++;
      holes |= word & PG_NOPAGE;
    }
    used[i] = holes !== 0 || !isWanted(service, i * size, size, zones) ? IMPOSSIBLE : pages;
  }
  return used;
}

/** Would the range be empty if all its pages were moved now? `later` if nothing stands in the way that lasts. */
export function wouldEmpty(service: MigrationService, start: Pfn, size: number): 'yes' | 'later' | 'no' {
  const { flags } = service.host.columns;
  let answer: 'yes' | 'later' = 'yes';
  for (let pfn = start; pfn < start + size; pfn++) {
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
