import { describe, expect, it } from '@jest/globals';
import { Prng } from '../../../src/base/prng.js';
import { compareLedger, takeLedger } from '../../../src/sim/ledger.js';
import type { Machine } from '../../../src/sim/machine.js';
import type { Manner, OfflineStrategy } from '../../../src/strategies/strategy.js';
import { changed, expectSound, SEED, smallMachine, snapshot, zone } from '../sim/small-machine.js';
import { frontOf, nothingIsolated, type StrategyClass } from './offline-machines.js';

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
