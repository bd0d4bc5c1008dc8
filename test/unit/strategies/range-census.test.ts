import { describe, expect, it } from '@jest/globals';
import { Prng } from '../../../src/base/prng.js';
import { PG_LRU, PG_RESERVED, PG_SLAB } from '../../../src/mm/page-flags.js';
import { pin } from '../../../src/sim/holds.js';
import type { Machine } from '../../../src/sim/machine.js';
import { censusOf, fewestFirst, type RangeCensus } from '../../../src/strategies/high-order/range-census.js';
import { rangeCosts } from '../../../src/strategies/high-order/range-costs.js';
import { SEED, serviceOf, smallMachine, take, zone } from '../sim/small-machine.js';
import { holey, isFree } from './holey.js';

const SORTING = {
  nrKinds: 3,
  kindOf: (flags: number) => ((flags & PG_RESERVED) !== 0 ? 2 : (flags & PG_SLAB) !== 0 ? 1 : 0),
};
const FOR_EVER = Number.MAX_VALUE;

function census(m: Machine, order: number, of: number): RangeCensus {
  const { service } = serviceOf(m);
  return censusOf(service, { order, zone: of, costs: rangeCosts(service, order) }, SORTING);
}

/** Kernel pages here and there, some of them reserved. */
function sprinkled(): Machine {
  const m = holey(4096, SEED, 0.7);
  const prng = new Prng(SEED);
  for (let i = 0; i < 40; i++) {
    const pfn = take(m);
    m.flags[pfn] = prng.below(2) === 0 ? PG_SLAB : PG_RESERVED;
  }
  return m;
}

describe('a census of ranges', () => {
  it.each([0, 1, 4, 9])('counts each of order %i once, by what could become of it', (order) => {
    const m = sprinkled();
    const { service } = serviceOf(m);
    const size = 2 ** order;
    for (const [z, { start, end }] of m.spec.zones.entries()) {
      const { free, movable, busy, barred, byKind, ranges } = census(m, order, z);
      expect(free + movable + busy + barred).toBe((end - start) / size);
      const pages = Array.from({ length: end - start }, (_, i) => start + i);
      const never = pages.filter((pfn) => {
        const outcome = service.judge(pfn);
        return outcome !== 0 && service.handlers.isPermanent(outcome);
      });
      expect(barred).toBe(new Set(never.map((pfn) => Math.floor(pfn / size))).size);
      expect(byKind.reduce((sum, n) => sum + n, 0)).toBe(never.length);
      expect(ranges.map((range) => range.nrPages).reduce((sum, n) => sum + n, 0)).toBe(never.length);
      expect(ranges.flatMap((range) => range.pfns).every((pfn) => never.includes(pfn))).toBe(true);
      const whole = Array.from({ length: (end - start) / size }, (_, i) => start + i * size);
      expect(free).toBe(
        whole.filter((at) => pages.slice(at - start, at - start + size).every((pfn) => isFree(m, pfn))).length,
      );
    }
  });

  it('tells what will pass from what will not', () => {
    const m = holey(2048, SEED, 1);
    const before = census(m, 9, 1);
    const pfn = [...m.flags].findIndex((flags, at) => at >= 1024 && (flags & PG_LRU) !== 0);
    pin(m, pfn, FOR_EVER);
    const after = census(m, 9, 1);
    expect([after.busy, after.barred]).toEqual([before.busy + 1, before.barred]);
  });

  it('leaves ranges with holes out', () => {
    const m = smallMachine({ pages: 2048, blockPages: 512, absent: [2], zones: [zone('Normal', 0, 2048)] });
    const { free, movable, busy, barred } = census(m, 9, 0);
    expect(free + movable + busy + barred).toBe(3);
  });

  it('names first what the fewest pages bar', () => {
    const ranges = fewestFirst(census(sprinkled(), 4, 1).ranges);
    expect(ranges.length).toBeGreaterThan(1);
    for (const [i, range] of ranges.slice(1).entries())
      expect(range.nrPages).toBeGreaterThanOrEqual(ranges[i]!.nrPages);
  });
});
