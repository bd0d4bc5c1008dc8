import { describe, expect, it } from '@jest/globals';
import { Prng } from '../../../src/base/prng.js';
import {
  MIGRATE_ISOLATE,
  MIGRATE_MOVABLE,
  MIGRATE_RECLAIMABLE,
  MIGRATE_UNMOVABLE,
  type Migratetype,
} from '../../../src/mm/migratetype.js';
import { PG_BUDDY, PG_LRU } from '../../../src/mm/page-flags.js';
import { MAX_PAGE_ORDER, NO_PAGE } from '../../../src/mm/units.js';
import { freeBlock, takeSmallest } from '../../../src/sim/buddy.js';
import { isolateRange } from '../../../src/sim/isolation.js';
import type { Machine } from '../../../src/sim/machine.js';
import { pageblockType, setPageblockType } from '../../../src/sim/pageblocks.js';
import { takeBlock } from '../../../src/sim/take-block.js';
import { expectSound, freeListOf, freeLists, SEED, smallMachine, zone } from './small-machine.js';

/** Block `pfn` of `order` is in use: what the allocator's callers do to a block that they got. */
function use(m: Machine, pfn: number, order: number): number {
  m.count.fill(1, pfn, pfn + 2 ** order);
  m.flags.fill(1 << 7, pfn, pfn + 2 ** order); // PG_SLAB: somebody's
  return pfn;
}

function get(m: Machine, type: Migratetype, order: number, zoneId = 0): number {
  const pfn = takeBlock(m, zoneId, type, order);
  return pfn === NO_PAGE ? pfn : use(m, pfn, order);
}

function release(m: Machine, pfn: number, order: number): void {
  m.count.fill(0, pfn, pfn + 2 ** order);
  m.flags.fill(0, pfn, pfn + 2 ** order);
  freeBlock(m, pfn, order);
}

/** All memory in use; then pageblocks get types. */
function fullMachine(types: readonly Migratetype[]): Machine {
  const m = smallMachine({ pages: types.length * 512 });
  while (get(m, MIGRATE_MOVABLE, 9) !== NO_PAGE);
  types.forEach((type, block) => {
    setPageblockType(m, block * 512, type);
  });
  return m;
}

