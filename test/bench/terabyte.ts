import { createEvacuator, type Evacuator, loadShippedPlugins, type Machine, runToEnd, simModule } from 'vacate';
import { blocksOf } from '../../src/mm/memory-block.js';
import { isPresent, ptePayload } from '../../src/mm/pte.js';
import { machineFromScenario, parseScenario } from '../../src/scenario/index.js';
import { SCALAR } from '../../src/sim/machine.js';
import { MAPPING_FILE } from '../../src/sim/mappings.js';
import { findInCache } from '../../src/sim/page-cache.js';
import { pteOf } from '../../src/sim/page-tables.js';
import { cheapestFirst } from '../../src/strategies/high-order/range-costs.js';
import { usedPagesByRange } from '../../src/strategies/high-order/range-glance.js';
import { againInHugePages, hasHugePages } from './huge-pages.js';
import { blocksWanted, terabyteScenario } from './terabyte-scenario.js';

/**
 * Machines of a terabyte in one process: makes them, ranks all blocks of order 9 by what they cost, takes a DIMM of 64
 * GiB offline, makes 100,000 blocks of order 9, and looks whether every virtual page and every page of a file still reads
 * what it read before. Seconds are of the CPU. A smaller machine has all of it in proportion.
 *
 * `npm run build && node dist/test/bench/terabyte.js [GiB of a machine, 1024] [machines, 1]`
 *
 * One machine lies in huge pages, and the output says so; with GLIBC_TUNABLES set to anything else, it does not. Several
 * lie in pages of 4 KiB: there it is memory that counts.
 */
const gib = argument(2, 1024);
const nrMachines = argument(3, 1);
const exitCode = nrMachines === 1 ? againInHugePages() : null;
if (exitCode !== null) process.exit(exitCode);
const plugins = await loadShippedPlugins();
const GIB = 2 ** 30;
const ORDER = 9;
const BATCH = 4096;

function argument(at: number, otherwise: number): number {
  const text = process.argv[at];
  const value = text === undefined ? otherwise : Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= 1024) return value;
  console.error(`${text} is no size; say a whole number from 1 to 1024`);
  process.exit(2);
}

function measured<T>(what: string, work: () => T): { seconds: number; result: T } {
  const before = process.cpuUsage();
  const result = work();
  const { user, system } = process.cpuUsage(before);
  const seconds = (user + system) / 1e6;
  const resident = (process.memoryUsage.rss() / GIB).toFixed(2);
  console.error(`${what.padEnd(34)} ${seconds.toFixed(3).padStart(9)} s, ${resident} GiB resident`);
  return { seconds, result };
}

interface Readings {
  readonly pages: number;
  /** What virtual pages and pages of files read, in their order. */
  readonly contents: string;
  /** Where they stand. */
  readonly places: string;
}

/** Reads everything the way its owners do: processes through their page tables, files through the cache. */
function readAll(m: Machine): Readings {
  let pages = 0;
  let contents = 0x811c9dc5;
  let places = 0x811c9dc5;
  const pfns = new Uint32Array(BATCH);
  const words = new Uint32Array(BATCH);
  let waiting = 0;
  // They lie anywhere: a loop that does nothing but fetch them has many on their way at a time.
  const readWaiting = (): void => {
    for (let i = 0; i < waiting; i++) words[i] = m.contents[pfns[i] as number] as number;
    for (let i = 0; i < waiting; i++) {
      contents = Math.imul(contents ^ (words[i] as number), 0x01000193);
      places = Math.imul(places ^ (pfns[i] as number), 0x01000193);
    }
    pages += waiting;
    waiting = 0;
  };
  const read = (pfn: number): void => {
    if (waiting === BATCH) readWaiting();
    pfns[waiting++] = pfn;
  };
  for (let vma = 1; vma <= (m.scalars[SCALAR.vmaFill] as number); vma++) {
    const start = m.vmaStart[vma] as number;
    for (let vpn = start; vpn < start + (m.vmaPages[vma] as number); vpn++) {
      const pte = pteOf(m, m.vmaMm[vma] as number, vpn);
      if (isPresent(pte)) read(ptePayload(pte));
    }
  }
  for (let file = 1; file < m.mapKind.length; file++) {
    if (m.mapKind[file] !== MAPPING_FILE) continue;
    for (let page = 0; page < (m.mapPages[file] as number); page++) {
      const pfn = findInCache(m, (m.mapBase[file] as number) + page);
      if (pfn < m.spec.nrPfns) read(pfn);
    }
  }
  readWaiting();
  return { pages, contents: hex(contents), places: hex(places) };
}

