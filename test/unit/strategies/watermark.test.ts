import { describe, expect, it } from '@jest/globals';
import type { FreeMemory } from '../../../src/host/free-memory.js';
import { blocksShort, type WatermarkTest, zoneWatermarkOk } from '../../../src/strategies/reclaim/watermark.js';

/** A zone with so many free blocks of each order, from 0 up. */
function zoneOf(...nrFree: number[]): FreeMemory {
  const counts: Pick<FreeMemory, 'nrPages' | 'nrBlocks'> = {
    nrPages: () => nrFree.reduce((sum, nr, order) => sum + nr * 2 ** order, 0),
    nrBlocks: (_, order) => nrFree[order] ?? 0,
  };
  return counts as FreeMemory;
}

const ok = (free: FreeMemory, test: WatermarkTest, ...bugs: string[]): boolean =>
  zoneWatermarkOk(free, 0, test, new Set(bugs));

describe('zone_watermark_ok', () => {
  it('of order 0 wants more pages than the mark, whatever their blocks', () => {
    expect(ok(zoneOf(100), { order: 0, mark: 100 })).toBe(false);
    expect(ok(zoneOf(101), { order: 0, mark: 100 })).toBe(true);
    expect(ok(zoneOf(1, 50), { order: 0, mark: 100 })).toBe(true);
  });

  it('asks half as much of each higher order: 1024 KB in all, 512 in order 1, 256 in order 2, 128 in order 3', () => {
    // In pages: more than 256, 128, 64, 32, each besides the allocation's 8 and counted from its last page.
    const exact = [264 - 136, (136 - 72) / 2, (72 - 40) / 4, 5];
    expect(ok(zoneOf(...exact), { order: 3, mark: 256 })).toBe(true);
    for (const order of [0, 1, 2, 3]) {
      const less = exact.map((nr, at) => (at === order ? nr - 1 : nr));
      expect(ok(zoneOf(...less), { order: 3, mark: 256 })).toBe(false);
    }
    // What is missing in order 0 may be there in larger blocks, but not the other way round.
    expect(ok(zoneOf(0, 0, 0, 33), { order: 3, mark: 256 })).toBe(true);
    expect(ok(zoneOf(10_000, 0, 0, 4), { order: 3, mark: 256 })).toBe(false);
  });

  it('wants at least one block even where its mark rounds to 0', () => {
    expect(ok(zoneOf(1000, 0, 0, 0, 10), { order: 5, mark: 16 })).toBe(false);
    expect(ok(zoneOf(1000, 0, 0, 0, 10, 1), { order: 5, mark: 16 })).toBe(true);
    expect(ok(zoneOf(1000, 0, 0, 0, 10, 0, 1), { order: 5, mark: 16 })).toBe(true);
  });

  it('is false, and no more, where the free pages are fewer than the allocation', () => {
    expect(ok(zoneOf(3), { order: 9, mark: 0 })).toBe(false);
    expect(ok(zoneOf(), { order: 0, mark: 0 })).toBe(false);
  });

  it('lets atomic allocations have half of the mark, and those in a hurry a quarter of what is left', () => {
    const test = { order: 0, mark: 101 };
    // 101 - 50 = 51; 51 - 12 = 39; 101 - 25 = 76
    const lowest = (more: Partial<WatermarkTest>): number => {
      let pages = 0;
      while (!ok(zoneOf(pages), { ...test, ...more })) pages++;
      return pages;
    };
    expect([
      lowest({}),
      lowest({ gfpHigh: true }),
      lowest({ gfpHigh: true, canTryHarder: true }),
      lowest({ canTryHarder: true }),
    ]).toEqual([102, 52, 40, 77]);
  });

  it('holds pages back from allocations that could have gone higher, in all and not at each step', () => {
    const test = { order: 1, mark: 10 };
    // In all more than 10 + 20 besides one page; in order 1 more than 5.
    expect(ok(zoneOf(24, 4), { ...test, protection: 20 })).toBe(true);
    expect(ok(zoneOf(23, 4), { ...test, protection: 20 })).toBe(false);
    expect(ok(zoneOf(40, 3), { ...test, protection: 20 })).toBe(false);
  });
});

describe('subtract-wrong-order', () => {
  it('passes a zone that is all fragments', () => {
    const fragments = zoneOf(1000);
    expect(ok(fragments, { order: 3, mark: 64 })).toBe(false);
    expect(ok(fragments, { order: 3, mark: 64 }, 'subtract-wrong-order')).toBe(true);
  });

  it('fails a zone for having blocks of the very order', () => {
    // 12 blocks of order 3: 96 pages. 12 << 0, 12 << 1 and 12 << 2 go, 84 pages, for no reason.
    const whole = zoneOf(0, 0, 0, 12);
    expect(ok(whole, { order: 3, mark: 80 })).toBe(true);
    expect(ok(whole, { order: 3, mark: 80 }, 'subtract-wrong-order')).toBe(false);
  });

  it('makes no difference to order 0', () => {
    for (let pages = 0; pages < 20; pages++)
      expect(ok(zoneOf(pages), { order: 0, mark: 10 }, 'subtract-wrong-order')).toBe(pages > 10);
  });
});

describe('unsigned-step', () => {
  it('lets a zone sink to its mark, where more is wanted', () => {
    expect(ok(zoneOf(100), { order: 0, mark: 100 }, 'unsigned-step')).toBe(true);
    expect(ok(zoneOf(99), { order: 0, mark: 100 }, 'unsigned-step')).toBe(false);
  });

  it('forgets the allocation in the first test, and asks for its pages at each step', () => {
    // 64 pages in two blocks of order 5; 32 of them would leave the zone below 60.
    const two = zoneOf(0, 0, 0, 0, 0, 2);
    expect(ok(two, { order: 5, mark: 60 })).toBe(false);
    expect(ok(two, { order: 5, mark: 60 }, 'unsigned-step')).toBe(true);
    // 30 + 31 pages are wanted at the first step, and 60 are there.
    expect(ok(zoneOf(4, 0, 0, 0, 0, 0), { order: 1, mark: 4 }, 'unsigned-step')).toBe(false);
    expect(ok(zoneOf(10, 0, 1), { order: 2, mark: 2 })).toBe(false);
    expect(ok(zoneOf(10, 0, 1), { order: 2, mark: 2 }, 'unsigned-step')).toBe(true);
  });
});

describe('blocks that a zone is short of', () => {
  it('are none if it passes, and so many that it passes with them if it does not', () => {
    for (const nrFree of [
      [0, 0, 0, 33],
      [300, 0, 0, 0],
      [200, 40, 3, 1],
      [264, 5, 9, 0],
    ]) {
      const test = { order: 3, mark: 128 };
      const short = blocksShort(zoneOf(...nrFree), 0, test);
      expect(short > 0).toBe(!ok(zoneOf(...nrFree), test));
      // The blocks are made of single pages.
      const made = (blocks: number): FreeMemory =>
        zoneOf(nrFree[0]! - blocks * 8, ...nrFree.slice(1, 3), nrFree[3]! + blocks);
      expect(ok(made(short), test)).toBe(true);
      if (short > 0) expect(ok(made(short - 1), test)).toBe(false);
    }
  });

  it('are beyond number where there are too few pages', () => {
    expect(blocksShort(zoneOf(100), 0, { order: 3, mark: 128 })).toBe(Number.POSITIVE_INFINITY);
  });
});
