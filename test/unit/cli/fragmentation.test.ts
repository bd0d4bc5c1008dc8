import { fragmentationIndex, unusableIndex } from '../../../src/cli/fragmentation.js';

/** Free blocks by order: 100 single pages and one block of order 3. */
const SCATTERED = [100, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0];
const NONE = new Array(11).fill(0);

describe('unusableIndex', () => {
  it('is the part of free memory in smaller blocks', () => {
    expect(unusableIndex(SCATTERED, 0)).toBe(0);
    expect(unusableIndex(SCATTERED, 3)).toBeCloseTo(100 / 108);
    expect(unusableIndex(SCATTERED, 4)).toBe(1);
  });

  it('is 1 when nothing is free', () => {
    expect(unusableIndex(NONE, 0)).toBe(1);
  });
});

describe('fragmentationIndex', () => {
  it('does not apply while the allocation would succeed', () => {
    expect(fragmentationIndex(SCATTERED, 3)).toBeNull();
  });

  it('is near 0 for want of memory and near 1 for fragmentation', () => {
    expect(fragmentationIndex(NONE, 9)).toBe(0);
    expect(fragmentationIndex([10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 9)).toBeCloseTo(0.9, 1);
    expect(fragmentationIndex([5000, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 9)).toBeGreaterThan(0.99);
  });

  it('has the kernel’s value, in thousandths', () => {
    // mm/vmstat.c: 1000 - (1000 + 508 * 1000 / 512) / 2 = 1000 - 1992 / 2
    expect(fragmentationIndex([0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0], 3)).toBe(-0.5);
    expect(fragmentationIndex([0, 0, 0, 0, 0, 0, 0, 2, 1, 0, 0], 9)).toBe(0.334);
  });
});
