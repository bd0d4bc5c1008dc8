import 'reflect-metadata';
import anonymous from '../../../plugins/anonymous/index.js';
import fileBacked from '../../../plugins/file-backed/index.js';
import movableOps from '../../../plugins/movable-ops/index.js';
import nonlinear from '../../../plugins/nonlinear/index.js';
import swapBacked from '../../../plugins/swap-backed/index.js';
import { nodeSources } from '../../../src/container/node-sources.js';
import { type Shards, shardsOf } from '../../../src/container/open-shards.js';
import { ShardKeeper } from '../../../src/container/shard-keeper.js';
import type { ShardSource } from '../../../src/container/shard-machine.js';
import { parseScenario } from '../../../src/scenario/index.js';
import type { Shard, ShardCallOptions, ShardVerb, ShardVerbs } from '../../../src/shards/shard.js';
import { ShardGroup } from '../../../src/shards/shard-group.js';

/**
 * Three nodes of 6, 3 and 7 memory blocks: the middle one is nearly full, the last has memory that can go.
 */
export const THREE = `
name: three
cpus: 3
blockSize: 4MiB
dma32: 4MiB
swap: 6MiB
nodes:
  - boot: 24MiB
  - boot: 12MiB
  - boot: 16MiB
    dimms:
      - { name: fast, size: 12MiB, zone: movable }
workloads:
  - { kind: reserved, pages: 300 }
  - { kind: anonymous, size: 15MiB, processes: 3, keep: 0.4, on: node0 }
  - { kind: slab, size: 512KiB, on: node0 }
  - { kind: anonymous, size: 9MiB, processes: 2, keep: 0.7, on: node1 }
  - { kind: anonymous, size: 11MiB, keep: 0.4, pattern: runs, on: node2 }
  - { kind: files, size: 2MiB, files: 20, mapped: 0.3, dirty: 0.2 }
  - { kind: anonymous, size: 6MiB, keep: 0.5, on: fast }
`;

export const PAGE_TYPES = [nonlinear, swapBacked, anonymous, fileBacked, movableOps];

/** A node that is kept in this thread. */
export class LocalShard implements Shard {
  readonly #keeper: ShardKeeper;
  /** Verbs that it was asked, in order. */
  readonly asked: ShardVerb[] = [];
  closed = false;

  constructor(source: ShardSource) {
    this.#keeper = new ShardKeeper({
      source,
      load: async () => ({ plugins: PAGE_TYPES }),
      isVerified: true,
      cpuMs: () => null,
      sliceMs: 0,
    });
  }

  async call<V extends ShardVerb>(
    verb: V,
    request: ShardVerbs[V]['request'],
    { signal = new AbortController().signal, onProgress = () => {} }: ShardCallOptions = {},
  ): Promise<ShardVerbs[V]['answer']> {
    this.asked.push(verb);
    return this.#keeper.answer(verb, request, { signal, onProgress });
  }

  async close(): Promise<void> {
    this.closed = true;
  }
}

export interface LocalNodes {
  readonly shards: readonly LocalShard[];
  readonly group: Shards;
}

/** The nodes of a scenario, kept in this thread; `ShardOf` may put a shard of another kind in place of one. */
export async function localNodes(
  text: string,
  {
    seed = 1,
    nrThreads = 1,
    ShardOf = (): typeof LocalShard => LocalShard,
  }: {
    readonly seed?: number;
    readonly nrThreads?: number;
    readonly ShardOf?: (node: number) => typeof LocalShard;
  } = {},
): Promise<LocalNodes> {
  const sources = nodeSources(parseScenario(text, 'three.yaml'), seed);
  const shards = sources.map((source, node) => new (ShardOf(node))(source));
  return { shards, group: shardsOf(await ShardGroup.open(shards, nrThreads)) };
}
