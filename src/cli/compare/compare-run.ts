import { setTimeout } from 'node:timers/promises';
import { type Cell, idOf } from '../../compare/cell.js';
import { failedCell } from '../../compare/run-group.js';
import type { CompareTask } from '../../compare/task.js';
import { WorkerPool } from '../../workers/worker-pool.js';

/** How often signals are looked for; workers keep the cores busy, not this thread. */
const LOOK_MS = 50;

/** Cells take seconds; a strategy that takes so long without a pause is never going to end. */
const SILENCE_MS_MAX = 300_000;

export interface RunGroupsOptions {
  readonly nrWorkers: number;
  readonly tasks: readonly CompareTask[];
  readonly interrupted: () => boolean;
  /** Told of each cell when it is finished. */
  readonly onCell: (cell: Cell) => void;
}

/** Runs groups of cells on workers. When interrupted, it drops what is under way: nothing but a simulation is lost. */
export async function runGroups({
  nrWorkers,
  tasks,
  interrupted,
  onCell,
}: RunGroupsOptions): Promise<'finished' | 'interrupted'> {
  if (tasks.length === 0) return 'finished';
  const entry = new URL('../../container/worker-main.js', import.meta.url);
  const pool = new WorkerPool<CompareTask, Cell>(entry, Math.min(nrWorkers, tasks.length), SILENCE_MS_MAX);
  const over = new AbortController();
  const queue = [...tasks];
  let stopped = false;
  const failures: unknown[] = [];
  const take = (cell: Cell) => {
    if (stopped) return;
    try {
      onCell(cell);
    } catch (error) {
      // Where results cannot be kept, there is no use in more of them.
      failures.push(error);
      stopped = true;
      over.abort();
    }
  };
  const work = async () => {
    for (let task = queue.shift(); task !== undefined && !stopped; task = queue.shift())
      queue.push(...(await runTask(pool, task, take)));
  };
  const workers = Array.from({ length: Math.min(nrWorkers, tasks.length) }, work);
  const all = Promise.all(workers).finally(() => over.abort());
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

/**
 * Runs one group. If its worker breaks down or hangs, the cell that it was at has that as its error, and what is left of
 * the group is another task.
 */
async function runTask(
  pool: WorkerPool<CompareTask, Cell>,
  task: CompareTask,
  take: (cell: Cell) => void,
): Promise<CompareTask[]> {
  const finished = new Set<string>();
  try {
    await pool.run(task, (cell) => {
      finished.add(idOf(cell));
      take(cell);
    });
    return [];
  } catch (error) {
    const [broken, ...left] = task.group.cells.filter((key) => !finished.has(idOf(key)));
    if (broken !== undefined) take(failedCell(broken, error instanceof Error ? error.message : String(error)));
    return left.length === 0 ? [] : [{ ...task, group: { ...task.group, cells: left } }];
  }
}
