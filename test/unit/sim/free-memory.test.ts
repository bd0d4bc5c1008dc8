import { describe, expect, it } from '@jest/globals';
import { MIGRATE_MOVABLE, MIGRATE_UNMOVABLE } from '../../../src/mm/migratetype.js';
import { PG_SLAB } from '../../../src/mm/page-flags.js';
import type { Machine } from '../../../src/sim/machine.js';
import { pageblockType, setPageblockType } from '../../../src/sim/pageblocks.js';
import { relinkFree } from '../../../src/sim/relink-free.js';
import { SimHost } from '../../../src/sim/sim-host.js';
import { expectSound, freeListOf, smallMachine, take } from './small-machine.js';

/** A machine of which nothing is free, and the free memory of which a test gives back as it likes. */
function empty(): { m: Machine; free: SimHost['free'] } {
  const m = smallMachine();
  while (m.nrFree[0]! > 0) m.flags[take(m)] = PG_SLAB;
  return { m, free: new SimHost(m).free };
}

describe('free lists', () => {
  it('can be turned, and looked at from both ends', () => {
    const { m, free } = empty();
    for (const pfn of [10, 20, 30, 40]) free.give(pfn, 0);
    const list = () => freeListOf(m, 0, MIGRATE_MOVABLE, 0);
    expect(list()).toEqual([40, 30, 20, 10]);
    free.rotate(20, 'first');
    expect(list()).toEqual([20, 10, 40, 30]);
    free.rotate(40, 'last');
    expect(list()).toEqual([30, 20, 10, 40]);
    free.rotate(40, 'last');
    free.rotate(30, 'first');
    expect([...free.atEnd(0, 0, 'first', 3)]).toEqual([30, 20, 10]);
    expect([...free.atEnd(0, 0, 'last', 9)]).toEqual([40, 10, 20, 30]);
    expect(free.take(40)).toBe(0);
    expect([...free.atEnd(0, 0, 'last', 1)]).toEqual([10]);
    free.give(40, 0);
    expectSound(m);
  });

  it('count blocks by type', () => {
    const { m, free } = empty();
    free.give(8, 0);
    free.give(520, 0);
    relinkFree(m, 512, 1024, () => setPageblockType(m, 512, MIGRATE_UNMOVABLE));
    expect([free.nrBlocks(0, 0), free.nrBlocks(0, 0, MIGRATE_MOVABLE)]).toEqual([2, 1]);
  });
});

describe('taking a block', () => {
  it('leaves more than the min watermark', () => {
    const { m, free } = empty();
    for (const pfn of [10, 20, 30]) free.give(pfn, 0);
    m.watermarkMin[0] = 1;
    expect([free.take(10), free.take(20)]).toEqual([0, -1]);
    free.give(10, 0);
    expectSound(m);
  });

  it('makes a pageblock movable if it was half of it', () => {
    const { m, free } = empty();
    free.give(512, 8);
    free.give(0, 0);
    relinkFree(m, 512, 1024, () => setPageblockType(m, 512, MIGRATE_UNMOVABLE));
    expect(free.take(512)).toBe(8);
    expect(pageblockType(m, 600)).toBe(MIGRATE_MOVABLE);
    free.give(512, 8);
    expectSound(m);
  });
});

it('one CPU’s lists of a zone are flushed without the others’', () => {
  const m = smallMachine();
  const pages = [take(m, 0, MIGRATE_MOVABLE, 0), take(m, 0, MIGRATE_MOVABLE, 1)];
  const { free } = new SimHost(m);
  free.drainLocal(0);
  expect([m.pcpCount[1], m.pcpCount[4]! > 0]).toEqual([0, true]);
  for (const pfn of pages) free.give(pfn, 0);
  expectSound(m);
});
