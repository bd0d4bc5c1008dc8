import { describe, expect, it } from '@jest/globals';
import { Prng } from '../../../src/base/prng.js';
import { MIGRATE_MOVABLE, MIGRATE_RECLAIMABLE, MIGRATE_UNMOVABLE } from '../../../src/mm/migratetype.js';
import { FREE_FLAGS, PG_BUDDY, PG_PCP, PG_SLAB } from '../../../src/mm/page-flags.js';
import { contains, type PfnRange } from '../../../src/mm/pfn-range.js';
import { NO_PAGE } from '../../../src/mm/units.js';
import { allocateKernelPages } from '../../../src/sim/access.js';
import { isolateRange, undoIsolateRange } from '../../../src/sim/isolation.js';
import type { Machine } from '../../../src/sim/machine.js';
import { allocatePages, drainPcp, freePages, putPage } from '../../../src/sim/page-allocator.js';
import { setPageblockType } from '../../../src/sim/pageblocks.js';
import { takeBlock } from '../../../src/sim/take-block.js';
import { allocateTarget } from '../../../src/sim/targets.js';
import { expectSound, freeLists, SEED, smallMachine, take } from './small-machine.js';

/** Random holes in a machine of two and more types of pageblocks. */
function holey(seed: number, pages = 2048): Machine {
  const m = smallMachine({ pages });
  const prng = new Prng(seed);
  const taken: number[] = [];
  for (let i = 0; i < pages / 2; i++) {
    const pfn = take(m);
    m.flags[pfn] = PG_SLAB;
    taken.push(pfn);
  }
  for (const pfn of taken) if (prng.chance(0.6)) putPage(m, 0, pfn);
  drainPcp(m);
  return m;
}

function isolatedFree(m: Machine): number[] {
  return Object.entries(freeLists(m))
    .filter(([list]) => list.split(' ')[1] === '3')
    .flatMap(([list, pfns]) =>
      pfns.flatMap((pfn) => Array.from({ length: 2 ** Number(list.split(' ')[2]) }, (_, i) => pfn + i)),
    )
    .sort((a, b) => a - b);
}

function freeIn(m: Machine, { start, end }: PfnRange): number[] {
  return Array.from({ length: end - start }, (_, i) => start + i).filter((pfn) => (m.flags[pfn]! & FREE_FLAGS) !== 0);
}

const RANGES: readonly PfnRange[] = [
  { start: 512, end: 1024 },
  { start: 0, end: 2048 },
  { start: 512, end: 1536 },
  // Whole pageblocks with something sticking out at either end.
  { start: 100, end: 1600 },
  { start: 511, end: 1025 },
  { start: 0, end: 513 },
  // Parts of one.
  ...Array.from({ length: 9 }, (_, order) => ({ start: 1024 + 2 ** order, end: 1024 + 2 ** (order + 1) })),
  { start: 1025, end: 1026 },
  { start: 1027, end: 1101 },
];

describe.each([
  ['an empty machine', () => smallMachine()],
  ['a machine full of holes', () => holey(SEED)],
] as const)(`isolating on %s (seed ${SEED})`, (_name, build) => {
  it.each(RANGES.map(({ start, end }) => [start, end] as const))(
    '[%i, %i) holds exactly its free pages, and undo forgets it',
    (start, end) => {
      const m = build();
      const before = freeLists(m);
      const [nrFree, types] = [m.nrFree[0]!, m.migratetype.slice()];
      isolateRange(m, { start, end });
      expect(isolatedFree(m)).toEqual(freeIn(m, { start, end }));
      expect(m.nrFree[0]! + m.nrIsolatedFree[0]!).toBe(nrFree);
      expectSound(m);
      undoIsolateRange(m, { start, end });
      expect(freeLists(m)).toEqual(before);
      expect(m.migratetype).toEqual(types);
      expect(m.booked.every((byte) => byte === 0)).toBe(true);
      expect(m.nrIsolatedFree[0]).toBe(0);
      expectSound(m);
    },
  );

  it.each(RANGES.map(({ start, end }) => [start, end] as const))(
    '[%i, %i) gives nothing away by any door',
    (start, end) => {
      const m = build();
      isolateRange(m, { start, end });
      const range = { start, end };
      const got: number[] = [];
      const source = 0;
      for (let pfn = allocateTarget(m, 3, source, 0); pfn !== NO_PAGE; pfn = allocateTarget(m, 3, source, 0))
        got.push(...Array.from({ length: 8 }, (_, i) => pfn + i));
      for (const type of [MIGRATE_MOVABLE, MIGRATE_UNMOVABLE, MIGRATE_RECLAIMABLE] as const)
        for (let i = 0; i < 700; i++) {
          const pfn = allocatePages(m, i % 2, { order: 0, type, node: 0, highest: 'Movable', mark: 'min' });
          if (pfn !== NO_PAGE) got.push(pfn);
        }
      for (let pfn = allocateTarget(m, 0, source, 11); pfn !== NO_PAGE; pfn = allocateTarget(m, 0, source, 11))
        got.push(pfn);
      expect(allocateKernelPages(m, 0, 0, PG_SLAB)).toBe(NO_PAGE);
      expect(got.filter((pfn) => contains(range, pfn))).toEqual([]);
      expect(new Set(got).size).toBe(got.length);
      for (const pfn of got) m.flags[pfn] = PG_SLAB;
      expect(m.nrFree[0]).toBe(0);
      expectSound(m);
    },
  );
});

