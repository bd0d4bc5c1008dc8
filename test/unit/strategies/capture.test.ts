import { describe, expect, it } from '@jest/globals';
import { PG_ANON, PG_LRU, PG_RESERVED } from '../../../src/mm/page-flags.js';
import { createDriverPool } from '../../../src/sim/files.js';
import { pin } from '../../../src/sim/holds.js';
import { compareLedger, takeLedger } from '../../../src/sim/ledger.js';
import { PageCapture } from '../../../src/strategies/offline/page-capture.js';
import { runToEnd } from '../../../src/strategies/strategy.js';
import { driverPage, expectSound, settle, take } from '../sim/small-machine.js';
import { badBlockCases, companyCases, interruptionCases } from './offline-cases.js';
import {
  BLOCK,
  busyBlocks,
  busyMachine,
  FOR_EVER,
  frontOf,
  nothingIsolated,
  reasonsOf,
  secondMoves,
  usedIn,
} from './offline-machines.js';

describe('section after section', () => {
  it('marks one at a time: pages go to sections that are captured later, and move again', () => {
    const m = busyMachine();
    const blocks = busyBlocks(m);
    const ledger = takeLedger(m);
    const { strategy, seen } = frontOf(m, PageCapture);
    const result = runToEnd(strategy.run({ blocks: [...blocks].reverse() }));
    expect(result).toMatchObject({ outcome: 'done', strategy: 'capture', refusals: [] });
    expect(secondMoves(result)).toBeGreaterThan(0);
    expect(result.blocks.map(({ block, state }) => [block, state])).toEqual(blocks.map((block) => [block, 'offline']));
    expect(seen.filter(({ kind }) => kind === 'block-state' || kind === 'range-isolated')).toEqual(
      blocks.flatMap((block) => [
        { kind: 'range-isolated', range: { start: block * BLOCK, end: (block + 1) * BLOCK } },
        { kind: 'block-state', block, state: 3 },
      ]),
    );
    for (const [i, pfn] of result.moved.targets.entries())
      expect(Math.floor(pfn / BLOCK)).not.toBe(Math.floor(result.moved.sources[i]! / BLOCK));
    expect(compareLedger(m, ledger)).toMatchObject({ wrong: 0, firstWrong: null });
    expectSound(m);
  });

  it('tries each list fast, and slowly what failed', () => {
    const m = busyMachine();
    const block = busyBlocks(m)[0]!;
    const [pinned] = usedIn(m, block).filter((pfn) => (m.flags[pfn]! & PG_ANON) !== 0);
    pin(m, pinned!, m.clock[0]! + 20_000_000);
    const pages = usedIn(m, block).length;
    const { strategy, seen } = frontOf(m, PageCapture);
    const result = runToEnd(strategy.run({ blocks: [block] }));
    expect(result.outcome).toBe('done');
    const passes = seen.filter(({ kind }) => kind === 'pass-started');
    expect(passes[0]).toMatchObject({ pass: 1, mode: 0, pages });
    expect(passes[1]).toMatchObject({ pass: 2, mode: 2 });
    // Its slot named the new page in the fast pass already.
    expect(result.refusals).toMatchObject([{ reason: 'rolled-back', pages: 1, pfns: [pinned] }]);
    expectSound(m);
  });

  companyCases(PageCapture, { machine: busyMachine, blocks: (m) => busyBlocks(m).slice(0, 3) });
  interruptionCases(PageCapture, { machine: busyMachine, blocks: (m) => busyBlocks(m).slice(0, 3) });
  badBlockCases(PageCapture);
});

