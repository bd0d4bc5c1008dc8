import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { readCapture } from '../../../src/capture/index.js';
import { Interrupts } from '../../../src/cli/interrupts.js';
import { readLive, treeOf } from '../../../src/cli/open-live.js';
import { Progress } from '../../../src/cli/progress.js';
import { LinuxTree } from '../../../src/linux/linux-tree.js';
import { LiveFiles, whyNoPages } from '../../../src/linux/live-files.js';
import { pageBytesOf } from '../../../src/linux/pages/page-size.js';
import { fixture, removeTemporaryDirectories, Sketch } from '../capture/sketch.js';
import { put, removeTrees, treeOfSketch, unfoldCapture, unfoldDump } from './trees.js';

/** Other tests share the processors. */
jest.setTimeout(300_000);

afterAll(() => {
  removeTrees();
  removeTemporaryDirectories();
});

const MIXED = 'mixed-offline/before-memory32';
const options = { progress: new Progress(process.stderr), interrupts: new Interrupts() };

it('a host is read as a capture of it would be', async () => {
  const files = await LiveFiles.read(new LinuxTree(unfoldCapture(MIXED)));
  const { name, ...image } = readCapture(files);
  const { name: _, ...expected } = readCapture(fixture(MIXED));
  expect(name).toBe('guest-7');
  // Comparing a million elements one by one takes a matcher too long.
  expect(Buffer.from(image.flags.buffer).equals(Buffer.from(expected.flags.buffer))).toBe(true);
  expect(Buffer.from(image.mapcounts.buffer).equals(Buffer.from(expected.mapcounts.buffer))).toBe(true);
  const rest = (all: typeof image) => ({ ...all, flags: null, mapcounts: null });
  expect(rest(image)).toEqual(rest(expected));
});

it('DIMMs are those of the firmware', async () => {
  const root = unfoldCapture(MIXED, { 'PNP0C80:00': [32, 33, 34, 35], 'PNP0C80:0a': [36, 37, 38, 39] });
  const { dimms } = readCapture(await LiveFiles.read(new LinuxTree(root)));
  expect(dimms.map(({ name, range }) => [name, range.start / 32_768, range.end / 32_768])).toEqual([
    ['PNP0C80:00', 32, 36],
    ['PNP0C80:0a', 36, 40],
  ]);
});

it.each([
  ['web-7.example\n', 'web-7.example'],
  ['\u001b[31mred\n', 'live'],
  ['\n', 'live'],
  ['-rf\n', 'live'],
])('a host that calls itself %j is called %s', async (text, name) => {
  const root = treeOfSketch(new Sketch());
  put(root, { 'proc/sys/kernel/hostname': text });
  expect((await LiveFiles.read(new LinuxTree(root))).name).toBe(name);
});

describe('the size of a page', () => {
  it('is what a process says of its mappings', () => {
    const root = treeOfSketch(new Sketch());
    put(root, { 'proc/self/smaps': '00400000-00408000 r-xp 0 08:01 1 /bin/x\nKernelPageSize:       16 kB\n' });
    expect(pageBytesOf(new LinuxTree(root))).toBe(16_384);
    expect(whyNoPages(new LinuxTree(root))).toBe(
      'This host has pages of 16 KiB, and only those of 4 KiB can be handled one by one here.',
    );
  });

  it.each([
    ['MemTotal:          16384 kB\n', 4096],
    ['MemTotal:          65536 kB\n', 16_384],
    ['MemTotal:         262144 kB\n', 65_536],
    ['MemTotal:              0 kB\n', null],
    ['MemTotal: 999999999999999 kB\n', null],
    ['', null],
  ])('is, without a process, %j for 4,096 pages', (meminfo, bytes) => {
    const root = treeOfSketch(new Sketch());
    put(root, { 'proc/meminfo': meminfo });
    expect(pageBytesOf(new LinuxTree(root))).toBe(bytes);
  });

  it('is that of this host', () => {
    expect(pageBytesOf(new LinuxTree())).toBe(4096);
  });
});

