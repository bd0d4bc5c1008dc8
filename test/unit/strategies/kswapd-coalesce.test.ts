import { describe, expect, it } from '@jest/globals';
import { VacateError } from '../../../src/base/vacate-error.js';
import { createEvacuator } from '../../../src/container/create-evacuator.js';
import { RangeEvents } from '../../../src/events/range-events.js';
import type { MigrationService } from '../../../src/migration/migration-service.js';
import { FREE_FLAGS } from '../../../src/mm/page-flags.js';
import { pin } from '../../../src/sim/holds.js';
import { compareLedger, takeLedger } from '../../../src/sim/ledger.js';
import { simModule } from '../../../src/sim/sim-module.js';
import { CheapestRange } from '../../../src/strategies/high-order/cheapest-range.js';
import { Tosatti } from '../../../src/strategies/high-order/tosatti/tosatti.js';
import { KswapdCoalesce } from '../../../src/strategies/reclaim/kswapd-coalesce.js';
import { KswapdOrders } from '../../../src/strategies/reclaim/kswapd-orders.js';
import {
  type HighOrderStrategy,
  type ReclaimResult,
  type ReclaimStrategy,
  runToEnd,
} from '../../../src/strategies/strategy.js';
import { PLUGINS, serviceOf } from '../sim/small-machine.js';
import { announcedDuring, expectWell, type Full, freeFragments, full, passes, setMarks } from './reclaim-machines.js';

type Coalescing = new (service: MigrationService, events: RangeEvents) => HighOrderStrategy;
/** Each with the highest order that it makes of single pages: Tosatti's grows blocks of an order at most 3 lower. */
const COALESCERS: ReadonlyArray<[name: string, coalescer: Coalescing, highest: number]> = [
  ['tosatti', Tosatti, 3],
  ['cheapest-range', CheapestRange, 6],
];

function composed({ m }: Full, coalescer: Coalescing, events = new RangeEvents()): KswapdCoalesce {
  const { service } = serviceOf(m);
  return new KswapdCoalesce(service, events, new coalescer(service, events));
}

function run(machine: Full, strategy: ReclaimStrategy, order: number): ReclaimResult {
  const ledger = takeLedger(machine.m);
  const { reclaimed } = machine.host.reclaim.counters;
  const result = runToEnd(strategy.run({ order }));
  expect(compareLedger(machine.m, ledger)).toMatchObject({ wrong: 0 });
  expectWell(machine);
  expect(result.pagesReclaimed).toBe(machine.host.reclaim.counters.reclaimed - reclaimed);
  expect(result.moved.sources).toHaveLength(result.pagesMigrated);
  return result;
}

/** Pages enough, none beside another. */
function fragments(nrFree = 600): Full {
  const machine = full();
  freeFragments(machine, 0, nrFree);
  setMarks(machine.m, 0, 64);
  return machine;
}

describe.each(COALESCERS)('kswapd-coalesce with %s', (name, coalescer, highest) => {
  it.each([1, 2, highest])('makes blocks of order %i of what is free, and takes nothing from anybody', (order) => {
    const [machine, other] = [fragments(), fragments()];
    const result = run(machine, composed(machine, coalescer), order);
    expect(result).toMatchObject({ outcome: 'done', woken: true, strategy: 'kswapd-coalesce', pagesReclaimed: 0 });
    expect(result.pagesMigrated).toBeGreaterThan(0);
    expect(passes(machine, 0, order, 'high')).toBe(true);
    // kswapd alone gets there too, at the cost of page cache.
    const alone = run(other, new KswapdOrders(serviceOf(other.m).service, new RangeEvents()), order);
    expect(alone).toMatchObject({ outcome: 'done', pagesMigrated: 0 });
    expect(passes(other, 0, order, 'high')).toBe(true);
    expect(alone.pagesReclaimed).toBeGreaterThan(0);
  });

  it('reclaims first where pages are short in all, then coalesces', () => {
    const [machine, other] = [fragments(20), fragments(20)];
    const events = new RangeEvents();
    const strategy = composed(machine, coalescer, events);
    let result: ReclaimResult | undefined;
    const heard = announcedDuring(events, () => {
      result = run(machine, strategy, 3);
    });
    expect(heard).toEqual(['+kswapd-coalesce', '+kswapd-orders', '-done', `+${name}`, '-done', '-done']);
    expect(result).toMatchObject({ outcome: 'done', woken: true });
    const alone = run(other, new KswapdOrders(serviceOf(other.m).service, new RangeEvents()), 3);
    expect(alone).toMatchObject({ outcome: 'done' });
    expect(passes(machine, 0, 3, 'low') && passes(other, 0, 3, 'low')).toBe(true);
    expect(result!.pagesReclaimed).toBeGreaterThan(100); // up to the high mark of order 0
    expect(result!.pagesReclaimed).toBeLessThan(alone.pagesReclaimed / 2);
  });

  it('runs kswapd, then coalescing, then reclaim when nothing may move', () => {
    const machine = fragments(20);
    const events = new RangeEvents();
    const stations: string[] = [];
    const { counters } = machine.host.reclaim;
    events.events$.subscribe((event) => {
      if (event.kind === 'run-started')
        stations.push(`${event.strategy} at ${machine.host.reclaim.counters.reclaimed - counters.reclaimed}`);
    });
    const result = run(machine, composedUnderPins(machine, coalescer, events), 3);
    expect(stations.map((station) => station.split(' ')[0])).toEqual([
      'kswapd-coalesce',
      'kswapd-orders',
      name,
      'kswapd-orders',
    ]);
    const reclaimedAt = stations.map((station) => Number(station.split(' ').at(-1)));
    expect(reclaimedAt[0]).toBe(0);
    expect(reclaimedAt[1]).toBe(0);
    expect(reclaimedAt[2]).toBeGreaterThan(100);
    expect(reclaimedAt[3]).toBe(reclaimedAt[2]);
    expect(result.pagesReclaimed).toBeGreaterThan(reclaimedAt[3]!);
    expect(result).toMatchObject({ outcome: 'done', woken: true });
  });

  it('sleeps while nothing is short, and never coalesces for order 0', () => {
    const machine = fragments();
    expect(run(machine, composed(machine, coalescer), 0)).toMatchObject({ outcome: 'done', woken: false });
    const short = fragments(20);
    const events = new RangeEvents();
    const heard = announcedDuring(events, () => run(short, composed(short, coalescer, events), 0));
    expect(heard).toEqual(['+kswapd-coalesce', '+kswapd-orders', '-done', '-done']);
  });

  it('can be stopped at any pause', () => {
    for (let pauses = 1; pauses < 40; pauses += 3) {
      const machine = fragments(20);
      const ledger = takeLedger(machine.m);
      const job = composed(machine, coalescer).run({ order: 3 });
      let done = false;
      for (let pause = 0; pause < pauses && !done; pause++) done = job.next().done === true;
      job.return(undefined as never);
      expectWell(machine);
      expect(compareLedger(machine.m, ledger)).toMatchObject({ wrong: 0 });
      if (done) break;
    }
  });
});

