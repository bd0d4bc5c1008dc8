import { describe, expect, it } from '@jest/globals';
import { Prng } from '../../../src/base/prng.js';
import { MIGRATE_RECLAIMABLE, MIGRATE_UNMOVABLE } from '../../../src/mm/migratetype.js';
import { PG_SLAB } from '../../../src/mm/page-flags.js';
import { contains, type PfnRange } from '../../../src/mm/pfn-range.js';
import { NO_PAGE } from '../../../src/mm/units.js';
import { isolateRange } from '../../../src/sim/isolation.js';
import type { Machine } from '../../../src/sim/machine.js';
import { putPage } from '../../../src/sim/page-allocator.js';
import { setPageblockType } from '../../../src/sim/pageblocks.js';
import { allocateTarget, freeTarget, roomOutside } from '../../../src/sim/targets.js';
import { changed, expectSound, freeLists, SEED, settle, smallMachine, snapshot, take, zone } from './small-machine.js';

/** All memory the kernel's, but for the given blocks [pfn, order]. */
function onlyFree(m: Machine, blocks: ReadonlyArray<readonly [pfn: number, order: number]>): Machine {
  for (let pfn = allocateTarget(m, 0, 0, 11); pfn !== NO_PAGE; pfn = allocateTarget(m, 0, 0, 11))
    m.flags[pfn] = PG_SLAB;
  for (const [pfn, order] of blocks) for (let page = pfn; page < pfn + 2 ** order; page++) putPage(m, 0, page);
  settle(m);
  return m;
}

function exhaust(m: Machine, order = 0, spared = 11): number[] {
  const got: number[] = [];
  for (let pfn = allocateTarget(m, order, 0, spared); pfn !== NO_PAGE; pfn = allocateTarget(m, order, 0, spared))
    got.push(pfn);
  for (const pfn of got) m.flags.fill(PG_SLAB, pfn, pfn + 2 ** order);
  return got;
}

describe('the best fit', () => {
  it('is the smallest block that serves', () => {
    const m = onlyFree(smallMachine(), [
      [0, 5],
      [64, 2],
      [128, 3],
      [512, 9],
    ]);
    expect([0, 0, 0, 0, 0].map(() => allocateTarget(m, 0, 0, 9))).toEqual([64, 65, 66, 67, 128]);
    m.flags.fill(PG_SLAB, 64, 68);
    m.flags[128] = PG_SLAB;
    expect(allocateTarget(m, 2, 0, 9)).toBe(132);
    m.flags.fill(PG_SLAB, 132, 136);
    expectSound(m);
  });

  it('leaves blocks of the spared order alone while anything smaller is left, in whatever zone', () => {
    const zones = [zone('DMA32', 0, 1024), zone('Normal', 1024, 2048)];
    const m = onlyFree(smallMachine({ zones }), [
      [1024, 9],
      [8, 2],
      [512, 3],
    ]);
    const got = exhaust(m, 0, 3);
    // Four pages of order 2 first; then the spared ones, smallest first: order 3 in DMA32 before order 9 in Normal.
    expect(got.slice(0, 4)).toEqual([8, 9, 10, 11]);
    expect(got.slice(4, 12)).toEqual([512, 513, 514, 515, 516, 517, 518, 519]);
    expect(got).toHaveLength(4 + 8 + 512);
    expectSound(m);
  });

  it('prefers movable pageblocks, then reclaimable, then unmovable, at equal size', () => {
    const m = onlyFree(smallMachine(), []);
    setPageblockType(m, 0, MIGRATE_UNMOVABLE);
    setPageblockType(m, 512, MIGRATE_RECLAIMABLE);
    for (const pfn of [0, 512, 1024]) putPage(m, 0, pfn);
    settle(m);
    expect(exhaust(m)).toEqual([1024, 512, 0]);
    expectSound(m);
  });

  it('takes the source’s own node first, at equal size', () => {
    const zones = [zone('Normal', 0, 1024, 0, 0), zone('Normal', 1024, 2048, 0, 1)];
    for (const [source, start] of [
      [1500, 1024],
      [1, 0],
    ] as const)
      expect(contains({ start, end: start + 1024 }, allocateTarget(smallMachine({ zones }), 0, source, 11))).toBe(true);
  });

  it('says NO_PAGE with nothing changed when no block is large enough', () => {
    const m = onlyFree(smallMachine(), [
      [0, 3],
      [16, 3],
    ]);
    const before = snapshot(m);
    expect(allocateTarget(m, 4, 0, 11)).toBe(NO_PAGE);
    expect(changed(m, before)).toEqual([]);
  });

  it('given back unused leaves the free lists as they were', () => {
    const m = onlyFree(smallMachine(), [
      [0, 5],
      [64, 2],
    ]);
    const before = freeLists(m);
    for (const order of [0, 2, 4, 5]) {
      const pfn = allocateTarget(m, order, 0, 11);
      expect(m.count.subarray(pfn, pfn + 2 ** order).every((count) => count === 1)).toBe(true);
      freeTarget(m, pfn, order);
      expect(freeLists(m)).toEqual(before);
    }
    expectSound(m);
  });
});

