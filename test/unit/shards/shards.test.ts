import { jest } from '@jest/globals';
import { VacateError } from '../../../src/base/vacate-error.js';
import type { ShardCallOptions, ShardVerb, ShardVerbs } from '../../../src/shards/shard.js';
import type { StrategyProgress } from '../../../src/strategies/strategy.js';
import { LocalShard, localNodes, THREE } from './nodes.js';

// Machines are built in every case, and others may work on this computer.
jest.setTimeout(300_000);

const wrongOf = (verified: readonly ({ readonly wrong: number } | null)[]) => verified.map((node) => node?.wrong);

describe('high-order blocks on three nodes', () => {
  it.each([1, 2, 3])('come out the same for any number of threads, seed %i', async (seed) => {
    const run = async (nrThreads: number) => {
      const { group } = await localNodes(THREE, { seed, nrThreads });
      const result = await group.highOrder({ order: 6, count: 100 });
      expect(wrongOf(await group.verify())).toEqual([0, 0, 0]);
      return { result, hashes: await group.hashes() };
    };
    const alone = await run(1);
    expect(await run(2)).toEqual(alone);
    expect(await run(3)).toEqual(alone);
    expect(alone.result.pagesMigrated).toBeGreaterThan(500);
    expect(alone.result.nodes.every(({ made }) => made > 0)).toBe(true);
    expect(new Set(alone.hashes).size).toBe(3);
  });

  it('move as few pages as anybody could, and lie where the result says', async () => {
    const { group } = await localNodes(THREE);
    const count = 40;
    const { outcome, pagesMigrated, lowerBound, ranges, nodes, candidates, freeBefore } = await group.highOrder({
      order: 6,
      count,
    });
    expect({ outcome, pagesMigrated }).toEqual({ outcome: 'done', pagesMigrated: lowerBound });
    expect(candidates).toBeGreaterThan(count);
    expect(freeBefore).toBeGreaterThan(0);
    expect(ranges).toHaveLength(count);
    for (const { node, firstPfn, facts } of group.nodes) {
      const own = ranges.filter(({ start }) => start >= firstPfn && start < firstPfn + facts.nrPfns);
      expect(own).toHaveLength(nodes[node]!.made);
    }
  });

  it('are made elsewhere when a node falls short, and the result says why there are too few', async () => {
    const { group } = await localNodes(THREE);
    const { outcome, made, asked, nodes, refusals } = await group.highOrder({ order: 6, count: 1000 });
    expect({ outcome, asked }).toEqual({ outcome: 'partial', asked: 1000 });
    expect(made).toBe(nodes.reduce((sum, node) => sum + node.made, 0));
    expect(nodes.filter((node) => Number(node.asked) > node.made)).toHaveLength(3);
    expect(refusals.length).toBeGreaterThan(0);
  });

  it('can be all that there are', async () => {
    const { group } = await localNodes(THREE);
    const { outcome, made, nodes, lowerBound } = await group.highOrder({ order: 6, count: 'all' });
    expect(outcome).toBe('done');
    expect(made).toBeGreaterThan(40);
    expect(lowerBound).toBeGreaterThan(0);
    expect(nodes.map(({ asked }) => asked)).toEqual(['all', 'all', 'all']);
  });

  it('are planned from a glance for who is in a hurry', async () => {
    const { group } = await localNodes(THREE);
    const { outcome, lowerBound, candidates } = await group.highOrder({ order: 6, count: 20, bound: false });
    expect({ outcome, lowerBound, candidates }).toEqual({ outcome: 'done', lowerBound: null, candidates: null });
  });

  it('are refused by a strategy that there is not, and nobody is the worse for it', async () => {
    const { group } = await localNodes(THREE);
    const asking = group.highOrder({ order: 6, count: 2, strategy: 'merge' });
    await expect(asking).rejects.toMatchObject({ kind: 'usage' });
    expect((await group.highOrder({ order: 6, count: 2 })).outcome).toBe('done');
  });
});

