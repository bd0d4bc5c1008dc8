import { type Cell, idOf } from '../../compare/cell.js';
import { failedCell } from '../../compare/run-group.js';
import type { CellNews, CompareTask } from '../../compare/task.js';
import { runTasks } from '../engine/run-tasks.js';

export interface RunGroupsOptions {
  readonly nrWorkers: number;
  readonly tasks: readonly CompareTask[];
  readonly interrupted: () => boolean;
  /** Told of each cell when it is finished, with what was written down of it. */
  readonly onCell: (cell: Cell, recording: Uint8Array | null) => void;
}

/** Runs groups of cells on workers. When interrupted, it drops what is under way: nothing but a simulation is lost. */
export function runGroups({
  nrWorkers,
  tasks,
  interrupted,
  onCell,
}: RunGroupsOptions): Promise<'finished' | 'interrupted'> {
  const entry = new URL('../../container/worker-main.js', import.meta.url);
  const onRow = ({ cell, recording }: CellNews) => onCell(cell, recording);
  return runTasks({ entry, nrWorkers, tasks, interrupted, onRow, onBroken });
}

/** A group whose worker broke: the cell that it was at has why it broke as its error, and what is left of the group is another task. */
function onBroken(
  task: CompareTask,
  news: readonly CellNews[],
  because: string,
): { row: CellNews | null; left: CompareTask[] } {
  const finished = new Set(news.map(({ cell }) => idOf(cell)));
  const [broken, ...left] = task.group.cells.filter((key) => !finished.has(idOf(key)));
  return {
    row: broken === undefined ? null : { cell: failedCell(broken, because), recording: null },
    left: left.length === 0 ? [] : [{ ...task, group: { ...task.group, cells: left } }],
  };
}
