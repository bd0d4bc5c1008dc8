import type { Absentee, Benchmark, Goal, Round } from './benchmark.js';
import type { Entered } from './child.js';

export interface SizeRuns {
  readonly gib: number;
  readonly entrants: readonly Entered[];
  /** One list a round, of those that took part, in their order. */
  readonly rounds: readonly (readonly Round[])[];
}

export interface BenchmarkReport {
  readonly name: string;
  readonly shows: string;
  readonly doesNotShow: string;
  readonly unit: string;
  readonly clock: 'cpu' | 'wall';
  readonly sizes: readonly SizeReport[];
  /** Time per unit at the last size in that at the first of those compared, per contestant. */
  readonly growth: readonly GrowthReport[];
  readonly goals: readonly GoalReport[];
  /** All that should have the same result had it in every round. */
  readonly agree: boolean;
}

export interface SizeReport {
  readonly gib: number;
  readonly contestants: readonly ContestantReport[];
  readonly absent: readonly Absentee[];
}

export interface ContestantReport {
  readonly name: string;
  readonly nrUnits: number;
  /** Medians over the rounds. */
  readonly nsPerUnit: number;
  readonly ms: number;
  /** Of the first contestant that takes part: its time per unit in ours, median of the rounds' ratios. */
  readonly speed: number;
  readonly result: string;
  readonly hash: string;
  /** Milliseconds of each round. */
  readonly rounds: readonly number[];
}

export interface GrowthReport {
  readonly contestant: string;
  readonly fromGib: number;
  readonly toGib: number;
  readonly growth: number;
}

