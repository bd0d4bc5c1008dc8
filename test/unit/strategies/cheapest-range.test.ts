import { describe, expect, it } from '@jest/globals';
import { Prng } from '../../../src/base/prng.js';
import { RangeEvents } from '../../../src/events/range-events.js';
import { PG_SLAB } from '../../../src/mm/page-flags.js';
import { NO_PAGE } from '../../../src/mm/units.js';
import { createProcess, exitProcess, zapPte } from '../../../src/sim/address-space.js';
import { pin } from '../../../src/sim/holds.js';
import { faultHugePage } from '../../../src/sim/huge-pages.js';
import { compareLedger, takeLedger } from '../../../src/sim/ledger.js';
import type { Machine } from '../../../src/sim/machine.js';
import { putPage } from '../../../src/sim/page-allocator.js';
import { CheapestRange } from '../../../src/strategies/high-order/cheapest-range.js';
import { cheapestFirst, rangeCosts } from '../../../src/strategies/high-order/range-costs.js';
import { IMPOSSIBLE } from '../../../src/strategies/high-order/range-glance.js';
import { type HighOrderResult, runToEnd } from '../../../src/strategies/strategy.js';
import {
  expectSound,
  frameAt,
  freeLists,
  mapInto,
  mustBe,
  put,
  SEED,
  serviceOf,
  settle,
  smallMachine,
  zone,
} from '../sim/small-machine.js';
import { freeRanges, holey, isFree } from './holey.js';

const FOR_EVER = Number.MAX_VALUE;
const strategyOf = (m: Machine): CheapestRange => new CheapestRange(serviceOf(m).service, new RangeEvents());
const make = (m: Machine, order: number, count: number): HighOrderResult =>
  runToEnd(strategyOf(m).run({ order, count }));

/** Nobody can do it with fewer moves: the costs by brute force. */
function bruteCosts(m: Machine, order: number): number[] {
  const { service, host } = serviceOf(m);
  const size = 2 ** order;
  const costs: number[] = [];
  for (let start = 0; start + size <= m.spec.nrPfns; start += size) {
    let cost = 0;
    for (let pfn = start; pfn < start + size && cost !== IMPOSSIBLE; pfn++) {
      if (host.zoneOf(pfn) !== host.zoneOf(start) || host.zoneOf(pfn) < 0) cost = IMPOSSIBLE;
      else if (isFree(m, pfn)) continue;
      else cost = service.judge(pfn) === 0 ? cost + 1 : IMPOSSIBLE;
    }
    costs.push(cost);
  }
  return costs;
}

describe('costs', () => {
  it.each([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])('of order %i are those that one counts', (order) => {
    const m = holey(4096, SEED);
    pin(
      m,
      [...m.flags].findIndex((flags) => (flags & (1 << 12)) !== 0),
      FOR_EVER,
    );
    expect([...rangeCosts(serviceOf(m).service, order)]).toEqual(bruteCosts(m, order));
  });

  it('sort by cost, equals by address, and leave out what is free or impossible', () => {
    const costs = Uint32Array.of(3, 0, IMPOSSIBLE, 1, 3, 4, 1);
    expect([...cheapestFirst(costs, 2)]).toEqual([3, 6, 0, 4, 5]);
  });
});

describe.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])('order %i on a quiet machine', (order) => {
  it(`makes what was asked, with the fewest moves (seed ${SEED})`, () => {
    const m = holey(8192, SEED, 0.4);
    const before = freeRanges(m, order);
    const room = serviceOf(m).host.roomOutside([]).pages;
    const count = Math.max(1, Math.min(3, Math.floor(room / 2 ** order)));
    const ledger = takeLedger(m);
    const result = make(m, order, count);
    expect(result).toMatchObject({
      outcome: 'done',
      made: count,
      asked: count,
      order,
      freeBefore: before,
      refusals: [],
    });
    expect(result.pagesMigrated).toBe(result.lowerBound);
    expect(result.moved.sources).toHaveLength(result.pagesMigrated);
    for (const { start, end } of result.ranges) {
      expect([start % 2 ** order, end - start]).toEqual([0, 2 ** order]);
      for (let pfn = start; pfn < end; pfn++) mustBe(isFree(m, pfn), true);
    }
    expect(freeRanges(m, order)).toBeGreaterThanOrEqual(before + count);
    expect(Object.keys(freeLists(m)).filter((list) => list.split(' ')[1] === '3')).toEqual([]);
    expect(compareLedger(m, ledger)).toMatchObject({ wrong: 0 });
    expectSound(m);
  });
});

