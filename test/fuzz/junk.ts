import fc from 'fast-check';
import { EVIL } from './evil.js';

/*
 * What JavaScript lets people pass where TypeScript would not: of the wrong type, or of the right one and without sense.
 */

const numbers: readonly number[] = [
  ...[Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, -1, 0.5, 1.5, 1e21, -1e21, Number.MIN_VALUE],
  ...[2 ** 28 - 1, 2 ** 28, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 53, 10, 11, 27, 28, 31, 32, 64, 1000],
];

class Imposter {
  readonly run = 5;
  readonly name = null;
}

const cyclic: Record<string, unknown> = {};
cyclic.self = cyclic;

/** Anything at all that is no object that reads itself while it is looked at. */
export const junk: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(undefined, null, true, false, '', 'all', [], {}, cyclic, new Imposter(), () => 5),
  fc.constantFrom<unknown>(1n, -(2n ** 70n), Symbol('x'), Object.create(null), new Date(Number.NaN), new Map(), /x/),
  fc.constantFrom<unknown>(new Uint8Array(3), new Float64Array([Number.NaN]), new Uint32Array(0), new Array(5)),
  fc.constantFrom(...EVIL),
  fc.constantFrom(...numbers),
  fc.integer({ min: -3, max: 5000 }),
  fc.anything({ maxDepth: 2, withNullPrototype: true, withSparseArray: true, withTypedArray: true, withBigInt: true }),
);

/** A number that may be one that was meant, or any of the others. */
export const anyNumber: fc.Arbitrary<number> = fc.oneof(
  fc.constantFrom(...numbers),
  fc.integer({ min: -3, max: 5000 }),
  fc.double(),
);

/** What was meant, most of the time; else junk. */
export function mostly<T>(meant: fc.Arbitrary<T>): fc.Arbitrary<T> {
  return fc.oneof({ arbitrary: meant, weight: 3 }, { arbitrary: junk as fc.Arbitrary<T>, weight: 1 });
}
