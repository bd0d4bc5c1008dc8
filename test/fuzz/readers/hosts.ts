import { cpSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect } from '@jest/globals';
import { readCapture } from '../../../src/capture/index.js';
import { capture } from '../../../src/cli/commands/capture.js';
import { explain } from '../../../src/cli/commands/explain.js';
import { forecast } from '../../../src/cli/commands/forecast.js';
import { highOrderLive } from '../../../src/cli/commands/high-order-live.js';
import { inspect } from '../../../src/cli/commands/inspect.js';
import { lint } from '../../../src/cli/commands/lint.js';
import { recover } from '../../../src/cli/commands/recover.js';
import { blocksReport, blocksText } from '../../../src/cli/inspect/inspect-blocks.js';
import { factsOfHost } from '../../../src/cli/lint/lint-facts.js';
import { selectLiveBlocks } from '../../../src/cli/live/live-blocks.js';
import { createPalette } from '../../../src/cli/palette.js';
import { readBuddyinfo } from '../../../src/linux/buddyinfo.js';
import { LinuxTree } from '../../../src/linux/linux-tree.js';
import { residentPages } from '../../../src/linux/owners/processes.js';
import { waysToPin } from '../../../src/linux/owners/ways-to-pin.js';
import { readPerCpuPages } from '../../../src/linux/pages/per-cpu-pages.js';
import { readSysfsMemory } from '../../../src/linux/sysfs-memory.js';
import { readCompactionCounters } from '../../../src/linux/vmstat.js';
import { PAGE_SIZE } from '../../../src/mm/units.js';
import { treeOfSketch } from '../../unit/linux/trees.js';
import { command, fileReader, type Place, put, type Question } from '../places.js';
import { bytesOf, type Reader } from '../reader.js';
import { scratch } from '../scratch.js';
import { wholeSketch } from './captures.js';

/*
 * Files of /proc, /sys and others of a host, below --root. Every command that looks at a host is asked, but `offline`:
 * it forecasts in a thread of its own, which only the built package has.
 */

const MEMORY = 'sys/devices/system/memory';
/** A run that was killed: recovering it is asked for, and not done. */
const JOURNAL =
  '{"kind":"begin","run":"2026-11-23T00:00:00.000Z-1","command":"offline","boot":null,"process":{"pid":4711,"startTicks":99}}\n';

const PID = 4711;

/** What a process's maps and pagemap say: of eight pages, some are in memory. */
const MAPS =
  '00400000-00404000 r-xp 00000000 08:01 42                                 /usr/bin/redis-server\n' +
  '7f0000000000-7f0000004000 rw-p 00000000 00:00 0                          [heap]\n';
const PRESENT = 0x8000_0000;

function pagemap(): Buffer {
  const words = Buffer.alloc((0x404 + 4) * 8);
  for (let page = 0x400; page < 0x404; page++) {
    words.writeUInt32LE(100 + page - 0x400, page * 8);
    words.writeUInt32LE(PRESENT, page * 8 + 4);
  }
  return words;
}

const KMSG =
  '6,1000,17540363,-;Linux version 6.12.117\n' +
  '4,1001,21540363,-;migrating pfn 64 failed ret:1\n' +
  ' SUBSYSTEM=memory\n' +
  '4,1002,21540364,-,caller=T12;page: refcount:3 mapcount:1 mapping:0000000000000000 index:0x1 pfn:0x64\n' +
  '4,1003,21540365,-,caller=T12;anon flags: 0x8001(locked|node=0|zone=1)\n' +
  '4,1004,21540366,-,caller=T12;page dumped because: migration failure\n';

/** Everything beside pages and memory blocks that is looked at. */
const TEXTS: Readonly<Record<string, string | Buffer>> = {
  'proc/4711/comm': 'redis-server\n',
  'proc/4711/cgroup': '0::/system.slice/redis.service\n',
  'proc/4711/maps': MAPS,
  'proc/4711/smaps': 'Rss:                   4 kB\n',
  'proc/4711/pagemap': pagemap(),
  'proc/self/smaps': '00400000-00404000 r-xp 00000000 08:01 42 /bin/sh\nKernelPageSize:        4 kB\n',
  'proc/cmdline': 'BOOT_IMAGE=/vmlinuz ro movable_node memory_hotplug.memmap_on_memory=1\n',
  'proc/kpagecgroup': Buffer.alloc(4096 * 8),
  'proc/sys/vm/compact_unevictable_allowed': '1\n',
  'proc/sys/kernel/random/boot_id': '01234567-89ab-cdef-0123-456789abcdef\n',
  'dev/kmsg': KMSG,
  'boot/config-6.12.117': 'CONFIG_MEMORY_HOTPLUG=y\nCONFIG_MEMORY_HOTREMOVE=y\nCONFIG_MIGRATION=y\n',
  'etc/udev/rules.d/40-memory.rules': 'SUBSYSTEM=="memory", ACTION=="add", ATTR{state}="online"\n',
  'var/lib/vacate/journal': JOURNAL,
  'sys/fs/cgroup/cgroup.procs': '1\n',
  'sys/module/memory_hotplug/parameters/memmap_on_memory': 'N\n',
  'sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages': '0\n',
  [`${MEMORY}/auto_online_blocks`]: 'online_movable\n',
};

