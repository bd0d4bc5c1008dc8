import type { CountersSnapshot } from '../../recording/records.js';

/** What charts show of runs: lines over seconds, each of one run. */
export interface ChartLine {
  readonly label: string;
  /** Which run it is of, 0 or 1, and its number among the lines of that run. */
  readonly run: number;
  readonly index: number;
  readonly values: (number | null)[];
}

export interface ChartData {
  readonly seconds: number[];
  readonly lines: readonly ChartLine[];
}

/** No chart is wider than this in pixels, so nobody would see more points. */
const POINTS_MAX = 1_000;
/** More lines than this nobody tells apart; the rest is one more. */
const REASONS_MAX = 5;

export function thinned(counters: readonly CountersSnapshot[]): readonly CountersSnapshot[] {
  if (counters.length <= POINTS_MAX) return counters;
  const every = counters.length / POINTS_MAX;
  const kept = Array.from({ length: POINTS_MAX }, (_, index) => counters[Math.floor(index * every)]!);
  return [...kept, counters.at(-1)!];
}

/** Runs have counters at moments of their own: each line has gaps where the other was looked at. */
export function linesOf(
  runs: ReadonlyArray<readonly CountersSnapshot[]>,
  namesOf: (run: number) => readonly string[],
  readValue: (counters: CountersSnapshot, name: string) => number,
): ChartData {
  const kept = runs.map(thinned);
  const seconds = [...new Set(kept.flatMap((counters) => counters.map(({ ms }) => ms / 1000)))].sort((a, b) => a - b);
  const at = new Map(seconds.map((second, index) => [second, index]));
  const lines = kept.flatMap((counters, run) =>
    namesOf(run).map((label, index): ChartLine => {
      const values: (number | null)[] = new Array(seconds.length).fill(null);
      for (const snapshot of counters) values[at.get(snapshot.ms / 1000)!] = readValue(snapshot, label);
      return { label, run, index, values };
    }),
  );
  return { seconds, lines };
}

/** What a line says of the moment after so many milliseconds: what was counted last by then; 0 before. */
export function valueAt({ seconds, lines }: ChartData, run: number, index: number, ms: number): number {
  const values = lines.find((line) => line.run === run && line.index === index)?.values ?? [];
  for (let at = seconds.length - 1; at >= 0; at--) {
    const value = seconds[at]! <= ms / 1000 ? (values[at] ?? null) : null;
    if (value !== null) return value;
  }
  return 0;
}

/** Reasons of a run, those of most pages first. */
export function reasonsOf(counters: readonly CountersSnapshot[]): string[] {
  const last = counters.at(-1)?.refusals ?? {};
  return Object.entries(last)
    .sort((a, b) => b[1] - a[1])
    .slice(0, REASONS_MAX)
    .map(([reason]) => reason);
}
