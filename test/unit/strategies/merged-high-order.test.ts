import { describe, expect, it } from '@jest/globals';
import { type RangeEvent, RangeEvents } from '../../../src/events/range-events.js';
import { PG_LRU } from '../../../src/mm/page-flags.js';
import { readFilePage } from '../../../src/sim/access.js';
import { createFile } from '../../../src/sim/files.js';
import { pin } from '../../../src/sim/holds.js';
import { compareLedger, takeLedger } from '../../../src/sim/ledger.js';
import type { Machine } from '../../../src/sim/machine.js';
import { CheapestRange } from '../../../src/strategies/high-order/cheapest-range.js';
import { MergedHighOrder } from '../../../src/strategies/high-order/merged.js';
import { type HighOrderRequest, type HighOrderResult, runToEnd } from '../../../src/strategies/strategy.js';
import { expectSound, freeLists, SEED, serviceOf, settle, smallMachine, zone } from '../sim/small-machine.js';
import { freeRanges, holey } from './holey.js';

const FOR_EVER = Number.MAX_VALUE;

/** Runs it and checks what holds after every run: contents, invariants, nothing left isolated. */
function make(
  m: Machine,
  request: HighOrderRequest,
  Strategy: typeof MergedHighOrder | typeof CheapestRange = MergedHighOrder,
): { result: HighOrderResult; steps: string[] } {
  const ledger = takeLedger(m);
  const job = new Strategy(serviceOf(m).service, new RangeEvents()).run(request);
  const steps: string[] = [];
  let step = job.next();
  for (; step.done !== true; step = job.next()) steps.push(step.value.step);
  expect(compareLedger(m, ledger)).toMatchObject({ wrong: 0 });
  expect(Object.keys(freeLists(m)).filter((list) => list.split(' ')[1] === '3')).toEqual([]);
  expectSound(m);
  return { result: step.value, steps };
}

/** A page of every aligned range of the order is pinned, until then. */
function pinEverywhere(m: Machine, order: number, until: number): void {
  for (let start = 0; start < m.spec.nrPfns; start += 2 ** order)
    for (let pfn = start; pfn < start + 2 ** order; pfn++) {
      if ((m.flags[pfn]! & PG_LRU) === 0) continue;
      pin(m, pfn, until);
      break;
    }
}

describe.each([1, 2, 3, 5, 8, 9, 10, 11])('order %i on a quiet machine', (order) => {
  it(`takes as many moves as cheapest-range, which are the fewest (seed ${SEED})`, () => {
    const [m, other] = [holey(8192, SEED, 0.4), holey(8192, SEED, 0.4)];
    const before = freeRanges(m, order);
    const { result } = make(m, { order, count: 2 });
    expect(result).toMatchObject({ outcome: 'done', made: 2, pagesReclaimed: 0, refusals: [] });
    expect(result.pagesMigrated).toBe(result.lowerBound);
    expect(result.pagesMigrated).toBe(make(other, { order, count: 2 }, CheapestRange).result.pagesMigrated);
    expect(freeRanges(m, order)).toBeGreaterThanOrEqual(before + 2);
  });
});

describe('all', () => {
  it(`makes as many as there is room for, and takes nothing from anybody (seed ${SEED})`, () => {
    const [m, other] = [holey(8192, SEED, 0.5), holey(8192, SEED, 0.5)];
    const { result } = make(m, { order: 9, count: 'all' });
    expect(result).toMatchObject({ outcome: 'done', asked: 'all', pagesReclaimed: 0, refusals: [] });
    expect(result.made).toBeGreaterThanOrEqual(make(other, { order: 9, count: 'all' }, CheapestRange).result.made);
    expect(result.pagesMigrated).toBe(result.lowerBound);
  });
});

