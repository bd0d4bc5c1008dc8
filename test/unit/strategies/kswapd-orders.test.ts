import { describe, expect, it } from '@jest/globals';
import { VacateError } from '../../../src/base/vacate-error.js';
import { RangeEvents } from '../../../src/events/range-events.js';
import { FREE_FLAGS, PG_REFERENCED } from '../../../src/mm/page-flags.js';
import { writeFilePage } from '../../../src/sim/access.js';
import { pin } from '../../../src/sim/holds.js';
import { compareLedger, takeLedger } from '../../../src/sim/ledger.js';
import { findInCache } from '../../../src/sim/page-cache.js';
import { pageout } from '../../../src/sim/pageout.js';
import { KswapdOrders } from '../../../src/strategies/reclaim/kswapd-orders.js';
import { type ReclaimRequest, type ReclaimResult, runToEnd } from '../../../src/strategies/strategy.js';
import { anonProcess, framesOf, serviceOf, smallMachine, zone } from '../sim/small-machine.js';
import {
  announcedDuring,
  CAPACITY,
  cachedIn,
  expectWell,
  type Full,
  fillWithFile,
  freeFragments,
  full,
  passes,
  setMarks,
} from './reclaim-machines.js';

const FOR_EVER = Number.MAX_VALUE;
type Asked = Parameters<KswapdOrders['run']>[0];

const kswapdOf = ({ m }: Full, events = new RangeEvents()): KswapdOrders =>
  new KswapdOrders(serviceOf(m).service, events);

/** Runs it, and holds it to what holds for every run: nobody loses anything, and nothing is broken. */
function run(machine: Full, request: Asked, kswapd = kswapdOf(machine)): ReclaimResult {
  const ledger = takeLedger(machine.m);
  const { reclaimed } = machine.host.reclaim.counters;
  const result = runToEnd(kswapd.run(request));
  expect(compareLedger(machine.m, ledger)).toMatchObject({ wrong: 0 });
  expectWell(machine);
  expect(result.pagesReclaimed).toBe(machine.host.reclaim.counters.reclaimed - reclaimed);
  expect(result).toMatchObject({ order: request.order, pagesMigrated: 0, scanned: null });
  return result;
}

/** Enough pages, none beside another: 400 are free, and 128 is the low mark. */
function fragments(): Full {
  const machine = full();
  freeFragments(machine, 0, 400);
  setMarks(machine.m, 0, 64);
  return machine;
}

/** One page of every 2^order cannot be reclaimed. */
function pinEvery(machine: Full, order: number): void {
  const { m } = machine;
  for (let pfn = 2 ** order - 1; pfn < m.spec.nrPfns; pfn += 2 ** order)
    if ((m.flags[pfn]! & FREE_FLAGS) === 0) pin(m, pfn, FOR_EVER);
}

