import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect } from '@jest/globals';
import { CaptureFiles, readCapture, readOwners } from '../../../src/capture/index.js';
import { explain } from '../../../src/cli/commands/explain.js';
import { forecast } from '../../../src/cli/commands/forecast.js';
import { inspect } from '../../../src/cli/commands/inspect.js';
import { lint } from '../../../src/cli/commands/lint.js';
import type { MachineImage } from '../../../src/mm/machine-image.js';
import { OwnerSets } from '../../../src/mm/page-owners.js';
import { MAX_PFN } from '../../../src/mm/units.js';
import { machineFromImage } from '../../../src/sim/from-image.js';
import { validateMachine } from '../../../src/sim/validate.js';
import { ANON_PAGE, NR_PFNS, Sketch } from '../../unit/capture/sketch.js';
import { command, fileReader, type Place, put, type Question, zippedReader } from '../places.js';
import { bytesOf, type Reader } from '../reader.js';
import { scratch } from '../scratch.js';

/* The files of a capture directory. What is read is built, and asked by commands. */

/** Larger machines are read but not built: nothing more comes of it, and takes long. */
const BUILT_PAGES_MAX = 2 ** 16;

/** Three zones, some pages in use, and everything else that a capture may hold. */
export function wholeSketch(): Sketch {
  const drawn = new Sketch().draw(100, [ANON_PAGE, 0, 1], 700).draw(2000, [ANON_PAGE, 0, 2], 30);
  drawn.zones = [
    { kind: 'DMA32', start: 0, spanned: 1024 },
    { kind: 'Normal', start: 1024, spanned: 2048 },
    { kind: 'Movable', start: 3072, spanned: 1024, managed: 512 },
  ];
  const zoneAt = (block: number) => (block < 2 ? 'DMA32' : block < 6 ? 'Normal' : 'Movable');
  drawn.texts.memory_blocks = Array.from(
    { length: 8 },
    (_, block) => `memory${block} ${block === 7 ? 'offline' : 'online'} 1 ${zoneAt(block)}\n`,
  ).join('');
  drawn.draw(3584, [0], 512);
  drawn.texts.buddyinfo = 'Node 0, zone    DMA32 1 2 3 0 0 0 0 0 0 0 1\nNode 0, zone   Normal 0 0 0 0 0 0 0 0 0 0 1\n';
  drawn.texts.pagetypeinfo =
    'Node    0, zone   Normal, type    Unmovable      0      0      0\n' +
    'Number of blocks type     Unmovable      Movable  Reclaimable\n' +
    'Node 0, zone    DMA32            1            1            0\n' +
    'Node 0, zone   Normal            1            2            1\n' +
    'Node 0, zone  Movable            0            2            0\n';
  drawn.texts.vmstat = 'nr_free_pages 3000\npgmigrate_success 1\nnr_sec_page_table_pages 0\npgscan_kswapd 4\n';
  drawn.texts.dimms = 'PNP0C80:00 memory6 memory7\n';
  drawn.texts.kernel = '6.12.117\n';
  return drawn;
}

/** Owners of pages 0 to 2 in three sets, of which two share a part. */
function ownersOfSketch(): Record<string, Buffer> {
  const sets = new OwnerSets();
  const owner = (command: string, pid: number | null) =>
    sets.addOwner({ pid, command, mapping: '[heap]', cgroup: '/system.slice/x.service' }) as number;
  const first = sets.withOwner(0, owner('redis', 4711));
  const both = sets.withOwner(first, owner('nginx', 12));
  const pages = new Uint32Array(NR_PFNS);
  pages.fill(first, 100, 500).fill(both, 500, 800);
  const words = (of: Uint32Array) => gzipSync(new Uint8Array(of.buffer, of.byteOffset, of.byteLength));
  const charges = new Uint32Array(2 * NR_PFNS);
  charges[2 * 2000] = 77;
  return {
    'pids/owners': bytesOf(sets.owners.map((each) => `${JSON.stringify(each)}\n`).join('')),
    'pids/cgroups': bytesOf('{"inode":77,"path":"/user.slice"}\n{"inode":1,"path":"/"}\n'),
    'pids/sets.gz': words(sets.toWords()),
    'pids/pages.gz': words(pages),
    'kpagecgroup.gz': words(charges),
  };
}

const LOG = new URL('../../fixtures/kernel-logs/6.1-slab.txt', import.meta.url);
const COUNTERS = { nr_free_pages: 1, pgalloc: 5, pgfree: 5 };

