import type { Prng } from '../base/prng.js';

export type Pattern = 'random' | 'runs' | 'even' | 'skew';

/** Pages of a run, for the pattern `runs`. */
const RUN_PAGES = 16;

/** Pages of a run, for the pattern `skew`: 4 MiB. */
const SKEW_RUN_PAGES = 1024;
/** Shares of a run, for the pattern `skew`. */
const SKEW_SHARE = { least: 0.02, most: 0.98 };

/** Marks exactly the given share of `nr` items, rounded, in a pattern. */
export function choose(nr: number, share: number, pattern: Pattern, prng: Prng): Uint8Array {
  const chosen = new Uint8Array(nr);
  const wanted = Math.round(nr * share);
  if (pattern === 'even') {
    for (let item = 0; item < nr; item++)
      chosen[item] = Math.floor(((item + 1) * wanted) / nr) > Math.floor((item * wanted) / nr) ? 1 : 0;
    return chosen;
  }
  if (wanted === 0) return chosen;
  if (wanted === nr) return chosen.fill(1);
  if (pattern === 'skew') return chooseSkewed(chosen, wanted, prng);
  const length = pattern === 'runs' ? RUN_PAGES : 1;
  const runs = prng.shuffle(Uint32Array.from({ length: Math.ceil(nr / length) }, (_, run) => run));
  let left = wanted;
  for (const run of runs) {
    const end = Math.min(nr, (run + 1) * length);
    for (let item = run * length; item < end && left > 0; item++, left--) chosen[item] = 1;
    if (left === 0) break;
  }
  return chosen;
}

/** Every run gets a share of its own, from next to none to nearly all; within a run it is at random. */
function chooseSkewed(chosen: Uint8Array, wanted: number, prng: Prng): Uint8Array {
  const nrRuns = Math.ceil(chosen.length / SKEW_RUN_PAGES);
  const { least, most } = SKEW_SHARE;
  const shares = Float64Array.from({ length: nrRuns }, () => least + (most - least) * (prng.uint32() / 2 ** 32));
  const exponent = exponentFor(shares, wanted / chosen.length);
  let left = wanted;
  for (let run = 0; run < nrRuns; run++) {
    const start = run * SKEW_RUN_PAGES;
    const nr = Math.min(chosen.length - start, SKEW_RUN_PAGES);
    // What rounding gave one run too much or too little, the next ones get less or more.
    const after = chosen.length - start - nr;
    const quota = Math.round(nr * (shares[run] as number) ** exponent);
    const taken = Math.min(nr, left, Math.max(quota, left - after));
    chosen.set(choose(nr, taken / nr, 'random', prng), start);
    left -= taken;
  }
  for (let item = chosen.length - 1; left > 0; item--) {
    if (chosen[item] === 0) left--;
    chosen[item] = 1;
  }
  return chosen;
}

/** The power to which shares are raised so that their mean is the one that is wanted: all fewer, or all more. */
function exponentFor(shares: Float64Array, mean: number): number {
  let low = 0;
  let high = 64;
  for (let round = 0; round < 40; round++) {
    const middle = (low + high) / 2;
    const reached = shares.reduce((sum, share) => sum + share ** middle, 0) / shares.length;
    if (reached > mean) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
