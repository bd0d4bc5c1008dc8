import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { VacateError } from '../../../src/base/vacate-error.js';
import { freeBlocksOf, readBuddyinfo } from '../../../src/linux/buddyinfo.js';
import { type CompactionOptions, compactionFile, compactMemory } from '../../../src/linux/compact-memory.js';
import { WriterProcess } from '../../../src/linux/hotplug/writer-process.js';
import type { JournalRecord } from '../../../src/linux/journal/journal-record.js';
import { LinuxTree } from '../../../src/linux/linux-tree.js';
import { readPerCpuPages } from '../../../src/linux/pages/per-cpu-pages.js';
import { readCompactionCounters } from '../../../src/linux/vmstat.js';
import { emptyTree, put, removeTrees, unfoldCapture } from './trees.js';

const WRITER = new URL('./compacting-writer.mjs', import.meta.url);
const FILE = 'proc/sys/vm/compact_memory';
const RUN = '2026-11-23T00:00:00.000Z-1';
const AFTER_VMSTAT =
  'nr_free_pages 5\npgmigrate_success 1100\npgmigrate_fail 13\ncompact_migrate_scanned 900\ncompact_free_scanned 700\ncompact_isolated 2000\n';
const BEFORE_VMSTAT =
  'nr_free_pages 9\npgmigrate_success 100\npgmigrate_fail 3\ncompact_migrate_scanned 400\ncompact_free_scanned 100\ncompact_isolated 10\n';
const zoneinfo = (count: number) => `Node 0, zone   Normal\n  pagesets\n    cpu: 0\n              count: ${count}\n`;

afterAll(removeTrees);

function host(then: Readonly<Record<string, string>> | null = {}): LinuxTree {
  const root = emptyTree();
  put(root, {
    [FILE]: '',
    'proc/vmstat': BEFORE_VMSTAT,
    'proc/buddyinfo': 'Node 0, zone   Normal      1      2      0      0 \n',
    'proc/zoneinfo': zoneinfo(7),
    'sys/devices/system/node/node0/compact': '',
  });
  if (then !== null) {
    mkdirSync(join(root, 'then'));
    for (const [name, text] of Object.entries(then)) writeFileSync(join(root, 'then', name), text);
  }
  return new LinuxTree(root);
}

async function compact(tree: LinuxTree, options: Partial<CompactionOptions> = {}) {
  const lines: JournalRecord[] = [];
  const run = await compactMemory(tree, {
    node: null,
    run: RUN,
    log: { append: (record) => void lines.push(record) },
    deadline: Number.POSITIVE_INFINITY,
    signal: new AbortController().signal,
    writer: new WriterProcess(WRITER),
    ...options,
  });
  return { run, lines };
}