describe('free blocks of the order', () => {
  it('are not broken for targets while anything smaller serves', () => {
    const m = holey(8192, SEED, 0.5);
    const before = Object.entries(freeLists(m)).filter(([list]) => Number(list.split(' ')[2]) >= 4);
    const result = make(m, 4, 5);
    expect(result.outcome).toBe('done');
    for (const [, pfns] of before) for (const pfn of pfns) mustBe(isFree(m, pfn), true);
    expectSound(m);
  });

  /** Every page outside the blocks [start, nrPages] is the kernel's, and one page of `used` is a process's. */
  function onlyFree(m: Machine, blocks: ReadonlyArray<readonly [start: number, nrPages: number]>, used: number): void {
    const { host } = serviceOf(m);
    const task = mapInto(m, createProcess(m, 0), 2);
    put(m, task.mm, task.start + 1, 1, 1); // so that page tables are there
    zapPte(m, 0, task.mm, task.start + 1, task.vma);
    settle(m);
    for (let pfn = host.allocateTarget(0, 0, 11); pfn !== NO_PAGE; pfn = host.allocateTarget(0, 0, 11))
      m.flags[pfn] = PG_SLAB;
    putPage(m, 0, used);
    put(m, task.mm, task.start, 7, 0);
    settle(m);
    expect(frameAt(m, task.mm, task.start)).toBe(used);
    for (const [start, nrPages] of blocks)
      for (let pfn = start; pfn < start + nrPages; pfn++) if (m.flags[pfn] === PG_SLAB) putPage(m, 0, pfn);
    settle(m);
  }

  /** What "done" promises: as many more as were asked for. */
  function expectGain(m: Machine, order: number): HighOrderResult {
    const before = freeRanges(m, order);
    const result = make(m, order, 1);
    expectSound(m);
    expect(result.freeBefore).toBe(before);
    expect(freeRanges(m, order) - before).toBeGreaterThanOrEqual(result.made);
    return result;
  }

  it('are never broken to make another: one page moves and nothing is gained', () => {
    const m = smallMachine({ pages: 4096 });
    onlyFree(
      m,
      [
        [1024, 512],
        [2048, 512],
        [512, 512],
      ],
      2048 + 100,
    );
    expect(expectGain(m, 9)).toMatchObject({ outcome: 'refused', made: 0, pagesMigrated: 0 });
  });

  it('nor are they counted where the watermark keeps them', () => {
    const m = smallMachine({ pages: 4096, min: 300 });
    onlyFree(
      m,
      [
        [1024, 512],
        [2048, 512],
        [512, 512],
        [8, 200],
      ],
      2048 + 100,
    );
    expect(expectGain(m, 9)).toMatchObject({ outcome: 'done', made: 1, pagesMigrated: 1 });
  });

  it('are broken when the fragments lie in a zone that may not be used', () => {
    const zones = [zone('Normal', 0, 1024, 0, 0, 700), zone('Movable', 1024, 4096)];
    const m = smallMachine({ pages: 4096, zones });
    onlyFree(
      m,
      [
        [1024, 512],
        [2048, 512],
        [3072, 512],
      ],
      2048 + 100,
    );
    // Normal has its reserve of 700 free pages, in fragments, and none above it.
    expectGain(m, 9);
  });

  it('of an order above 10 are broken before loose blocks of order 10', () => {
    const m = smallMachine({ pages: 8192 });
    // A loose block, one range with a page in use, a whole range; what is freed last is first on its list.
    onlyFree(
      m,
      [
        [2048, 1024],
        [4096, 2048],
        [0, 2048],
      ],
      4096 + 100,
    );
    expect(freeRanges(m, 11)).toBe(1);
    expect(expectGain(m, 11)).toMatchObject({ made: 1 });
  });

  it('of an order above 10 are not broken while another zone has loose blocks of order 10', () => {
    // BUG targets.ts takeFromOrders: the first zone (and type) with a block of order 10 is taken from, loose or not; only
    // within one list are loose blocks preferred. Ask all zones and types for a loose one first.
    const zones = [zone('Normal', 0, 4096), zone('Movable', 4096, 8192)];
    const m = smallMachine({ pages: 8192, zones });
    // Normal: a loose block; Movable: one range with a page in use, a whole range.
    onlyFree(
      m,
      [
        [2048, 1024],
        [4096, 2048],
        [6144, 2048],
      ],
      4096 + 100,
    );
    expect(freeRanges(m, 11)).toBe(1);
    expect(expectGain(m, 11)).toMatchObject({ made: 1 });
  });
});

