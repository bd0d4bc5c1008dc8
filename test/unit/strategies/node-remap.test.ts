import { describe, expect, it } from '@jest/globals';
import { PG_ACTIVE, PG_ANON, PG_DIRTY, PG_PRIVATE, PG_SWAPCACHE } from '../../../src/mm/page-flags.js';
import { pin } from '../../../src/sim/holds.js';
import { compareLedger, takeLedger } from '../../../src/sim/ledger.js';
import { changeLruFlags } from '../../../src/sim/lru.js';
import type { Machine } from '../../../src/sim/machine.js';
import { NodeRemap } from '../../../src/strategies/offline/node-remap.js';
import { FAST_FAILURES_MAX } from '../../../src/strategies/offline/two-pass-migration.js';
import { runToEnd } from '../../../src/strategies/strategy.js';
import { changed, expectSound, smallMachine, snapshot, zone } from '../sim/small-machine.js';
import { badBlockCases, companyCases, interruptionCases } from './offline-cases.js';
import {
  BLOCK,
  busyMachine,
  FOR_EVER,
  frontOf,
  nothingIsolated,
  reasonsOf,
  SECOND_NODE,
  secondMoves,
  twoNodes,
  usedIn,
} from './offline-machines.js';

const onSecondNode = (m: Machine): number[] => SECOND_NODE.flatMap((block) => usedIn(m, block));
const anonymousOf = (m: Machine, pfns: readonly number[]): number[] =>
  pfns.filter((pfn) => (m.flags[pfn]! & PG_ANON) !== 0);

describe('a whole node', () => {
  it('goes: its pages move once, to the other node, anonymous ones through the swap cache', () => {
    const m = twoNodes();
    const toMove = onSecondNode(m);
    const anonymous = anonymousOf(m, toMove).length;
    const ledger = takeLedger(m);
    const { strategy, host, seen } = frontOf(m, NodeRemap);
    const result = runToEnd(strategy.run({ blocks: [...SECOND_NODE].reverse() }));
    expect(result).toMatchObject({ outcome: 'done', strategy: 'node-remap', refusals: [] });
    expect(result.pagesMigrated).toBe(toMove.length);
    expect(secondMoves(result)).toBe(0);
    for (const pfn of result.moved.targets) expect(pfn).toBeLessThan(8 * BLOCK);
    expect(result.blocks.map(({ block, state }) => [block, state])).toEqual(SECOND_NODE.map((b) => [b, 'offline']));
    expect(anonymous).toBeGreaterThan(100);
    expect(host.swap.used).toBe(anonymous);
    const inSwapCache = [...result.moved.targets].filter((pfn) => (m.flags[pfn]! & PG_SWAPCACHE) !== 0);
    expect(inSwapCache).toHaveLength(anonymous);
    expect(seen.filter(({ kind }) => kind === 'range-isolated')).toHaveLength(SECOND_NODE.length);
    expect(compareLedger(m, ledger)).toMatchObject({ wrong: 0, firstWrong: null });
    expectSound(m);
  });

  it('inactive pages go first, then the active ones', () => {
    const m = twoNodes();
    const active = onSecondNode(m).filter((_, i) => i % 3 === 0);
    for (const pfn of active) changeLruFlags(m, pfn, PG_ACTIVE, 0);
    const { strategy } = frontOf(m, NodeRemap);
    // In the mode that writes nothing and makes no page wait, the order shows undisturbed.
    const clean = onSecondNode(m).filter((pfn) => (m.flags[pfn]! & PG_PRIVATE) === 0);
    const { moved } = runToEnd(strategy.run({ blocks: SECOND_NODE, mode: 'migration-cache' }));
    const isActive = new Set(active);
    const order = [...moved.sources].filter((pfn) => clean.includes(pfn)).map((pfn) => isActive.has(pfn));
    // Pages are taken 32 at a time: one such cluster may have both.
    expect(order.lastIndexOf(false) - order.indexOf(true)).toBeLessThan(32);
    expect(order.filter(Boolean).length).toBeGreaterThan(100);
  });

  it('dirty pages with buffers are written first', () => {
    const m = twoNodes();
    const buffered = onSecondNode(m).filter((pfn) => (m.flags[pfn]! & PG_PRIVATE) !== 0);
    expect(buffered.length).toBeGreaterThan(10);
    for (const pfn of buffered) expect(m.flags[pfn]! & PG_DIRTY).not.toBe(0);
    const clock = m.clock[0]!;
    const ledger = takeLedger(m);
    const { strategy, seen } = frontOf(m, NodeRemap);
    const result = runToEnd(strategy.run({ blocks: SECOND_NODE }));
    expect(result.outcome).toBe('done');
    const sources = [...result.moved.sources];
    for (const pfn of buffered) expect(m.flags[result.moved.targets[sources.indexOf(pfn)]!]! & PG_DIRTY).toBe(0);
    expect(m.clock[0]!).toBeGreaterThan(clock);
    const passes = seen.flatMap((event) => (event.kind === 'pass-started' ? [event] : []));
    expect(passes[1]).toMatchObject({ mode: 2, pages: Math.min(buffered.length, FAST_FAILURES_MAX) });
    expect(compareLedger(m, ledger)).toMatchObject({ wrong: 0 });
    expectSound(m);
  });

  companyCases(NodeRemap, { machine: twoNodes, blocks: () => SECOND_NODE });
  interruptionCases(NodeRemap, { machine: twoNodes, blocks: () => SECOND_NODE });
  badBlockCases(NodeRemap);
});