describe('sections that stay', () => {
  it('a reserved page refuses its section up front; those that went stay offline', () => {
    const m = busyMachine();
    const [first, second, third] = busyBlocks(m) as [number, number, number];
    const reserved = Array.from({ length: BLOCK }, (_, i) => second * BLOCK + i).find(
      (pfn) => m.flags[pfn] !== 0 && (m.flags[pfn]! & PG_LRU) !== 0,
    )!;
    const flags = m.flags[reserved]!;
    m.flags[reserved] = flags | PG_RESERVED;
    const before = usedIn(m, second).length;
    const result = runToEnd(frontOf(m, PageCapture).strategy.run({ blocks: [first, second, third] }));
    m.flags[reserved] = flags;
    expect(result.outcome).toBe('partial');
    expect(result.blocks.map(({ state, pagesMigrated }) => [state, pagesMigrated > 0])).toEqual([
      ['offline', true],
      ['online', false],
      ['offline', true],
    ]);
    expect(result.blocks[1]!.refusals).toMatchObject([{ reason: 'reserved', kind: 'permanent', pfns: [reserved] }]);
    expect(usedIn(m, second).length).toBeGreaterThanOrEqual(before);
    expectSound(m);
  });

  it('a pin that does not end: marks are cleared and pages given back when the rounds are over', () => {
    const m = busyMachine();
    const block = busyBlocks(m)[0]!;
    const stuck = usedIn(m, block)[3]!;
    pin(m, stuck, FOR_EVER);
    const ledger = takeLedger(m);
    const { strategy, seen } = frontOf(m, PageCapture);
    const result = runToEnd(strategy.run({ blocks: [block] }));
    expect(result.outcome).toBe('refused');
    expect(reasonsOf(result)).toEqual(['pinned', 'rolled-back']);
    expect(result.blocks[0]!.refusals).toMatchObject([{ reason: 'pinned', pages: 1, pfns: [stuck] }]);
    expect(seen.filter(({ kind }) => kind === 'range-isolation-undone')).toHaveLength(1);
    expect(seen).toContainEqual(expect.objectContaining({ kind: 'refused' }));
    expect(nothingIsolated(m)).toBe(true);
    expect(usedIn(m, block)).toEqual([stuck]);
    expect(compareLedger(m, ledger)).toMatchObject({ wrong: 0 });
    expectSound(m);
  });

  it('what is not on the LRU is not grabbed: a driver page stays, though its driver could move it', () => {
    const m = busyMachine();
    const pfn = driverPage(m, createDriverPool(m, 4), 0, 1, 2);
    settle(m);
    const result = runToEnd(frontOf(m, PageCapture).strategy.run({ blocks: [Math.floor(pfn / BLOCK)] }));
    expect(result.outcome).toBe('refused');
    expect(result.refusals).toMatchObject([{ reason: 'not-on-lru', pages: 1, pfns: [pfn] }]);
    expectSound(m);
  });
});

describe('mode swap: anonymous pages go through the swap cache', () => {
  it('and take a slot each, which they keep', () => {
    const m = busyMachine();
    const block = busyBlocks(m)[0]!;
    const anonymous = usedIn(m, block).filter((pfn) => (m.flags[pfn]! & PG_ANON) !== 0).length;
    const ledger = takeLedger(m);
    const { strategy, host } = frontOf(m, PageCapture);
    const result = runToEnd(strategy.run({ blocks: [block], mode: 'swap' }));
    expect(result).toMatchObject({ outcome: 'done', strategy: 'capture:swap' });
    expect(anonymous).toBeGreaterThan(10);
    expect(host.swap.used).toBe(anonymous);
    expect(compareLedger(m, ledger)).toMatchObject({ wrong: 0 });
    expectSound(m);
  });

  it('so without swap they stay, and nothing else needs it', () => {
    const m = busyMachine({ swap: 0 });
    const block = busyBlocks(m).find((candidate) =>
      usedIn(m, candidate).some((pfn) => (m.flags[pfn]! & PG_ANON) !== 0),
    )!;
    const result = runToEnd(frontOf(m, PageCapture).strategy.run({ blocks: [block], mode: 'swap' }));
    expect(result.outcome).toBe('refused');
    expect(reasonsOf(result)).toEqual(['no-swap']);
    for (const pfn of usedIn(m, block)) expect(m.flags[pfn]! & PG_ANON).not.toBe(0);
    expect(result.refusals[0]!.pages).toBe(usedIn(m, block).length);
    expect(runToEnd(frontOf(m, PageCapture).strategy.run({ blocks: [block] })).outcome).toBe('done');
    expect(take(m)).toBeGreaterThan(0);
  });
});
