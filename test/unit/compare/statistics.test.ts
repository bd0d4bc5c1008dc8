import { estimate, type Sample, standings, studentT975 } from '../../../src/compare/statistics.js';

const sample = (...values: number[]): Sample => new Map(values.map((value, seed) => [String(seed), value]));

describe('studentT975', () => {
  // Any table of the t distribution, two-sided 95 %.
  it.each([
    [1, 12.706],
    [2, 4.303],
    [9, 2.262],
    [29, 2.045],
    [30, 2.042],
    [40, 2.021],
    [60, 2.0],
    [120, 1.98],
    [9999, 1.96],
  ])('with %d degrees of freedom is %d', (degrees, t) => {
    expect(studentT975(degrees)).toBeCloseTo(t, 2);
  });
});

describe('estimate', () => {
  it('is what one gets by hand', () => {
    // Mean 5; squared deviations 9 + 1 + 1 + 1 + 0 + 0 + 4 + 16 = 32; variance 32/7; t(7) = 2.3646.
    const { mean, low, high, n } = estimate([2, 4, 4, 4, 5, 5, 7, 9])!;
    expect([mean, n]).toEqual([5, 8]);
    const margin = 2.3646 * Math.sqrt(32 / 7 / 8);
    expect(margin).toBeCloseTo(1.7875, 3);
    expect(low).toBeCloseTo(5 - margin, 9);
    expect(high).toBeCloseTo(5 + margin, 9);
  });

  it('has no interval for one value, and no width for equal ones', () => {
    expect(estimate([3])).toEqual({ n: 1, mean: 3, low: null, high: null });
    expect(estimate([3, 3, 3])).toEqual({ n: 3, mean: 3, low: 3, high: 3 });
    expect(estimate([])).toBeNull();
  });
});

describe('standings', () => {
  it('are by the mean, for more or for less', () => {
    const samples = [sample(1, 1, 1), sample(2, 2, 2), sample(3, 3, 3)];
    expect(standings(samples, 'more')).toEqual(['behind', 'behind', 'first']);
    expect(standings(samples, 'less')).toEqual(['first', 'behind', 'behind']);
  });

  it('are from differences on the same seeds: what is hard for all cancels out', () => {
    // Ten times as far apart as between strategies, yet the second is 1 below the first on every seed, or nearly.
    const first = sample(10, 40, 90, 160);
    const always = sample(8.9, 39.1, 88.9, 159.1);
    expect(standings([first, always], 'more')).toEqual(['first', 'behind']);
    // Differences -4, 3, -3, 2: mean -0.5, standard deviation 3.512, margin 3.1824 * 3.512 / 2 = 5.59.
    expect(standings([first, sample(6, 43, 87, 162)], 'more')).toEqual(['first', 'level']);
  });

  it('of means within half a percent are level, however sure the difference is', () => {
    expect(standings([sample(1000, 1000), sample(996, 996), sample(994, 994)], 'more')).toEqual([
      'first',
      'level',
      'behind',
    ]);
  });

  it('have several firsts if means are equal', () => {
    expect(standings([sample(0, 0), sample(0, 0), sample(1, 1)], 'less')).toEqual(['first', 'first', 'behind']);
  });

  it('know no chance in samples of one', () => {
    expect(standings([sample(10), sample(9)], 'more')).toEqual(['first', 'behind']);
  });

  it('compare only seeds that both have, and rank nobody without a value', () => {
    const partial: Sample = new Map([['1', 19]]);
    expect(standings([sample(10, 20, 31), partial, new Map()], 'more')).toEqual(['first', 'behind', null]);
    expect(standings([new Map()], 'more')).toEqual([null]);
  });
});
