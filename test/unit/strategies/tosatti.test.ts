import { describe, expect, it } from '@jest/globals';
import { VacateError } from '../../../src/base/vacate-error.js';
import { PageEvents } from '../../../src/events/page-events.js';
import { RangeEvents } from '../../../src/events/range-events.js';
import { MigrationService } from '../../../src/migration/migration-service.js';
import { createFile } from '../../../src/sim/files.js';
import { pin } from '../../../src/sim/holds.js';
import { compareLedger, takeLedger } from '../../../src/sim/ledger.js';
import type { Machine } from '../../../src/sim/machine.js';
import { SimHost } from '../../../src/sim/sim-host.js';
import { HAZARD } from '../../../src/strategies/high-order/tosatti/hazards.js';
import { MODES, SWITCH_NAMES } from '../../../src/strategies/high-order/tosatti/switches.js';
import { Tosatti } from '../../../src/strategies/high-order/tosatti/tosatti.js';
import { expectSound, PLUGINS, SEED, serviceOf, settle, smallMachine, snapshot } from '../sim/small-machine.js';
import { freeRanges, holey } from './holey.js';
import { type Play, play, Stage } from './stage.js';

const FOR_EVER = Number.MAX_VALUE;
type Request = Parameters<Tosatti['run']>[0];

const strategyOf = (m: Machine): Tosatti => new Tosatti(serviceOf(m).service, new RangeEvents());
const run = (m: Machine, request: Request, host?: SimHost): Play =>
  play(m, (service, events) => new Tosatti(service, events), request, { host });

function stage(): Stage {
  return new Stage(smallMachine({ pages: 1536, capacity: { tables: 64 } }), { room: 513, tables: 1024 });
}

describe('what it cannot serve', () => {
  it.each([0, 11])('order %i, with a sentence', (order) => {
    const m = smallMachine({ pages: 4096 });
    expect(strategyOf(m).doesNotApply({ order, count: 1 })).toMatch(order === 0 ? /needs no neighbours/ : /keeps none/);
    expect(() => strategyOf(m).run({ order, count: 1 })).toThrow(VacateError);
  });

  it('modes and switches that it does not have', () => {
    const strategy = strategyOf(smallMachine());
    expect(() => strategy.run({ order: 4, count: 1, mode: '2006' })).toThrow(/no mode "2006"/);
    expect(() => strategy.run({ order: 4, count: 1, switches: ['no-aligment'] })).toThrow(/no switch "no-aligment"/);
    expect(() => strategy.run({ order: 4, count: 1, mode: '2005', switches: ['no-alignment'] })).toThrow(/no switches/);
  });

  it('nothing else', () => {
    for (let order = 1; order <= 10; order++)
      expect(strategyOf(smallMachine()).doesNotApply({ order, count: 'all' })).toBeNull();
  });
});

describe('intended', () => {
  it.each([2, 3, 4, 5, 6])(`makes blocks of order %i, and says what it made (seed ${SEED})`, (order) => {
    const m = holey(4096, SEED, 0.3);
    settle(m);
    const before = freeRanges(m, order);
    const { result, told } = run(m, { order, count: 4 });
    expect(result).toMatchObject({ strategy: 'tosatti', outcome: 'done', freeBefore: before });
    expect(result.made).toBeGreaterThanOrEqual(4);
    expect(freeRanges(m, order) - before).toBe(result.made);
    for (const { start, end } of result.ranges) expect([start % 2 ** order, end - start]).toEqual([0, 2 ** order]);
    expect(told).not.toHaveProperty('false-success');
    for (const { handler } of result.refusals) expect(handler).not.toBe(HAZARD);
  });

  it('keeps what it made: nothing that moves later lands there', () => {
    const m = holey(4096, SEED, 0.3);
    const { result } = run(m, { order: 4, count: 'all' });
    expect(result.made).toBeGreaterThan(4);
    const made = new Set(result.ranges.map(({ start }) => start));
    const landed = [...result.moved.targets].map((pfn) => pfn - (pfn % 16));
    // What moves in before a block is made must move out again with it.
    const last = new Map(landed.map((range, i) => [range, i]));
    for (const range of made) {
      const lastLeft = [...result.moved.sources].findLastIndex((pfn) => pfn - (pfn % 16) === range);
      expect(last.get(range) ?? -1).toBeLessThanOrEqual(lastLeft);
    }
  });

  it('stops at the first page that does not go at once, and waits for none', () => {
    const s = stage();
    s.anons(72, 80);
    pin(s.m, 74, FOR_EVER);
    s.free(64, 72);
    const clock = s.m.clock[0];
    const { result, told } = run(s.m, { order: 4, count: 1 });
    expect(result).toMatchObject({ outcome: 'refused', made: 0, pagesMigrated: 2 });
    expect(told).toEqual({ pinned: 1 });
    expect(s.m.clock[0]).toBe(clock);
  });
});

