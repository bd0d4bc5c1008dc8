import { describe, expect, it } from '@jest/globals';
import { MIGRATE_MOVABLE, MIGRATE_UNMOVABLE } from '../../../src/mm/migratetype.js';
import { PG_BUDDY, PG_PCP, PG_SLAB } from '../../../src/mm/page-flags.js';
import { NO_PAGE } from '../../../src/mm/units.js';
import { readContents } from '../../../src/sim/contents.js';
import { isolateRange } from '../../../src/sim/isolation.js';
import type { Machine } from '../../../src/sim/machine.js';
import { allocatePages, drainPcp, freeAbove, putPage, zonelist } from '../../../src/sim/page-allocator.js';
import { countFree, expectSound, freeLists, smallMachine, take, zone } from './small-machine.js';

const BATCH = 31;
const HIGH = 6 * BATCH;
const pcp = (m: Machine, cpu = 0, type = MIGRATE_MOVABLE): number[] => {
  const pfns: number[] = [];
  for (let link = m.pcpHead[cpu * m.spec.zones.length * 3 + type]!; link !== 0; link = m.index[link - 1]!)
    pfns.push(link - 1);
  return pfns;
};
const slab = (m: Machine, cpu = 0): number => {
  const pfn = take(m, 0, MIGRATE_MOVABLE, cpu);
  m.flags[pfn] = PG_SLAB;
  return pfn;
};

describe('a CPU’s own list', () => {
  it('is filled with a batch, hands out in order of address, and takes back hot', () => {
    const m = smallMachine();
    const first = slab(m);
    expect(pcp(m)).toHaveLength(BATCH - 1);
    expect(m.nrFree[0]).toBe(2048 - BATCH);
    const second = slab(m);
    expect(second).toBe(first + 1);
    putPage(m, 0, first);
    expect(pcp(m)[0]).toBe(first);
    expect(m.flags[first]).toBe(PG_PCP);
    expect(slab(m)).toBe(first);
    expectSound(m);
  });

  it('is each CPU’s and each type’s own', () => {
    const m = smallMachine();
    const pfn = slab(m, 0);
    putPage(m, 1, pfn);
    expect([pcp(m, 0).length, pcp(m, 1)]).toEqual([BATCH - 1, [pfn]]);
    const kernel = take(m, 0, MIGRATE_UNMOVABLE);
    m.flags[kernel] = PG_SLAB;
    expect(pcp(m, 0, MIGRATE_UNMOVABLE)).toHaveLength(BATCH - 1);
    expectSound(m);
  });

  it('gives a batch of its coldest back when it is too long', () => {
    const m = smallMachine();
    const pages = Array.from({ length: 400 }, () => slab(m));
    drainPcp(m);
    for (const pfn of pages.slice(0, HIGH)) putPage(m, 0, pfn);
    expect(pcp(m)).toHaveLength(HIGH);
    putPage(m, 0, pages[HIGH]!);
    expect(pcp(m)).toEqual(pages.slice(BATCH, HIGH + 1).reverse());
    for (const pfn of pages.slice(0, BATCH)) expect(m.flags[pfn]! & PG_BUDDY).toBe(PG_BUDDY);
    expectSound(m);
  });

  it('is empty after a drain, and buddy is whole again', () => {
    const m = smallMachine();
    const pages = Array.from({ length: 100 }, (_, i) => slab(m, i % 2));
    for (const [i, pfn] of pages.entries()) putPage(m, (i >> 1) % 2, pfn);
    drainPcp(m);
    expect(freeLists(m)).toEqual({ '0 1 10': [0, 1024] });
    expect(m.pcpCount.every((count) => count === 0)).toBe(true);
    expectSound(m);
  });

  it('never has an isolated page', () => {
    const m = smallMachine();
    const pages = Array.from({ length: 10 }, () => slab(m));
    isolateRange(m, { start: pages[3]!, end: pages[5]! });
    for (const pfn of pages) putPage(m, 0, pfn);
    expect(pcp(m)).not.toContain(pages[3]);
    expect(pcp(m)).not.toContain(pages[4]);
    expect(m.nrIsolatedFree[0]).toBe(2);
    expectSound(m);
  });
});

