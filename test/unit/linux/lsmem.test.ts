import { jest } from '@jest/globals';
import { memoryRow, memoryRows, onlineBytes } from '../../../src/linux/block-table.js';
import { wordBackTo, wordOnline } from '../../../src/linux/hotplug/state-words.js';
import { LinuxTree } from '../../../src/linux/linux-tree.js';
import { readBlock, readSysfsMemory } from '../../../src/linux/sysfs-memory.js';
import { formatBytes } from '../../../src/mm/units.js';
import { DUMPS, emptyTree, expectedOf, put, putBlock, removeTrees, unfoldDump } from './trees.js';

/** Other tests share the processors. */
jest.setTimeout(300_000);

afterAll(removeTrees);

/** "4.8G", as lsmem shortens what we write as "4.8 GiB". */
const short = (bytes: number) => formatBytes(bytes).replace(' ', '').replace('iB', '').replace('.0', '');

describe.each(DUMPS)('%s', (name) => {
  const { blocks, blockBytes } = readSysfsMemory(new LinuxTree(unfoldDump(name)));
  const expected = expectedOf(name);

  it('has every block as lsmem --all has it', () => {
    expect(blocks.map((block) => memoryRow(block, blockBytes))).toEqual(expected.blocks);
  });

  it('has the ranges of lsmem, split by every column', () => {
    expect(memoryRows(blocks, blockBytes)).toEqual(expected.memory);
  });

  it('has its totals', () => {
    const { online, offline } = onlineBytes(blocks, blockBytes);
    expect({ blockSize: short(blockBytes), online: short(online), offline: short(offline) }).toEqual(expected.summary);
  });
});

describe('ranges', () => {
  const rowsOf = (sketch: (root: string) => void) => {
    const root = emptyTree();
    put(root, { 'sys/devices/system/memory/block_size_bytes': '8000000\n' });
    sketch(root);
    const { blocks, blockBytes } = readSysfsMemory(new LinuxTree(root));
    return memoryRows(blocks, blockBytes);
  };

  it('end at a hole, and where any column differs', () => {
    const rows = rowsOf((root) => {
      putBlock(root, 0, { state: 'online', zones: 'Normal' });
      putBlock(root, 1, { state: 'online', zones: 'Normal' });
      putBlock(root, 3, { state: 'online', zones: 'Normal' });
      putBlock(root, 4, { state: 'online', zones: 'Movable' });
      putBlock(root, 5, { state: 'online', zones: 'Movable', node: 'node1' });
      putBlock(root, 6, { state: 'offline', zones: 'Movable', node: 'node1' });
      putBlock(root, 7, { state: 'offline', zones: 'Movable', node: 'node1', removable: '0' });
    });
    expect(rows.map(({ block }) => block)).toEqual(['0-1', '3', '4', '5', '6', '7']);
    expect(rows.map(({ node }) => node)).toEqual([0, 0, 0, 1, 1, 1]);
  });

  it('do not join what has a zone that nobody can name', () => {
    const rows = rowsOf((root) => {
      for (const block of [0, 1]) putBlock(root, block, { state: 'online', zones: 'Tomorrow' });
    });
    expect(rows).toMatchObject([
      { block: '0', zones: 'Unknown' },
      { block: '1', zones: 'Unknown' },
    ]);
  });

  it('leave empty what the kernel has no file for', () => {
    const [row] = rowsOf((root) => putBlock(root, 2, { state: 'online', zones: null, node: null }));
    expect(row).toMatchObject({ block: '2', zones: null, node: null, removable: true });
  });

  it('keep exact addresses where numbers would not', () => {
    const row = { block: 999_999_999, state: 1, isRemovable: true, zones: [], areZonesKnown: true, node: 0 } as const;
    expect(memoryRow(row, 2 ** 31).range).toBe('0x1dcd64ff80000000-0x1dcd64ffffffffff');
  });
});

/* What chmem of util-linux wrote to `state` in its own tests (tests/expected/chmem), on these very dumps. */
describe.each([
  ['chmem-x86_64_16g', 0, 4],
  ['chmem-aarch64_16k_16g', 8192, 8195],
])('words for %s', (name, first, other) => {
  const tree = new LinuxTree(unfoldDump(name));
  const zonesOf = (block: number) => readBlock(tree, block)!.zones;

  it('are "online" for a block that cannot be movable', () => {
    expect(zonesOf(first)).not.toContain('Movable');
    expect(wordOnline(null, zonesOf(first))).toBe('online');
  });

  it('are "online_movable" for one that can, asked for or not, and none for a zone that it cannot be in', () => {
    put(tree.root, { [`sys/devices/system/memory/memory${other}/valid_zones`]: 'Movable\n' });
    expect(wordOnline('movable', zonesOf(other))).toBe('online_movable');
    expect(wordOnline(null, zonesOf(other))).toBe('online_movable');
    expect(wordOnline('kernel', zonesOf(other))).toBeNull();
  });

  it('bring back to where it was', () => {
    expect([wordBackTo('Movable'), wordBackTo('Normal'), wordBackTo('DMA32'), wordBackTo(null)]).toEqual([
      'online_movable',
      'online_kernel',
      'online_kernel',
      'online',
    ]);
  });
});