describe('watermarks', () => {
  it('are kept: min, and the reserve against movable allocations', () => {
    const zones = [zone('DMA32', 0, 1024, 50, 0, 200), zone('Normal', 1024, 2048, 30)];
    const m = smallMachine({ zones });
    const got = exhaust(m);
    expect(m.nrFree[0]).toBe(250);
    expect(m.nrFree[1]).toBe(30);
    expect(got).toHaveLength(2048 - 280);
    expectSound(m);
  });

  it('hold for blocks as a whole', () => {
    const m = smallMachine({ pages: 512, min: 500 });
    expect(allocateTarget(m, 4, 0, 11)).toBe(NO_PAGE);
    expect(allocateTarget(m, 3, 0, 11)).not.toBe(NO_PAGE);
    expect(allocateTarget(m, 3, 0, 11)).toBe(NO_PAGE);
    expect(m.nrFree[0]).toBe(504);
  });
});

describe(`room outside (seed ${SEED})`, () => {
  const RANGES: ReadonlyArray<readonly PfnRange[]> = [
    [],
    [{ start: 0, end: 512 }],
    [
      { start: 512, end: 1024 },
      { start: 2048, end: 3072 },
    ],
    [
      { start: 8, end: 16 },
      { start: 1000, end: 1030 },
    ],
    [{ start: 0, end: 4096 }],
    [{ start: 0, end: 2048 }],
    [{ start: 2048, end: 4096 }],
  ];

  it.each([0, 1, 2, 3])('is exactly what can be handed out, machine %i', (variant) => {
    for (const without of RANGES) {
      const prng = new Prng(SEED).split(variant);
      const mins = [0, 40, 100, 1500];
      const zones = [
        zone('DMA32', 0, 1024, mins[variant], 0, variant * 30),
        zone('Normal', 1024, 3072, mins[variant]),
        zone('Movable', 3072, 4096, variant, 0),
      ];
      const m = smallMachine({ pages: 4096, zones });
      const used: number[] = [];
      for (let i = 0; i < 1500; i++) {
        const pfn = allocateTarget(m, 0, prng.below(4096), 11);
        if (pfn === NO_PAGE) break;
        m.flags[pfn] = PG_SLAB;
        used.push(pfn);
      }
      for (const pfn of used) if (prng.chance(0.5)) putPage(m, prng.below(2), pfn);
      settle(m);
      const room = roomOutside(m, without);
      for (const range of without) isolateRange(m, range);
      expect(roomOutside(m, without)).toBe(room); // what is isolated is not counted twice
      expect(roomOutside(m, [])).toBe(room);
      const got = exhaust(m);
      expect(got).toHaveLength(room);
      expect(got.filter((pfn) => without.some((range) => contains(range, pfn)))).toEqual([]);
      expect(roomOutside(m, [])).toBe(0);
      expectSound(m);
    }
  });

  it('counts a page once that two of the ranges name', () => {
    const m = smallMachine({ pages: 1024 });
    take(m);
    settle(m);
    const once = roomOutside(m, [{ start: 0, end: 512 }]);
    expect(
      roomOutside(m, [
        { start: 0, end: 512 },
        { start: 256, end: 512 },
      ]),
    ).toBe(once);
  });
});