describe('asking the kernel to compact memory', () => {
  it('is one write, measured by what /proc says around it', async () => {
    const tree = host({
      vmstat: AFTER_VMSTAT,
      buddyinfo: 'Node 0, zone   Normal      1      0      1      2 \n',
      zoneinfo: zoneinfo(5),
    });
    const { run, lines } = await compact(tree);
    expect(run).toMatchObject({ path: `/${FILE}`, outcome: 'done', error: null, hasEnded: true });
    expect(run.counted).toEqual({
      compact_migrate_scanned: 500,
      compact_free_scanned: 600,
      compact_isolated: 1990,
      pgmigrate_success: 1000,
      pgmigrate_fail: 10,
    });
    expect(run.before.blocks!.map((row) => freeBlocksOf(row, 1))).toEqual([2]);
    expect(run.after.blocks!.map((row) => freeBlocksOf(row, 1))).toEqual([2 + 2 * 4]);
    expect([run.before.perCpu.get('0/Normal'), run.after.perCpu.get('0/Normal')]).toEqual([7, 5]);
    expect(readFileSync(tree.at(FILE), 'utf8')).toBe('1');
    expect(lines.map(({ kind }) => kind)).toEqual(['write', 'wrote']);
    expect(lines[0]).toMatchObject({ path: `/${FILE}`, word: '1', block: null });
    expect(lines[1]).toMatchObject({ error: null });
  });

  it('of one node goes to that node', async () => {
    const tree = host();
    const { run } = await compact(tree, { node: 0 });
    expect(run).toMatchObject({ path: '/sys/devices/system/node/node0/compact', outcome: 'done' });
    expect(readFileSync(tree.at(FILE), 'utf8')).toBe('');
  });

  it('says what the kernel said of it', async () => {
    const { run, lines } = await compact(host({ EPERM: '' }));
    expect(run).toMatchObject({ outcome: 'failed', error: 'EPERM' });
    expect(lines.at(-1)).toMatchObject({ kind: 'wrote', error: 'EPERM' });
  });

  it('ends when time is up', async () => {
    const begun = performance.now();
    const { run, lines } = await compact(host(null), { deadline: begun + 700 });
    expect(run).toMatchObject({ outcome: 'timeout', error: 'EINTR', hasEnded: true });
    expect(performance.now() - begun).toBeLessThan(700 + 2000);
    expect(lines.at(-1)).toMatchObject({ kind: 'wrote', error: 'EINTR' });
  });

  it('ends when it is interrupted', async () => {
    const interrupt = new AbortController();
    const scanned: number[] = [];
    const onProgress = (pages: number) => {
      scanned.push(pages);
      interrupt.abort();
    };
    const { run } = await compact(host(null), { signal: interrupt.signal, onProgress });
    expect(run).toMatchObject({ outcome: 'interrupted', hasEnded: true });
    expect(scanned).toEqual([0]);
  });

  it('writes nothing if the kernel cannot be asked, or has no such node', async () => {
    const tree = host();
    expect(() => compactionFile(tree, 3)).toThrow(/^--node 3: .* has no node3; name one that is there$/);
    rmSync(tree.at(FILE));
    expect(() => compactionFile(tree, null)).toThrow(/compact_memory is not there: .*CONFIG_COMPACTION/);
  });
});

describe('what a host says of its free memory', () => {
  it('is read of a real capture', () => {
    const tree = new LinuxTree(unfoldCapture('frag-compact/before-compact'));
    expect(readBuddyinfo(tree)!.map((row) => [row.node, row.zone, freeBlocksOf(row, 9)])).toEqual([
      [0, 'DMA', 7],
      [0, 'DMA32', 283],
      [0, 'Movable', 59],
    ]);
    expect(readCompactionCounters(tree)!.pgmigrate_success).toBeGreaterThanOrEqual(0);
    expect(readPerCpuPages(tree).get('0/Movable')).toBeGreaterThan(0);
  });

  it('may be missing', () => {
    const tree = new LinuxTree(emptyTree());
    expect([readBuddyinfo(tree), readCompactionCounters(tree)]).toEqual([null, null]);
    expect(readPerCpuPages(tree).size).toBe(0);
  });

  it('may be anything: numbers come out, or nothing', () => {
    const root = emptyTree();
    const tree = new LinuxTree(root);
    const word = fc.oneof(
      fc.constantFrom(
        'Node 0, zone Normal 1 2 3',
        'Node 0, zone',
        ' count: 99',
        'compact_migrate_scanned ',
        '\u001b[2J',
      ),
      fc.string({ unit: 'binary' }),
      fc.stringMatching(/^[0-9 ]{0,400}$/),
    );
    fc.assert(
      fc.property(fc.array(word), fc.constantFrom('\n', ' ', '\0'), (words, between) => {
        const text = words.join(between);
        put(root, { 'proc/buddyinfo': text, 'proc/vmstat': text, 'proc/zoneinfo': text });
        for (const { zone, free } of readBuddyinfo(tree)!) {
          expect(zone).toMatch(/^\w+$/);
          expect(free.every(Number.isSafeInteger)).toBe(true);
        }
        for (const value of Object.values(readCompactionCounters(tree) ?? {})) expect(value).toBeGreaterThanOrEqual(0);
        for (const [key, pages] of readPerCpuPages(tree)) {
          expect(key).toMatch(/^\d+\/\w+$/);
          expect(pages).toBeGreaterThanOrEqual(0);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('is an error if it cannot be read', () => {
    const root = emptyTree();
    mkdirSync(join(root, 'proc/vmstat'), { recursive: true });
    expect(() => readCompactionCounters(new LinuxTree(root))).toThrow(VacateError);
  });
});
