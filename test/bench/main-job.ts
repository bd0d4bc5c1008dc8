import { fileURLToPath } from 'node:url';
import {
  createEvacuator,
  loadShippedPlugins,
  type Machine,
  machineFromImage,
  readCapture,
  runToEnd,
  simModule,
} from 'vacate';

/**
 * The main job on a real machine's 1.3 million pages, in plain node: load a capture, take 512 MiB of it offline, make
 * 193 blocks of order 9. Times are of the CPU, so that other work on the machine does not count. The hashes name the
 * results: the same input gives the same ones everywhere.
 *
 * `npm run build && node dist/test/bench/main-job.js`
 */
const captures = fileURLToPath(new URL('../../../test/fixtures/captures/', import.meta.url));
const plugins = await loadShippedPlugins();

function cpuMs<T>(work: () => T): { ms: number; result: T } {
  const before = process.cpuUsage();
  const result = work();
  const { user, system } = process.cpuUsage(before);
  return { ms: Math.round((user + system) / 1000), result };
}

/** FNV-1a over the state of every page. */
function hashOf(machine: Machine): string {
  let hash = 0x811c9dc5;
  for (const column of [machine.flags, machine.count, machine.mapcount, machine.index, machine.contents])
    for (let i = 0; i < column.length; i++) hash = Math.imul(hash ^ (column[i] as number), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}

const load = (name: string) => machineFromImage(readCapture(`${captures}${name}`));
const mixed = cpuMs(() => load('mixed-offline/before-memory32'));
const offliner = createEvacuator({ host: simModule(mixed.result), plugins });
const offline = cpuMs(() => runToEnd(offliner.offline({ blocks: [32, 33, 34, 35] })));

const skew = cpuMs(() => load('skew-huge/before-huge'));
const maker = createEvacuator({ host: simModule(skew.result), plugins });
const highOrder = cpuMs(() => runToEnd(maker.highOrder({ order: 9, count: 193 })));

console.log(
  JSON.stringify({
    load: { pages: mixed.result.spec.nrPfns, ms: mixed.ms },
    offline: {
      outcome: offline.result.outcome,
      pagesMigrated: offline.result.pagesMigrated,
      ms: offline.ms,
      nsPerPage: Math.round((offline.ms * 1e6) / offline.result.pagesMigrated),
      hash: hashOf(mixed.result),
    },
    highOrder: {
      made: highOrder.result.made,
      pagesMigrated: highOrder.result.pagesMigrated,
      lowerBound: highOrder.result.lowerBound,
      ms: highOrder.ms,
      hash: hashOf(skew.result),
    },
  }),
);
