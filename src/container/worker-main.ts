import 'reflect-metadata';
import { runGroup } from '../compare/run-group.js';
import type { CellNews, CompareTask } from '../compare/task.js';
import type { PoolCall } from '../workers/pool-call.js';
import { buildCompareMachine, groupMachine } from './compare-machine.js';
import { loadPlugins, loadShippedPlugins, loadStrategies } from './load-plugins.js';

/** A worker of a comparison: runs one group of cells, and posts each cell when it is finished. */
export default async function runTask({ task, port }: PoolCall<CompareTask>): Promise<number> {
  const { source, group, plugins, strategyModules } = task;
  const pageTypes = [...(await loadShippedPlugins()), ...(await loadPlugins(plugins, task))];
  const strategies = await loadStrategies(strategyModules);
  let posted = 0;
  runGroup(
    task,
    () => groupMachine(buildCompareMachine(source, group.seed), group.seed, pageTypes, strategies),
    (cell, recording) => {
      port.postMessage({ cell, recording } satisfies CellNews);
      posted++;
    },
  );
  return posted;
}
