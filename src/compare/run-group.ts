import type { Cell, CellKey } from './cell.js';
import { recordCell } from './cell-recording.js';
import { frontEndOf, NOBODY } from './contestants.js';
import type { CellEvacuator } from './evacuator-port.js';
import type { CompareJob } from './job.js';
import type { KeptMachine } from './kept-machine.js';
import { runCell } from './run-cell.js';
import { type Stake, stakeOf } from './stake.js';
import type { Surroundings } from './surroundings.js';
import type { CompareTask } from './task.js';

/** A machine on which a group's cells run, one after the other. */
export interface GroupMachine {
  readonly kept: KeptMachine;
  /** What strategies remember of a machine must not outlive a cell, so each has an evacuator of its own. */
  createEvacuator(): CellEvacuator;
  /** Starts the machine's other tasks. */
  begin(): Surroundings;
}

/** Takes a finished cell, and its run as `KeptRecording` gives it; null unless that was asked for and the cell ran. */
export type PostCell = (cell: Cell, recording: Uint8Array | null) => void;

/**
 * Runs the cells of a group and hands each out as soon as it is finished. A machine that cannot be built makes a cell
 * with its error of each of them.
 */
export function runGroup(task: CompareTask, open: () => GroupMachine, post: PostCell): void {
  let machine: GroupMachine;
  try {
    machine = open();
  } catch (error) {
    const because = error instanceof Error ? error.message : String(error);
    for (const key of task.group.cells) post(failedCell(key, because), null);
    return;
  }
  const { kept } = machine;
  const jobs = new Map(task.jobs.map(({ name, job }) => [name, job]));
  const stakes = new Map<string, Stake>();
  for (const [at, key] of task.group.cells.entries()) {
    const job = jobs.get(key.job) as CompareJob;
    if (at > 0) kept.restore();
    const evacuator = machine.createEvacuator();
    let stake = stakes.get(key.job);
    if (stake === undefined) {
      stake = stakeOf(evacuator.service, job);
      stakes.set(key.job, stake);
    }
    const frontEnd = key.strategy === NOBODY ? 'highOrder' : frontEndOf(job, task.labels, key.strategy);
    const { recording: facts, source } = task;
    const recording = facts === undefined ? null : recordCell(facts, key, source.kind, kept.machine, evacuator);
    const cell = runCell({ key, job, frontEnd, kept, evacuator, surroundings: machine.begin(), stake });
    const bytes = recording?.finish(cell.ended) ?? null;
    post(cell, cell.ended === 'does-not-apply' ? null : bytes);
    evacuator.dispose();
  }
}

/** A run that did not come so far as to end. */
export function failedCell({ machine, job, strategy, seed }: CellKey, because: string): Cell {
  return {
    ...{ machine, job, strategy, seed },
    ...{ ended: 'error', because, metrics: null, refusals: [], stateHash: null },
  };
}
