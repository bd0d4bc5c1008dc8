import type { MigrationService } from '../../migration/migration-service.js';
import { endOfCompound } from '../../mm/compound-page.js';
import { FREE_FLAGS, PG_HEAD, PG_HUGE, PG_TAIL } from '../../mm/page-flags.js';
import type { Order, Pfn } from '../../mm/units.js';
import { IMPOSSIBLE, sortByCost, usedPagesByRange } from './range-glance.js';

/** So many pages are looked at in one go. */
const LOOK_PAGES = 2 ** 17;

/**
 * What it costs to empty each aligned range of 2^order pages, in pages to move: element i is the range that starts at
 * i << order. With `zones`, ranges elsewhere are IMPOSSIBLE.
 *
 * @example
 * const costs = rangeCosts(evacuator.service, 9);
 * console.log(cheapestFirst(costs, 9).subarray(0, 3));
 */
export function rangeCosts(service: MigrationService, order: Order, zones?: readonly number[]): Uint32Array {
  const costs = usedPagesByRange(service, order, zones);
  const atATime = Math.max(1, LOOK_PAGES >>> order);
  let across = false;
  for (let i = 0; i < costs.length; i += atATime) {
    const before: boolean = across;
    const end = Math.min(i + atATime, costs.length);
    across = service.looking(() => barCosts(service, costs, { order, first: i, end }, before));
  }
  return costs;
}

/** Ranges `first` to before `end` that cannot be emptied are made IMPOSSIBLE; true if a compound page goes on into the last. */
function barCosts(
  service: MigrationService,
  costs: Uint32Array,
  { order, first, end }: { readonly order: Order; readonly first: number; readonly end: number },
  before: boolean,
): boolean {
  const { flags } = service.host.columns;
  const size = 2 ** order;
  let across = before;
  for (let i = first; i < end; i++) {
    across = reachesInto(flags, i * size, size, across);
    if (isCandidate(costs[i]!) && (across || isBarred(service, i * size, size))) costs[i] = IMPOSSIBLE;
  }
  return across;
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
    // What an operator has set aside is not for the taking, and moves only when its memory goes (as in compaction).
    if ((word & PG_HUGE) !== 0) return true;
    if ((word & PG_HEAD) !== 0 && endOfFolioLargerThan(flags, pfn, size) > 0) return true;
    if (service.judge(pfn) !== 0) return true;
  }
  return false;
}

/** Would the range be empty if all its pages were moved now? `later` if nothing stands in the way that lasts. */
export function wouldEmpty(service: MigrationService, start: Pfn, size: number): 'yes' | 'later' | 'no' {
  return service.looking(() => askWhetherItEmpties(service, start, size));
}

function askWhetherItEmpties(service: MigrationService, start: Pfn, size: number): 'yes' | 'later' | 'no' {
  const { flags } = service.host.columns;
  let answer: 'yes' | 'later' = 'yes';
  const end = start + size;
  for (let pfn = service.skipPlain(start, end); pfn < end; pfn = service.skipPlain(pfn + 1, end)) {
    if ((flags[pfn]! & PG_HUGE) !== 0) return 'no';
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

/**
 * Ranges that can be emptied and are not yet, cheapest first, equals by address.
 *
 * @example
 * const [cheapest] = cheapestFirst(rangeCosts(evacuator.service, 9), 9);
 * console.log(cheapest);
 */
export function cheapestFirst(costs: Uint32Array, order: Order): Uint32Array {
  return sortByCost(costs, new Uint32Array(2 ** order + 2), new Uint32Array(costs.length));
}

function isCandidate(cost: number): boolean {
  return cost !== IMPOSSIBLE && cost !== 0;
}