describe('what cannot be had', () => {
  it('in part: says what is missing and why', () => {
    const m = holey(4096, SEED, 0.5);
    const result = make(m, 9, 50);
    expect(result.outcome).toBe('partial');
    expect(result.made).toBeGreaterThan(0);
    expect(result.made).toBe(result.ranges.length);
    expect(['no-room', 'no-candidates']).toContain(result.refusals.at(-1)!.reason);
    expect(result.refusals.at(-1)!.pages).toBeGreaterThan(0);
    expectSound(m);
  });

  it('at all: every range has a page that is pinned', () => {
    const m = holey(4096, SEED, 0.6);
    for (let start = 0; start < 4096; start += 512)
      for (let pfn = start; pfn < start + 512; pfn++)
        if ((m.flags[pfn]! & (1 << 12)) !== 0) {
          pin(m, pfn, FOR_EVER);
          break;
        }
    const before = freeRanges(m, 9);
    const result = make(m, 9, 1);
    expect(result).toMatchObject({ outcome: 'refused', made: 0, pagesMigrated: 0, candidates: 0, freeBefore: before });
    expect(result.refusals).toMatchObject([{ reason: 'no-candidates', kind: 'permanent', pages: 512 }]);
    expectSound(m);
  });

  it('a range that turns out to be stuck is replaced by the next cheapest', () => {
    const m = holey(4096, SEED, 0.5);
    const job = strategyOf(m).run({ order: 6, count: 2 });
    const first = cheapestFirst(rangeCosts(serviceOf(m).service, 6), 6)[0]! * 64;
    let step = job.next();
    let pinned = -1;
    for (; step.done !== true; step = job.next()) {
      if (step.value.step !== 'migrating' || pinned >= 0) continue;
      pinned = Array.from({ length: 64 }, (_, i) => first + i).find((pfn) => !isFree(m, pfn)) ?? -2;
      if (pinned >= 0) pin(m, pinned, FOR_EVER);
    }
    expect(pinned).toBeGreaterThanOrEqual(0);
    const result = step.value;
    expect(result).toMatchObject({ outcome: 'done', made: 2 });
    expect(result.ranges.some(({ start }) => start === first)).toBe(false);
    expect(result.refusals).toMatchObject([{ reason: 'pinned', pages: 1, pfns: [pinned] }]);
    expect(new Set(result.moved.sources).size).toBe(result.pagesMigrated);
    expectSound(m);
  });

  it.each([12, 13])('order %i, larger than buddy keeps: free ranges all the same', (order) => {
    const pages = 65_536;
    const m = holey(pages, SEED, 0.3, 1024);
    const ledger = takeLedger(m);
    const result = make(m, order, 1);
    expect(result).toMatchObject({ outcome: 'done', made: 1, refusals: [] });
    expect(result.pagesMigrated).toBe(result.lowerBound);
    const [{ start, end }] = result.ranges as [{ start: number; end: number }];
    expect([start % 2 ** order, end - start]).toEqual([0, 2 ** order]);
    for (let pfn = start; pfn < end; pfn++) if (!isFree(m, pfn)) throw new Error(`page ${pfn} is in use`);
    expect(compareLedger(m, ledger)).toMatchObject({ wrong: 0 });
    expectSound(m);
  });

  it.each([
    [14, 1],
    [40, 1],
    [-1, 1],
    [2.5, 1],
    [3, 0],
    [3, 1.5],
  ])('order %d, count %d: an error that says so', (order, count) => {
    const m = smallMachine();
    expect(() => make(m, order, count)).toThrow(expect.objectContaining({ kind: 'usage' }));
    expectSound(m);
  });
});

