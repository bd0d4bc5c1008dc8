import { expectArgument, isObject, isTexts, isWhole } from '../base/arguments.js';
import type { BlockId } from '../mm/units.js';
import type { RecordedNode } from '../recording/merge-runs.js';
import type { ShardedHighOrder } from '../shards/high-order-result.js';
import type { Shard, ShardAnswer, ShardCallOptions, ShardRequest, ShardVerb, ShardVerbs } from '../shards/shard.js';
import { byPages, type GroupOptions, ShardGroup, type ShardNode } from '../shards/shard-group.js';
import { highOrderOn, type ShardedHighOrderRequest } from '../shards/sharded-high-order.js';
import { offlineOn, onlineOn, type ShardedOffline, type ShardedOfflineRequest } from '../shards/sharded-offline.js';
import type { LedgerComparison } from '../sim/ledger.js';
import type { StrategyProgress } from '../strategies/strategy.js';
import { KeeperThread } from '../workers/keeper-thread.js';
import { checkTimeLimit } from './plugin-origins.js';
import type { ShardSource } from './shard-machine.js';
import type { ShardTask } from './shard-main.js';

/**
 * What a machine of several nodes is made of.
 *
 * @example
 * const kept: GroupOptions = { threads: 1, onProgress: (node, { step }) => console.log(node, step) };
 * const source: ShardSource = { kind: 'scenario', scenario, seed: 1 };
 * const options: OpenShardsOptions = { ...kept, nodes: [source], isVerified: true };
 * const shards: Shards = await openShards(options);
 * const [node]: readonly ShardNode[] = shards.nodes;
 * const offline: ShardedOfflineRequest = { blocks: [8] };
 * const went: ShardedOffline = await shards.offline(offline);
 * const [first]: readonly NodeOffline[] = went.nodes;
 * const blocks: ShardedHighOrderRequest = { order: 9, count: 2 };
 * const result: ShardedHighOrder = await shards.highOrder(blocks);
 * const made = result.nodes.map((each: NodeHighOrder) => each.made);
 * await shards.close();
 * [went.outcome, first?.node === node?.node, made]; // ["done",true,[2]]
 */
export interface OpenShardsOptions extends GroupOptions {
  /** What each node's machine is made from, in the order of their addresses. */
  readonly nodes: readonly ShardSource[];
  /** So many nodes work at a time; 1 if absent. */
  readonly threads?: number;
  /** Modules of page types beside the shipped ones, and of strategies, as `loadPlugins` and `loadStrategies` take them. */
  readonly plugins?: readonly string[];
  readonly strategyModules?: readonly string[];
  /** Milliseconds that one of the plugins may take, as `loadPlugins` has it; 2000 if absent. */
  readonly handlerTimeLimitMs?: number | undefined;
  /** True if every page is to be read before and after, for `verify()`; takes 8 bytes a page. */
  readonly isVerified?: boolean;
}

/** More threads than this only get in each other's way. */
const THREADS_MAX = 256;
/** As many as kernels are built for at most (CONFIG_NODES_SHIFT). */
const NODES_MAX = 1024;

/**
 * Nodes that do one job together, each a machine of its own in a thread of its own; pages move within their node. One job
 * at a time. Results do not depend on the number of threads.
 */
export interface Shards {
  readonly nodes: readonly ShardNode[];
  /**
   * Makes free blocks of an order where they cost least of all nodes. A signal that is aborted stops it in every node; the
   * result then says what stands.
   *
   * @throws VacateError as the strategy does.
   */
  highOrder(request: ShardedHighOrderRequest, options?: GroupOptions): Promise<ShardedHighOrder>;
  /**
   * Takes memory blocks offline, all of them or none, numbered over all nodes; otherwise the same.
   *
   * @throws VacateError kind 'range' for a block that no node has or that is not online, and as the strategy does.
   */
  offline(request: ShardedOfflineRequest, options?: GroupOptions): Promise<ShardedOffline>;
  /**
   * Brings memory blocks back that are offline; others are left alone.
   *
   * @throws VacateError kind 'range' for a block that no node has.
   */
  online(blocks: readonly BlockId[]): Promise<void>;
  /** A word about every byte of each node; null for one that is lost. */
  hashes(): Promise<(string | null)[]>;
  /** Begins to write down what every node does from now on. */
  record(): Promise<void>;
  /** Ends that: what became of each node, as `mergeRuns` takes it; nothing of one that is lost. */
  recorded(outcome: string): Promise<RecordedNode[]>;
  /** Reads every page again; null for a node that is lost, and if nobody wanted to know when it was built. */
  verify(): Promise<(LedgerComparison | null)[]>;
  /** Ends all threads, wherever they are. */
  close(): Promise<void>;
}

