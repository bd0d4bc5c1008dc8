import { mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from '@jest/globals';
import { VacateError } from '../../../src/base/vacate-error.js';
import { CaptureFiles, readOwners } from '../../../src/capture/index.js';
import { captureHost } from '../../../src/linux/capture/capture-host.js';
import { LinuxTree } from '../../../src/linux/linux-tree.js';
import { readMemoryCgroups } from '../../../src/linux/owners/memory-cgroups.js';
import { findAllOwners, findOwners } from '../../../src/linux/owners/owners.js';
import { mappingsOf } from '../../../src/linux/owners/processes.js';
import { OWNERS_MAX, OwnerSets } from '../../../src/mm/page-owners.js';
import { emptyTree, put, removeTrees } from './trees.js';

afterAll(removeTrees);

const PAGE = 4096;
const PRESENT = 1n << 63n;
const SWAPPED = 1n << 62n;
const SHARED = 1n << 61n;

interface ProcessSketch {
  readonly comm: string;
  readonly cgroup?: string;
  /** By address: name as in maps, and the pagemap's words. */
  readonly mappings: Readonly<Record<string, readonly [name: string, ...words: bigint[]]>>;
}

/** A process as /proc has it; its pagemap is a file with holes. */
function putProcess(root: string, pid: number, { comm, cgroup = '0::/', mappings }: ProcessSketch): void {
  let maps = '';
  const words: [number, bigint][] = [];
  for (const [address, [name, ...entries]] of Object.entries(mappings)) {
    const start = Number.parseInt(address, 16);
    const end = start + entries.length * PAGE;
    maps += `${address}-${end.toString(16)} rw-p 00000000 fe:00 77  ${name}\n`;
    for (const [at, word] of entries.entries()) words.push([(start / PAGE + at) * 8, word]);
  }
  const pagemap = Buffer.alloc(Math.max(0, ...words.map(([at]) => at + 8)));
  for (const [at, word] of words) pagemap.writeBigUInt64LE(word, at);
  const at = `proc/${pid}`;
  put(root, {
    [`${at}/comm`]: `${comm}\n`,
    [`${at}/maps`]: maps,
    [`${at}/cgroup`]: `${cgroup}\n`,
    [`${at}/pagemap`]: pagemap,
  });
}

const present = (pfn: number) => PRESENT | BigInt(pfn);

function twoProcesses(): string {
  const root = emptyTree();
  put(root, { 'proc/meminfo': 'MemTotal: 4 kB\n', 'proc/self/smaps': 'KernelPageSize:        4 kB\n' });
  putProcess(root, 7, {
    comm: 'redis-server',
    cgroup: '0::/system.slice/redis.service',
    mappings: {
      '10000': ['[heap]', present(100), 0n, SWAPPED | 5n, present(103)],
      '40000': ['/usr/lib/libc.so.6', present(200) | SHARED, present(201) | SHARED],
      '80000': ['', present(300)],
    },
  });
  putProcess(root, 8, {
    comm: 'nginx',
    cgroup: '3:cpu,cpuacct:/\n4:memory:/web\n0::/unified',
    mappings: { '10000': ['/usr/lib/libc.so.6', present(201) | SHARED, present(202)] },
  });
  put(root, { 'proc/2/comm': 'kthreadd\n', 'proc/2/maps': '', 'proc/2/pagemap': '', 'proc/2/cgroup': '0::/\n' });
  return root;
}

const REDIS = { pid: 7, command: 'redis-server', cgroup: '/system.slice/redis.service' };
const NGINX = { pid: 8, command: 'nginx', cgroup: '/web' };
const LIBC = '/usr/lib/libc.so.6';

describe('owners of pages', () => {
  it('are the processes that have them present, with what is mapped there', async () => {
    const owners = await findOwners(new LinuxTree(twoProcesses()), [100, 103, 200, 201, 202, 300, 5, 101]);
    expect(owners.ownersOf(100)).toEqual([{ ...REDIS, mapping: '[heap]' }]);
    expect(owners.ownersOf(103)).toEqual([{ ...REDIS, mapping: '[heap]' }]);
    expect(owners.ownersOf(200)).toEqual([{ ...REDIS, mapping: LIBC }]);
    expect(owners.ownersOf(201)).toEqual([
      { ...REDIS, mapping: LIBC },
      { ...NGINX, mapping: LIBC },
    ]);
    expect(owners.ownersOf(202)).toEqual([{ ...NGINX, mapping: LIBC }]);
    expect(owners.ownersOf(300)).toEqual([{ ...REDIS, mapping: '[anon]' }]);
    for (const pfn of [5, 101, 4_000_000_000]) expect(owners.ownersOf(pfn)).toEqual([]);
  });

  it('are kept only of pages that are asked for', async () => {
    const owners = await findOwners(new LinuxTree(twoProcesses()), [201]);
    expect(owners.ownersOf(201)).toHaveLength(2);
    for (const pfn of [100, 200, 202]) expect(owners.ownersOf(pfn)).toEqual([]);
    const none = await findOwners(new LinuxTree(emptyTree()), Uint32Array.of(1, 0xffff_ffff));
    expect(none.ownersOf(1)).toEqual([]);
  });

  it('are memory cgroups where nobody maps the page', async () => {
    const root = twoProcesses();
    mkdirSync(join(root, 'sys/fs/cgroup/web.slice/a'), { recursive: true });
    put(root, { 'sys/fs/cgroup/cgroup.procs': '', 'sys/fs/cgroup/web.slice/memory.stat': '' });
    const { ino } = statSync(join(root, 'sys/fs/cgroup/web.slice/a'));
    const words = new BigUint64Array(400);
    words[100] = words[150] = BigInt(ino);
    put(root, { 'proc/kpagecgroup': new Uint8Array(words.buffer) });
    const owners = await findOwners(new LinuxTree(root), [100, 150, 151]);
    expect(owners.ownersOf(150)).toEqual([{ pid: null, command: null, mapping: null, cgroup: '/web.slice/a' }]);
    expect(owners.ownersOf(100)).toEqual([{ ...REDIS, mapping: '[heap]' }]);
    expect(owners.ownersOf(151)).toEqual([]);
  });

  it('leave out who ended meanwhile, and count pages that do not say where they are', async () => {
    const root = twoProcesses();
    rmSync(join(root, 'proc/8/pagemap'));
    putProcess(root, 9, { comm: 'hidden', mappings: { '10000': ['[heap]', PRESENT, PRESENT, 0n] } });
    const found = await findAllOwners(new LinuxTree(root), 400);
    expect(found).toMatchObject({ nrProcesses: 2, nrHidden: 2 });
    expect(found.sets.ownersIn(found.pages[201]!)).toEqual([{ ...REDIS, mapping: LIBC }]);
    expect(found.pages[0]).toBe(0);
  });

  it('stop when the signal says so', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(findOwners(new LinuxTree(twoProcesses()), [1], { signal })).rejects.toThrow('enough');
  });

  it('of mappings that are terabytes large are looked for as far as they are in memory', async () => {
    const root = twoProcesses();
    const pages = 4 * 1024 * 1024 * 1024;
    const end = (0x10000 + pages * PAGE).toString(16);
    put(root, {
      'proc/9/comm': 'java\n',
      'proc/9/maps': `10000-${end} rw-p 00000000 00:00 0 \n${end}0-${end}1000 rw-p 00000000 00:00 0\n`,
      'proc/9/smaps': `10000-${end} rw-p 00000000 00:00 0 \nSize: 1 kB\nRss:                8 kB\n${end}0-${end}1000 rw-p 0 0 0\nRss: 0 kB\n`,
    });
    const pagemap = Buffer.alloc(0x10 * 8 + 8 * 8);
    for (const [at, pfn] of [
      [2, 50],
      [5, 51],
    ] as const)
      pagemap.writeBigUInt64LE(present(pfn), (0x10 + at) * 8);
    put(root, { 'proc/9/pagemap': pagemap });
    const since = performance.now();
    const owners = await findOwners(new LinuxTree(root), [50, 51]);
    expect(performance.now() - since).toBeLessThan(5000);
    for (const pfn of [50, 51]) expect(owners.ownersOf(pfn)).toMatchObject([{ pid: 9, mapping: '[anon]' }]);
  });
});

