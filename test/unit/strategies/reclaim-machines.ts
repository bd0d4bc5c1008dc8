import { expect } from '@jest/globals';
import { Prng } from '../../../src/base/prng.js';
import { RangeEvents } from '../../../src/events/range-events.js';
import { MIGRATE_MOVABLE } from '../../../src/mm/migratetype.js';
import { PG_LRU } from '../../../src/mm/page-flags.js';
import { NO_PAGE } from '../../../src/mm/units.js';
import { fillContents, originalHi, originalLo } from '../../../src/sim/contents.js';
import { createFile } from '../../../src/sim/files.js';
import { placeOnLru } from '../../../src/sim/lru.js';
import type { Machine } from '../../../src/sim/machine.js';
import { allocatePages } from '../../../src/sim/page-allocator.js';
import { addToCache, findInCache } from '../../../src/sim/page-cache.js';
import { zoneOf } from '../../../src/sim/pageblocks.js';
import { pageout } from '../../../src/sim/pageout.js';
import type { SimHost } from '../../../src/sim/sim-host.js';
import { zoneWatermarkOk } from '../../../src/strategies/reclaim/watermark.js';
import { expectSound, type Shape, serviceOf, settle, smallMachine } from '../sim/small-machine.js';

/** A machine whose memory a file fills, in no order that its LRU lists would tell. */
export interface Full {
  readonly m: Machine;
  readonly host: SimHost;
  readonly file: number;
}

/** Every free page becomes page cache, to the last; its LRU list has the pages in no order of addresses. */
export function fillWithFile(m: Machine, seed = 1): Full {
  settle(m);
  const { host } = serviceOf(m);
  const nrPages = m.nrFree.reduce((sum, nr) => sum + nr, 0);
  const file = createFile(m, nrPages);
  const pfns = Uint32Array.from({ length: nrPages }, (_, page) => cachePage(m, file, page));
  for (const pfn of new Prng(seed).shuffle(pfns)) {
    placeOnLru(m, pfn);
    m.flags[pfn] = m.flags[pfn]! | PG_LRU;
  }
  settle(m);
  expect(m.nrFree.every((nr) => nr === 0)).toBe(true);
  return { m, host, file };
}

/** A page of a file, read into the cache; unlike a read this never reclaims. */
function cachePage(m: Machine, file: number, page: number): number {
  const pfn = allocatePages(m, 0, { order: 0, type: MIGRATE_MOVABLE, node: 0, highest: 'Movable', mark: 'min' });
  fillContents(m, pfn, originalLo(file, page), originalHi(file, page));
  addToCache(m, pfn, m.mapBase[file]! + page);
  m.count[pfn] = m.count[pfn]! - 1;
  return pfn;
}

/** Room for a file as large as memory, and for a pin on every page. */
export const CAPACITY = { extents: 512, leaves: 512, holds: 8192 };

export function full(shape: Shape = {}): Full {
  return fillWithFile(smallMachine({ pages: 4096, capacity: CAPACITY, ...shape }));
}

/** Page cache of a zone is given up until so many pages are free, none of them beside another. */
export function freeFragments({ m }: Full, zone: number, nrPages: number, seed = 2): void {
  const { start, end } = m.spec.zones[zone]!;
  const pfns = Uint32Array.from({ length: (end - start) / 2 }, (_, i) => start + i * 2);
  let left = nrPages;
  for (const pfn of new Prng(seed).shuffle(pfns)) if (left > 0 && pageout(m, 0, pfn) === 'freed') left--;
  expect(left).toBe(0);
  settle(m);
  expect(m.nrFree[zone]).toBe(nrPages);
}

/** Watermarks as 2.6.9 has them, in its terms: low is twice min, high three times. */
export function setMarks(m: Machine, zone: number, min: number): void {
  m.watermarkMin[zone] = min;
  m.watermarkLow[zone] = 2 * min;
  m.watermarkHigh[zone] = 3 * min;
}

export function passes({ host }: Full, zone: number, order: number, mark: 'low' | 'high'): boolean {
  const { kind } = host.layout.zones[zone]!;
  return zoneWatermarkOk(host.free, zone, { order, mark: host.free.watermark(zone, mark, kind) });
}

/** Cached pages of the file in a zone. */
export function cachedIn({ m, file }: Full, zone: number): number {
  let nr = 0;
  for (let page = 0; page < m.mapPages[file]!; page++) {
    const pfn = findInCache(m, m.mapBase[file]! + page);
    if (pfn !== NO_PAGE && zoneOf(m, pfn) === zone) nr++;
  }
  return nr;
}

/** The runs that are announced while `work` goes on, from start to end: "+kswapd-orders", "-done". */
export function announcedDuring(events: RangeEvents, work: () => void): string[] {
  const heard: string[] = [];
  const subscription = events.events$.subscribe((event) => {
    if (event.kind === 'run-started') heard.push(`+${event.strategy}`);
    if (event.kind === 'run-finished') heard.push(`-${event.outcome}`);
  });
  work();
  subscription.unsubscribe();
  return heard;
}

/** Nothing is broken, and the host says so too. */
export function expectWell({ m, host }: Full): void {
  expect(host.validate()).toEqual([]);
  expectSound(m);
}
