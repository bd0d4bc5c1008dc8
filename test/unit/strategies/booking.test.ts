import { describe, expect, it } from '@jest/globals';
import { Prng } from '../../../src/base/prng.js';
import { VacateError } from '../../../src/base/vacate-error.js';
import { PageEvents } from '../../../src/events/page-events.js';
import { type RangeEvent, RangeEvents } from '../../../src/events/range-events.js';
import { MigrationService } from '../../../src/migration/migration-service.js';
import { readFilePage, writeFilePage } from '../../../src/sim/access.js';
import { forkProcess } from '../../../src/sim/address-space.js';
import { createDriverPool, createFile } from '../../../src/sim/files.js';
import { pin } from '../../../src/sim/holds.js';
import { compareLedger, takeLedger } from '../../../src/sim/ledger.js';
import type { Machine } from '../../../src/sim/machine.js';
import { SimHost } from '../../../src/sim/sim-host.js';
import { Booking } from '../../../src/strategies/high-order/booking.js';
import { type HighOrderStrategy, runToEnd } from '../../../src/strategies/strategy.js';
import {
  anonProcess,
  driverPage,
  expectSound,
  freeLists,
  PLUGINS,
  SEED,
  serviceOf,
  settle,
  smallMachine,
  snapshot,
} from '../sim/small-machine.js';
import { freeRanges, zapSome } from './holey.js';
import { type Play, play, Stage } from './stage.js';

const FOR_EVER = Number.MAX_VALUE;
type Request = Parameters<HighOrderStrategy['run']>[0];

const strategyOf = (m: Machine): Booking => new Booking(serviceOf(m).service, new RangeEvents());
const run = (m: Machine, request: Request): Play => play(m, (service, events) => new Booking(service, events), request);

function stage(swap = 256): Stage {
  return new Stage(smallMachine({ pages: 1536, swap, capacity: { tables: 64 } }), { room: 513, tables: 1024 });
}

/** Nothing is booked any more. */
const expectUnbooked = (m: Machine): void =>
  expect(Object.keys(freeLists(m)).filter((list) => list.split(' ')[1] === '3')).toEqual([]);

describe('what it cannot serve', () => {
  it.each([0, 11])('order %i, with a sentence', (order) => {
    const strategy = strategyOf(smallMachine({ pages: 4096 }));
    expect(strategy.doesNotApply({ order, count: 1 })).toMatch(order === 0 ? /needs no booking/ : /keeps none/);
    expect(() => strategy.run({ order, count: 1 })).toThrow(VacateError);
  });

  it('a switch that it does not have', () => {
    expect(() => strategyOf(smallMachine()).run({ order: 4, count: 1, switches: ['takes-all'] })).toThrow(/no switch/);
  });
});

describe('a slot', () => {
  it('is swept whole: several owners, files mapped or not, dirty, with buffers', () => {
    const s = stage();
    const task = s.anons(64, 68);
    expect(forkProcess(s.m, 0, task.mm)).not.toBe(0);
    s.files(createFile(s.m, 8), 68, 72);
    s.files(createFile(s.m, 8), 72, 76, true, true);
    s.free(76, 80);
    const { result, told } = run(s.m, { order: 4, count: 1 });
    expect(result).toMatchObject({ strategy: 'booking', outcome: 'done', made: 1, pagesMigrated: 12 });
    expect(result.ranges).toEqual([{ start: 64, end: 80 }]);
    for (const target of result.moved.targets) expect(target).toBeGreaterThanOrEqual(512);
    expect(told).not.toHaveProperty('false-success');
    expectUnbooked(s.m);
  });

  it('is passed over if it has a page of the kernel, before anything moves', () => {
    const s = stage();
    s.anons(64, 79);
    const { result, told } = run(s.m, { order: 4, count: 1 });
    expect(result).toMatchObject({ outcome: 'refused', made: 0, pagesMigrated: 0 });
    expect(Object.keys(told)).toEqual(['not-freeable']);
  });

  it('is unbooked and left if one page of it does not go, and the next one is tried', () => {
    const s = stage();
    s.anons(64, 80);
    s.anons(96, 112);
    pin(s.m, 70, FOR_EVER);
    const { result, told } = run(s.m, { order: 4, count: 1 });
    expect(result).toMatchObject({ outcome: 'done', made: 1, ranges: [{ start: 96, end: 112 }] });
    // Those that did go stay where they went.
    expect(result.pagesMigrated).toBe(15 + 16);
    expect(told.pinned).toBe(1);
    expectUnbooked(s.m);
  });

  it('that is free already is none that was made', () => {
    const s = stage();
    s.free(64, 80);
    s.anons(96, 112);
    expect(run(s.m, { order: 4, count: 1 }).result).toMatchObject({
      made: 1,
      freeBefore: 1,
      ranges: [{ start: 96, end: 112 }],
    });
  });
});

describe('the hint', () => {
  it('goes on behind the slot of the last request, and round to the start', () => {
    const s = stage();
    for (const start of [64, 96, 128]) s.anons(start, start + 16);
    const strategy = strategyOf(s.m);
    const next = (): number | undefined => runToEnd(strategy.run({ order: 4, count: 1 })).ranges[0]?.start;
    expect(next()).toBe(64);
    // What is made is taken by somebody, so that it is not there any more.
    s.fill();
    s.holes(641);
    expect(next()).toBe(96);
    s.fill();
    s.holes(769);
    expect(next()).toBe(128);
    s.fill();
    s.holes(897);
    expect(next()).toBeUndefined();
    expectSound(s.m);
  });
});

