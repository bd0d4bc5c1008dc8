import { formula, medianShares, ORDERS, pagesOf, SIZES_MIB } from './random-frees.js';

/**
 * Linus's table of why freeing at random is hopeless, made again: percent of memory freed until the first block of order 1,
 * 2 and 3 is whole, medians over 200 seeds on the simulator's allocator, beside the formula and his own single runs. Exits
 * with 1 if a median is more than 10 % off the formula.
 *
 * `npm run build && node dist/test/bench/random-freeing.js`
 */
const SEEDS = 200;
const OFF_MAX = 0.1;
/** His figures, "[rfc][patch] beat kswapd" thread, 5 Sep 2004: one run each, cut to whole percents. */
const LINUS: Readonly<Record<number, readonly number[]>> = {
  64: [0, 9, 29],
  128: [0, 8, 22],
  256: [0, 8, 20],
  512: [0, 8, 23],
  1024: [0, 7, 25],
  2048: [0, 6, 23],
  4096: [0, 3, 21],
};

const percent = (share: number): string => (share * 100).toFixed(2).padStart(6);
let worst = 0;

console.log('MiB    order  Linus  formula  median   off');
for (const size of SIZES_MIB) {
  const nrPages = pagesOf(size);
  const medians = medianShares(
    nrPages,
    ORDERS.map(() => SEEDS),
  );
  for (const order of ORDERS) {
    const expected = formula(order, nrPages);
    const found = medians[order - 1] as number;
    const off = found / expected - 1;
    worst = Math.max(worst, Math.abs(off));
    const linus = String(LINUS[size]?.[order - 1]).padStart(5);
    const mark = Math.abs(off) > OFF_MAX ? ' !' : '';
    console.log(
      `${String(size).padEnd(6)} ${order}      ${linus}  ${percent(expected)}  ${percent(found)}  ${(off * 100).toFixed(1).padStart(5)} %${mark}`,
    );
  }
}
console.log(`worst: ${(worst * 100).toFixed(1)} % of at most ${OFF_MAX * 100} %`);
process.exitCode = worst > OFF_MAX ? 1 : 0;
