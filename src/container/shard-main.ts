import 'reflect-metadata';
import type { ShardAnswer, ShardRequest } from '../shards/shard.js';
import type { Keeper, KeeperStart } from '../workers/keeper-call.js';
import { ShardKeeper, type ShardTask } from './shard-keeper.js';

/** The thread of a shard. */
export default function keepShard({ task, cpuMs }: KeeperStart<ShardTask>): Keeper<ShardRequest, ShardAnswer> {
  const keeper = new ShardKeeper(task, cpuMs);
  return ({ request: { verb, request }, signal, tell }) =>
    keeper.answer(verb, request as never, { signal, onProgress: tell });
}