describe('kswapd-orders', () => {
  it('sleeps while the zone is above its low mark for the order', () => {
    const machine = fragments();
    expect(run(machine, { order: 0 })).toMatchObject({
      outcome: 'done',
      strategy: 'kswapd-orders',
      woken: false,
      pagesReclaimed: 0,
    });
  });

  it.each([1, 2, 3, 4])('frees pages until the zone is above its high mark for order %i, and stops', (order) => {
    const machine = fragments();
    expect(passes(machine, 0, order, 'low')).toBe(false);
    const result = run(machine, { order });
    expect(result).toMatchObject({ outcome: 'done', woken: true, refusals: [] });
    expect(result.pagesReclaimed).toBeGreaterThan(0);
    expect(passes(machine, 0, order, 'high')).toBe(true);
    expect(run(machine, { order })).toMatchObject({ outcome: 'done', woken: false, pagesReclaimed: 0 });
  });

  it('frees more for a higher order, in plain LRU order: nobody chooses neighbours', () => {
    const reclaimed = [1, 2, 3, 4].map((order) => run(fragments(), { order }).pagesReclaimed);
    expect([...reclaimed].sort((a, b) => a - b)).toEqual(reclaimed);
    expect(reclaimed[3]).toBeGreaterThan(1000);
  });

  it('is lazy: what nobody asks for is never freed for', () => {
    const machine = fragments();
    const kswapd = kswapdOf(machine);
    run(machine, { order: 1 }, kswapd);
    expect(passes(machine, 0, 3, 'low')).toBe(false);
    for (const order of [0, 1, 0, 1]) expect(run(machine, { order }, kswapd).pagesReclaimed).toBe(0);
    expect(passes(machine, 0, 3, 'low')).toBe(false);
  });

  it('tries for at least one block of order 5 where the mark for it rounds to 0', () => {
    const machine = full();
    freeFragments(machine, 0, 400);
    setMarks(machine.m, 0, 8);
    const largeBlocks = () => [5, 6, 7, 8, 9, 10].reduce((sum, order) => sum + machine.host.free.nrBlocks(0, order), 0);
    expect(largeBlocks()).toBe(0);
    expect(run(machine, { order: 5 })).toMatchObject({ outcome: 'done', woken: true });
    expect(largeBlocks()).toBeGreaterThanOrEqual(1);
  });

  it('gives up when a whole round frees nothing, until it is woken again', () => {
    const machine = fragments();
    pinEvery(machine, 6);
    const first = run(machine, { order: 6 });
    expect(first).toMatchObject({ outcome: 'partial', woken: true });
    expect(first.refusals).toMatchObject([{ handler: 'core', reason: 'below-mark', kind: 'retry', pages: 0 }]);
    expect(first.refusals[0]!.because).toMatch(
      /zone Normal of node 0 has \d+ free pages, but too few of them in blocks/,
    );
    expect(cachedIn(machine, 0)).toBe(64); // everything that was not pinned is gone
    expect(run(machine, { order: 6 })).toMatchObject({ outcome: 'refused', woken: true, pagesReclaimed: 0 });
  });

  it('says how many pages a zone lacks in all', () => {
    const machine = full();
    pinEvery(machine, 0);
    setMarks(machine.m, 0, 64);
    const { refusals, outcome } = run(machine, { order: 0 });
    expect(outcome).toBe('refused');
    expect(refusals).toMatchObject([{ reason: 'below-mark', pages: 129 }]);
    expect(refusals[0]!.because).toBe(
      'zone Normal of node 0 has 0 free pages, 129 too few for an allocation of order 0 above its low mark of 128; ' +
        'free memory, or add swap so that more of it can be reclaimed',
    );
  });

  it('does not see what lies on per-CPU lists, and leaves it there', () => {
    const machine = full();
    for (let pfn = 0; pfn < 160; pfn++) expect(pageout(machine.m, 0, pfn)).toBe('freed');
    setMarks(machine.m, 0, 40);
    expect(machine.m.nrFree[0]).toBe(0);
    expect(run(machine, { order: 0 })).toMatchObject({ outcome: 'done', woken: true });
    expect(machine.m.pcpCount.reduce((sum, nr) => sum + nr, 0)).toBeGreaterThan(0);
  });

  it('waits for the writes that it begins', () => {
    const machine = full();
    const { m, host, file } = machine;
    for (let page = 0; page < 4096; page++) writeFilePage(m, 0, file, page, 5, page, false);
    setMarks(m, 0, 64);
    const before = m.clock[0]!;
    expect(run(machine, { order: 0 })).toMatchObject({ outcome: 'done', woken: true });
    expect(m.clock[0]).toBeGreaterThan(before);
    expect(host.reclaim.counters.swappedOut).toBe(0);
  });

  it('swaps anonymous memory out', () => {
    const m = smallMachine({ pages: 2048, swap: 1024 });
    const task = anonProcess(m, 1200);
    for (const pfn of framesOf(m, task, 1200)) m.flags[pfn]! &= ~PG_REFERENCED;
    const machine = { ...fillWithFile(m), m };
    for (let page = 0; page < m.mapPages[machine.file]!; page++) {
      const pfn = findInCache(m, m.mapBase[machine.file]! + page);
      pin(m, pfn, m.clock[0]! + FOR_EVER);
      if (page > 100) break;
    }
    setMarks(m, 0, 300);
    expect(run(machine, { order: 0 })).toMatchObject({ outcome: 'done', woken: true });
    expect(machine.host.reclaim.counters.swappedOut).toBeGreaterThan(0);
  });
});

