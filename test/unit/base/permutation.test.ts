import { describe, expect, it } from '@jest/globals';
import { bitsFor, permuted } from '../../../src/base/permutation.js';

describe('a permutation without a table', () => {
  it.each([1, 2, 3, 5, 64, 65, 1000, 4096, 100_003])('gives each of %i numbers a place of its own', (length) => {
    const seen = new Uint8Array(length);
    const bits = bitsFor(length);
    for (let item = 0; item < length; item++) {
      const place = permuted(item, length, bits, 7);
      seen[place] = seen[place]! + 1;
    }
    expect(seen.every((times) => times === 1)).toBe(true);
  });

  it('is another for another seed, and leaves hardly a number or a neighbour where it was', () => {
    const length = 50_000;
    const bits = bitsFor(length);
    let unmoved = 0;
    let neighbours = 0;
    let alike = 0;
    for (let item = 0; item < length; item++) {
      const place = permuted(item, length, bits, 1);
      if (place === item) unmoved++;
      if (Math.abs(permuted(item + 1, length + 1, bits, 1) - place) === 1) neighbours++;
      if (permuted(item, length, bits, 2) === place) alike++;
    }
    // One of each is what chance would bring.
    expect(unmoved).toBeLessThan(10);
    expect(neighbours).toBeLessThan(20);
    expect(alike).toBeLessThan(10);
  });
});