describe('zones and marks', () => {
  it('an allocation goes to the most capable zone that it may use, own node first', () => {
    const zones = [
      zone('DMA32', 0, 512, 0, 0),
      zone('Normal', 512, 1024, 0, 0),
      zone('Movable', 1024, 1536, 0, 0),
      zone('Normal', 1536, 2048, 0, 1),
    ];
    const m = smallMachine({ zones });
    expect(zonelist(m, 0, 'Movable')).toEqual([2, 1, 0, 3]);
    expect(zonelist(m, 0, 'Normal')).toEqual([1, 0, 3]);
    expect(zonelist(m, 1, 'Movable')).toEqual([3, 2, 1, 0]);
    expect(zonelist(m, 1, 'DMA32')).toEqual([0]);
  });

  it.each([
    ['min', 100],
    ['low', 125],
    ['high', 150],
  ] as const)('stops at the %s mark', (mark, pages) => {
    const m = smallMachine({ pages: 1024, min: 100 });
    let taken = 0;
    for (;;) {
      const pfn = allocatePages(m, 0, { order: 1, type: MIGRATE_MOVABLE, node: 0, highest: 'Normal', mark });
      if (pfn === NO_PAGE) break;
      m.flags.fill(PG_SLAB, pfn, pfn + 2);
      taken += 2;
    }
    expect(m.nrFree[0]).toBe(pages % 2 === 0 ? pages : pages + 1);
    expect(taken).toBe(1024 - m.nrFree[0]!);
    expect(freeAbove(m, 0, mark, 'Normal')).toBeLessThan(2);
    expectSound(m);
  });

  it('lends what the CPU has at hand below the mark only to those who may go down to min', () => {
    const m = smallMachine({ pages: 512, min: 482 });
    slab(m); // 31 of 512 on the list; 481 are left, under the mark
    const request = { order: 0, type: MIGRATE_MOVABLE, node: 0, highest: 'Normal' } as const;
    expect(allocatePages(m, 0, { ...request, mark: 'low' })).toBe(NO_PAGE);
    expect(allocatePages(m, 0, { ...request, mark: 'min' })).not.toBe(NO_PAGE);
    expect(allocatePages(m, 1, { ...request, mark: 'min' })).toBe(NO_PAGE);
  });
});

describe('a freed page', () => {
  it('holds junk: whoever still reads it is found out', () => {
    const m = smallMachine({ contents: 'bytes' });
    const pfn = slab(m);
    m.contents.fill(5, pfn * 1024, (pfn + 1) * 1024);
    putPage(m, 0, pfn);
    expect(readContents(m, pfn, new Uint32Array(2))).toBe(false);
    expect(countFree(m)).toBe(2048);
    expectSound(m);
  });
});

describe('lists with the limits of a captured machine', () => {
  const shape = { batch: 8, high: [100, 100], highMax: 100 };

  function limited(flush: 'doubling' | 'counting', highMax = 100): { m: Machine; pages: number[] } {
    const m = smallMachine();
    const pages = Array.from({ length: 600 }, () => slab(m));
    drainPcp(m);
    const { pcpHigh } = m;
    pcpHigh.fill(100);
    Object.assign(m.spec, { pcp: [{ ...shape, flush, highMax }] });
    return { m, pages };
  }
  /** How long the list is after each flush. */
  function lengths({ m, pages }: { m: Machine; pages: number[] }): number[] {
    const found: number[] = [];
    let last = pcp(m).length;
    for (const pfn of pages) {
      putPage(m, 0, pfn);
      const { length } = pcp(m);
      if (length < last) found.push(length);
      last = length;
    }
    return found;
  }

  it('flush twice as much each time that nothing was allocated in between (6.1)', () => {
    const machine = limited('doubling');
    // 8, 16, 32, 64, and then all but a batch.
    expect(lengths(machine).slice(0, 6)).toEqual([92, 84, 68, 36, 8, 8]);
    expectSound(machine.m);
  });

  it('flush what was freed in a row (6.7 and later), and raise their limit to hold it', () => {
    const fixed = limited('counting');
    expect(lengths(fixed).slice(0, 3)).toEqual([8, 8, 8]);
    const tuned = limited('counting', 400);
    lengths(tuned);
    expect(tuned.m.pcpHigh[0]).toBe(256 + 8);
    expectSound(tuned.m);
  });

  it('flush the list that grew first, and the oldest pages first', () => {
    const { m, pages } = limited('doubling');
    for (const pfn of pages.slice(0, 100)) putPage(m, 0, pfn);
    expect(pcp(m)).toEqual(pages.slice(8, 100).reverse());
  });

  it('begin again with a batch once something was allocated', () => {
    const machine = limited('doubling');
    lengths({ m: machine.m, pages: machine.pages.slice(0, 120) });
    for (let i = 0; i < 3; i++) machine.pages.push(slab(machine.m));
    expect(machine.m.pcpFreed[0]).toBe(0);
    expectSound(machine.m);
  });
});
