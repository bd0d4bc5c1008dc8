import { nodeSources, openShards, parseScenario } from 'vacate';
import type { Benchmark, Contestant } from '../framework/benchmark.js';
import { hashWords, hex } from '../framework/timed.js';

const NR_NODES = 2;
const MIB_PER_GIB = 1024;
const BLOCK_MIB = 128;
/** A round takes this part of the DIMM of each node offline, another one each time. */
const NR_PARTS = 4;

export const twoThreads: Benchmark = {
  name: 'two-threads',
  shows:
    'Taking an eighth of the memory of two nodes offline, half of it in use: asking every page, moving each within its ' +
    'node, by one thread and by two. Each node is a machine of its own; results are the same, page by page.',
  doesNotShow:
    'Pages that move from node to node, and processes that have pages on both: there are none. Building the machines, ' +
    'and what is done to bring the memory back.',
  sizes: [0.5, 16, 64],
  unit: 'page',
  clock: 'wall',
  goals: [{ contestant: 'two threads', against: 'one thread', speedAtLeast: 1.7, fromGib: 64 }],
  prepare: async ({ gib }) => [await onThreads('one thread', 1, gib), await onThreads('two threads', 2, gib)],
};

/** Each node with half of its memory on a DIMM that can go. */
function scenarioOf(gib: number): string {
  const mib = (gib * MIB_PER_GIB) / NR_NODES / 2;
  const blockMib = Math.min(BLOCK_MIB, mib / NR_PARTS);
  const node = (nr: number) => `{ boot: ${mib}MiB, dimms: [{ name: dimm${nr}, size: ${mib}MiB, zone: movable }] }`;
  return [
    `{ name: two nodes, seed: 1, contents: token, blockSize: ${blockMib}MiB, nodes: [${node(0)}, ${node(1)}],`,
    `workloads: [{ kind: scattered, size: ${(gib * MIB_PER_GIB) / 2}MiB }] }`,
  ].join(' ');
}

async function onThreads(name: string, threads: number, gib: number): Promise<Contestant> {
  const shards = await openShards({ nodes: nodeSources(parseScenario(scenarioOf(gib), 'two nodes')), threads });
  const parts = Array.from({ length: NR_PARTS }, (_, part) =>
    shards.nodes.flatMap(({ facts, firstBlock }) => {
      const half = facts.blockState.length / 2;
      const own = half / NR_PARTS;
      return Array.from({ length: own }, (_block, at) => firstBlock + half + part * own + at);
    }),
  );
  let rounds = 0;
  return {
    name,
    nrUnits: ((gib * MIB_PER_GIB * 256) / 2 / NR_PARTS) * 0.5,
    result: 'every byte of both nodes',
    async round() {
      const blocks = parts[rounds++ % NR_PARTS]!;
      const cpu = process.cpuUsage();
      const wall = process.hrtime.bigint();
      const { outcome, pagesMigrated } = await shards.offline({ blocks });
      const wallNs = Number(process.hrtime.bigint() - wall);
      const { user, system } = process.cpuUsage(cpu);
      if (outcome !== 'done') throw new Error(`blocks ${blocks.join(',')} did not go: ${outcome}`);
      const states = (await shards.hashes()).flatMap((hash) => [...(hash ?? '')].map((digit) => digit.charCodeAt(0)));
      await shards.online(blocks);
      return { cpuNs: (user + system) * 1000, wallNs, hash: hex(hashWords([pagesMigrated, ...states])) };
    },
    end: () => void shards.close(),
  };
}
