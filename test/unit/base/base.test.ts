import { describe, expect, it } from '@jest/globals';
import { AssertionError, assert, unreachable } from '../../../src/base/assert.js';
import { alignDown, alignUp, isPowerOfTwo, log2Floor } from '../../../src/base/bits.js';
import { f64, layColumns, u8, u16, u32 } from '../../../src/base/columns.js';
import { mix32, Prng } from '../../../src/base/prng.js';
import { VacateError } from '../../../src/base/vacate-error.js';

describe('bits', () => {
  it('align to any unit, also above 2^31', () => {
    expect([alignDown(1023, 512), alignUp(513, 512), alignUp(512, 512), alignDown(7, 3)]).toEqual([512, 1024, 512, 6]);
    expect(alignDown(2 ** 40 + 5, 4096)).toBe(2 ** 40);
    expect(alignUp(2 ** 40 + 5, 4096)).toBe(2 ** 40 + 4096);
  });

  it('log2Floor and isPowerOfTwo agree with arithmetic', () => {
    for (let exponent = 0; exponent < 32; exponent++) {
      expect(log2Floor(2 ** exponent)).toBe(exponent);
      expect(log2Floor(2 ** exponent + (exponent === 0 ? 0 : 1))).toBe(exponent);
      expect(isPowerOfTwo(2 ** exponent)).toBe(true);
      expect(isPowerOfTwo(2 ** exponent + 0.5)).toBe(false);
      if (exponent > 1) expect(isPowerOfTwo(2 ** exponent - 1)).toBe(false);
    }
    expect([isPowerOfTwo(0), isPowerOfTwo(-4), isPowerOfTwo(Number.NaN)]).toEqual([false, false, false]);
  });
});

describe('columns', () => {
  it('lie in one buffer, zero-filled, on lines of their own, and do not touch', () => {
    const { buffer, views } = layColumns({ a: u8(3), b: u32(17), c: u16(1), d: f64(2), e: u8(0) });
    expect([views.a.byteOffset, views.b.byteOffset, views.c.byteOffset, views.d.byteOffset]).toEqual([0, 64, 192, 256]);
    expect(buffer.byteLength).toBe(320);
    views.a.fill(255);
    views.c.fill(0xffff);
    expect([...views.b, ...views.d].every((word) => word === 0)).toBe(true);
    expect(views.e).toHaveLength(0);
    expect(() => layColumns({ a: u8(1.5) })).toThrow(AssertionError);
    expect(() => layColumns({ a: u8(-1) })).toThrow(AssertionError);
  });
});

describe('chance', () => {
  it('is reproduced by a seed, and split gives streams of their own', () => {
    const draw = (prng: Prng): number[] => Array.from({ length: 8 }, () => prng.uint32());
    expect(draw(new Prng(5))).toEqual(draw(new Prng(5)));
    expect(draw(new Prng(5))).not.toEqual(draw(new Prng(6)));
    const prng = new Prng(5);
    draw(prng);
    expect(draw(prng.split(1))).toEqual(draw(new Prng(5).split(1)));
    expect(draw(prng.split(1))).not.toEqual(draw(prng.split(2)));
  });

  it('is uniform enough, keeps its bounds, and shuffles without loss', () => {
    const prng = new Prng(1);
    const buckets = new Uint32Array(10);
    for (let i = 0; i < 100_000; i++) buckets[prng.below(10)]! += 1;
    for (const bucket of buckets) expect(Math.abs(bucket - 10_000)).toBeLessThan(500);
    expect([prng.below(1), prng.chance(0), prng.chance(1)]).toEqual([0, false, true]);
    expect(prng.below(2 ** 32)).toBeLessThan(2 ** 32);
    const cards = Uint32Array.from({ length: 100 }, (_, i) => i);
    const shuffled = prng.shuffle(cards.slice());
    expect([...shuffled]).not.toEqual([...cards]);
    expect([...shuffled.sort()]).toEqual([...cards]);
  });

  it('mixes one to one', () => {
    const seen = new Set<number>();
    for (let word = 0; word < 100_000; word++) seen.add(mix32(word));
    expect(seen.size).toBe(100_000);
  });
});

describe('errors', () => {
  it('an assertion is a bug, with its sentence', () => {
    expect(() => assert(false, 'pigs fly')).toThrow('pigs fly');
    expect(() => assert(true, 'pigs fly')).not.toThrow();
    expect(() => unreachable('x' as never)).toThrow(AssertionError);
  });

  it('a VacateError is known by its brand, has a kind and a cause', () => {
    const cause = new Error('why');
    const error = new VacateError('range', 'a sentence', { cause });
    expect([error.kind, error.message, error.cause, VacateError.is(error)]).toEqual([
      'range',
      'a sentence',
      cause,
      true,
    ]);
    expect(VacateError.is({ [Symbol.for('vacate/VacateError')]: true })).toBe(true);
    for (const other of [null, undefined, 'x', {}, new Error('x')]) expect(VacateError.is(other)).toBe(false);
  });
});
