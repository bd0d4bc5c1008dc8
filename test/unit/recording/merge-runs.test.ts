import type { Chunk } from '../../../src/recording/chunk.js';
import { CHUNK_END } from '../../../src/recording/chunk.js';
import { chunksOf, KeptRecording } from '../../../src/recording/kept-recording.js';
import { mergeRuns, type RecordedNode } from '../../../src/recording/merge-runs.js';
import { plainTables } from '../../../src/recording/plain-tables.js';
import type { RecordingHeader } from '../../../src/recording/records.js';
import { apply } from '../../swarm/operations.js';
import { World } from '../../swarm/world.js';
import { SEED } from '../sim/small-machine.js';
import { replayOf } from './recorded-world.js';

const START = ['process', 'mapAnonymous', 'file', 'mapFile', 'writeMany', 'hog', 'writeMany'] as const;

/** A small machine with something on it, of which the block `block` goes offline. */
function nodeRun(seed: number, block: number) {
  const world = new World({ seed, blocks: 4, nodes: 1, bytes: false, swapPages: 256, cpus: 2 });
  START.forEach((what, i) => {
    apply(world, { what, a: i, b: 0x55_5555 + i * 977, c: i * 4 });
  });
  const { evacuator, machine } = world;
  const { host, counters, ranges$, service } = evacuator;
  const outcomes = plainTables(service.handlers.tables);
  const facts = { command: [], source: 'scenario', seed: null, strategy: null, outcomes, by: '' } as const;
  const recording = new KeptRecording(host, counters, ranges$, { facts, clock: () => machine.clock[0]! / 1e6 });
  const job = evacuator.offline({ blocks: [block] }, 'block-by-block');
  while (job.next().done !== true);
  return { machine, bytes: recording.finish('done') };
}

function whole(seeds: readonly (number | null)[]) {
  const nodes: RecordedNode[] = [];
  const runs = seeds.map((seed, node) => {
    const run = nodeRun(seed ?? SEED, 3);
    const { nrPfns, blockPages } = run.machine.spec;
    const firstBlock = node * run.machine.blockState.length;
    const blockState = Array.from(run.machine.blockState);
    const bytes = seed === null ? null : run.bytes;
    nodes.push({ node, firstPfn: firstBlock * blockPages, firstBlock, nrPfns, blockState, bytes });
    return run;
  });
  const { blockPages } = runs[0]!.machine.spec;
  const last = nodes.at(-1)!;
  const machine = {
    ...{ name: 'all', source: 'scenario' as const, kernel: null, zones: [], dimms: [] },
    ...{ nrPfns: last.firstPfn + last.nrPfns, blockPages, pageblockPages: 512 },
  };
  const header: RecordingHeader = { command: [], machine, seed: 1, strategy: 'merged', outcomes: [], by: '0' };
  return { nodes, runs, chunks: [...mergeRuns(nodes, { header, outcome: 'done', ranges: [] })] };
}

describe(`recorded runs of several nodes as one (seed ${SEED})`, () => {
  it('are the same bytes each time, and none of a run says how long it took', () => {
    expect(nodeRun(SEED, 3).bytes).toEqual(nodeRun(SEED, 3).bytes);
  });

  it('end as each node ended, in the numbers of the whole machine, and in the order of time', () => {
    const { nodes, runs, chunks } = whole([SEED, SEED + 1, SEED + 2]);
    const replay = replayOf(chunks);
    replay.seekFraction(1);
    expect(replay.hash()).toBe(replay.end!.hash);
    for (const [at, { firstPfn, firstBlock, nrPfns }] of nodes.entries()) {
      const alone = replayOf([...chunksOfNode(runs[at]!.bytes)]);
      alone.seekFraction(1);
      expect(replay.pages.slice(firstPfn, firstPfn + nrPfns)).toEqual(alone.pages);
      expect(replay.blockStates.slice(firstBlock, firstBlock + 4)).toEqual(alone.blockStates);
    }
    const { rangeEvents } = replay;
    expect(rangeEvents.map(({ ms }) => ms)).toEqual(rangeEvents.map(({ ms }) => ms).sort((a, b) => a - b));
    const blocks = rangeEvents.flatMap(({ event }) => (event.kind === 'block-state' ? [event.block] : []));
    expect(new Set(blocks.map((block) => block % 4))).toEqual(new Set([3]));
    expect(replay.counters!.migrated).toBe(replay.end!.pagesMigrated);
  });

  it('show a node of which nothing is known without memory', () => {
    const replay = replayOf(whole([SEED, null]).chunks);
    replay.seekFraction(1);
    expect(replay.hash()).toBe(replay.end!.hash);
    expect(new Set(replay.pages.subarray(replay.pages.length / 2))).toEqual(new Set([0]));
  });
});

function chunksOfNode(bytes: Uint8Array): readonly Chunk[] {
  const chunks = [...chunksOf(bytes)];
  expect(chunks.at(-1)!.kind).toBe(CHUNK_END);
  return chunks;
}