describe('splitting and merging', () => {
  it('splits the smallest block that serves, lower half first, and merges back to what was', () => {
    const m = smallMachine({ pages: 1024 });
    expect(freeLists(m)).toEqual({ '0 1 10': [0] });
    const first = get(m, MIGRATE_MOVABLE, 0);
    expect(first).toBe(0);
    expect(freeLists(m)).toEqual(
      Object.fromEntries(Array.from({ length: 10 }, (_, order) => [`0 1 ${order}`, [2 ** order]])),
    );
    expect(get(m, MIGRATE_MOVABLE, 0)).toBe(1);
    expect(get(m, MIGRATE_MOVABLE, 2)).toBe(4);
    expectSound(m);
    release(m, 4, 2);
    release(m, 0, 0);
    expect(freeListOf(m, 0, MIGRATE_MOVABLE, 0)).toEqual([0]);
    release(m, 1, 0);
    expect(freeLists(m)).toEqual({ '0 1 10': [0] });
    expectSound(m);
  });

  it('hands out what was freed last first', () => {
    const m = fullMachine([MIGRATE_MOVABLE, MIGRATE_MOVABLE]);
    for (const pfn of [10, 50, 30]) release(m, pfn, 0);
    expect(freeListOf(m, 0, MIGRATE_MOVABLE, 0)).toEqual([30, 50, 10]);
    expect([get(m, 1, 0), get(m, 1, 0), get(m, 1, 0), get(m, 1, 0)]).toEqual([30, 50, 10, NO_PAGE]);
    expectSound(m);
  });

  it('never merges across zones, nor beyond the largest order', () => {
    const m = smallMachine({ pages: 4096, zones: [zone('DMA32', 0, 512), zone('Normal', 512, 4096)] });
    expect(freeLists(m)).toEqual({ '0 1 9': [0], '1 1 9': [512], '1 1 10': [1024, 2048, 3072] });
    expectSound(m);
  });

  it('keeps every type of pageblock on lists of its own', () => {
    const m = fullMachine([MIGRATE_UNMOVABLE, MIGRATE_MOVABLE, MIGRATE_RECLAIMABLE, MIGRATE_MOVABLE]);
    for (const block of [0, 1, 2, 3]) release(m, block * 512 + 8, 3);
    expect(freeLists(m)).toEqual({ '0 0 3': [8], '0 1 3': [520, 1544], '0 2 3': [1032] });
    expect(takeSmallest(m, 0, MIGRATE_RECLAIMABLE, 4)).toBe(NO_PAGE);
    expect(use(m, takeSmallest(m, 0, MIGRATE_RECLAIMABLE, 3), 3)).toBe(1032);
    expectSound(m);
  });

  it('does not merge an isolated pageblock with its neighbour', () => {
    const m = fullMachine([MIGRATE_MOVABLE, MIGRATE_MOVABLE]);
    isolateRange(m, { start: 512, end: 1024 });
    release(m, 0, 9);
    release(m, 512, 9);
    expect(freeLists(m)).toEqual({ '0 1 9': [0], '0 3 9': [512] });
    expect(m.nrFree[0]).toBe(512);
    expect(m.nrIsolatedFree[0]).toBe(512);
    expect(takeBlock(m, 0, MIGRATE_MOVABLE, 10)).toBe(NO_PAGE);
    expectSound(m);
  });

  it('splits a block of two pageblocks of different types onto the lists of each', () => {
    // 6.12 gives the buddy's pageblock the type of the page that is freed (__free_one_page, "Match buddy type"), or
    // expand() would put halves on lists where nobody looks for them.
    const m = fullMachine([MIGRATE_UNMOVABLE, MIGRATE_MOVABLE]);
    release(m, 0, 9);
    release(m, 512, 9);
    expect(Object.values(freeLists(m))).toEqual([[0]]);
    get(m, MIGRATE_UNMOVABLE, 9);
    expectSound(m);
  });

  it('keeps its counters when such a half is merged again', () => {
    const m = fullMachine([MIGRATE_UNMOVABLE, MIGRATE_MOVABLE]);
    release(m, 0, 9);
    release(m, 512, 9);
    const page = get(m, MIGRATE_UNMOVABLE, 0);
    const more = get(m, MIGRATE_UNMOVABLE, 9);
    release(m, page, 0);
    if (more !== NO_PAGE) release(m, more, 9);
    expect(Object.values(freeLists(m))).toEqual([[0]]);
    expectSound(m);
  });
});

