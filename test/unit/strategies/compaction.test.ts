import { describe, expect, it } from '@jest/globals';
import type { RangeEvent } from '../../../src/events/range-events.js';
import { RangeEvents } from '../../../src/events/range-events.js';
import { MIGRATE_UNMOVABLE } from '../../../src/mm/migratetype.js';
import { MAX_PAGE_ORDER } from '../../../src/mm/units.js';
import { pin } from '../../../src/sim/holds.js';
import { compareLedger, takeLedger } from '../../../src/sim/ledger.js';
import type { Machine } from '../../../src/sim/machine.js';
import { pageblockType, setPageblockType } from '../../../src/sim/pageblocks.js';
import { relinkFree } from '../../../src/sim/relink-free.js';
import {
  COMPACT_CONTINUE,
  COMPACT_SKIPPED,
  COMPACT_SUCCESS,
} from '../../../src/strategies/high-order/compaction/compact-result.js';
import { Compaction } from '../../../src/strategies/high-order/compaction/compaction.js';
import { allocationSuitability, compactGap } from '../../../src/strategies/high-order/compaction/suitability.js';
import { type HighOrderResult, runToEnd } from '../../../src/strategies/strategy.js';
import { expectSound, SEED, serviceOf, settle, smallMachine, take } from '../sim/small-machine.js';
import { freeRanges, holey } from './holey.js';
import { Stage } from './stage.js';

const BLOCK = 512;
type Request = Parameters<Compaction['run']>[0];

const strategyOf = (m: Machine): Compaction => new Compaction(serviceOf(m).service, new RangeEvents());

function run(m: Machine, request: Request, strategy = strategyOf(m)): HighOrderResult {
  const before = takeLedger(m);
  const result = runToEnd(strategy.run(request));
  expect(compareLedger(m, before).wrong).toBe(0);
  expectSound(m);
  return result;
}

/** Eight pageblocks of the kernel's memory; 64 holes in the last, tables in the one before it. */
function stage(min = 0): Stage {
  const m = smallMachine({ pages: 8 * BLOCK, min, capacity: { tables: 128 } });
  return new Stage(m, { room: 7 * BLOCK, tables: 6 * BLOCK });
}

/** An aligned block of 2^order pages of which every second is free: half of it has to go. */
function nearlyFree(s: Stage, start: number, order: number): void {
  const task = s.process(2 ** (order - 1));
  for (let i = 0; i < 2 ** (order - 1); i++) s.anon(task, i, start + 2 * i);
  settle(s.m);
  for (let i = 0; i < 2 ** (order - 1); i++) s.free(start + 2 * i + 1, start + 2 * i + 2);
}

/** Pageblocks of which nothing is for movable memory any more. */
function makeUnmovable(m: Machine, blocks: readonly number[]): void {
  for (const block of blocks)
    relinkFree(m, block * BLOCK, (block + 1) * BLOCK, () => setPageblockType(m, block * BLOCK, MIGRATE_UNMOVABLE));
}

describe('all that compaction can make', () => {
  it.each([1, 2, 3])('is what one compact_memory makes of memory full of holes (%i)', (seed) => {
    const m = holey(4096, SEED + seed);
    const before = freeRanges(m, 9);
    const result = run(m, { order: 9, count: 'all' });
    expect(result).toMatchObject({ outcome: 'done', strategy: 'compaction', asked: 'all', pagesReclaimed: 0 });
    expect(result.made).toBeGreaterThan(0);
    // Pages on per-CPU lists hide some.
    expect(result.freeBefore + result.made).toBeLessThanOrEqual(freeRanges(m, 9));
    expect(freeRanges(m, 9)).toBeGreaterThan(before);
    expect(result.moved.sources).toHaveLength(result.pagesMigrated);
    expect(result.scanned!.migrate).toBeGreaterThan(result.pagesMigrated);
  });

  it('is the same whatever order is counted, and each time', () => {
    const results = [9, 9, 3].map((order) => run(holey(4096, SEED), { order, count: 'all' }));
    expect(results[1]).toEqual(results[0]);
    expect(results[2]!.moved).toEqual(results[0]!.moved);
  });

  it('is counted as the kernel that a switch names counts', () => {
    const [older, newer, own] = ['linux-6.1', 'linux-6.12', null].map((name) =>
      run(holey(4096, SEED), { order: 9, count: 'all', switches: name === null ? [] : [name] }),
    );
    expect([older!.strategy, newer!.strategy]).toEqual(['compaction+linux-6.1', 'compaction+linux-6.12']);
    expect(newer!.scanned!.migrate).toBeGreaterThan(older!.scanned!.migrate);
    // A machine that no kernel was asked about goes by the newer one.
    expect(own!.scanned).toEqual(newer!.scanned);
  });
});