/**
 * Builds a machine for each node.
 *
 * @throws VacateError as building a machine does; kind 'stopped' if the signal was aborted first.
 * @example
 * const shards = await openShards({ nodes: nodeSources(scenario), threads: 2 });
 * const { made, pagesMigrated } = await shards.highOrder({ order: 9, count: 4 });
 * await shards.close();
 */
export async function openShards(options: OpenShardsOptions): Promise<Shards> {
  checkOptions(options);
  const { nodes, threads = 1, plugins = [], strategyModules = [], isVerified = false, handlerTimeLimitMs } = options;
  const shards = nodes.map(
    (source) => new ThreadShard({ source, plugins, handlerTimeLimitMs, strategyModules, isVerified }),
  );
  return shardsOf(await ShardGroup.open(shards, threads, options));
}

/** What can be done with an open group. */
export function shardsOf(group: ShardGroup): Shards {
  return {
    get nodes() {
      return group.nodes;
    },
    highOrder: (request, how = {}) => highOrderOn(group, request, how),
    offline: (request, how = {}) => offlineOn(group, request, how),
    online: (blocks) => onlineOn(group, blocks),
    hashes: () => group.ask('hash', byPages(null)),
    record: async () => {
      await group.ask('record', byPages(null));
    },
    recorded: async (outcome) => {
      const bytes = await group.ask('recorded', byPages({ outcome }));
      return group.nodes.map(({ node, firstPfn, firstBlock, facts: { nrPfns, blockState } }) => {
        return { node, firstPfn, firstBlock, nrPfns, blockState, bytes: bytes[node] ?? null };
      });
    },
    verify: () => group.ask('verify', byPages(null)),
    close: () => group.close(),
  };
}

function checkOptions(options: unknown): void {
  expectArgument(isObject(options), 'the argument of openShards', options, '{ nodes, threads }');
  const { nodes, threads, plugins, strategyModules, handlerTimeLimitMs } = options;
  const areNodes = Array.isArray(nodes) && nodes.length >= 1 && nodes.length <= NODES_MAX && nodes.every(isObject);
  expectArgument(areNodes, 'nodes', nodes, `what 1 to ${NODES_MAX} machines are made from, as nodeScenarios() gives`);
  if (handlerTimeLimitMs !== undefined) checkTimeLimit(handlerTimeLimitMs);
  const areThreads = threads === undefined || isWhole(threads, 1, THREADS_MAX);
  expectArgument(areThreads, 'threads', threads, `a whole number from 1 to ${THREADS_MAX}`);
  for (const [name, value] of Object.entries({ plugins, strategyModules }))
    expectArgument(isTexts(value), name, value, 'a list of package names, paths or URLs');
}

/** A shard in a thread of its own, which is begun when the machine is to be built. */
class ThreadShard implements Shard {
  #thread: KeeperThread<ShardTask, ShardRequest, ShardAnswer, StrategyProgress> | null = null;

  constructor(private readonly task: ShardTask) {}

  async call<V extends ShardVerb>(
    verb: V,
    request: ShardVerbs[V]['request'],
    { signal, onProgress }: ShardCallOptions = {},
  ): Promise<ShardVerbs[V]['answer']> {
    this.#thread ??= new KeeperThread(new URL('./shard-main.js', import.meta.url), this.task);
    const sent = { verb, request } as ShardRequest;
    const options = { signal, ...(onProgress === undefined ? {} : { onNews: onProgress }) };
    return (await this.#thread.ask(sent, options)) as ShardVerbs[V]['answer'];
  }

  async close(): Promise<void> {
    await this.#thread?.kill();
  }
}
