import 'reflect-metadata';
import { describe, expect, it } from '@jest/globals';
import anonymous from '../../../plugins/anonymous/index.js';
import fileBacked from '../../../plugins/file-backed/index.js';
import movableOps from '../../../plugins/movable-ops/index.js';
import nonlinear from '../../../plugins/nonlinear/index.js';
import swapBacked from '../../../plugins/swap-backed/index.js';
import { Prng } from '../../../src/base/prng.js';
import { createEvacuator } from '../../../src/container/create-evacuator.js';
import { BLOCK_ONLINE } from '../../../src/mm/memory-block.js';
import { attachCpu } from '../../../src/smp/cpu.js';
import { smpModule } from '../../../src/smp/smp-module.js';
import { createSoakControl, setThreadState, THREAD_PARKED } from '../../../src/soak/control.js';
import { createCounters } from '../../../src/soak/counters.js';
import { FAULT_KINDS, type FaultKind } from '../../../src/soak/fault-kinds.js';
import { Faults } from '../../../src/soak/faults.js';
import { FaultyHost } from '../../../src/soak/faulty-host.js';
import { faultyPageType } from '../../../src/soak/faulty-page-type.js';
import { createRecentMoves } from '../../../src/soak/moves.js';
import { reportOf } from '../../../src/soak/report.js';
import { fullRoster, pickFromRoster } from '../../../src/soak/roster.js';
import { runMigrator } from '../../../src/soak/run-migrator.js';
import { firstRow } from '../../../src/soak/shape.js';
import { FoundBroken, FoundWrong } from '../../../src/soak/wrong-word.js';
import type { StrategyProgress } from '../../../src/strategies/strategy.js';
import { readyMachine } from './machines.js';

const PLUGINS = [nonlinear, swapBacked, anonymous, fileBacked, movableOps];

/** A migrator that is alone on its machine; time goes by so fast that everybody stands still after each job. */
function migrator(strategies: string, kinds: readonly FaultKind[], rounds: number) {
  const ready = readyMachine();
  const cpu = attachCpu(ready.shared, 0);
  const labels = createEvacuator({ host: smpModule(cpu), plugins: [] }).strategies;
  const roster = pickFromRoster(fullRoster(labels), strategies);
  const counters = createCounters({ nrThreads: 1, nrMigrators: 1, nrStrategies: roster.length });
  const faults = new Faults(0, kinds, counters, new Prng(3));
  const evacuator = createEvacuator({
    host: smpModule(cpu, (c) => new FaultyHost(c, faults)),
    plugins: PLUGINS.map((pageType) => faultyPageType(pageType, faults)),
    onListenerError: () => {},
  });
  const control = new Int32Array(createSoakControl(2));
  setThreadState(control, 0, THREAD_PARKED);
  let now = 0;
  const { ledger, residents } = ready;
  const common = { cpu, evacuator, roster, faults, ledger, residents, counters, control, rounds };
  const own = { migrator: 0, thread: 1, moves: createRecentMoves(1), prng: new Prng(7), quietEveryMs: 20 };
  return { ...common, ...own, now: () => now++ };
}

const JOBS = 'offline/merged,offline/swap-out,high-order/compaction,kswapd-coalesce,move-pages';

describe('a migrator of a soak', () => {
  it('does the jobs of its roster in turn, brings blocks back, and looks at the machine in between', () => {
    const t = migrator(JOBS, [], 3);
    runMigrator(t, () => {});
    const { jobs, strategies, quietPoints, pagesMigrated } = reportOf(t.counters, t.roster);
    expect(strategies.map(({ jobs: nr }) => nr >= 3)).toEqual(t.roster.map(() => true));
    expect(pagesMigrated).toBeGreaterThan(1000);
    expect(jobs).toMatchObject({ failed: 0 });
    expect(quietPoints).toBeGreaterThan(2);
    const { blockState } = t.cpu.machine;
    expect([...blockState].filter((state) => state !== BLOCK_ONLINE)).toEqual([]);
  });

  it('goes on through every fault, each in its turn, and all words are right', () => {
    const t = migrator(JOBS, FAULT_KINDS, 12);
    runMigrator(t, () => {});
    const { faults, jobs } = reportOf(t.counters, t.roster);
    for (const kind of FAULT_KINDS) expect([kind, faults[kind] > 0]).toEqual([kind, kind !== 'thread-killed']);
    expect(jobs.failed).toBeGreaterThan(0);
    expect(jobs.aborted).toBeGreaterThan(0);
  });

  it('stops a job that would go on for ever, and does the next', () => {
    const t = migrator('high-order/merged,high-order/compaction', [], 2);
    const { evacuator } = t;
    const runs: string[] = [];
    function* endless(): Generator<StrategyProgress, never> {
      for (;;) yield { step: 'reclaiming', done: 0, total: 1 };
    }
    const highOrder: typeof evacuator.highOrder = (request, strategy = '') => {
      runs.push(strategy);
      return strategy === 'merged' ? endless() : evacuator.highOrder(request, strategy);
    };
    runMigrator({ ...t, evacuator: { ...evacuator, highOrder } }, () => {});
    expect(runs.slice(0, 3)).toEqual(['merged', 'compaction', 'merged']);
    expect(reportOf(t.counters, t.roster).jobs.aborted).toBe(2);
  });

  it('finds a word that somebody has spoilt, and an invariant that does not hold', () => {
    const wrong = migrator('move-pages', [], 200);
    const { shape, expected } = wrong.ledger;
    expected[firstRow(shape, 'common') * shape.words]!++;
    expect(() => runMigrator(wrong, () => {})).toThrow(FoundWrong);
    const broken = migrator('move-pages', [], 200);
    broken.cpu.machine.nrFree[0]!++;
    expect(() => runMigrator(broken, () => {})).toThrow(FoundBroken);
  });
});