/** Files that are as they should be in the tree of a drawn host. */
const DRAWN = [
  ...['proc/buddyinfo', 'proc/pagetypeinfo', 'proc/zoneinfo', 'proc/vmstat', 'proc/meminfo', 'proc/iomem'],
  ...['proc/sys/kernel/osrelease', 'proc/sys/kernel/hostname', `${MEMORY}/block_size_bytes`],
  ...[`${MEMORY}/memory6/state`, `${MEMORY}/memory6/removable`, `${MEMORY}/memory6/valid_zones`],
];

/** Takes a capture of the tree; what was taken, the reader of captures can be shown. */
async function takeAndRead(context: Parameters<typeof capture>[0], root: string): Promise<number> {
  const out = join(dirname(root), 'taken');
  rmSync(out, { recursive: true, force: true });
  const exitCode = await capture(context, { out, root, owners: true, readers: 1 });
  readCapture(out);
  return exitCode;
}

const QUESTIONS: readonly Question[] = [
  ...[true, false].flatMap((json) => [
    command((context, root) => inspect(context, 'live', { root, json })),
    command((context, root) => forecast(context, 'live', { root, json, plugin: [], owners: true, blocks: '6' })),
    command((context, root) => lint(context, 'live', { root, json })),
    command((context, root) => explain(context, 'live', { root, json })),
    command((context, root) => highOrderLive(context, 'live', { root, json, plugin: [] })),
    command((context, root) => recover(context, { root, json, dryRun: true })),
  ]),
  command(takeAndRead),
  askWithoutPages,
];

/** What commands say of a host of whose pages nothing can be said; nobody else gets that far here. */
function askWithoutPages(root: string): string {
  const tree = new LinuxTree(root);
  const report = blocksReport(tree, 'Nothing is known of pages.');
  const selected = selectLiveBlocks(tree, 'host', { blocks: '6' });
  return [...blocksText(report, createPalette(false)), JSON.stringify([factsOfHost(tree, {}), selected])].join('\n');
}

/** What needs no pages. */
function readTexts(root: string): void {
  const tree = new LinuxTree(root);
  for (const { zone, free } of readBuddyinfo(tree) ?? []) {
    expect(zone).toMatch(/^\w+$/);
    expect(free.every(Number.isSafeInteger)).toBe(true);
  }
  for (const value of Object.values(readCompactionCounters(tree) ?? {})) expect(value).toBeGreaterThanOrEqual(0);
  for (const [key, pages] of readPerCpuPages(tree)) {
    expect(key).toMatch(/^\d+\/\w+$/);
    expect(Number.isSafeInteger(pages)).toBe(true);
  }
  for (const pages of residentPages(tree, PID, PAGE_SIZE)?.values() ?? []) expect(pages).toBeGreaterThanOrEqual(0);
  for (const way of waysToPin(tree, PID)) expect(way).toMatch(/^\d+ [\w -]+$/);
  const { blocks, blockBytes } = readSysfsMemory(tree);
  expect(Math.log2(blockBytes) % 1).toBe(0);
  for (const { zones } of blocks) for (const zone of zones) expect(zone).toMatch(/^\w+$/);
}

let made: Place | null = null;

export function host(): Place {
  if (made !== null) return made;
  const drawn = treeOfSketch(wholeSketch());
  const root = join(scratch(), 'host');
  mkdirSync(dirname(root), { recursive: true });
  cpSync(drawn, root, { recursive: true, verbatimSymlinks: true });
  const files: Record<string, Buffer> = {};
  for (const path of DRAWN) files[path] = readFileSync(join(root, path));
  for (const name of ['kpageflags', 'kpagecount']) {
    files[`proc/${name}`] = gunzipSync(readFileSync(join(root, `proc/${name}.gz`)));
    rmSync(join(root, `proc/${name}.gz`));
  }
  for (const [path, text] of Object.entries(TEXTS)) files[path] = typeof text === 'string' ? bytesOf(text) : text;
  for (const [path, bytes] of Object.entries(files)) put(root, path, bytes);
  made = { root, files, questions: QUESTIONS, always: readTexts };
  return made;
}

const file = (path: string, name = path.split('/').slice(-2).join('-'), more: Partial<Reader> = {}) =>
  fileReader(`host-${name}`, host, path, { cost: 60, ...more });

export const hostReaders: readonly Reader[] = [
  ...DRAWN.map((path) => file(path)),
  ...Object.keys(TEXTS).map((path) => file(path)),
  file('proc/kpageflags'),
  file('proc/kpagecount'),
];
