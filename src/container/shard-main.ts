import 'reflect-metadata';
import type { ShardAnswer, ShardRequest } from '../shards/shard.js';
import type { Keeper, KeeperStart } from '../workers/keeper-call.js';
import { loadPlugins, loadShippedPlugins, loadStrategies } from './load-plugins.js';
import { ShardKeeper } from './shard-keeper.js';
import type { ShardSource } from './shard-machine.js';

/** What the thread of a shard is told: plain data, so that it can be sent. */
export interface ShardTask {
  readonly source: ShardSource;
  readonly plugins: readonly string[];
  readonly handlerTimeLimitMs?: number | undefined;
  readonly strategyModules: readonly string[];
  readonly isVerified: boolean;
}

/** The thread of a shard. */
export default function keepShard({ task, cpuMs }: KeeperStart<ShardTask>): Keeper<ShardRequest, ShardAnswer> {
  const { source, isVerified, plugins, strategyModules } = task;
  const load = async () => ({
    plugins: [...(await loadShippedPlugins()), ...(await loadPlugins(plugins, task))],
    strategies: await loadStrategies(strategyModules),
  });
  const keeper = new ShardKeeper({ source, load, isVerified, cpuMs });
  return ({ request: { verb, request }, signal, tell }) =>
    keeper.answer(verb, request as never, { signal, onProgress: tell });
}
