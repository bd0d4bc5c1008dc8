import { nodeSources, openShards, parseScenario } from 'vacate';
import { type Benchmark, type Contestant, PAGES_PER_GIB } from '../framework/benchmark.js';
import { hashWords, hex } from '../framework/timed.js';

const NR_NODES = 2;
const MIB_PER_GIB = 1024;
const BLOCK_MIB = 128;
/** A round takes one half of the DIMM of each node offline, and the next one the other: pages go to and fro. */
const NR_PARTS = 2;
const BOOT_SHARE = 1 / 8;
/** All of it fits into one half. */
const USED_SHARE = 3 / 8;
/** A round that moves less is none: at first each half has half of the pages, later one has all. */
const MOVED_SHARE_MIN = USED_SHARE / 4;

export const twoThreads: Benchmark = {
  name: 'two-threads',
  shows:
    'Taking 7/16 of the memory of two nodes offline, to and fro: asking every page, moving all that is in use within its ' +
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

/** Each node with most of its memory on a DIMM that can go. */
function scenarioOf(gib: number): string {
  const mib = (gib * MIB_PER_GIB) / NR_NODES;
  const boot = mib * BOOT_SHARE;
  const blockMib = Math.min(BLOCK_MIB, boot / 2);
  const dimm = (nr: number) => `{ name: dimm${nr}, size: ${mib - boot}MiB, zone: movable }`;
  const node = (nr: number) => `{ boot: ${boot}MiB, dimms: [${dimm(nr)}] }`;
  return [
    `{ name: two nodes, seed: 1, contents: token, blockSize: ${blockMib}MiB, nodes: [${node(0)}, ${node(1)}],`,
    `workloads: [{ kind: scattered, size: ${gib * MIB_PER_GIB * USED_SHARE}MiB, kernel: 0.25 }] }`,
  ].join(' ');
}

async function onThreads(name: string, threads: number, gib: number): Promise<Contestant> {
  const shards = await openShards({ nodes: nodeSources(parseScenario(scenarioOf(gib), 'two nodes')), threads });
  const parts = Array.from({ length: NR_PARTS }, (_, part) =>
    shards.nodes.flatMap(({ facts, firstBlock }) => {
      const boot = Math.ceil(facts.blockState.length * BOOT_SHARE);
      const own = Math.floor((facts.blockState.length - boot) / NR_PARTS);
      return Array.from({ length: own }, (_block, at) => firstBlock + boot + part * own + at);
    }),
  );
  const nrPages = gib * PAGES_PER_GIB;
  let rounds = 0;
  return {
    name,
    nrUnits: nrPages * USED_SHARE,
    result: 'every byte of both nodes',
    async round() {
      const blocks = parts[rounds++ % NR_PARTS]!;
      const cpu = process.cpuUsage();
      const wall = process.hrtime.bigint();
      const { outcome, pagesMigrated } = await shards.offline({ blocks });
      const wallNs = Number(process.hrtime.bigint() - wall);
      const { user, system } = process.cpuUsage(cpu);
      if (pagesMigrated < nrPages * MOVED_SHARE_MIN) throw new Error(`only ${pagesMigrated} pages moved`);
      if (outcome !== 'done') throw new Error(`blocks ${blocks.join(',')} did not go: ${outcome}`);
      const states = (await shards.hashes()).flatMap((hash) => [...(hash ?? '')].map((digit) => digit.charCodeAt(0)));
      await shards.online(blocks);
      return { cpuNs: (user + system) * 1000, wallNs, hash: hex(hashWords([pagesMigrated, ...states])) };
    },
    end: () => void shards.close(),
  };
}
