import type { MemoryHost } from '../../host/memory-host.js';
import type { MigrationService } from '../../migration/migration-service.js';
import { FREE_FLAGS, PG_NOPAGE } from '../../mm/page-flags.js';
import { HAS_HOLES, PAGES_IN_USE } from '../../mm/pageblock-use.js';
import { type Order, PAGEBLOCK_ORDER, PAGEBLOCK_PAGES, type Pfn } from '../../mm/units.js';
import { countPageblockUseFast } from '../../simd/pageblock-use.js';

/** No range of this kind: it holds a page that cannot move now, a hole, or two zones. */
export const IMPOSSIBLE = 0xffff_ffff;
const LOW_BITS = 0x7fff_ffff;

/**
 * What `rangeCosts` says, from a glance: pages in use, whether they would go or not. IMPOSSIBLE for a range with holes or
 * two zones; whether the others can be emptied, `wouldEmpty` says. For ranges of whole pageblocks, a host that keeps their
 * use has the answer; otherwise every page is looked at.
 */
export function usedPagesByRange(service: MigrationService, order: Order, zones?: readonly number[]): Uint32Array {
  return new RangeGlance(service, order, zones).look();
}

/**
 * The same for whoever asks again and again. What never changes is looked up once, and answers come in the same arrays
 * each time: new ones of a terabyte would take longer to get than to fill.
 *
 * @example
 * const glance = new RangeGlance(evacuator.service, 9);
 * const costs = glance.look();
 * const start = glance.cheapest();
 * costs[start >> 9] !== IMPOSSIBLE; // true
 */
export class RangeGlance {
  #kept: Kept | null = null;

  constructor(
    private readonly service: MigrationService,
    private readonly order: Order,
    private readonly zones?: readonly number[],
  ) {}

  /** Pages in use by range, as they are now; the next look writes over it. */
  look(): Uint32Array {
    this.#kept ??= keep(this.service.host, this.order, this.zones);
    const { barred, counted, used } = this.#kept;
    const { columns, pageblockUse } = this.service.host;
    if (this.order < PAGEBLOCK_ORDER) countUsed(columns.flags, 2 ** this.order, used);
    else {
      if (pageblockUse === undefined) countPageblockUseFast(columns.flags, counted);
      addUpUse(pageblockUse ?? counted, this.order - PAGEBLOCK_ORDER, used);
    }
    for (const { start, end } of barred) used.fill(IMPOSSIBLE, start, end);
    return used;
  }

  /** Of the ranges that the last look found to be in use and not barred, the first of the cheapest; -1 if there is none. */
  cheapest(): number {
    return this.#kept === null ? -1 : cheapestOf(this.#kept.used);
  }