describe('a node that breaks down', () => {
  class Breaking extends LocalShard {
    override async call<V extends ShardVerb>(
      verb: V,
      request: ShardVerbs[V]['request'],
      options?: ShardCallOptions,
    ): Promise<ShardVerbs[V]['answer']> {
      if (verb === 'highOrder' || verb === 'offline') throw new Error('its thread ended');
      return super.call(verb, request, options);
    }
  }
  const open = (nrThreads: number) =>
    localNodes(THREE, { nrThreads, ShardOf: (node) => (node === 2 ? Breaking : LocalShard) });

  it.each([1, 2, 3])('is lost, and the others make up for it, with %i threads', async (nrThreads) => {
    const { group, shards } = await open(nrThreads);
    const { made, nodes, outcome } = await group.highOrder({ order: 6, count: 40 });
    expect(nodes.map(({ lost }) => lost)).toEqual([null, null, 'its thread ended']);
    expect(nodes[2]!.asked).toBeGreaterThan(0);
    expect({ outcome, made }).toEqual({ outcome: 'done', made: 40 });
    expect(shards.map(({ closed }) => closed)).toEqual([false, false, true]);
    expect(wrongOf(await group.verify())).toEqual([0, 0, undefined]);
    expect((await group.hashes())[2]).toBeNull();
    expect((await group.highOrder({ order: 6, count: 1 })).nodes[2]!.asked).toBe(0);
  });

  it('makes the others bring their blocks back', async () => {
    const { group } = await open(2);
    const { outcome, blocks, nodes } = await group.offline({ blocks: [3, 13] });
    expect(outcome).toBe('refused');
    expect(blocks.map(({ block, state }) => [block, state])).toEqual([[3, 'online']]);
    expect(nodes.map(({ node, lost }) => [node, lost])).toEqual([
      [0, null],
      [2, 'its thread ended'],
    ]);
    expect((await group.offline({ blocks: [3] })).outcome).toBe('done');
  });

  it('cannot be opened: then none stays open', async () => {
    class Unborn extends LocalShard {
      override async call(): Promise<never> {
        throw new VacateError('scenario', 'no such memory');
      }
    }
    const made: LocalShard[] = [];
    const ShardOf = (node: number) => {
      const Kind = node === 1 ? Unborn : LocalShard;
      return class extends Kind {
        constructor(...args: ConstructorParameters<typeof LocalShard>) {
          super(...args);
          made.push(this);
        }
      };
    };
    await expect(localNodes(THREE, { ShardOf })).rejects.toThrow('no such memory');
    expect(made.map(({ closed }) => closed)).toEqual([true, true, true]);
  });
});

