import { setTimeout } from 'node:timers/promises';
import { type Cell, idOf } from '../compare/cell.js';
import { failedCell } from '../compare/run-group.js';
import type { CompareTask } from '../compare/task.js';
import { WorkerPool } from '../workers/worker-pool.js';

/** How often signals are looked for; workers keep the cores busy, not this thread. */
const LOOK_MS = 50;

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
  const entry = new URL('../container/worker-main.js', import.meta.url);
  const pool = new WorkerPool<CompareTask, Cell>(entry, Math.min(nrWorkers, tasks.length));
  const over = new AbortController();
  let stopped = false;
  const work = Promise.all(
    tasks.map(async (task) => {
      const missing = new Map(task.group.cells.map((key) => [idOf(key), key]));
      const take = (cell: Cell) => {
        if (stopped) return;
        missing.delete(idOf(cell));
        onCell(cell);
      };
      try {
        await pool.run(task, take);
      } catch (error) {
        // The worker broke down: its cells say so, and the others go on.
        const because = error instanceof Error ? error.message : String(error);
        for (const key of [...missing.values()]) take(failedCell(key, because));
      }
    }),
  ).then(() => over.abort());
  try {
    while (!over.signal.aborted) {
      if (interrupted()) return 'interrupted';
      await setTimeout(LOOK_MS, undefined, { signal: over.signal }).catch(() => {});
    }
    await work;
    return 'finished';
  } finally {
    stopped = true;
    await pool.stop();
  }
}
