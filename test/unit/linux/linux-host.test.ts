import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import 'reflect-metadata';
import { createEvacuator } from '../../../src/container/create-evacuator.js';
import type { BlockWriter } from '../../../src/linux/host/block-writer.js';
import { DirectBlockWriter } from '../../../src/linux/host/block-writer.js';
import { KERNEL_ONLY } from '../../../src/linux/host/host-verbs.js';
import { LinuxHost } from '../../../src/linux/host/linux-host.js';
import { linuxModule } from '../../../src/linux/host/linux-module.js';
import { LinuxTree } from '../../../src/linux/linux-tree.js';
import { removeTemporaryDirectories, Sketch } from '../capture/sketch.js';
import { put, removeTrees, treeOfSketch } from './trees.js';

/** Other tests share the processors. */
jest.setTimeout(300_000);

afterAll(() => {
  removeTrees();
  removeTemporaryDirectories();
});

const MEMORY = 'sys/devices/system/memory';

function hostOf(writer?: (tree: LinuxTree) => BlockWriter) {
  const sketch = new Sketch();
  const tree = new LinuxTree(treeOfSketch(sketch));
  const host = new LinuxHost(tree, sketch.read(), writer?.(tree));
  const stateOf = (block: number) => readFileSync(join(tree.root, `${MEMORY}/memory${block}/state`), 'utf8');
  return { tree, host, stateOf };
}

it('writes what chmem writes, and brings a block back into the zone that it had', () => {
  const { tree, host, stateOf } = hostOf();
  put(tree.root, { [`${MEMORY}/memory2/valid_zones`]: 'Normal\n' });
  for (const block of [2, 3]) expect(host.offlineBlock(block)).toBe(true);
  expect([stateOf(2), stateOf(3)]).toEqual(['offline', 'offline']);
  for (const block of [2, 3]) host.onlineBlock(block);
  expect([stateOf(2), stateOf(3)]).toEqual(['online_kernel', 'online_movable']);
});

it.each(['EBUSY', 'EINVAL', 'EINTR'])('takes %s for a no', (errno) => {
  const { host } = hostOf(() => ({ write: () => errno }));
  expect(host.offlineBlock(3)).toBe(false);
  expect(host.blockState(3)).toBe(1);
});

it('says what it may not do', () => {
  const { host } = hostOf(() => ({ write: () => 'EACCES' }));
  expect(() => host.offlineBlock(3)).toThrow(/memory3\/state cannot be written \(EACCES\): run as root; nothing was/);
});

it('says that a block is not there, not online, or not offline', () => {
  const { host } = hostOf();
  expect(() => host.offlineBlock(99)).toThrow('Memory block 99 of');
  expect(() => host.onlineBlock(3)).toThrow('is not offline; nothing was changed.');
  host.offlineBlock(3);
  expect(() => host.offlineBlock(3)).toThrow('is not online; nothing was changed.');
});

it('looks at the state of a block each time', () => {
  const { tree, host } = hostOf();
  expect(host.blockState(5)).toBe(1);
  put(tree.root, { [`${MEMORY}/memory5/state`]: 'offline\n' });
  expect(host.blockState(5)).toBe(3);
  expect(host.validate()).toEqual(['memory block 5 is not online, and page 2560 of it is there']);
});

it('a file for the state of a block never comes into being', () => {
  const { tree } = hostOf();
  expect(new DirectBlockWriter(tree).write(77, 'offline')).toBe('ENOENT');
  expect(tree.has('/sys/devices/system/memory/memory77')).toBe(false);
});

it('pages are judged over it without a simulated machine', () => {
  const { host } = hostOf();
  const evacuator = createEvacuator({ host: linuxModule(host), plugins: [] });
  expect(evacuator.service.judge(7)).toBe(0);
  expect(() => evacuator.host.isolateRange({ start: 0, end: 512 })).toThrow(
    'A real kernel cannot be asked for "isolateRange": a range is isolated only while a block of it goes offline.',
  );
});

it('every verb that the kernel keeps to itself says so', () => {
  const { host } = hostOf();
  for (const path of Object.keys(KERNEL_ONLY)) {
    const [owner, verb] = path.includes('.') ? path.split('.') : [null, path];
    const target = (owner === null ? host : host[owner as 'free']) as unknown as Record<string, () => unknown>;
    expect(() => target[verb!]!()).toThrow(`A real kernel cannot be asked for "${path}": `);
  }
});

it('counts reclaim and swap as the kernel does', () => {
  const { tree, host } = hostOf();
  put(tree.root, {
    'proc/vmstat': 'pgscan_kswapd 100\npgscan_direct 20\npgscan_direct_throttle 9\npgsteal_kswapd 70\npswpout 5\n',
    'proc/meminfo': 'SwapTotal:         400 kB\nSwapFree:          300 kB\n',
  });
  expect(host.reclaim.counters).toEqual({ scanned: 120, reclaimed: 70, swappedOut: 5 });
  expect([host.swap.slots, host.swap.used]).toEqual([100, 25]);
});