describe('what passes', () => {
  it('is waited for when no other range is left', () => {
    const [m, other] = [holey(4096, SEED, 0.4), holey(4096, SEED, 0.4)];
    for (const machine of [m, other]) pinEverywhere(machine, 9, machine.clock[0]! + 3_500_000);
    expect(make(other, { order: 9, count: 1 }, CheapestRange).result.outcome).toBe('refused');
    const { result, steps } = make(m, { order: 9, count: 1 });
    expect(result).toMatchObject({ outcome: 'done', made: 1 });
    expect(steps.filter((step) => step === 'waiting')).toHaveLength(4);
  });

  it('is given ten chances', () => {
    const m = holey(4096, SEED, 0.4);
    pinEverywhere(m, 9, FOR_EVER);
    const { result, steps } = make(m, { order: 9, count: 1 });
    expect(result).toMatchObject({ outcome: 'refused', made: 0, pagesMigrated: 0 });
    expect(result.refusals.map(({ reason }) => reason)).toEqual(['no-candidates']);
    expect(steps.filter((step) => step === 'waiting')).toHaveLength(9);
  });
});

/** Cold file pages fill the machine but for so many. */
function fullOfFiles(spare: number): Machine {
  const m = smallMachine({
    pages: 4096,
    zones: [zone('Normal', 0, 1024, 8), zone('Movable', 1024, 4096, 16)],
    capacity: { extents: 1024, leaves: 512 },
  });
  const file = createFile(m, 4096);
  for (let page = 0; m.nrFree[1]! + m.nrFree[0]! > spare; page++) readFilePage(m, 0, file, page);
  settle(m);
  return m;
}

describe('room', () => {
  it('is taken from the page cache, as much as is missing', () => {
    const [m, other] = [fullOfFiles(300), fullOfFiles(300)];
    expect(make(other, { order: 9, count: 2 }, CheapestRange).result.made).toBe(0);
    const { result, steps } = make(m, { order: 9, count: 2 });
    expect(result).toMatchObject({ outcome: 'done', made: 2 });
    expect(steps).toContain('reclaiming');
    // Two blocks, less what lay free, with a batch of 32 to spare for each look at the lists.
    expect(result.pagesReclaimed).toBeGreaterThan(0);
    expect(result.pagesReclaimed).toBeLessThanOrEqual(1024 + 64);
  });

  it('is not taken when all that can be made was asked', () => {
    const { result } = make(fullOfFiles(300), { order: 9, count: 'all' });
    expect(result).toMatchObject({ outcome: 'done', made: 0, pagesReclaimed: 0 });
  });
});

describe('a caller in a hurry', () => {
  it('does without the bound', () => {
    const { result } = make(holey(4096, SEED, 0.4), { order: 3, count: 1, bound: false });
    expect(result).toMatchObject({ outcome: 'done', made: 1, lowerBound: null, candidates: null });
  });
});

describe('stopped at any pause', () => {
  it('leaves nothing isolated and everything where it can be read', () => {
    for (let pauses = 1; ; pauses++) {
      const m = holey(4096, SEED, 0.5);
      const ledger = takeLedger(m);
      const events: RangeEvent['kind'][] = [];
      const ranges = new RangeEvents();
      ranges.events$.subscribe(({ kind }) => events.push(kind));
      const job = new MergedHighOrder(serviceOf(m).service, ranges).run({ order: 8, count: 2 });
      let done = false;
      for (let i = 0; i < pauses && !done; i++) done = job.next().done === true;
      if (done) {
        expect(pauses).toBeGreaterThan(5);
        return;
      }
      job.return(undefined as never);
      expect(events.at(-1)).toBe('run-finished');
      expect(compareLedger(m, ledger)).toMatchObject({ wrong: 0 });
      expect(Object.keys(freeLists(m)).filter((list) => list.split(' ')[1] === '3')).toEqual([]);
      expectSound(m);
    }
  });
});

it('complains as the others do', () => {
  const strategy = new MergedHighOrder(serviceOf(smallMachine()).service, new RangeEvents());
  expect(() => runToEnd(strategy.run({ order: 40, count: 1 }))).toThrow(/order 40 is not one of 0 to 11/);
  expect(() => runToEnd(strategy.run({ order: 2, count: 0 }))).toThrow(/count 0 is neither "all" nor/);
});