describe('memory blocks of several nodes', () => {
  it('go offline together, the same for any number of threads', async () => {
    const run = async (nrThreads: number) => {
      const { group } = await localNodes(THREE, { nrThreads });
      const result = await group.offline({ blocks: [13, 4, 4, 14] });
      expect(wrongOf(await group.verify())).toEqual([0, 0, 0]);
      return { result, hashes: await group.hashes() };
    };
    const alone = await run(1);
    const { outcome, blocks, pagesMigrated, nodes } = alone.result;
    expect(outcome).toBe('done');
    expect(blocks.map(({ block, state }) => [block, state])).toEqual([4, 13, 14].map((block) => [block, 'offline']));
    expect(blocks.reduce((sum, block) => sum + block.pagesMigrated, 0)).toBe(pagesMigrated);
    expect(nodes.map(({ node }) => node)).toEqual([0, 2]);
    expect(await run(2)).toEqual(alone);
  });

  it('stay if one node says no for good, before anybody has moved a page', async () => {
    const { group, shards } = await localNodes(THREE);
    const before = await group.hashes();
    const { outcome, blocks, refusals, pagesMigrated } = await group.offline({ blocks: [0, 13] });
    expect({ outcome, pagesMigrated }).toEqual({ outcome: 'refused', pagesMigrated: 0 });
    expect(blocks[0]!.refusals.length).toBeGreaterThan(0);
    expect(blocks[1]).toMatchObject({ block: 13, state: 'online', refusals: [] });
    expect(refusals.length).toBeGreaterThan(0);
    expect(await group.hashes()).toEqual(before);
    expect(shards.flatMap(({ asked }) => asked)).not.toContain('offline');
  });

  it('come back if one node has no room after all', async () => {
    const { group } = await localNodes(THREE);
    const { outcome, blocks, refusals } = await group.offline({ blocks: [7, 8, 13] });
    expect(outcome).toBe('refused');
    expect(blocks.map(({ state }) => state)).toEqual(['online', 'online', 'online']);
    expect(refusals.map(({ reason }) => reason)).toContain('no-room');
    expect(wrongOf(await group.verify())).toEqual([0, 0, 0]);
    expect((await group.offline({ blocks: [13] })).outcome).toBe('done');
  });

  it.each([
    [[99], 'memory block 99 is on no node; there are blocks 0 to 15'],
    [[-1], 'memory block -1 is on no node; there are blocks 0 to 15'],
  ])('must be there: %j', async (blocks, sentence) => {
    const { group } = await localNodes(THREE);
    await expect(group.offline({ blocks })).rejects.toThrow(sentence);
  });

  it('must be online, and nothing is brought back that was offline before', async () => {
    const { group } = await localNodes(THREE);
    await group.offline({ blocks: [13] });
    await expect(group.offline({ blocks: [4, 13] })).rejects.toMatchObject({ kind: 'range' });
    await expect(group.offline({ blocks: [13] })).rejects.toThrow('three/node2, counted from its own first');
  });
});

describe('a job on several nodes that is stopped', () => {
  it.each([
    [1, 'scanning'],
    [1, 'isolating'],
    [1, 'migrating'],
    [3, 'migrating'],
  ])('is undone in all of them: %i at a time, the last of them while %s', async (nrThreads, step) => {
    const { group } = await localNodes(THREE, { nrThreads });
    const stop = new AbortController();
    const onProgress = (node: number, progress: StrategyProgress) => {
      if (node === 2 && progress.step === step) stop.abort();
    };
    const blocks = [4, 13, 14];
    const { outcome, stopped, blocks: after } = await group.offline({ blocks }, { signal: stop.signal, onProgress });
    expect({ outcome, stopped, wanted: stop.signal.aborted }).toEqual({
      outcome: 'refused',
      stopped: true,
      wanted: true,
    });
    expect(after.map(({ state }) => state)).toEqual(['online', 'online', 'online']);
    expect(wrongOf(await group.verify())).toEqual([0, 0, 0]);
    expect((await group.offline({ blocks })).outcome).toBe('done');
  });

  it('says what it has made', async () => {
    const { group } = await localNodes(THREE);
    const stop = new AbortController();
    const onProgress = (node: number, { step }: StrategyProgress) => {
      if (node === 2 && step === 'migrating') stop.abort();
    };
    const result = await group.highOrder({ order: 6, count: 40 }, { signal: stop.signal, onProgress });
    expect(result).toMatchObject({ outcome: 'partial', stopped: true });
    expect(result.nodes[2]!.made).toBe(0);
    expect(result.made).toBe(result.nodes[0]!.made);
    expect(wrongOf(await group.verify())).toEqual([0, 0, 0]);
  });

  it('does not begin where it had not begun', async () => {
    const { group, shards } = await localNodes(THREE);
    const signal = AbortSignal.abort();
    const { outcome, made, strategy } = await group.highOrder({ order: 6, count: 4 }, { signal });
    expect({ outcome, made, strategy }).toEqual({ outcome: 'refused', made: 0, strategy: null });
    expect(shards.flatMap(({ asked }) => asked)).toEqual(['open', 'open', 'open']);
  });
});