  /** Ranges by number that the last look found to be in use and not barred, cheapest first, equals by address. */
  cheapestFirst(): Uint32Array {
    if (this.#kept === null) this.look();
    const { used, starts, sorted } = this.#kept!;
    return sortByCost(used, starts, sorted);
  }
}

interface Kept {
  readonly used: Uint32Array;
  /** Ranges of two zones, of none, or of one that is not wanted: runs of their numbers. */
  readonly barred: ReadonlyArray<{ readonly start: number; readonly end: number }>;
  /** The use of pageblocks, if the host does not keep it. */
  readonly counted: Uint16Array;
  readonly starts: Uint32Array;
  readonly sorted: Uint32Array;
}

function keep(host: MemoryHost, order: Order, zones?: readonly number[]): Kept {
  const { nrPfns } = host.layout;
  const size = 2 ** order;
  const nrRanges = Math.floor(nrPfns / size);
  return {
    used: new Uint32Array(nrRanges),
    barred: barredRuns(host, order, nrRanges, zones),
    counted: new Uint16Array(host.pageblockUse === undefined ? Math.floor(nrPfns / PAGEBLOCK_PAGES) : 0),
    starts: new Uint32Array(size + 2),
    sorted: new Uint32Array(nrRanges),
  };
}

function barredRuns(host: MemoryHost, order: Order, nrRanges: number, zones?: readonly number[]): Kept['barred'] {
  const size = 2 ** order;
  const runs: { start: number; end: number }[] = [];
  for (let i = 0; i < nrRanges; i++) {
    const zone = zoneAcross(host, i * size, size);
    if (zone >= 0 && zones?.includes(zone) !== false) continue;
    const last = runs.at(-1);
    if (last?.end === i) last.end++;
    else runs.push({ start: i, end: i + 1 });
  }
  return runs;
}

/** From what is known of pageblocks, 2^shift of them a range. */
function addUpUse(use: Uint16Array, shift: number, used: Uint32Array): void {
  if (shift === 0) {
    copyUse(use, used);
    return;
  }
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

/** Widening is a thing that engines do several at a time; what is left to us is to look for holes, two at a time. */
function copyUse(use: Uint16Array, used: Uint32Array): void {
  const nr = used.length;
  used.set(use.length === nr ? use : use.subarray(0, nr));
  const pairs = pairsOf(use, nr);
  for (let i = 0; i < pairs.length; i++)
    if ((pairs[i]! & ((HAS_HOLES << 16) | HAS_HOLES)) !== 0) barHoles(use, used, i * 2, i * 2 + 2);
  barHoles(use, used, pairs.length * 2, nr);
}

/** The words that two pageblocks share, of the first `nr`; none if they lie askew. */
function pairsOf(use: Uint16Array, nr: number): Uint32Array {
  const { BYTES_PER_ELEMENT } = Uint32Array;
  return use.byteOffset % BYTES_PER_ELEMENT === 0
    ? new Uint32Array(use.buffer, use.byteOffset, nr >>> 1)
    : new Uint32Array(0);
}

function barHoles(use: Uint16Array, used: Uint32Array, start: number, end: number): void {
  for (let i = start; i < end; i++) if ((use[i]! & HAS_HOLES) !== 0) used[i] = IMPOSSIBLE;
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

/** The zone that has all of a range; -1 if there is none such. */
export function zoneAcross(host: MemoryHost, start: Pfn, size: number): number {
  const zone = host.zoneOf(start);
  for (let pfn = start + PAGEBLOCK_PAGES; pfn < start + size; pfn += PAGEBLOCK_PAGES)
    if (host.zoneOf(pfn) !== zone) return -1;
  return zone;
}

/** One less, in 31 bits, what costs nothing is dearest, and what is IMPOSSIBLE next to it: no other cost comes near. */
function cheapestOf(costs: Uint32Array): number {
  const none = (IMPOSSIBLE - 1) & LOW_BITS;
  let least = none;
  for (let i = 0; i < costs.length; i++) {
    const cost = (costs[i]! - 1) & LOW_BITS;
    if (cost < least) least = cost;
  }
  return least === none ? -1 : costs.indexOf(least + 1);
}

/**
 * Ranges that cost something and are not IMPOSSIBLE, cheapest first, equals by address: a counting sort. `starts` is
 * for two costs more than there are; both arrays are the caller's, and the answer is the front of `ranges`.
 */
export function sortByCost(costs: Uint32Array, starts: Uint32Array, ranges: Uint32Array): Uint32Array {
  starts.fill(0);
  for (let i = 0; i < costs.length; i++) {
    const cost = costs[i]! | 0;
    if (cost > 0) starts[cost + 1] = starts[cost + 1]! + 1;
  }
  for (let cost = 1; cost < starts.length; cost++) starts[cost] = starts[cost]! + starts[cost - 1]!;
  const nr = starts[starts.length - 1]!;
  for (let i = 0; i < costs.length; i++) {
    const cost = costs[i]! | 0;
    if (cost <= 0) continue;
    const at = starts[cost]!;
    ranges[at] = i;
    starts[cost] = at + 1;
  }
  return ranges.subarray(0, nr);
}