describe('zones and nodes', () => {
  const twoZones = (): Full => full({ zones: [zone('Normal', 0, 2048), zone('Movable', 2048, 4096)] });

  it('shrinks the highest zone that is short, and all below it', () => {
    const machine = twoZones();
    freeFragments(machine, 0, 500);
    setMarks(machine.m, 1, 30);
    const before = cachedIn(machine, 0);
    expect(run(machine, { order: 0 })).toMatchObject({ outcome: 'done', woken: true });
    expect(cachedIn(machine, 0)).toBeLessThan(before);
    expect(passes(machine, 1, 0, 'high')).toBe(true);
  });

  it('leaves the zones above it alone', () => {
    const machine = twoZones();
    freeFragments(machine, 1, 500);
    setMarks(machine.m, 0, 30);
    expect(run(machine, { order: 0 })).toMatchObject({ outcome: 'done', woken: true });
    expect(cachedIn(machine, 1)).toBe(2048 - 500);
  });

  it('wakes the kswapd of the node that is short, and no other', () => {
    const machine = full({ zones: [zone('Normal', 0, 2048), zone('Normal', 2048, 4096, 0, 1)] });
    freeFragments(machine, 0, 300);
    freeFragments(machine, 1, 300);
    setMarks(machine.m, 1, 200);
    expect(run(machine, { order: 0 })).toMatchObject({ outcome: 'done', woken: true });
    expect(passes(machine, 1, 0, 'high')).toBe(true);
    expect(cachedIn(machine, 0)).toBe(2048 - 300);
    // Node 0 has no mark at all, and still no block of order 3: one is wanted there too.
    expect(run(machine, { order: 3 })).toMatchObject({ outcome: 'done', woken: true });
    expect(cachedIn(machine, 0)).toBeLessThan(2048 - 300);
  });
});

describe('a request that comes while it is awake', () => {
  it('is served without sleeping if it is for a larger block', () => {
    const machine = fragments();
    const kswapd = kswapdOf(machine);
    const job = kswapd.run({ order: 1 });
    job.next();
    expect(runToEnd(kswapd.run({ order: 3 }))).toMatchObject({ woken: false, outcome: 'refused', pagesReclaimed: 0 });
    expect(runToEnd(job)).toMatchObject({ woken: true, outcome: 'done' });
    expect(passes(machine, 0, 3, 'high')).toBe(true);
    expectWell(machine);
  });

  it('can be stopped at any pause, and woken again', () => {
    const machine = fragments();
    const ledger = takeLedger(machine.m);
    const events = new RangeEvents();
    const kswapd = kswapdOf(machine, events);
    const heard = announcedDuring(events, () => {
      const job = kswapd.run({ order: 2 });
      for (let pause = 0; pause < 3; pause++) expect(job.next().value).toMatchObject({ step: 'reclaiming' });
      job.return(undefined as never);
      expectWell(machine);
      expect(run(machine, { order: 1 }, kswapd)).toMatchObject({ woken: true, outcome: 'done' });
    });
    expect(heard).toEqual(['+kswapd-orders', '-interrupted', '+kswapd-orders', '-done']);
    // What was asked for before it was stopped is forgotten.
    expect(passes(machine, 0, 3, 'low')).toBe(false);
    expect(compareLedger(machine.m, ledger)).toMatchObject({ wrong: 0 });
  });
});

