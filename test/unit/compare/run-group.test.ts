import anonymous from '../../../plugins/anonymous/index.js';
import type { Cell } from '../../../src/compare/cell.js';
import { KeptMachine } from '../../../src/compare/kept-machine.js';
import { type GroupMachine, runGroup } from '../../../src/compare/run-group.js';
import { alone } from '../../../src/compare/surroundings.js';
import type { CompareTask } from '../../../src/compare/task.js';
import { createEvacuator } from '../../../src/container/create-evacuator.js';
import { simModule } from '../../../src/sim/sim-module.js';
import { anonProcess, smallMachine } from '../sim/small-machine.js';

const JOB = { kind: 'offline', blocks: [0], what: 'block 0' } as const;

function taskOf(strategies: readonly string[]): CompareTask {
  const cells = strategies.map((strategy) => ({ machine: 'm', job: 'offline block 0', strategy, seed: 1 }));
  return {
    source: { kind: 'scenario', where: 'm.yaml', text: '' },
    group: { machine: 'm', seed: 1, cells },
    jobs: [{ name: 'offline block 0', job: JOB, strategies }],
    labels: { highOrder: [], offline: strategies, reclaim: [] },
    plugins: [],
    strategyModules: [],
  };
}

function open(): GroupMachine {
  const machine = smallMachine();
  anonProcess(machine, 600);
  return {
    kept: new KeptMachine(machine),
    createEvacuator: () => createEvacuator({ host: simModule(machine), plugins: [anonymous] }),
    begin: () => alone(machine),
  };
}

function cellsOf(strategies: readonly string[], opening = open): Cell[] {
  const cells: Cell[] = [];
  runGroup(taskOf(strategies), opening, (cell) => cells.push(cell));
  return cells;
}

describe('a group', () => {
  it('gives every strategy the same machine, whoever ran before it', () => {
    const [first, second] = cellsOf(['isolate-first', 'block-by-block']);
    expect(first).toMatchObject({ strategy: 'isolate-first', ended: 'done', metrics: { success: 1 } });
    expect(second).toMatchObject({ strategy: 'block-by-block', ended: 'done', metrics: { success: 1 } });
    expect(cellsOf(['block-by-block', 'isolate-first'])).toEqual([second, first]);
  });

  it('goes on after a strategy that does not exist', () => {
    expect(cellsOf(['isolate-last', 'isolate-first']).map(({ ended }) => ended)).toEqual(['does-not-apply', 'done']);
  });

  it('of a machine that cannot be built has its error in every cell', () => {
    const broken = (): never => {
      throw new Error('no memory for workloads[2]');
    };
    expect(cellsOf(['a', 'b'], broken)).toMatchObject([
      { strategy: 'a', ended: 'error', because: 'no memory for workloads[2]' },
      { strategy: 'b', ended: 'error', because: 'no memory for workloads[2]' },
    ]);
  });
});
