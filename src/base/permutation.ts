import { mix32 } from './prng.js';

const imul = Math.imul;
/** Makes a round unlike the others: 2^32 divided by the golden ratio. */
const STEP = 0x9e3779b9;
const ROUNDS = 4;

/** Bits of the numbers below `length`. */
export function bitsFor(length: number): number {
  return Math.max(2, Math.ceil(Math.log2(length)));
}

/**
 * Where a random permutation of the numbers below `length` puts `item`, without a table of them: a Feistel network over
 * `bits` bits (`bitsFor(length)`), walked until it comes out below `length`, which is twice on average at most.
 */
export function permuted(item: number, length: number, bits: number, seed: number): number {
  const low = bits >>> 1;
  const lowMask = (1 << low) - 1;
  const highMask = (1 << (bits - low)) - 1;
  let place = item;
  do {
    let right = place & lowMask;
    let left = place >>> low;
    for (let round = 0; round < ROUNDS; round += 2) {
      left = (left ^ mix32(right + imul(round, STEP) + seed)) & highMask;
      right = (right ^ mix32(left + imul(round + 1, STEP) + seed)) & lowMask;
    }
    place = ((left << low) | right) >>> 0;
  } while (place >= length);
  return place;
}