describe('swap', () => {
  it('is needed, a slot for every anonymous page that has none', () => {
    const scene = (swap: number): Play => {
      const s = stage(swap);
      s.anons(64, 72);
      s.files(createFile(s.m, 8), 72, 80);
      return run(s.m, { order: 4, count: 1 });
    };
    expect(scene(8).result).toMatchObject({ made: 1, pagesMigrated: 16 });
    const short = scene(7);
    expect(short.result).toMatchObject({ made: 0, outcome: 'refused' });
    expect(short.told).toMatchObject({ 'no-swap': 1 });
    const none = scene(0);
    expect(none.result).toMatchObject({ made: 0, pagesMigrated: 8 });
    expect(none.told).toMatchObject({ 'no-swap': 8 });
  });
});

describe('pages off the LRU', () => {
  /** A page that a driver has, which looks like anybody's and never gets to an LRU list. */
  const scene = (): Stage => {
    const s = stage();
    s.anons(64, 79);
    s.free(79, 80);
    // The hole that is offered last is the first to be given out.
    const pool = createDriverPool(s.m, 1);
    expect(driverPage(s.m, pool, 0, 5, 5)).toBe(79);
    return s;
  };

  it('are waited for, 20 rounds long, and spoil the slot', () => {
    const { m } = scene();
    const clock = m.clock[0]!;
    const { result, told } = run(m, { order: 4, count: 1 });
    expect(result).toMatchObject({ made: 0, outcome: 'refused', pagesMigrated: 15 });
    expect(told).toMatchObject({ 'off-lru': 1 });
    expect(told).not.toHaveProperty('false-success');
    expect(m.clock[0]! - clock).toBe(20 * 1_000_000);
    expectUnbooked(m);
  });

  it('off-lru-still-success: are forgotten after that', () => {
    const { m } = scene();
    const { result, told } = run(m, { order: 4, count: 1, switches: ['off-lru-still-success'] });
    expect(result).toMatchObject({ strategy: 'booking+off-lru-still-success', made: 0, ranges: [] });
    expect(told).toMatchObject({ 'off-lru': 1, 'false-success': 1 });
  });
});

describe('takes-any-block', () => {
  /** Swept, the slot becomes half of a larger block, and a block that just fits is there besides. */
  const scene = (switches: readonly string[]): Play => {
    const s = stage();
    s.anons(64, 80);
    s.free(80, 96);
    s.free(128, 144);
    return run(s.m, { order: 4, count: 1, switches });
  };

  it('takes what the free lists come up with, not what it swept', () => {
    expect(scene([]).result).toMatchObject({ made: 1, ranges: [{ start: 64, end: 80 }] });
    expect(scene(['takes-any-block']).result).toMatchObject({ made: 1, ranges: [{ start: 128, end: 144 }] });
  });
});

/** Anonymous pages, some shared by fork, and pages of a file, with holes by chance among them; swap for all. */
function busy(seed: number, keep: number): Machine {
  const m = smallMachine({ pages: 2560, swap: 4096, capacity: { extents: 1024, leaves: 256 } });
  const prng = new Prng(seed);
  const task = anonProcess(m, 1200);
  const file = createFile(m, 400);
  for (let page = 0; page < 400; page++) {
    if (prng.chance(0.5)) writeFilePage(m, 0, file, page, 5, page, prng.chance(0.3));
    else readFilePage(m, 0, file, page);
  }
  const other = anonProcess(m, 500, 9);
  expect(forkProcess(m, 0, other.mm)).not.toBe(0);
  zapSome(
    m,
    task.mm,
    Array.from({ length: 1200 }, (_, page) => task.start + page),
    prng,
    1 - keep,
  );
  settle(m);
  expectSound(m);
  return m;
}

describe('on machines of chance', () => {
  it.each([0, 1, 2])(`loses nothing and breaks nothing (seed ${SEED} + %i)`, (more) => {
    const m = busy(SEED + more, 0.2 + 0.3 * more);
    const built = snapshot(m);
    for (const order of [1, 4, 9]) {
      new Uint8Array(m.buffer).set(built);
      const before = freeRanges(m, order);
      const { result } = run(m, { order, count: order === 4 ? 3 : 'all' });
      expect(freeRanges(m, order) - before).toBe(result.made);
      expect(result.made).toBeGreaterThan(0);
      expectUnbooked(m);
    }
  });

  it('leaves a whole machine wherever it is stopped, and ends what it announced', () => {
    const m = busy(SEED, 0.3);
    const built = snapshot(m);
    const ledger = takeLedger(m);
    for (const stop of [0, 1, 2, 3, 5, 8, 13, 14, 15, 16, 17, 18, 60]) {
      new Uint8Array(m.buffer).set(built);
      const events = new RangeEvents();
      const seen: RangeEvent[] = [];
      events.events$.subscribe((event) => seen.push(event));
      const service = new MigrationService(new SimHost(m), PLUGINS, new PageEvents());
      const job = new Booking(service, events).run({ order: 5, count: 'all' });
      for (let i = 0; i < stop; i++) job.next();
      job.return(undefined as never);
      expect(compareLedger(m, ledger)).toMatchObject({ wrong: 0 });
      expectUnbooked(m);
      settle(m);
      expectSound(m);
      const kinds = seen.map(({ kind }) => kind);
      if (stop > 0) expect(kinds.at(-1)).toBe('run-finished');
      const of = (kind: string): number => kinds.filter((candidate) => candidate === kind).length;
      expect(of('range-isolation-undone')).toBe(of('range-isolated'));
    }
  });
});