describe('an allocation that compacts', () => {
  it('has its block made of one that is nearly free, and gives it back', () => {
    const s = stage();
    nearlyFree(s, BLOCK, 6);
    const result = run(s.m, { order: 6, count: 1 });
    expect(result).toMatchObject({ outcome: 'done', made: 1, asked: 1, freeBefore: 0, pagesMigrated: 32 });
    expect(result.ranges).toEqual([{ start: BLOCK, end: BLOCK + 64 }]);
    expect(freeRanges(s.m, 6)).toBe(1);
  });

  it('sets aside what is free already, which does not count', () => {
    const s = stage();
    nearlyFree(s, BLOCK, 4);
    s.free(3 * BLOCK, 3 * BLOCK + 16);
    const result = run(s.m, { order: 4, count: 1 });
    expect([result.made, result.freeBefore, result.ranges]).toEqual([1, 1, [{ start: BLOCK, end: BLOCK + 16 }]]);
  });

  it('stops at a block of the order, however much could follow', () => {
    const s = stage();
    nearlyFree(s, BLOCK, 4);
    nearlyFree(s, 2 * BLOCK, 4);
    expect(run(s.m, { order: 4, count: 1 }).pagesMigrated).toBe(8);
    expect(run(s.m, { order: 4, count: 1 }).pagesMigrated).toBe(8);
  });

  it('announces each block that it made', () => {
    const s = stage();
    nearlyFree(s, BLOCK, 4);
    nearlyFree(s, 2 * BLOCK, 4);
    const heard: RangeEvent[] = [];
    const events = new RangeEvents();
    events.events$.subscribe((event) => heard.push(event));
    runToEnd(new Compaction(serviceOf(s.m).service, events).run({ order: 4, count: 2 }));
    expect(heard.filter(({ kind }) => kind === 'block-made')).toHaveLength(2);
    expect(heard.at(-1)).toMatchObject({ kind: 'run-finished', outcome: 'done' });
  });

  it('tries harder for a small block: what is no target for others is one in the end', () => {
    const s = stage();
    nearlyFree(s, BLOCK, 2);
    // All other holes are in pageblocks that are not movable; half-way, where a fast search without success begins.
    s.holes(4 * BLOCK);
    makeUnmovable(s.m, [4, 6, 7]);
    const small = run(s.m, { order: 2, count: 1 });
    expect([small.outcome, small.pagesMigrated]).toEqual(['done', 2]);
    expect(pageblockType(s.m, small.moved.targets[0]!)).toBe(MIGRATE_UNMOVABLE);

    const costly = stage();
    nearlyFree(costly, BLOCK, 4);
    costly.holes(4 * BLOCK);
    makeUnmovable(costly.m, [4, 6, 7]);
    const { outcome, moved } = run(costly.m, { order: 4, count: 1 });
    expect(outcome).toBe('refused');
    expect([...moved.targets].filter((pfn) => pfn >= 4 * BLOCK)).toEqual([]);
  });

  it('says so when nothing can be made, and is put off the next time', () => {
    const s = stage();
    nearlyFree(s, BLOCK, 4);
    pin(s.m, BLOCK, Number.MAX_VALUE);
    pin(s.m, BLOCK + 8, Number.MAX_VALUE);
    const strategy = strategyOf(s.m);
    const first = run(s.m, { order: 4, count: 1 }, strategy);
    expect([first.outcome, first.made]).toEqual(['refused', 0]);
    expect(first.refusals.find(({ reason }) => reason === 'no-block')?.because).toContain('the scanners have met');
    const reasons = [1, 2, 3].map(() =>
      run(s.m, { order: 4, count: 1 }, strategy).refusals.map(({ reason }) => reason),
    );
    expect(reasons.flat()).toContain('deferred');
    const { scanned } = run(s.m, { order: 4, count: 1 }, strategyOf(s.m));
    expect(scanned!.migrate).toBeGreaterThan(0);
  });

  it('is not tried at all without free pages above the watermark', () => {
    const s = stage();
    nearlyFree(s, BLOCK, 4);
    s.m.watermarkLow[0] = s.m.nrFree[0]! - compactGap(4);
    const result = run(s.m, { order: 4, count: 1 });
    expect([result.outcome, result.scanned]).toEqual(['refused', { migrate: 0, free: 0 }]);
    expect(result.refusals.map(({ reason }) => reason)).toEqual(['compaction-skipped']);
  });

  it('can be left to kcompactd', () => {
    const s = stage();
    nearlyFree(s, BLOCK, 6);
    const result = run(s.m, { order: 6, count: 1, mode: 'kcompactd' });
    expect(result).toMatchObject({ outcome: 'done', made: 1, strategy: 'compaction:kcompactd', pagesMigrated: 32 });
  });

  it.each(['direct', 'kcompactd'])('makes many blocks of memory full of holes (%s)', (mode) => {
    const m = holey(4096, SEED);
    const result = run(m, { order: 6, count: 3, mode });
    expect([result.outcome, result.ranges.length]).toEqual(['done', 3]);
    expect(result.made).toBeGreaterThanOrEqual(3);
    for (const { start } of result.ranges) expect(start % 64).toBe(0);
  });

  it.each([4, 20, 60])('gives its blocks and pages back when it is stopped after %i steps', (steps) => {
    const m = holey(4096, SEED);
    const before = takeLedger(m);
    const job = strategyOf(m).run({ order: 7, count: 8 });
    for (let i = 0; i < steps; i++) expect(job.next().done).toBe(false);
    job.return(undefined as never);
    expect(compareLedger(m, before).wrong).toBe(0);
    expectSound(m);
    expect([...m.count].filter((count, pfn) => count > 0 && m.flags[pfn] === 0)).toEqual([]);
  });
});