describe('compound pages', () => {
  function withHuge(order: number): { m: Machine; head: number; mm: number } {
    const m = smallMachine({ pages: 4096 });
    const mm = createProcess(m, 0);
    const task = mapInto(m, mm, 2 ** order);
    faultHugePage(m, 0, mm, task.start, order);
    settle(m);
    return { m, head: frameAt(m, mm, task.start), mm };
  }

  it('inside a range count page by page, and go whole', () => {
    const { m, head } = withHuge(4);
    expect(rangeCosts(serviceOf(m).service, 6)[head >> 6]).toBeGreaterThanOrEqual(16);
    const ledger = takeLedger(m);
    const result = make(m, 6, 1);
    expect(result.outcome).toBe('done');
    expect(compareLedger(m, ledger)).toMatchObject({ wrong: 0 });
    expectSound(m);
  });

  it('larger than a range bar it: emptying it would move more than it holds', () => {
    const { m, head } = withHuge(5);
    const costs = rangeCosts(serviceOf(m).service, 3);
    for (let i = 0; i < 4; i++) expect(costs[(head >> 3) + i]).toBe(IMPOSSIBLE);
    expect(rangeCosts(serviceOf(m).service, 5)[head >> 5]).toBe(32);
    expectSound(m);
  });
});

describe('stopped', () => {
  it('after any step: nothing is isolated, everything reads as before', () => {
    const fresh = (): Machine => holey(4096, 77, 0.5);
    let pauses = 0;
    const whole = strategyOf(fresh()).run({ order: 8, count: 2 });
    while (whole.next().done !== true) pauses++;
    for (let stopAt = 0; stopAt < pauses; stopAt += 3) {
      const m = fresh();
      const ledger = takeLedger(m);
      const job = strategyOf(m).run({ order: 8, count: 2 });
      for (let i = 0; i <= stopAt; i++) job.next();
      job.return(undefined as never);
      expect(m.nrIsolatedFree.every((nr) => nr === 0)).toBe(true);
      expect(m.booked.every((byte) => byte === 0)).toBe(true);
      expect(compareLedger(m, ledger)).toMatchObject({ wrong: 0 });
      expectSound(m);
    }
  });
});

describe(`chance, seed ${SEED}`, () => {
  it('any orders one after the other keep contents and invariants', () => {
    const prng = new Prng(SEED);
    const m = holey(4096, SEED, 0.6);
    const ledger = takeLedger(m);
    for (let round = 0; round < 30; round++) {
      const result = make(m, prng.below(11), 1 + prng.below(4));
      expect(result.pagesMigrated).toBe(result.moved.sources.length);
      expect(compareLedger(m, ledger)).toMatchObject({ wrong: 0, firstWrong: null });
      expectSound(m);
    }
    for (let mm = 1; mm < 4; mm++) if (m.mmAlive[mm] === 1) exitProcess(m, 0, mm);
    settle(m);
    expectSound(m);
  });
});
