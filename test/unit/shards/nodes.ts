import { readFileSync } from 'node:fs';
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

/** Three small nodes. */
export const THREE = readFileSync(new URL('../../fixtures/nodes/three.yaml', import.meta.url), 'utf8');

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
