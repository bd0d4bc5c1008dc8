import { randomInt } from 'node:crypto';
import process from 'node:process';

/** The same inputs for the same seed; `npm run fuzz` draws a new one each round. */
export const SEED = Number(process.env.VACATE_SEED ?? randomInt(2 ** 31));

/** Runs of a reader that takes next to no time; the others get fewer, by what they cost. */
export const RUNS = Number(process.env.VACATE_FUZZ_RUNS ?? 60);

/** True where inputs that find something go into the corpus by themselves. */
export const KEEPS = process.env.VACATE_FUZZ_KEEP === '1';

export function runsOf(cost = 1): number {
  return Math.max(8, Math.ceil(RUNS / cost));
}
