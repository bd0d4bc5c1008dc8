import { RangeLook, usedPages } from '../../../src/linux/hotplug/range-look.js';
import { targetRoomIn } from '../../../src/linux/hotplug/target-room.js';
import { LinuxTree } from '../../../src/linux/linux-tree.js';
import { PG_BUDDY, PG_HWPOISON, PG_LRU, PG_NOPAGE, PG_OFFLINE, PG_SLAB } from '../../../src/mm/page-flags.js';
import { emptyTree, put, removeTrees, unfoldCapture } from './trees.js';

afterAll(removeTrees);

/** The two halves of each page's word. */
const words = (flags: readonly number[]) => new Uint32Array(flags.flatMap((low) => [low, 0xffffffff]));
const bytesOf = (flags: readonly number[]) => new Uint8Array(words(flags).buffer);

describe('pages in use', () => {
  it('are all that offlining has to move, by number', () => {
    const flags = [PG_LRU, PG_BUDDY, 0, PG_NOPAGE, PG_OFFLINE, PG_HWPOISON | PG_LRU, PG_SLAB];
    expect(usedPages(words(flags), 100)).toMatchObject({ pages: 3, pfns: [100, 102, 106] });
  });

  it('are the same set if their hash is, and not if one of them is another', () => {
    const hash = (...flags: number[]) => usedPages(words(flags), 7).hash;
    expect(hash(PG_LRU, PG_BUDDY, PG_LRU)).toBe(hash(PG_SLAB, PG_NOPAGE, PG_LRU));
    expect(hash(PG_LRU, PG_BUDDY, PG_LRU)).not.toBe(hash(PG_BUDDY, PG_LRU, PG_LRU));
  });

  it('are named up to sixteen', () => {
    const { pages, pfns } = usedPages(words(new Array(40).fill(PG_LRU)), 0);
    expect([pages, pfns.length]).toEqual([40, 16]);
  });

  it('are read anew each time, and not known where the file is not there or too short', () => {
    const root = emptyTree();
    expect(new RangeLook(new LinuxTree(root)).usedIn({ start: 0, end: 2 })).toBeNull();
    put(root, { 'proc/kpageflags': bytesOf([PG_LRU, PG_LRU, PG_BUDDY]) });
    const look = new RangeLook(new LinuxTree(root));
    expect(look.usedIn({ start: 1, end: 3 })).toMatchObject({ pages: 1, pfns: [1] });
    put(root, { 'proc/kpageflags': bytesOf([PG_LRU, PG_BUDDY, PG_BUDDY]) });
    expect(look.usedIn({ start: 1, end: 3 })?.pages).toBe(0);
    expect(look.usedIn({ start: 1, end: 4 })).toBeNull();
    look.close();
  });
});

describe('room for targets', () => {
  it('is what the zones have above their marks, less what they keep back from movable pages', () => {
    const zone = (name: string, free: number, min: number, protection: string) =>
      `Node 0, zone ${name.padStart(8)}\n  pages free     ${free}\n        min      ${min}\n        protection: (${protection})\n`;
    const text =
      zone('DMA', 3808, 73, '0, 628, 628, 1652, 1652') +
      zone('DMA32', 5000, 3093, '0, 0, 0, 1024, 1024') +
      zone('Normal', 0, 0, '0, 0, 0, 0, 0') +
      zone('Movable', 110_718, 5039, '0, 0, 0, 0, 0');
    expect(targetRoomIn(text)).toBe(3808 - 73 - 1652 + (5000 - 3093 - 1024) + (110_718 - 5039));
  });

  it('is read from what a kernel wrote', () => {
    const tree = new LinuxTree(unfoldCapture('mixed-offline/before-memory32'));
    expect(targetRoomIn(tree.text('/proc/zoneinfo')!)).toBeGreaterThan(100_000);
  });

  it('is not known from a text that is none', () => {
    expect(targetRoomIn('')).toBeNull();
    expect(targetRoomIn('Node x, zone y\n  pages free 12\n')).toBeNull();
  });
});