describe('stealing, mm/page_alloc.c 6.12', () => {
  const ORDERS: ReadonlyArray<readonly [Migratetype, Migratetype, Migratetype]> = [
    [MIGRATE_UNMOVABLE, MIGRATE_RECLAIMABLE, MIGRATE_MOVABLE],
    [MIGRATE_MOVABLE, MIGRATE_RECLAIMABLE, MIGRATE_UNMOVABLE],
    [MIGRATE_RECLAIMABLE, MIGRATE_UNMOVABLE, MIGRATE_MOVABLE],
  ];

  it.each(ORDERS)('type %i steals from %i, then from %i', (type, first, second) => {
    const m = fullMachine([first, second]);
    release(m, 8, 2);
    release(m, 520, 2);
    expect(get(m, type, 2)).toBe(8);
    expect(get(m, type, 2)).toBe(520);
    expect(get(m, type, 2)).toBe(NO_PAGE);
    expectSound(m);
  });

  it('never steals from the isolate list', () => {
    const m = fullMachine([MIGRATE_MOVABLE, MIGRATE_MOVABLE]);
    isolateRange(m, { start: 0, end: 512 });
    release(m, 0, 9);
    for (const type of [0, 1, 2] as const) expect(get(m, type, 0)).toBe(NO_PAGE);
    expectSound(m);
  });

  it('a kernel request takes the largest block, whatever its type is to the second choice', () => {
    const m = fullMachine([MIGRATE_RECLAIMABLE, MIGRATE_MOVABLE]);
    release(m, 0, 2);
    release(m, 512 + 64, 6);
    expect(get(m, MIGRATE_UNMOVABLE, 0)).toBe(576);
    expectSound(m);
  });

  it('a movable request takes the smallest when it may not claim', () => {
    const m = fullMachine([MIGRATE_UNMOVABLE, MIGRATE_UNMOVABLE]);
    release(m, 0, 3);
    release(m, 64, 1);
    expect(get(m, MIGRATE_MOVABLE, 0)).toBe(64);
    expect(pageblockType(m, 64)).toBe(MIGRATE_UNMOVABLE);
    expect(freeListOf(m, 0, MIGRATE_UNMOVABLE, 0)).toEqual([65]);
    expectSound(m);
  });

  it('takes the whole block of order 9 and more, and its pageblocks with it', () => {
    const m = smallMachine({ pages: 1024 });
    expect(get(m, MIGRATE_UNMOVABLE, 0)).toBe(0);
    expect([pageblockType(m, 0), pageblockType(m, 512)]).toEqual([MIGRATE_UNMOVABLE, MIGRATE_UNMOVABLE]);
    expect(Object.keys(freeLists(m)).every((list) => list.startsWith('0 0'))).toBe(true);
    expectSound(m);
  });

  /** A movable pageblock with so many free pages, so many on the LRU, and the rest the kernel's. */
  function pageblockWith(free: number, movable: number, old: Migratetype): Machine {
    const m = fullMachine([old, MIGRATE_MOVABLE]);
    for (let pfn = 0; pfn < movable; pfn++) m.flags[511 - pfn] = PG_LRU | (1 << 7);
    for (let pfn = 0; pfn < free; pfn++) release(m, pfn, 0);
    m.flags.fill(1 << 7, 512, 1024);
    // The LRU pages are only for the count: no list has them, so they are the kernel's again before the check.
    return m;
  }
  const restore = (m: Machine): void => {
    for (let pfn = 0; pfn < 512; pfn++) if ((m.flags[pfn]! & PG_LRU) !== 0) m.flags[pfn] = 1 << 7;
  };

  it.each([
    // free + alike >= 256 claims. For a kernel request on a movable pageblock, alike is what is neither free nor movable.
    [MIGRATE_UNMOVABLE, MIGRATE_MOVABLE, 16, 256, true],
    [MIGRATE_UNMOVABLE, MIGRATE_MOVABLE, 16, 257, false],
    [MIGRATE_UNMOVABLE, MIGRATE_RECLAIMABLE, 256, 0, true],
    [MIGRATE_UNMOVABLE, MIGRATE_RECLAIMABLE, 255, 0, false],
    // For a movable request it is what is movable.
    [MIGRATE_MOVABLE, MIGRATE_UNMOVABLE, 64, 192, true],
    [MIGRATE_MOVABLE, MIGRATE_UNMOVABLE, 64, 191, false],
  ] as const)(
    'type %i on a pageblock of type %i, %i free and %i movable: claims %s',
    (type, old, free, movable, claims) => {
      const m = pageblockWith(free, movable, old);
      const pfn = get(m, type, 0);
      expect(pfn).toBeLessThan(512);
      expect(pageblockType(m, 0)).toBe(claims ? type : old);
      restore(m);
      expectSound(m);
      // After a claim, all that was free in the pageblock is on the lists of the new type.
      const lists = Object.keys(freeLists(m)).map((list) => list.split(' ')[1]);
      expect(new Set(lists)).toEqual(new Set([String(claims ? type : old)]));
    },
  );
});

