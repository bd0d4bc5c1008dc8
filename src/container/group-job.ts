import type { Cell, CellKey } from '../compare/cell.js';
import type { PlannedJob } from '../compare/plan.js';
import { failedCell } from '../compare/run-group.js';
import type { CompareTask } from '../compare/task.js';
import type { Job, JobMachine, Json } from '../workers/job.js';

/** What came of a group of cells, and of which job. */
export interface DoneGroup {
  readonly id: string;
  readonly cells: readonly Cell[];
}

/** What a group's job says beside its machine and its seed. */
type GroupOptions = Omit<CompareTask, 'source' | 'group' | 'jobs' | 'recording'> & {
  readonly machine: string;
  readonly cells: readonly CellKey[];
  readonly jobs: string;
};

/** A task of a comparison as a job that can be done anywhere. */
export function groupJob(task: CompareTask, machine: JobMachine, vacate: string): Job {
  const { group, jobs, labels, plugins, handlerTimeLimitMs, strategyModules } = task;
  const options: GroupOptions = {
    ...{ machine: group.machine, cells: group.cells, jobs: JSON.stringify(jobs, endless), labels, plugins },
    ...(handlerTimeLimitMs !== undefined && { handlerTimeLimitMs }),
    strategyModules,
  };
  return { machine, command: 'compare-group', options: options as unknown as Json, seed: group.seed, vacate };
}

/** The same job for some of its cells. */
export function withCells(job: Job, cells: readonly CellKey[]): Job {
  return { ...job, options: { ...(job.options as object), cells: cells as unknown as Json } };
}

export function cellsOfJob({ options }: Job): readonly CellKey[] {
  return (options as unknown as GroupOptions).cells;
}

/** The task again; `place` is where a capture lies for this process. */
export function taskOfJob({ machine, options, seed }: Job, place: string): CompareTask {
  const { machine: name, cells, jobs, ...rest } = options as unknown as GroupOptions;
  const group = { machine: name, seed, cells };
  const source = machine.kind === 'scenario' ? machine : ({ kind: 'capture', directory: place } as const);
  return { ...rest, source, group, jobs: JSON.parse(jobs, endlessAgain) as PlannedJob[] };
}

/** What is said of a group that nobody could do. */
export function brokenGroup(id: string, job: Job, because: string): DoneGroup {
  return { id, cells: cellsOfJob(job).map((key) => failedCell(key, because)) };
}

/** JSON has no infinity, and blocks may be held for ever. */
function endless(key: string, value: unknown): unknown {
  return key === 'holdNs' && value === Number.POSITIVE_INFINITY ? 'for ever' : value;
}

function endlessAgain(key: string, value: unknown): unknown {
  return key === 'holdNs' && value === 'for ever' ? Number.POSITIVE_INFINITY : value;
}