describe('swap', () => {
  it('too little of it: what has no slot stays, and the node is enabled again', () => {
    const m = twoNodes({ swap: 100 });
    const anonymous = anonymousOf(m, onSecondNode(m)).length;
    const ledger = takeLedger(m);
    const { strategy, host, seen } = frontOf(m, NodeRemap);
    const result = runToEnd(strategy.run({ blocks: SECOND_NODE }));
    expect(result.outcome).toBe('refused');
    expect(reasonsOf(result)).toContain('no-swap');
    expect(host.swap.used).toBe(100);
    expect(anonymousOf(m, onSecondNode(m)).length).toBe(anonymous - 100);
    expect(nothingIsolated(m)).toBe(true);
    expect(seen.filter(({ kind }) => kind === 'range-isolation-undone')).toHaveLength(SECOND_NODE.length);
    expect(result.blocks.every(({ state }) => state === 'online')).toBe(true);
    expect(compareLedger(m, ledger)).toMatchObject({ wrong: 0 });
    expectSound(m);
  });

  it('is not needed by the migration cache', () => {
    const m = twoNodes({ swap: 0 });
    const ledger = takeLedger(m);
    const { strategy } = frontOf(m, NodeRemap);
    const result = runToEnd(strategy.run({ blocks: SECOND_NODE, mode: 'migration-cache' }));
    expect(result).toMatchObject({ outcome: 'done', strategy: 'node-remap:migration-cache' });
    expect(compareLedger(m, ledger)).toMatchObject({ wrong: 0 });
    expectSound(m);
  });
});