/** A capture with every file that there may be, as bytes by name. */
function wholeCapture(): Record<string, Buffer> {
  const directory = wholeSketch().write();
  const files = Object.fromEntries(readdirSync(directory).map((name) => [name, readFileSync(join(directory, name))]));
  rmSync(directory, { recursive: true });
  return {
    ...files,
    ...ownersOfSketch(),
    dmesg: readFileSync(LOG),
    error: bytesOf('sh: write error: Device or resource busy\n'),
    settings: bytesOf(
      '/sys/module/memory_hotplug/parameters/memmap_on_memory N\n/proc/cmdline movable_node\n/boot/config #\n' +
        '/boot/config CONFIG_MEMORY_HOTPLUG=y\n/sys/devices/system/memory/auto_online_blocks online\n',
    ),
    consistency: bytesOf(JSON.stringify({ seconds: 2.5, before: COUNTERS, after: { ...COUNTERS, pgalloc: 5000 } })),
  };
}

const OFFLINE_TABLE = bytesOf(
  'block\tzones\tresult\tseconds\tmigrated\tfailed\tcapture\nmemory7\tMovable\trefused\t0.5\t3\t1\tbefore-memory7\n',
);

/** What the command line would make of it, in text and in JSON. */
const COMMANDS: readonly Question[] = [true, false].flatMap((json) => [
  command((context, directory) => inspect(context, directory, { json })),
  command((context, directory) => forecast(context, directory, { json, plugin: [], need: 2 ** 21 })),
  command((context, directory) => lint(context, directory, { json })),
  command((context, directory) => explain(context, directory, { json })),
]);

let made: Place | null = null;

export function capture(): Place {
  if (made !== null) return made;
  // The name says that it was taken before an attempt, and the table beside it what became of that.
  const root = join(scratch(), 'before-memory7');
  const files = wholeCapture();
  for (const [name, bytes] of Object.entries(files)) put(root, name, bytes);
  put(dirname(root), 'offline.tsv', OFFLINE_TABLE);
  made = { root, files, questions: [...COMMANDS, askOwners], always: readAndBuild };
  return made;
}

function askOwners(directory: string): void {
  const owners = readOwners(new CaptureFiles(directory));
  for (let pfn = 0; pfn < NR_PFNS; pfn += 50)
    for (const { pid, command: name } of owners?.ownersOf(pfn) ?? []) {
      expect(pid === null || Number.isSafeInteger(pid)).toBe(true);
      expect(name === null || typeof name === 'string').toBe(true);
    }
}

function readAndBuild(directory: string): void {
  const image = readCapture(new CaptureFiles(directory));
  checkImage(image);
  if (image.nrPfns <= BUILT_PAGES_MAX) expect(validateMachine(machineFromImage(image))).toEqual([]);
}

/** What must hold of whatever was read. */
function checkImage(image: MachineImage): void {
  const { nrPfns, nrCpus, blockPages, zones, blocks, dimms, flags, mapcounts, nrSwapSlots, caveats } = image;
  expect(nrPfns).toBeLessThanOrEqual(MAX_PFN + 1);
  expect([flags.length, mapcounts.length]).toEqual([nrPfns, nrPfns]);
  expect(nrPfns % blockPages).toBe(0);
  for (const count of [nrCpus, nrSwapSlots]) expect(Number.isSafeInteger(count) && count >= 0).toBe(true);
  for (const [at, { start, end, watermarks }] of zones.entries()) {
    expect(start).toBeGreaterThanOrEqual(zones[at - 1]?.end ?? 0);
    expect(end).toBeGreaterThan(start);
    expect(end).toBeLessThanOrEqual(nrPfns);
    expect(Object.values(watermarks).every(Number.isSafeInteger)).toBe(true);
  }
  for (const [at, { block }] of blocks.entries()) expect(block).toBeGreaterThan(blocks[at - 1]?.block ?? -1);
  for (const { range } of dimms) expect(range.end).toBeLessThanOrEqual(nrPfns);
  for (const caveat of caveats) expect(caveat).not.toContain('\n');
}

const file = (path: string, more: Partial<Reader> = {}) =>
  fileReader(`capture-${path.replace('/', '-')}`, capture, path, more);
const zipped = (path: string) => zippedReader(`capture-${path.replace('/', '-')}-words`, capture, `${path}.gz`);

/** Each spoilt alone: what the others say is as it should be. */
export const captureReaders: readonly Reader[] = [
  file('kpageflags.gz'),
  zipped('kpageflags'),
  zipped('kpagecount'),
  file('zoneinfo'),
  file('buddyinfo'),
  file('pagetypeinfo'),
  file('vmstat'),
  file('meminfo'),
  file('iomem'),
  file('block_size_bytes', { words: ['8000000', '200000', '0x', '7fffffffffffffff'] }),
  file('memory_blocks'),
  file('dimms'),
  file('kernel'),
  file('settings'),
  file('consistency', { parse: JSON.parse }),
  file('dmesg'),
  file('error'),
  file('pids/owners'),
  file('pids/cgroups'),
  file('pids/sets.gz'),
  zipped('pids/sets'),
  zipped('pids/pages'),
  zipped('kpagecgroup'),
];