describe('texts of processes', () => {
  it('cannot break a line or reach a terminal', async () => {
    const root = twoProcesses();
    putProcess(root, 9, {
      comm: 'evil\u001b[2J\nname\u202e',
      cgroup: '0::/a\u0007b',
      mappings: { '10000': ['/tmp/\u009b31mred\u2028', present(60)], '90000': ['x'.repeat(9000), present(61)] },
    });
    const owners = await findOwners(new LinuxTree(root), [60, 61]);
    expect(owners.ownersOf(60)).toEqual([
      {
        pid: 9,
        command: 'evil\\u001b[2J\\u000aname\\u202e',
        mapping: '/tmp/\\u009b31mred\\u2028',
        cgroup: '/a\\u0007b',
      },
    ]);
    expect(owners.ownersOf(61)[0]!.mapping).toHaveLength(4096);
  });

  it('that make no sense are no mappings', () => {
    const root = emptyTree();
    put(root, {
      'proc/1/maps': [
        'ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]',
        '2000-1000 rw-p 0 0:0 0',
        'zz-yy',
        '1000-3000 rw-p 00000000 fe:00 12 /a b (deleted)',
        '1000',
      ].join('\n'),
    });
    expect(mappingsOf(new LinuxTree(root), 1, PAGE)).toEqual([{ firstPage: 1, nrPages: 2, name: '/a b (deleted)' }]);
    expect(mappingsOf(new LinuxTree(root), 2, PAGE)).toBeNull();
  });
});