describe('what is freed into an isolated range', () => {
  it('stays there, page by page, past the per-CPU lists', () => {
    const m = smallMachine({ pages: 1024 });
    const pages = Array.from({ length: 600 }, () => take(m));
    for (const pfn of pages) m.flags[pfn] = PG_SLAB;
    isolateRange(m, { start: 64, end: 128 });
    for (const pfn of pages) putPage(m, 0, pfn);
    const range = { start: 64, end: 128 };
    expect(isolatedFree(m)).toEqual(Array.from({ length: 64 }, (_, i) => 64 + i));
    for (let pfn = 64; pfn < 128; pfn++) expect(m.flags[pfn]! & (PG_BUDDY | PG_PCP)).toBe(PG_BUDDY);
    expect(freeLists(m)['0 3 6']).toEqual([64]);
    undoIsolateRange(m, range);
    drainPcp(m);
    expect(freeLists(m)).toEqual({ '0 1 10': [0] });
    expectSound(m);
  });

  it('takes along what was on per-CPU lists when the range was isolated', () => {
    const m = smallMachine({ pages: 1024 });
    const pfn = take(m);
    putPage(m, 1, pfn);
    expect(m.flags[pfn]! & PG_PCP).toBe(PG_PCP);
    isolateRange(m, { start: pfn, end: pfn + 1 });
    expect(isolatedFree(m)).toEqual([pfn]);
    expectSound(m);
  });

  it('stays there when a larger block is freed across the edge of the range', () => {
    const m = smallMachine({ pages: 1024 });
    const pfn = take(m, 3);
    isolateRange(m, { start: pfn + 4, end: pfn + 8 });
    m.count.fill(0, pfn, pfn + 8);
    freePages(m, 0, pfn, 3);
    expect(isolatedFree(m)).toEqual([pfn + 4, pfn + 5, pfn + 6, pfn + 7]);
    expectSound(m);
  });

  it('stays there when a block of two pageblocks is freed, one of them isolated', () => {
    // The same bug at the edge of pageblocks (6.12 has split_large_buddy for this).
    const m = smallMachine({ pages: 1024 });
    const pfn = take(m, 10);
    isolateRange(m, { start: 512, end: 1024 });
    m.count.fill(0, 0, 1024);
    freePages(m, 0, pfn, 10);
    expect(isolatedFree(m)).toHaveLength(512);
    expectSound(m);
  });
});

describe('two ranges', () => {
  it('share a pageblock without harm, undone in either order', () => {
    for (const reverse of [false, true]) {
      const m = smallMachine({ pages: 1024 });
      const ranges = [
        { start: 8, end: 16 },
        { start: 32, end: 64 },
        { start: 16, end: 18 },
      ];
      for (const range of ranges) isolateRange(m, range);
      expect(isolatedFree(m)).toHaveLength(8 + 32 + 2);
      expectSound(m);
      for (const range of reverse ? ranges.reverse() : ranges) {
        undoIsolateRange(m, range);
        expectSound(m);
      }
      expect(freeLists(m)).toEqual({ '0 1 10': [0] });
    }
  });

  it('may not overlap', () => {
    const m = smallMachine({ pages: 1024 });
    isolateRange(m, { start: 8, end: 16 });
    expect(() => isolateRange(m, { start: 15, end: 17 })).toThrow('another job has');
    expect(() => isolateRange(m, { start: 0, end: 512 })).toThrow('another job has');
    expect(isolatedFree(m)).toHaveLength(8);
    expectSound(m);
  });

  it('keep a pageblock’s type through isolation, use and undo', () => {
    const m = smallMachine({ pages: 1024 });
    const pfn = takeBlock(m, 0, MIGRATE_RECLAIMABLE, 0);
    m.flags[pfn] = PG_SLAB;
    m.count[pfn] = 1;
    isolateRange(m, { start: 0, end: 512 });
    putPage(m, 0, pfn);
    undoIsolateRange(m, { start: 0, end: 512 });
    expect(freeLists(m)).toEqual({ '0 2 10': [0] });
    expectSound(m);
  });

  it('that merge while isolated come apart again, each with the type that it had', () => {
    const m = smallMachine({ pages: 2048 });
    const pages = Array.from({ length: 1024 }, () => take(m)).sort((x, y) => x - y);
    for (const pfn of pages) m.flags[pfn] = PG_SLAB;
    const [start] = pages as [number];
    setPageblockType(m, start, MIGRATE_UNMOVABLE);
    setPageblockType(m, start + 512, MIGRATE_MOVABLE);
    const range = { start, end: start + 1024 };
    isolateRange(m, range);
    for (const pfn of pages) putPage(m, 0, pfn);
    expect(freeLists(m)['0 3 10']).toEqual([start]);
    undoIsolateRange(m, range);
    expectSound(m);
    // Splitting what has merged puts every part on the list of its own pageblock.
    const kernel = take(m, 9, MIGRATE_UNMOVABLE);
    m.flags.fill(PG_SLAB, kernel, kernel + 512);
    expectSound(m);
    const other = take(m, 3, MIGRATE_MOVABLE);
    m.flags.fill(PG_SLAB, other, other + 8);
    expectSound(m);
  });
});
