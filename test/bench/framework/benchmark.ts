/**
 * One piece of work, done by several contestants on the same input. A benchmark lives in one file of `benchmarks/`, and
 * is prepared once for each size, in a process of its own.
 */
export interface Benchmark {
  /** Words with dashes, as `--only` takes it. */
  readonly name: string;
  /** One sentence each, for whoever reads the figures. */
  readonly shows: string;
  readonly doesNotShow: string;
  /** GiB of pages (of 4 KiB) at which it can run, ascending; the first is the size of the tests. */
  readonly sizes: readonly number[];
  /** What one unit of work is; times are per unit. */
  readonly unit: string;
  /** 'cpu' unless several threads work: then the clock on the wall decides. */
  readonly clock?: 'cpu' | 'wall';
  readonly goals: readonly Goal[];
  /** Makes the input, touches all memory, and gives who is to work on it; the first is the baseline. */
  prepare(context: Context): Promise<readonly Entrant[]> | readonly Entrant[];
}

export interface Context {
  readonly gib: number;
  /** Pages of 4 KiB in so many GiB. */
  readonly nrPages: number;
  /** A directory for files that contestants share; it is removed at the end. */
  readonly folder: string;
}

/** Somebody who works, or somebody who cannot here, with the reason. */
export type Entrant = Contestant | Absentee;

export interface Contestant {
  readonly name: string;
  /** How many units one `work` is. */
  readonly nrUnits: number;
  /**
   * What the hash is of. Contestants that have the same result must have the same hash, in every round; one that computes
   * something else (a simpler form of the same idea) names its own.
   */
  readonly result: string;
  /** One timed round. What is made ready before it and hashed after it is not timed. */
  round(): Round | Promise<Round>;
  /** Whoever holds a process or a file lets go of it. */
  end?(): void;
}

export interface Round {
  /** Of all threads of the contestant's process. */
  readonly cpuNs: number;
  readonly wallNs: number;
  /** Eight hexadecimal digits. */
  readonly hash: string;
}

export interface Absentee {
  readonly name: string;
  /** Why it does not take part. */
  readonly skipped: string;
}

/**
 * What the project promises, of a contestant beside another at all sizes from `fromGib` on: a speed of 2 is half of the
 * other's time. Or of a contestant beside itself: a growth is the time per unit at the largest size in that at the
 * smallest one from `fromGib` on.
 */
export type Goal =
  | { readonly contestant: string; readonly against: string; readonly speedAtLeast: number; readonly fromGib: number }
  | { readonly contestant: string; readonly against: string; readonly timeAtMost: number; readonly fromGib: number }
  | { readonly contestant: string; readonly growthAtMost: number; readonly fromGib: number };

export function isAbsent(entrant: Entrant): entrant is Absentee {
  return 'skipped' in entrant;
}

export const PAGES_PER_GIB = 2 ** 18;