describe('historical', () => {
  it.each([1, 2])('does nothing for order %i', (order) => {
    const m = holey(4096, SEED, 0.4);
    const { result } = run(m, { order, count: 8, mode: 'historical' });
    expect(result).toMatchObject({ strategy: 'tosatti:historical', made: 0, pagesMigrated: 0, outcome: 'refused' });
    expect(result.refusals).toEqual([]);
  });

  it(`reports successes that are none, on a machine on which the intended code has none (seed ${SEED})`, () => {
    const request = { order: 4, count: 8 };
    const { result, told } = run(holey(4096, SEED, 0.3), { ...request, mode: 'historical' });
    expect(told['false-success']).toBeGreaterThanOrEqual(16);
    expect(told['false-success']! % 16).toBe(0);
    const falseOnes = result.refusals.find(({ reason }) => reason === 'false-success')!;
    expect(falseOnes).toMatchObject({ handler: HAZARD });
    expect(falseOnes.pfns.length).toBeGreaterThan(0);
    expect(run(holey(4096, SEED, 0.3), request).told).not.toHaveProperty('false-success');
  });

  it('is intended with every switch on', () => {
    const request = { order: 5, count: 4 };
    const { result } = run(holey(4096, SEED), { ...request, mode: 'historical' });
    const same = run(holey(4096, SEED), { ...request, switches: SWITCH_NAMES });
    expect({ ...same.result, strategy: '' }).toEqual({ ...result, strategy: '' });
    expect(same.result.strategy).toBe(`tosatti+${SWITCH_NAMES.join('+')}`);
  });
});

describe('2005', () => {
  /** Blocks of order 3 at 72 and 104; pages of the page cache, of which nobody maps any, before the first. */
  function pageCache(order = 3): Stage {
    const s = stage();
    s.files(createFile(s.m, 8), 64, 72);
    s.free(104, 104 + 2 ** order);
    s.free(72, 72 + 2 ** order);
    return s;
  }

  it('vacates what only caches hold, and never frees it', () => {
    const { m } = pageCache();
    const before = freeRanges(m, 4);
    const { result, told } = run(m, { order: 4, count: 1, mode: '2005' });
    expect(result).toMatchObject({ strategy: 'tosatti:2005', made: 0, pagesMigrated: 8 });
    // Last page first.
    expect([...result.moved.sources]).toEqual([71, 70, 69, 68, 67, 66, 65, 64]);
    expect(told).toEqual({ 'vacated-never-freed': 8, 'false-success': 16 });
    // Contained: the machine has it back when the run is over.
    expect(freeRanges(m, 4)).toBe(before + 1);
  });

  it('never visits the last block of a list', () => {
    const s = stage();
    s.files(createFile(s.m, 8), 64, 72);
    s.free(72, 80);
    expect(run(s.m, { order: 4, count: 1, mode: '2005' }).result).toMatchObject({ pagesMigrated: 0, refusals: [] });
  });

  it('does not start from a block of order 2', () => {
    const s = stage();
    s.files(createFile(s.m, 4), 64, 68);
    s.free(104, 108);
    s.free(68, 72);
    expect(run(s.m, { order: 3, count: 1, mode: '2005' }).result.pagesMigrated).toBe(0);
  });

  it('moves nothing unless everything would go: processes and free pages are busy', () => {
    for (const kind of ['anonymous', 'free', 'dirty with buffers']) {
      const s = stage();
      s.files(createFile(s.m, 8), 65, 72);
      if (kind === 'anonymous') s.anons(64, 65);
      else if (kind === 'free') s.free(64, 65);
      else s.files(createFile(s.m, 8), 64, 65, true, true);
      s.free(104, 112);
      s.free(72, 80);
      expect(run(s.m, { order: 4, count: 1, mode: '2005' }).result.pagesMigrated).toBe(0);
    }
  });

  it('ends at the first page that does not go after all, and gives everything back', () => {
    const s = pageCache();
    const host = new (class extends SimHost {
      override freeSource(pfn: number): void {
        super.freeSource(pfn);
        if (pfn === 68) pin(s.m, 67, FOR_EVER);
      }
    })(s.m);
    const { result, told } = run(s.m, { order: 4, count: 1, mode: '2005' }, host);
    expect(result).toMatchObject({ outcome: 'refused', made: 0, pagesMigrated: 4 });
    expect(told).toEqual({ pinned: 1 });
  });

  it('looks before the memory map where a block lies at its beginning', () => {
    const s = stage();
    s.free(104, 112);
    s.free(0, 8);
    expect(run(s.m, { order: 4, count: 1, mode: '2005' }).told).toEqual({ 'outside-memory-map': 1 });
  });
});

describe.each(MODES)('%s, on machines of chance', (mode) => {
  it.each([0, 1, 2])(`loses nothing and breaks nothing (seed ${SEED} + %i)`, (more) => {
    const m = holey(2560, SEED + more, 0.3 + 0.2 * more);
    const built = snapshot(m);
    for (const order of [3, 5, 9]) {
      new Uint8Array(m.buffer).set(built);
      const before = freeRanges(m, order);
      const { result } = run(m, { order, count: order === 5 ? 3 : 'all', mode });
      expect(result.freeBefore).toBeLessThanOrEqual(before);
      expect(result.moved.sources).toHaveLength(result.pagesMigrated);
    }
  });

  it('leaves a whole machine wherever it is stopped', () => {
    const m = holey(2560, SEED, 0.3);
    const built = snapshot(m);
    const ledger = takeLedger(m);
    for (const stop of [0, 1, 2, 5, 9, 14, 40, 41, 42, 43, 44, 45, 200]) {
      new Uint8Array(m.buffer).set(built);
      const service = new MigrationService(new SimHost(m), PLUGINS, new PageEvents());
      const job = new Tosatti(service, new RangeEvents()).run({ order: 5, count: 'all', mode });
      for (let i = 0; i < stop; i++) job.next();
      job.return(undefined as never);
      expect(compareLedger(m, ledger)).toMatchObject({ wrong: 0 });
      settle(m);
      expectSound(m);
    }
  });
});