describe(`chance, seed ${SEED}`, () => {
  it.each([1, 2, 3])('the first free block of order %i comes when Linus says', (order) => {
    // "Active memory defragmentation" era model: all pages used, one random page freed at a time. Median fraction freed
    // when the first aligned block is whole: (ln 2 * 2^k / N)^(1 / 2^k).
    const pages = 4096;
    const fractions: number[] = [];
    for (let run = 0; run < 41; run++) {
      const prng = new Prng(SEED).split(run * 16 + order);
      const m = fullMachine(Array.from({ length: pages / 512 }, () => MIGRATE_MOVABLE));
      const victims = prng.shuffle(Uint32Array.from({ length: pages }, (_, pfn) => pfn));
      let freed = 0;
      while (!hasOrder(m, order)) release(m, victims[freed++]!, 0);
      fractions.push(freed / pages);
      if (run === 0) expectSound(m);
    }
    const median = fractions.sort((a, b) => a - b)[20]!;
    const oracle = ((Math.LN2 * 2 ** order) / pages) ** (1 / 2 ** order);
    expect(median / oracle).toBeGreaterThan(0.6);
    expect(median / oracle).toBeLessThan(1.5);
  });

  it('50000 random operations agree with a bitmap', () => {
    const prng = new Prng(SEED);
    const m = smallMachine({ pages: 4096, zones: [zone('DMA32', 0, 1536), zone('Normal', 1536, 4096)] });
    const used = new Uint8Array(4096);
    const blocks: Array<readonly [pfn: number, order: number]> = [];
    for (let step = 0; step < 50_000; step++) {
      if (prng.chance(0.52)) {
        const order = Math.min(MAX_PAGE_ORDER, prng.below(4) * prng.below(4));
        const zoneId = prng.below(2);
        const pfn = get(m, MIGRATE_MOVABLE, order, zoneId);
        const [from, to] = zoneId === 0 ? [0, 1536] : [1536, 4096];
        if (pfn === NO_PAGE) {
          expect(hasHole(used, order, from, to)).toBe(false);
          continue;
        }
        expect(pfn % 2 ** order).toBe(0);
        expect(used.subarray(pfn, pfn + 2 ** order).every((bit) => bit === 0)).toBe(true);
        used.fill(1, pfn, pfn + 2 ** order);
        blocks.push([pfn, order]);
      } else if (blocks.length > 0) {
        const at = prng.below(blocks.length);
        const [pfn, order] = blocks[at]!;
        blocks[at] = blocks[blocks.length - 1]!;
        blocks.pop();
        used.fill(0, pfn, pfn + 2 ** order);
        release(m, pfn, order);
      }
      if (step % 5000 === 0) expectAgrees(m, used);
    }
    for (const [pfn, order] of blocks) release(m, pfn, order);
    used.fill(0);
    expectAgrees(m, used);
    expect(freeLists(m)).toEqual({ '0 1 9': [1024], '0 1 10': [0], '1 1 9': [1536], '1 1 10': [2048, 3072] });
  });

  it('20000 random operations of all types keep every invariant', () => {
    const prng = new Prng(SEED);
    const m = smallMachine({ pages: 4096 });
    const blocks: Array<readonly [pfn: number, order: number]> = [];
    for (let step = 0; step < 20_000; step++) {
      if (prng.chance(0.52)) {
        const order = prng.below(11);
        const pfn = get(m, prng.below(3) as Migratetype, order);
        if (pfn !== NO_PAGE) blocks.push([pfn, order]);
      } else if (blocks.length > 0) {
        const [[pfn, order]] = blocks.splice(prng.below(blocks.length), 1) as [readonly [number, number]];
        release(m, pfn, order);
      }
      if (step % 200 === 0) expectSound(m);
    }
    expectSound(m);
  });
});

function hasOrder(m: Machine, order: number): boolean {
  for (let size = order; size <= MAX_PAGE_ORDER; size++)
    if (freeListOf(m, 0, MIGRATE_MOVABLE, size).length > 0) return true;
  return false;
}

function hasHole(used: Uint8Array, order: number, from: number, to: number): boolean {
  const size = 2 ** order;
  for (let pfn = Math.ceil(from / size) * size; pfn + size <= to; pfn += size)
    if (used.subarray(pfn, pfn + size).every((bit) => bit === 0)) return true;
  return false;
}

function expectAgrees(m: Machine, used: Uint8Array): void {
  expectSound(m);
  for (let pfn = 0; pfn < used.length; pfn++)
    if (((m.flags[pfn]! & PG_BUDDY) !== 0) !== (used[pfn] === 0))
      throw new Error(`page ${pfn} disagrees with the bitmap`);
  expect(m.freeBlocks.reduce((sum, blocks) => sum + blocks, 0)).toBe(
    Object.values(freeLists(m)).reduce((sum, pfns) => sum + pfns.length, 0),
  );
  expect(freeListOf(m, 0, MIGRATE_ISOLATE, 0)).toEqual([]);
}
