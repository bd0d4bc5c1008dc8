import { describe, expect, it } from '@jest/globals';
import { Prng } from '../../../src/base/prng.js';
import {
  MIGRATE_MOVABLE,
  MIGRATE_RECLAIMABLE,
  MIGRATE_UNMOVABLE,
  type Migratetype,
} from '../../../src/mm/migratetype.js';
import { PG_SLAB } from '../../../src/mm/page-flags.js';
import { isolateRange, undoIsolateRange } from '../../../src/sim/isolation.js';
import type { Machine } from '../../../src/sim/machine.js';
import { drainPcp, putPage } from '../../../src/sim/page-allocator.js';
import { pageblockType, setPageblockType } from '../../../src/sim/pageblocks.js';
import { relinkFree } from '../../../src/sim/relink-free.js';
import { expectSound, freeLists, SEED, smallMachine, take } from './small-machine.js';

const PAGES = 4096;

/** Four free pageblocks, then four full of holes, freed in any order. */
function holey(seed: number): Machine {
  const m = smallMachine({ pages: PAGES });
  const prng = new Prng(seed);
  const taken = Array.from({ length: PAGES / 2 }, () => take(m));
  for (const pfn of taken) m.flags[pfn] = PG_SLAB;
  for (const pfn of prng.shuffle(taken)) if (prng.chance(0.6)) putPage(m, 0, pfn);
  drainPcp(m);
  return m;
}

/** What was to happen: blocks of the range leave their lists, and stand by address before what is on the new ones. */
function moved(m: Machine, start: number, end: number, to: Migratetype | 3): Record<string, number[]> {
  const lists: Record<string, number[]> = {};
  const leaving: Record<string, number[]> = {};
  for (const [list, pfns] of Object.entries(freeLists(m, true))) {
    const [zone, , order] = list.split(' ');
    const stay = pfns.filter((pfn) => pfn < start || pfn >= end);
    if (stay.length > 0) lists[list] = stay;
    (leaving[`${zone} ${to} ${order}`] ??= []).push(...pfns.filter((pfn) => pfn >= start && pfn < end));
  }
  for (const [list, pfns] of Object.entries(leaving))
    if (pfns.length > 0) lists[list] = [...pfns.sort((a, b) => a - b), ...(lists[list] ?? [])];
  return lists;
}

describe(`free blocks of pageblocks that change their lists (seed ${SEED})`, () => {
  it.each([4, 5, 6, 7])('pageblock %i: come by address before those that are there', (block) => {
    const m = holey(SEED + block);
    setPageblockTypes(m);
    const start = block * 512;
    const wanted = moved(m, start, start + 512, MIGRATE_RECLAIMABLE);
    const free = m.nrFree[0];
    relinkFree(m, start, start + 512, (from) => setPageblockType(m, from, MIGRATE_RECLAIMABLE));
    expect(freeLists(m, true)).toEqual(wanted);
    expect(m.nrFree[0]).toBe(free);
    expectSound(m);
  });

  it.each([
    [2048, 3072],
    [2560, 3584],
    [2048, 4096],
  ])('[%i, %i) isolated: all of them, and undone they are the first on their lists', (start, end) => {
    const m = holey(SEED);
    setPageblockTypes(m);
    const wanted = moved(m, start, end, 3);
    isolateRange(m, { start, end });
    expect(freeLists(m, true)).toEqual(wanted);
    expectSound(m);
    undoIsolateRange(m, { start, end });
    for (const [list, pfns] of Object.entries(freeLists(m, true))) {
      const own = pfns.filter((pfn) => pfn >= start && pfn < end);
      expect([list, pfns.slice(0, own.length)]).toEqual([list, own.sort((a, b) => a - b)]);
    }
    expect(m.nrIsolatedFree[0]).toBe(0);
    expectSound(m);
  });

  it('a block larger than a pageblock moves whole, told of both, and is cut where the range ends in it', () => {
    const m = smallMachine({ pages: PAGES });
    const told: number[][] = [];
    relinkFree(m, 512, 2048, (start, end) => {
      told.push([start, end]);
      for (let block = start; block < end; block += 512) setPageblockType(m, block, MIGRATE_UNMOVABLE);
    });
    expect(told).toEqual([
      [1024, 2048],
      [512, 1024],
    ]);
    expect(freeLists(m)).toEqual({ '0 0 9': [512], '0 0 10': [1024], '0 1 9': [0], '0 1 10': [2048, 3072] });
    expectSound(m);
  });

  it('a full pageblock has none, and is told all the same', () => {
    const m = smallMachine({ pages: 1024 });
    for (let i = 0; i < 512; i++) m.flags[take(m)] = PG_SLAB;
    const block = m.pageblockUse[0] === 512 ? 0 : 512;
    const before = freeLists(m, true);
    relinkFree(m, block, block + 512, (from) => setPageblockType(m, from, MIGRATE_UNMOVABLE));
    expect(pageblockType(m, block)).toBe(MIGRATE_UNMOVABLE);
    expect(freeLists(m, true)).toEqual(before);
  });
});

/** Pageblocks of two types, in turn. */
function setPageblockTypes(m: Machine): void {
  for (let block = 4; block < 8; block++)
    relinkFree(m, block * 512, (block + 1) * 512, (start) =>
      setPageblockType(m, start, block % 2 === 0 ? MIGRATE_MOVABLE : MIGRATE_UNMOVABLE),
    );
}