export interface GoalReport {
  readonly goal: string;
  /** Null if it was not measured, and then why. */
  readonly value: number | null;
  readonly holds: boolean | null;
  readonly why?: string;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Times and hashes of all rounds of one contestant at one size. */
interface Track {
  readonly name: string;
  readonly nrUnits: number;
  readonly result: string;
  readonly ns: readonly number[];
  readonly hashes: readonly string[];
}

export function reportOf(benchmark: Benchmark, runs: readonly SizeRuns[]): BenchmarkReport {
  const { name, shows, doesNotShow, unit, clock = 'cpu' } = benchmark;
  const tracked = runs.map((run) => ({ gib: run.gib, tracks: tracksOf(run, clock), absent: absentOf(run) }));
  return {
    name,
    shows,
    doesNotShow,
    unit,
    clock,
    sizes: tracked.map(({ gib, tracks, absent }) => ({
      gib,
      contestants: tracks.map((track) => contestantReport(track, tracks[0]!)),
      absent,
    })),
    growth: growthsFrom(tracked, 16),
    goals: benchmark.goals.flatMap((goal) => goalReports(goal, tracked)),
    agree: tracked.every(({ tracks }) => doAgree(tracks)),
  };
}

interface Tracked {
  readonly gib: number;
  readonly tracks: readonly Track[];
  readonly absent: readonly Absentee[];
}

function tracksOf({ entrants, rounds }: SizeRuns, clock: 'cpu' | 'wall'): Track[] {
  const present = entrants.filter((one): one is Exclude<Entered, Absentee> => !('skipped' in one));
  return present.map(({ name, nrUnits, result }, at) => ({
    name,
    nrUnits,
    result,
    ns: rounds.map((round) => (clock === 'cpu' ? round[at]!.cpuNs : round[at]!.wallNs)),
    hashes: rounds.map((round) => round[at]!.hash),
  }));
}

function absentOf({ entrants }: SizeRuns): Absentee[] {
  return entrants.filter((one): one is Absentee => 'skipped' in one);
}

function contestantReport(track: Track, baseline: Track): ContestantReport {
  const { name, nrUnits, result, ns, hashes } = track;
  return {
    name,
    nrUnits,
    nsPerUnit: rounded(median(ns) / nrUnits),
    ms: rounded(median(ns) / 1e6),
    speed: rounded(speedOf(track, baseline)),
    result,
    hash: hashes[0] ?? '-',
    rounds: ns.map((one) => rounded(one / 1e6)),
  };
}

/** Each round is a pair: what else the machine does changes from round to round. */
function speedOf(track: Track, against: Track): number {
  return median(track.ns.map((ns, round) => against.ns[round]! / against.nrUnits / (ns / track.nrUnits)));
}

function growthOf(from: Track, to: Track): number {
  return median(to.ns.map((ns, round) => ns / to.nrUnits / (from.ns[round]! / from.nrUnits)));
}

/** Round by round: work that goes on where it ended has another result each time. */
function doAgree(tracks: readonly Track[]): boolean {
  const hashes = new Map<string, string>();
  return tracks.every(({ result, hashes: own }) =>
    own.every((hash, round) => {
      const which = `${round} ${result}`;
      if (!hashes.has(which)) hashes.set(which, hash);
      return hashes.get(which) === hash;
    }),
  );
}

/** From the smallest size that is large enough to the largest that ran. */
function growthsFrom(tracked: readonly Tracked[], fromGib: number): GrowthReport[] {
  const compared = tracked.filter(({ gib }) => gib >= fromGib);
  const [from, to] = [compared[0], compared.at(-1)];
  if (from === undefined || to === undefined || from === to) return [];
  return to.tracks.flatMap((track) => {
    const before = from.tracks.find(({ name }) => name === track.name);
    if (before === undefined) return [];
    return [{ contestant: track.name, fromGib: from.gib, toGib: to.gib, growth: rounded(growthOf(before, track)) }];
  });
}

function goalReports(goal: Goal, tracked: readonly Tracked[]): GoalReport[] {
  if ('growthAtMost' in goal) return growthGoal(goal, tracked);
  return tracked
    .filter(({ gib }) => gib >= goal.fromGib)
    .map(({ gib, tracks, absent }) => {
      const promise =
        'timeAtMost' in goal ? `at most ${goal.timeAtMost} x the time` : `at least ${goal.speedAtLeast} x the speed`;
      const sentence = `${goal.contestant}: ${promise} of ${goal.against} at ${gib} GiB`;
      const [own, against] = [goal.contestant, goal.against].map((name) => tracks.find((track) => track.name === name));
      if (own !== undefined && against !== undefined) {
        const speed = speedOf(own, against);
        const [value, holds] =
          'timeAtMost' in goal ? [1 / speed, 1 / speed <= goal.timeAtMost] : [speed, speed >= goal.speedAtLeast];
        return { goal: sentence, value: rounded(value), holds };
      }
      const missing = absent.find(({ name }) => name === (own === undefined ? goal.contestant : goal.against));
      return { goal: sentence, value: null, holds: null, why: missing?.skipped ?? 'it does not take part' };
    });
}

function growthGoal(
  { contestant, growthAtMost, fromGib }: Extract<Goal, { growthAtMost: number }>,
  tracked: readonly Tracked[],
): GoalReport[] {
  const sizes = tracked.map(({ gib }) => gib).filter((gib) => gib >= fromGib);
  if (sizes.length === 0) return [];
  const promise = `${contestant}: time per unit grows at most ${growthAtMost} x`;
  const growth = growthsFrom(tracked, fromGib).find((one) => one.contestant === contestant);
  if (growth !== undefined)
    return [
      {
        goal: `${promise} from ${growth.fromGib} to ${growth.toGib} GiB`,
        value: growth.growth,
        holds: growth.growth <= growthAtMost,
      },
    ];
  const why = sizes.length < 2 ? 'it takes two sizes' : 'it does not take part';
  return [{ goal: `${promise} from ${fromGib} GiB on`, value: null, holds: null, why }];
}

/** Three digits that count. */
function rounded(value: number): number {
  return Number(value.toPrecision(3));
}
