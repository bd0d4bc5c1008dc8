import { setTimeout } from 'node:timers/promises';
import { WorkerPool } from '../../workers/worker-pool.js';

/** How often signals are looked for; workers keep the cores busy, not this thread. */
const LOOK_MS = 50;

/** Rows take seconds; a worker that takes so long without one is never going to end. */
export const SILENCE_MS_MAX = 300_000;

export interface RunTasksOptions<Task, Row> {
  /** A module whose default export is a `PoolFunction`. */
  readonly entry: URL;
  readonly nrWorkers: number;
  readonly tasks: readonly Task[];
  readonly interrupted: () => boolean;
  /** Told of each row as it comes. */
  readonly onRow: (row: Row) => void;
  /** What becomes of a task whose worker broke down or hung after these rows: the row that says so, and what is left. */
  readonly onBroken: (task: Task, rows: readonly Row[], because: string) => { row: Row | null; left: readonly Task[] };
}

/** Does tasks on threads of this process. When interrupted, it drops what is under way: only a simulation is lost. */
export async function runTasks<Task, Row>(options: RunTasksOptions<Task, Row>): Promise<'finished' | 'interrupted'> {
  const { entry, tasks, interrupted, onRow } = options;
  if (tasks.length === 0) return 'finished';
  const nrWorkers = Math.min(options.nrWorkers, tasks.length);
  const pool = new WorkerPool<Task, Row>(entry, nrWorkers, SILENCE_MS_MAX);
  const over = new AbortController();
  const queue = [...tasks];
  let stopped = false;
  const failures: unknown[] = [];
  const take = (row: Row) => {
    if (stopped) return;
    try {
      onRow(row);
    } catch (error) {
      // Where results cannot be kept, there is no use in more of them.
      failures.push(error);
      stopped = true;
      over.abort();
    }
  };
  const work = async () => {
    for (let task = queue.shift(); task !== undefined && !stopped; task = queue.shift())
      queue.push(...(await runTask(pool, task, take, options.onBroken)));
  };
  const all = Promise.all(Array.from({ length: nrWorkers }, work)).finally(() => over.abort());
  try {
    while (!over.signal.aborted) {
      if (interrupted()) return 'interrupted';
      await setTimeout(LOOK_MS, undefined, { signal: over.signal }).catch(() => {});
    }
    if (failures.length > 0) throw failures[0];
    await all;
    return 'finished';
  } finally {
    stopped = true;
    await pool.stop();
  }
}

async function runTask<Task, Row>(
  pool: WorkerPool<Task, Row>,
  task: Task,
  take: (row: Row) => void,
  onBroken: RunTasksOptions<Task, Row>['onBroken'],
): Promise<readonly Task[]> {
  const rows: Row[] = [];
  try {
    await pool.run(task, (row) => {
      rows.push(row);
      take(row);
    });
    return [];
  } catch (error) {
    const { row, left } = onBroken(task, rows, error instanceof Error ? error.message : String(error));
    if (row !== null) take(row);
    return left;
  }
}
