/** A mean, and where the true one lies in 95 of 100 such samples; no limits for a sample of one. */
export interface Estimate {
  readonly n: number;
  readonly mean: number;
  readonly low: number | null;
  readonly high: number | null;
}

/**
 * Student's t for a two-sided interval of 95 %, by degrees of freedom from 1 on, as printed in any table of it; beyond
 * 30, interpolated in 1/df as tables advise.
 */
const T_975 = [
  ...[12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.306, 2.2622, 2.2281],
  ...[2.201, 2.1788, 2.1604, 2.1448, 2.1314, 2.1199, 2.1098, 2.1009, 2.093, 2.086],
  ...[2.0796, 2.0739, 2.0687, 2.0639, 2.0595, 2.0555, 2.0518, 2.0484, 2.0452, 2.0423],
];
const T_975_NORMAL = 1.96;

export function studentT975(degreesOfFreedom: number): number {
  const last = T_975.length;
  if (degreesOfFreedom <= last) return T_975[degreesOfFreedom - 1]!;
  return T_975_NORMAL + ((T_975[last - 1]! - T_975_NORMAL) * last) / degreesOfFreedom;
}

/** Null for an empty sample. */
export function estimate(values: readonly number[]): Estimate | null {
  const n = values.length;
  if (n === 0) return null;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  if (n === 1) return { n, mean, low: null, high: null };
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1);
  const margin = studentT975(n - 1) * Math.sqrt(variance / n);
  return { n, mean, low: mean - margin, high: mean + margin };
}

/** First: nobody's mean is better. Level: not to be told from the first. Behind: worse, and not by chance. */
export type Standing = 'first' | 'level' | 'behind';

/** Values of one strategy by seed; seeds without one are absent. */
export type Sample = ReadonlyMap<string, number>;

/** Means that differ by less than this part of the better one are as good as equal. */
const LEVEL_WITHIN = 0.005;

/**
 * How each sample stands against the best, from differences on the same seeds: what a machine makes hard for all of them
 * cancels out. Null for an empty sample.
 */
export function standings(samples: readonly Sample[], better: 'more' | 'less'): (Standing | null)[] {
  const means = samples.map((sample) => estimate([...sample.values()])?.mean ?? null);
  const known = means.filter((mean) => mean !== null);
  if (known.length === 0) return samples.map(() => null);
  const best = better === 'more' ? Math.max(...known) : Math.min(...known);
  const leader = samples[means.indexOf(best)]!;
  return samples.map((sample, at) => {
    const mean = means[at]!;
    if (mean === null) return null;
    if (mean === best) return 'first';
    return Math.abs(mean - best) < LEVEL_WITHIN * Math.abs(best) || includesZero(differences(sample, leader))
      ? 'level'
      : 'behind';
  });
}

function differences(sample: Sample, leader: Sample): number[] {
  return [...sample].flatMap(([seed, value]) => (leader.has(seed) ? [value - leader.get(seed)!] : []));
}

function includesZero(values: readonly number[]): boolean {
  const { low = null, high = null } = estimate(values) ?? {};
  return low !== null && high !== null && low <= 0 && high >= 0;
}
