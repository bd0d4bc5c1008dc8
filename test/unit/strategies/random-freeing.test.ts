import { describe, expect, it } from '@jest/globals';
import { formula, medianShares, pagesOf, RandomFreeing, SIZES_MIB } from '../../bench/random-frees.js';

const OFF_MAX = 0.1;

describe('freeing at random: the share of memory until the first block is whole', () => {
  /**
   * Seeds of order 1, 2 and 3. Few are enough where 10 % are three standard errors, and order 3 is left to the bench where
   * a run frees hundreds of thousands of pages: `random-freeing` does all of it with 200 seeds, and is run as a test too.
   */
  it.each(SIZES_MIB.map((size) => [size, size <= 512 ? [200, 120, 30] : [200, 120]] as const))(
    'on %i MiB is within 10 %% of Linus’s model',
    (size, nrSeeds) => {
      const nrPages = pagesOf(size);
      const off = medianShares(nrPages, nrSeeds).map((share, at) => share / formula(at + 1, nrPages) - 1);
      expect(off.filter((each) => Math.abs(each) > OFF_MAX)).toEqual([]);
      expect(off).toHaveLength(nrSeeds.length);
    },
  );

  it('is what the formula says it is', () => {
    // 4 GB: 1 Mi pages, half a million pairs; (1 - f^2)^524288 = 1/2.
    const share = formula(1, pagesOf(4096));
    expect((1 - share ** 2) ** 524_288).toBeCloseTo(0.5, 5);
    expect(formula(3, pagesOf(4096))).toBeCloseTo(0.219, 3);
  });

  it('is the same for the same seed, also on a machine that was used before', () => {
    const used = new RandomFreeing(pagesOf(64));
    for (const seed of [4, 5, 6]) used.run(seed, 3);
    const fresh = new RandomFreeing(pagesOf(64));
    expect(used.run(7, 3)).toEqual(fresh.run(7, 3));
    expect(fresh.run(7, 2)).toEqual(fresh.run(7, 3).slice(0, 2));
    expect(fresh.run(8, 3)).not.toEqual(fresh.run(7, 3));
  });
});
