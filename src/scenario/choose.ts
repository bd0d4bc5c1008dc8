import type { Prng } from '../base/prng.js';

export type Pattern = 'random' | 'runs' | 'even';

/** Pages of a run, for the pattern `runs`. */
const RUN_PAGES = 16;

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