describe('single pages cannot be spoken of', () => {
  it('without kpageflags', () => {
    expect(whyNoPages(new LinuxTree(unfoldDump('lsmem-s390-zvm-6g')))).toContain('/proc/kpageflags is not there');
  });

  it('above 1 TiB', () => {
    const root = treeOfSketch(new Sketch());
    put(root, {
      'proc/zoneinfo': 'Node 0, zone   Normal\n        spanned  268435456\n  start_pfn:           268435456\n',
    });
    expect(whyNoPages(new LinuxTree(root))).toBe(
      'Memory of this host reaches up to 2 TiB, and pages above 1 TiB cannot be handled one by one here.',
    );
  });

  it('and then no machine is made of them', async () => {
    await expect(readLive(new LinuxTree(unfoldDump('lsmem-s390-zvm-6g')), options)).rejects.toMatchObject({
      kind: 'host',
    });
  });
});

describe('what does not add up', () => {
  const refusal = async (spoil: (root: string) => void) => {
    const root = treeOfSketch(new Sketch());
    spoil(root);
    return readLive(new LinuxTree(root), options).then(
      () => 'no complaint',
      (error: { kind: string; message: string }) => `${error.kind}: ${error.message}`,
    );
  };

  it('is told of the host, not of a capture', async () => {
    expect(await refusal((root) => put(root, { 'proc/zoneinfo': 'nothing\n' }))).toBe(
      'host: zoneinfo lists no zone that has memory: copy the tree again, all of its files in one go.',
    );
  });

  it('is a file that ends early', async () => {
    const words = Buffer.alloc(8 * 1000 + 3);
    const spoil = (root: string) => {
      rmSync(join(root, 'proc/kpageflags.gz'));
      put(root, { 'proc/kpageflags': words });
    };
    expect(await refusal(spoil)).toMatch(/^host: \S+kpageflags .*cut short/);
  });

  it('is a file that has changed its size since', async () => {
    const spoil = (root: string) => {
      rmSync(join(root, 'proc/kpagecount.gz'));
      put(root, { 'proc/kpagecount': Buffer.alloc(8 * 1000) });
    };
    expect(await refusal(spoil)).toBe(
      'host: kpagecount describes 1,000 pages and kpageflags 4,096: they are not of the same machine and moment, ' +
        'copy the tree again, all of its files in one go.',
    );
  });

  it('is a block in no state, or of no size', async () => {
    expect(
      await refusal((root) => put(root, { 'sys/devices/system/memory/memory3/state': 'on\u001b[2Jline\n' })),
    ).toMatch(/^host: \S+memory3\/state says "on\\u001b\[2Jline", which is no state of a memory block\.$/);
    expect(await refusal((root) => put(root, { 'sys/devices/system/memory/block_size_bytes': '0\n' }))).toMatch(
      /^host: \S+block_size_bytes says "0", which is no size of a memory block/,
    );
  });

  it('is not a block that is just going off line, and not a host without memory hotplug', async () => {
    expect(await refusal((root) => put(root, { 'sys/devices/system/memory/memory3/state': 'going-offline\n' }))).toBe(
      'no complaint',
    );
    expect(await refusal((root) => rmSync(join(root, 'sys'), { recursive: true }))).toBe('no complaint');
  });
});

it('what a host does not say is said of the host', async () => {
  const root = treeOfSketch(new Sketch());
  rmSync(join(root, 'sys'), { recursive: true });
  const { image } = await readLive(new LinuxTree(root), options);
  expect(image.caveats).toContain(
    'This host lacks memory_blocks: a block that has a page is taken as online, every other as a hole.',
  );
  expect(image.caveats.filter((caveat) => caveat.includes('The capture'))).toEqual([]);
});

it('a root must be a directory', () => {
  expect(() => treeOf('/no/such/root')).toThrow('--root "/no/such/root" is not there; name one that holds a copy');
  expect(() => treeOf('/dev/null')).toThrow('--root "/dev/null" is no directory');
  expect(treeOf(undefined).isLive).toBe(true);
});