describe('what compaction does not do', () => {
  it.each([
    [MAX_PAGE_ORDER, 'all', 'within pageblocks'],
    [11, 4, 'within pageblocks'],
    [0, 4, 'any free page is a block of order 0'],
  ] as const)('order %i, count %s: %s', (order, count, because) => {
    const strategy = strategyOf(smallMachine({ pages: 8192 }));
    expect(strategy.doesNotApply({ order, count })).toContain(because);
    expect(() => strategy.run({ order, count })).toThrow(expect.objectContaining({ kind: 'usage' }));
  });

  it('everything else applies', () => {
    const strategy = strategyOf(smallMachine({ pages: 8192 }));
    expect([strategy.doesNotApply({ order: 0, count: 'all' }), strategy.doesNotApply({ order: 9, count: 3 })]).toEqual([
      null,
      null,
    ]);
  });
});

describe('suitability', () => {
  /** Eight pageblocks of which nothing is free; then so many blocks of an order, none next to another. */
  function fragments(nr: number, order: number): Machine {
    const m = smallMachine({ pages: 4096 });
    const { host } = serviceOf(m);
    while (m.nrFree[0]! > 0) take(m);
    for (let i = 0; i < nr; i++) host.free.give(2 * i * 2 ** order, order);
    m.watermarkMin[0] = 10;
    m.watermarkLow[0] = 12;
    return m;
  }
  const suits = (m: Machine, order: number) => allocationSuitability(serviceOf(m).host, 0, order);

  it('is success if the allocation would succeed as things are', () => {
    expect(suits(smallMachine({ pages: 2048, min: 10 }), 9)).toBe(COMPACT_SUCCESS);
    // A block is there, but the mark would be missed by a page.
    expect([suits(fragments(2, 3), 3), suits(fragments(3, 3), 3)]).toEqual([COMPACT_SKIPPED, COMPACT_SUCCESS]);
  });

  it('needs twice the block above the mark: low for large orders, min for small ones', () => {
    // min 10, low 12: for order 4, more than 12 + 32 pages; for order 3, more than 10 + 16.
    expect([suits(fragments(44, 0), 4), suits(fragments(45, 0), 4)]).toEqual([COMPACT_SKIPPED, COMPACT_CONTINUE]);
    expect([suits(fragments(26, 0), 3), suits(fragments(27, 0), 3)]).toEqual([COMPACT_SKIPPED, COMPACT_CONTINUE]);
  });

  it('is refused where memory is short rather than in fragments', () => {
    // The same 1,792 pages: in 7 blocks of order 8 the index is 1000 - (1000 + 3500) / 7 = 358, in single pages 998.
    expect([suits(fragments(7, 8), 9), suits(fragments(1792, 0), 9)]).toEqual([COMPACT_SKIPPED, COMPACT_CONTINUE]);
  });
});