/** The composition on a machine where every page is pinned as long as its coalescer works, so that nothing may move. */
function composedUnderPins({ m, host }: Full, coalescer: Coalescing, events: RangeEvents): KswapdCoalesce {
  const { service } = serviceOf(m);
  const real = new coalescer(service, events);
  const underPins: HighOrderStrategy = {
    name: real.name,
    about: 'the real one, while every page is pinned',
    *run(request) {
      for (let pfn = 0; pfn < m.spec.nrPfns; pfn++)
        if ((m.flags[pfn]! & FREE_FLAGS) === 0) pin(m, pfn, m.clock[0]! + 1);
      const result = yield* real.run(request);
      host.relax();
      return result;
    },
  };
  return new KswapdCoalesce(service, events, underPins);
}

describe('the composition', () => {
  it('reclaims where its coalescer finds no block to start from', () => {
    const machine = fragments();
    const result = run(machine, composed(machine, Tosatti), 4);
    expect(result).toMatchObject({ outcome: 'done', woken: true });
    expect(result.pagesReclaimed).toBeGreaterThan(1000);
  });

  it('reclaims where its coalescer does not apply, and says so', () => {
    const machine = fragments();
    const { service } = serviceOf(machine.m);
    const never: HighOrderStrategy = {
      name: 'never',
      about: 'rests',
      doesNotApply: () => 'it only makes blocks on Sundays',
      run: () => {
        throw new Error('it was asked not to');
      },
    };
    const result = run(machine, new KswapdCoalesce(service, new RangeEvents(), never), 2);
    expect(result).toMatchObject({ outcome: 'done', woken: true, pagesMigrated: 0 });
    expect(result.pagesReclaimed).toBeGreaterThan(0);
    expect(result.refusals).toMatchObject([{ reason: 'no-coalescing', because: 'it only makes blocks on Sundays' }]);
  });

  it('is bound with Tosatti’s defragmentation, beside kswapd alone', () => {
    const machine = fragments();
    const evacuator = createEvacuator({ host: simModule(machine.m), plugins: PLUGINS });
    expect(evacuator.strategies.reclaim).toEqual([
      'merged',
      'kswapd-orders',
      'kswapd-orders:historical',
      'kswapd-coalesce',
    ]);
    const heard: string[] = [];
    evacuator.ranges$.subscribe((event) => {
      if (event.kind === 'run-started') heard.push(event.strategy);
    });
    expect(runToEnd(evacuator.reclaim({ order: 2 }, 'kswapd-coalesce'))).toMatchObject({ outcome: 'done' });
    expect(heard).toEqual(['kswapd-coalesce', 'tosatti']);
    evacuator.dispose();
    expectWell(machine);
  });

  it('refuses orders that nobody can ask for', () => {
    const machine = fragments();
    expect(() => composed(machine, Tosatti).run({ order: 11 })).toThrow(VacateError);
    expect(composed(machine, Tosatti).doesNotApply({ order: 11 })).toMatch(/^order 11 is not one of 0 to 10/);
    expect(composed(machine, Tosatti).doesNotApply({ order: 3 })).toBeNull();
  });
});
