import { describe, expect, it } from '@jest/globals';
import { Prng } from '../../../src/base/prng.js';
import { PG_LRU } from '../../../src/mm/page-flags.js';
import { readPage } from '../../../src/sim/access.js';
import { exitProcess, forkProcess } from '../../../src/sim/address-space.js';
import { lockPage, pin } from '../../../src/sim/holds.js';
import { compareLedger, takeLedger } from '../../../src/sim/ledger.js';
import { type Machine, SCALAR } from '../../../src/sim/machine.js';
import { advance } from '../../../src/sim/writeback.js';
import type { Manner, OfflineStrategy } from '../../../src/strategies/strategy.js';
import {
  anonProcess,
  changed,
  expectSound,
  type Mapped,
  SEED,
  settle,
  smallMachine,
  snapshot,
  zone,
} from '../sim/small-machine.js';
import { frontOf, nothingIsolated, type StrategyClass } from './offline-machines.js';

/** Runs in company. */
const ROUNDS = 6;
/** Pauses at which a run is stopped, besides the first few and the last. */
const STOPS = 14;

/** What a strategy is tried with. */
export interface Job {
  readonly machine: () => Machine;
  readonly blocks: (m: Machine) => readonly number[];
  readonly manner?: Manner;
}

/** Stopped at any pause, a run leaves blocks whole and contents as they were. */
export function interruptionCases(Of: StrategyClass<OfflineStrategy>, { machine, blocks, manner = {} }: Job): void {
  it(`stopped after any step: isolation is undone, blocks are whole, everything reads as before, seed ${SEED}`, () => {
    const m = machine();
    const start = snapshot(m);
    const asked = blocks(m);
    const ledger = takeLedger(m);
    const begin = () => frontOf(m, Of).strategy.run({ blocks: asked, ...manner });
    let pauses = 0;
    for (const job = begin(); job.next().done !== true; ) pauses++;
    expect(pauses).toBeGreaterThan(10);
    const prng = new Prng(SEED);
    const stops = [1, 2, 3, 4, pauses, ...Array.from({ length: STOPS }, () => 1 + prng.below(pauses))];
    for (const stopAt of stops) {
      new Uint8Array(m.buffer).set(start);
      const { strategy, seen } = frontOf(m, Of);
      const job = strategy.run({ blocks: asked, ...manner });
      for (let i = 0; i < stopAt; i++) expect(job.next().done).toBe(false);
      job.return(undefined as never);
      expect(nothingIsolated(m)).toBe(true);
      const offline = seen.flatMap((event) => (event.kind === 'block-state' ? [event.block] : []));
      for (const block of asked) expect(m.blockState[block]).toBe(offline.includes(block) ? 3 : 1);
      expect(seen.at(-1)).toEqual({ kind: 'run-finished', outcome: 'interrupted' });
      expect(compareLedger(m, ledger)).toMatchObject({ wrong: 0, firstWrong: null });
      expectSound(m);
    }
  });
}

/** Reads, pins, locks and forks between the steps of a run: whatever it does then, it does to whole pages. */
export function companyCases(Of: StrategyClass<OfflineStrategy>, { machine, blocks, manner = {} }: Job): void {
  it(`others run between its steps: contents stay, the machine is sound, seed ${SEED}`, () => {
    const m = machine();
    const start = snapshot(m);
    const asked = blocks(m);
    const outcomes = new Set<string>();
    for (let round = 0; round < ROUNDS; round++) {
      new Uint8Array(m.buffer).set(start);
      const prng = new Prng(SEED).split(round);
      const task = anonProcess(m, 64, 8);
      const ledger = takeLedger(m);
      const job = frontOf(m, Of).strategy.run({ blocks: asked, ...manner });
      let step = job.next();
      for (; step.done !== true; step = job.next()) disturb(m, prng, task);
      outcomes.add(step.value.outcome);
      for (const [i, block] of asked.entries()) expect(step.value.blocks[i]!.block).toBe(block);
      expect(nothingIsolated(m)).toBe(true);
      expect(compareLedger(m, ledger)).toMatchObject({ wrong: 0, firstWrong: null });
      advance(m, 0, 1e12);
      settle(m);
      expectSound(m);
    }
    expect(outcomes).toContain('done');
  });
}

/** One thing that another CPU does; none of them changes what is read afterwards. */
function disturb(m: Machine, prng: Prng, task: Mapped): void {
  if (prng.chance(0.5)) return;
  const pfn = prng.below(m.spec.nrPfns);
  const inUse = (m.flags[pfn]! & PG_LRU) !== 0;
  const until = m.clock[0]! + prng.below(3_000_000);
  const room = m.scalars[SCALAR.nrHolds]! < m.holdPfn.length - 64;
  if (prng.chance(0.3) && inUse && room) pin(m, pfn, until);
  else if (prng.chance(0.2) && inUse && room) lockPage(m, pfn, until);
  else if (prng.chance(0.1)) exitProcess(m, 1, forkProcess(m, 1, task.mm));
  else readPage(m, prng.below(2), task.mm, task.start + prng.below(64), new Uint32Array(2));
}

/** What every strategy answers to blocks that nobody can take offline. */
export function badBlockCases(Of: StrategyClass<OfflineStrategy>): void {
  describe('blocks that cannot be asked for', () => {
    const zones = [zone('Normal', 0, 1536), zone('Movable', 1536, 4096)];
    const machine = (): Machine => smallMachine({ pages: 5120, blockPages: 1024, zones, offline: [2], absent: [3] });

    it.each([
      ['none at all', [], 'at least one'],
      ['outside memory', [5], 'lies outside memory; blocks are 0 to 4'],
      ['offline already', [2], 'is offline, not online'],
      ['a hole', [3], 'is a hole'],
      ['in two zones', [1], 'spans two zones'],
      ['one good, one outside its zone', [0, 4], 'has a hole'],
    ] as const)('%s', (_what, blocks, because) => {
      const m = machine();
      const before = snapshot(m);
      const { strategy } = frontOf(m, Of);
      expect(strategy.doesNotApply?.({ blocks }) ?? null).toBeNull();
      expect(() => strategy.run({ blocks })).toThrow(because);
      expect(() => strategy.run({ blocks })).toThrow(expect.objectContaining({ kind: 'range' }));
      expect(changed(m, before)).toEqual([]);
    });
  });
}