function hex(hash: number): string {
  return (hash >>> 0).toString(16).padStart(8, '0');
}

/** Pages that are neither free nor missing, from what every pageblock says of itself. */
function inUse(m: Machine): number {
  const holes = m.spec.nrPfns - m.managed.reduce((sum, pages) => sum + pages, 0);
  const free =
    m.nrFree.reduce((sum, pages) => sum + pages, 0) + m.nrIsolatedFree.reduce((sum, pages) => sum + pages, 0);
  return m.spec.nrPfns - holes - free - m.pcpCount.reduce((sum, pages) => sum + pages, 0);
}

function rank({ service }: Evacuator): Uint32Array {
  return cheapestFirst(usedPagesByRange(service, ORDER), ORDER);
}

function workOn(m: Machine) {
  const evacuator = createEvacuator({ host: simModule(m), plugins, pauses: 'batch' });
  const before = measured('read everything', () => readAll(m)).result;
  const used = inUse(m);
  const owned = m.lruFounders.reduce((sum, pages) => sum + pages, 0);
  measured('rank all blocks, for the first time', () => rank(evacuator));
  const ranked = measured('rank all blocks', () => rank(evacuator));
  const [dimm] = m.spec.dimms;
  const blocks = blocksOf(dimm?.range ?? { start: 0, end: 0 }, m.spec.blockPages);
  const offline = measured(`${blocks.length} memory blocks offline`, () => runToEnd(evacuator.offline({ blocks })));
  const count = blocksWanted(gib);
  const highOrder = measured(`${count} blocks of order ${ORDER}`, () =>
    runToEnd(evacuator.highOrder({ order: ORDER, count, bound: false })),
  );
  const after = measured('read everything again', () => readAll(m)).result;
  const seconds = ranked.seconds + offline.seconds + highOrder.seconds;
  const pagesMigrated = offline.result.pagesMigrated + highOrder.result.pagesMigrated;
  const wrong: string[] = [];
  if (offline.result.outcome !== 'done') wrong.push(`the DIMM: ${offline.result.outcome}`);
  if (highOrder.result.made < count) wrong.push(`${highOrder.result.made} of ${count} blocks made`);
  if (after.contents !== before.contents || after.pages !== before.pages) wrong.push('pages read something else');
  if (before.pages !== owned) wrong.push(`${owned} pages are somebody's, ${before.pages} were read`);
  if (inUse(m) !== used) wrong.push(`${inUse(m)} pages in use, ${used} before`);
  return {
    pages: m.spec.nrPfns,
    inUse: used,
    rankSeconds: ranked.seconds,
    offlineSeconds: offline.seconds,
    offlineMigrated: offline.result.pagesMigrated,
    highOrderSeconds: highOrder.seconds,
    highOrderMigrated: highOrder.result.pagesMigrated,
    made: highOrder.result.made,
    millionPagesPerSecond: Math.round(pagesMigrated / seconds / 1e4) / 100,
    contents: after.contents,
    hash: after.places,
    wrong,
  };
}

const machines: { readonly machine: Machine; readonly seconds: number }[] = [];
for (let nr = 1; nr <= nrMachines; nr++) {
  const { result, seconds } = measured(`make machine ${nr} of ${nrMachines}`, () =>
    machineFromScenario(parseScenario(terabyteScenario(gib, nr), 'terabyte')),
  );
  machines.push({ machine: result, seconds });
}
const results = machines.map(({ machine, seconds }) => ({ makeSeconds: seconds, ...workOn(machine) }));
const peakGiB = Math.round((process.resourceUsage().maxRSS * 1024 * 100) / GIB) / 100;
console.log(JSON.stringify({ gib, nrMachines, hugePages: hasHugePages(), peakGiB, results }, null, 2));
if (results.some(({ wrong }) => wrong.length > 0)) process.exitCode = 1;
