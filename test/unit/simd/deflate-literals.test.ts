import { inflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { Prng } from '../../../src/base/prng.js';
import { codeLengths } from '../../../src/simd/code-lengths.js';
import { deflateLiterals, deflateLiteralsPlainly } from '../../../src/simd/deflate-literals.js';
import { SEED } from '../sim/small-machine.js';

/** Values that are the rarer the larger they are, by a factor that may be anything. */
function someBytes(length: number, seed: number): Uint8Array {
  const prng = new Prng(seed);
  const most = prng.below(257);
  const common = 1 + prng.below(20);
  return Uint8Array.from({ length }, () => {
    let value = prng.below(2) * prng.below(most + 1);
    while (value < 250 && prng.below(common) !== 0) value++;
    return value;
  });
}

describe(`deflate without repetitions (seed ${SEED})`, () => {
  it('kernels write what TypeScript writes, and zlib inflates it', () => {
    const property = fc.property(fc.integer({ min: 0, max: 5000 }), fc.integer(), (length, seed) => {
      const bytes = someBytes(length, seed);
      const deflated = deflateLiterals(bytes);
      expect(Buffer.compare(inflateRawSync(deflated), bytes)).toBe(0);
      expect(Buffer.compare(deflated, deflateLiteralsPlainly(bytes))).toBe(0);
    });
    fc.assert(property, { seed: SEED, numRuns: 150 });
  });

  it('takes what is longer than a piece', () => {
    const bytes = someBytes(300_000, SEED);
    expect(Buffer.compare(inflateRawSync(deflateLiterals(bytes)), bytes)).toBe(0);
  });

  it('no code is longer than may be, and together they leave no gap, even of Fibonacci weights', () => {
    const weights = [1, 1];
    while (weights.length < 40) weights.push(weights.at(-1)! + weights.at(-2)!);
    const lengths = codeLengths(Uint32Array.from(weights), 15);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(15);
    expect([...lengths].reduce((sum, length) => sum + 2 ** -length, 0)).toBe(1);
  });

  it('codes are as short as can be: those of powers of two are their logarithms', () => {
    expect([...codeLengths(Uint32Array.of(8, 4, 0, 2, 1, 1), 15)]).toEqual([1, 2, 0, 3, 4, 4]);
    expect([...codeLengths(Uint32Array.of(0, 5, 0), 15)]).toEqual([0, 1, 0]);
  });
});