describe('as posted in September 2004', () => {
  const historical = { mode: 'historical' } as const;

  it('is never woken for an order above 0, also after it was for order 0', () => {
    const machine = fragments();
    const kswapd = kswapdOf(machine);
    for (const order of [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]) {
      const { woken, strategy, outcome, pagesReclaimed } = run(machine, { order, ...historical }, kswapd);
      expect([order, strategy, woken]).toEqual([order, 'kswapd-orders:historical', order === 0]);
      expect([outcome, pagesReclaimed]).toEqual([order === 0 ? 'done' : 'refused', 0]);
    }
  });

  it('is always woken for order 0, and finds nothing to do', () => {
    expect(run(fragments(), { order: 0, ...historical })).toMatchObject({
      woken: true,
      outcome: 'done',
      pagesReclaimed: 0,
    });
  });

  it('does its old work when it is needed', () => {
    const machine = full();
    setMarks(machine.m, 0, 64);
    expect(run(machine, { order: 0, ...historical })).toMatchObject({ woken: true, outcome: 'done' });
  });
});

describe('each bug by itself', () => {
  const withBug = (bug: string, request: ReclaimRequest): Asked => ({ ...request, switches: [bug] });

  it('inverted-wakeup: order 2 does not wake it, order 0 does for nothing', () => {
    const machine = fragments();
    expect(run(machine, withBug('inverted-wakeup', { order: 2 }))).toMatchObject({
      strategy: 'kswapd-orders+inverted-wakeup',
      woken: false,
      outcome: 'refused',
    });
    expect(run(machine, withBug('inverted-wakeup', { order: 0 }))).toMatchObject({ woken: true, pagesReclaimed: 0 });
  });

  it('order-forgotten: everything is done again before it sleeps', () => {
    const scanned = [[], ['order-forgotten']].map((switches) => {
      const machine = fragments();
      pinEvery(machine, 0);
      const { scanned: before } = machine.host.reclaim.counters;
      expect(run(machine, { order: 3, switches })).toMatchObject({ outcome: 'refused', woken: true });
      return machine.host.reclaim.counters.scanned - before;
    });
    expect(scanned[0]).toBeGreaterThan(0);
    expect(scanned[1]).toBeGreaterThan(1.9 * scanned[0]!);
  });

  it('subtract-wrong-order: fragments pass for blocks, and it sleeps', () => {
    const machine = fragments();
    expect(run(machine, withBug('subtract-wrong-order', { order: 3 }))).toMatchObject({
      woken: false,
      outcome: 'refused',
    });
    expect(run(machine, { order: 3 })).toMatchObject({ woken: true, outcome: 'done' });
  });

  it('unsigned-step: a zone may sink to its mark', () => {
    const atMark = (): Full => {
      const machine = full();
      freeFragments(machine, 0, 128);
      setMarks(machine.m, 0, 64);
      return machine;
    };
    expect(run(atMark(), { order: 0 })).toMatchObject({ woken: true, outcome: 'done' });
    expect(run(atMark(), withBug('unsigned-step', { order: 0 }))).toMatchObject({ woken: false, outcome: 'refused' });
  });

  it('no-present-check: it frees all that it can for a zone that has no memory', () => {
    const halfOffline = (): Full => {
      const m = smallMachine({
        pages: 4096,
        zones: [zone('Normal', 0, 2048), zone('Movable', 2048, 4096)],
        offline: [4, 5, 6, 7],
        capacity: CAPACITY,
      });
      const machine = fillWithFile(m);
      freeFragments(machine, 0, 400);
      for (const id of [0, 1]) setMarks(m, id, 64);
      return machine;
    };
    expect(run(halfOffline(), { order: 0 })).toMatchObject({ woken: false, outcome: 'done' });
    const machine = halfOffline();
    expect(run(machine, withBug('no-present-check', { order: 0 }))).toMatchObject({ woken: true, outcome: 'done' });
    expect(cachedIn(machine, 0)).toBe(0);
  });
});

describe('what it cannot serve', () => {
  it.each([-1, 11, 1.5, Number.NaN])('order %d, and says so', (order) => {
    const machine = fragments();
    const sentence = `order ${order} is not one of 0 to 10, the orders that the page allocator serves`;
    expect(kswapdOf(machine).doesNotApply({ order })).toBe(sentence);
    expect(() => kswapdOf(machine).run({ order })).toThrow(new VacateError('usage', sentence));
  });

  it('nothing else', () => expect(kswapdOf(fragments()).doesNotApply({ order: 10 })).toBeNull());
});