describe('memory cgroups', () => {
  it('are found by inode number in either version; links are not followed', () => {
    for (const top of ['sys/fs/cgroup', 'sys/fs/cgroup/memory']) {
      const root = emptyTree();
      put(root, { [`${top}/cgroup.procs`]: '', [`${top}/a.slice/b/memory.current`]: '1' });
      symlinkSync('..', join(root, top, 'a.slice/loop'));
      const inode = (path: string) => statSync(join(root, top, path)).ino;
      expect(readMemoryCgroups(new LinuxTree(root))).toEqual(
        new Map([
          [inode('.'), '/'],
          [inode('a.slice'), '/a.slice'],
          [inode('a.slice/b'), '/a.slice/b'],
        ]),
      );
    }
    expect(readMemoryCgroups(new LinuxTree(emptyTree())).size).toBe(0);
  });
});

describe('owners in a capture', () => {
  async function captured(): Promise<{ out: string; notes: readonly string[] }> {
    const root = twoProcesses();
    const words = new BigUint64Array(1024);
    put(root, { 'sys/fs/cgroup/cgroup.procs': '', 'sys/fs/cgroup/web/cgroup.procs': '' });
    words[150] = BigInt(statSync(join(root, 'sys/fs/cgroup/web')).ino);
    const bytes = new Uint8Array(words.buffer);
    put(root, { 'proc/kpageflags': bytes, 'proc/kpagecount': bytes, 'proc/kpagecgroup.gz': gzipSync(bytes) });
    const out = join(emptyTree(), 'host7');
    const { owners, notes } = await captureHost(new LinuxTree(root), { out, owners: true });
    expect(owners).toEqual({ processes: 2, pages: 6 });
    return { out, notes };
  }

  it('are those that there were', async () => {
    const { out } = await captured();
    const owners = readOwners(new CaptureFiles(out));
    expect(owners?.ownersOf(201)).toEqual([
      { ...REDIS, mapping: LIBC },
      { ...NGINX, mapping: LIBC },
    ]);
    expect(owners?.ownersOf(300)).toEqual([{ ...REDIS, mapping: '[anon]' }]);
    expect(owners?.ownersOf(150)).toEqual([{ pid: null, command: null, mapping: null, cgroup: '/web' }]);
    for (const pfn of [101, 100_000]) expect(owners?.ownersOf(pfn)).toEqual([]);
    expect(readFileSync(join(out, 'pids/owners'), 'utf8').split('\n')[0]).toBe(
      '{"pid":7,"command":"redis-server","mapping":"[heap]","cgroup":"/system.slice/redis.service"}',
    );
  });

  it('may be missing in part or whole', async () => {
    const { out } = await captured();
    rmSync(join(out, 'pids/pages.gz'));
    expect(readOwners(new CaptureFiles(out))?.ownersOf(201)).toEqual([]);
    rmSync(join(out, 'pids'), { recursive: true });
    expect(readOwners(new CaptureFiles(out))).toBeNull();
  });

  it('that make no sense are refused in a sentence', async () => {
    const { out } = await captured();
    for (const [name, content] of [
      ['owners', '{"pid":\n'],
      ['owners', '7\n'],
      ['owners', ''],
      ['cgroups', '{"inode":"7"}\n'],
      ['sets.gz', gzipSync(new Uint32Array([0, 0, 9, 0]).slice().buffer as never)],
    ] as const) {
      const path = join(out, 'pids', name);
      const good = readFileSync(path);
      writeFileSync(path, content);
      expect(() => readOwners(new CaptureFiles(out))).toThrow(VacateError);
      expect(() => readOwners(new CaptureFiles(out))).toThrow(/does not say who maps what: take the capture again/);
      writeFileSync(path, good);
    }
  });
});

describe('sets of owners', () => {
  const owner = (pid: number) => ({ pid, command: null, mapping: null, cgroup: null });

  it('are shared, and come back from words', () => {
    const sets = new OwnerSets();
    const [a, b] = [sets.addOwner(owner(1))!, sets.addOwner(owner(2))!];
    const justA = sets.withOwner(0, a);
    const both = sets.withOwner(justA, b);
    expect(sets.withOwner(sets.withOwner(0, a), b)).toBe(both);
    expect(sets.withOwner(both, b)).toBe(both);
    expect(sets.ownersIn(both)).toEqual([owner(1), owner(2)]);
    const again = OwnerSets.fromWords(sets.toWords(), sets.owners);
    expect(again?.ownersIn(both)).toEqual([owner(1), owner(2)]);
    expect(again?.ownersIn(99)).toEqual([]);
  });

  it('stop growing when nobody would read them', () => {
    const sets = new OwnerSets();
    let set = 0;
    for (let pid = 1; pid <= OWNERS_MAX + 5; pid++) set = sets.withOwner(set, sets.addOwner(owner(pid))!);
    expect(sets.ownersIn(set).map(({ pid }) => pid)).toEqual(Array.from({ length: OWNERS_MAX }, (_, at) => at + 1));
  });

  it('that refer forwards or to nobody are no sets', () => {
    const owners = [owner(1)];
    for (const words of [
      [0, 0, 1, 0],
      [0, 0, 0, 1],
      [0, 0, 0, 0, 0, 0],
    ])
      expect(OwnerSets.fromWords(Uint32Array.from(words), owners)).toBeNull();
  });
});