describe('slots that had to be put back (PG_again)', () => {
  it('a pin that does not end: everything else has moved, the node is enabled again', () => {
    const m = twoNodes();
    const all = onSecondNode(m);
    const stuck = anonymousOf(m, all)[5]!;
    pin(m, stuck, FOR_EVER);
    const ledger = takeLedger(m);
    const { strategy } = frontOf(m, NodeRemap);
    const result = runToEnd(strategy.run({ blocks: SECOND_NODE }));
    expect(result).toMatchObject({ outcome: 'refused', pagesMigrated: all.length - 1 });
    expect(reasonsOf(result)).toEqual(['pinned', 'rolled-back']);
    // Once in the fast pass, once in the slow one.
    expect(result.refusals.find(({ reason }) => reason === 'rolled-back')).toMatchObject({ pages: 2 });
    expect(result.blocks.filter(({ refusals }) => refusals.length > 0)).toMatchObject([
      { block: Math.floor(stuck / BLOCK), refusals: [{ reason: 'pinned', pages: 1, pfns: [stuck] }] },
    ]);
    expect(onSecondNode(m)).toEqual([stuck]);
    expect(nothingIsolated(m)).toBe(true);
    expect(compareLedger(m, ledger)).toMatchObject({ wrong: 0 });
    expectSound(m);
  });

  it('a hundred failures end the fast pass; the slow one waits, and it goes on from there', () => {
    const m = twoNodes();
    const pinned = anonymousOf(m, onSecondNode(m)).slice(0, 250);
    const until = m.clock[0]! + 30_000_000;
    const shape = m.holdPfn.length;
    for (const pfn of pinned.slice(0, Math.min(pinned.length, shape))) pin(m, pfn, until);
    const { strategy, seen } = frontOf(m, NodeRemap);
    const result = runToEnd(strategy.run({ blocks: SECOND_NODE, mode: 'migration-cache' }));
    expect(result.outcome).toBe('done');
    expect(reasonsOf(result)).toEqual(['rolled-back']);
    const passes = seen.flatMap((event) => (event.kind === 'pass-started' ? [event] : []));
    expect(passes.map(({ mode }) => mode).slice(0, 3)).toEqual([0, 2, 0]);
    expect(passes[1]!.pages).toBeGreaterThanOrEqual(FAST_FAILURES_MAX);
    expect(passes[1]!.pages).toBeLessThan(FAST_FAILURES_MAX + 32);
    expect(passes[2]!.pages).toBeLessThan(passes[0]!.pages);
    expectSound(m);
  });
});

describe('does not apply', () => {
  it('to part of a node: it names what would be whole', () => {
    const { strategy } = frontOf(twoNodes(), NodeRemap);
    const blocks = SECOND_NODE.slice(1);
    expect(strategy.doesNotApply({ blocks })).toContain('has 8 blocks online, 8 to 15');
    expect(() => strategy.run({ blocks })).toThrow(expect.objectContaining({ kind: 'usage' }));
  });

  it('to all the memory there is, and to the only node', () => {
    const lone = frontOf(smallMachine({ pages: 2048 }), NodeRemap);
    expect(lone.strategy.doesNotApply({ blocks: [0, 1, 2, 3] })).toContain('no other node has memory');
    const all = Array.from({ length: 16 }, (_, block) => block);
    expect(frontOf(twoNodes(), NodeRemap).strategy.doesNotApply({ blocks: all })).toContain('no other node');
  });

  it('asking changes nothing', () => {
    const m = twoNodes();
    const before = snapshot(m);
    const { strategy } = frontOf(m, NodeRemap);
    expect(strategy.doesNotApply({ blocks: SECOND_NODE })).toBeNull();
    strategy.doesNotApply({ blocks: [3] });
    expect(changed(m, before)).toEqual([]);
  });
});

describe('a whole zone', () => {
  it('goes as a node would: to other zones of its node', () => {
    const m = busyMachine();
    const blocks = Array.from({ length: 12 }, (_, i) => i + 4);
    const ledger = takeLedger(m);
    const { strategy } = frontOf(m, NodeRemap);
    const result = runToEnd(strategy.run({ blocks }));
    expect(result.outcome).toBe('done');
    for (const pfn of result.moved.targets) expect(pfn).toBeLessThan(4 * BLOCK);
    expect(compareLedger(m, ledger)).toMatchObject({ wrong: 0 });
    expectSound(m);
  });

  it('blocks that are offline already do not count', () => {
    const zones = [zone('Normal', 0, 1024), zone('Movable', 1024, 2048)];
    const m = smallMachine({ pages: 2048, zones, offline: [3] });
    expect(runToEnd(frontOf(m, NodeRemap).strategy.run({ blocks: [2] })).outcome).toBe('done');
    expectSound(m);
  });
});
