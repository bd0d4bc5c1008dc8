import type { RefusalCount } from '../migration/migration-report.js';
import type { PfnRange } from '../mm/pfn-range.js';
import type { BlockId, Order } from '../mm/units.js';

/** How a job ended: as a whole, in part, or not at all. */
export type JobOutcome = 'done' | 'partial' | 'refused';

/** What a job says of itself while it runs; the driver decides how often it looks and whether it goes on. */
export interface StrategyProgress {
  readonly step: 'scanning' | 'waiting' | 'isolating' | 'migrating' | 'finishing';
  /** Pages settled, of those that the step has. */
  readonly done: number;
  readonly total: number;
}

/** A job as a generator: each pause is a place where others may run, and where it can be stopped without harm. */
export type Job<Result> = Generator<StrategyProgress, Result>;

/**
 * The one small interface through which both front ends ask. A strategy decides which pages move and when; the migration
 * service moves them.
 */
export interface Strategy<Request, Result> {
  readonly name: string;
  run(request: Request): Job<Result>;
}

/** Free blocks of 2^order pages, `count` more than there are. */
export interface HighOrderRequest {
  readonly order: Order;
  readonly count: number;
}

export interface HighOrderResult {
  readonly outcome: JobOutcome;
  readonly strategy: string;
  readonly order: Order;
  readonly asked: number;
  readonly made: number;
  /** Ranges of the order that were free before. */
  readonly freeBefore: number;
  readonly pagesMigrated: number;
  /** The sum of the `asked` smallest costs (of all, if there are fewer): nobody can do it with fewer moves. */
  readonly lowerBound: number;
  /** Ranges that could have been made free. */
  readonly candidates: number;
  readonly ranges: readonly PfnRange[];
  readonly refusals: readonly RefusalCount[];
  readonly moved: Moves;
}

/** Memory blocks to take offline, all of them or none. */
export interface OfflineRequest {
  readonly blocks: readonly BlockId[];
}

export interface BlockResult {
  readonly block: BlockId;
  readonly state: string;
  readonly pagesMigrated: number;
  readonly refusals: readonly RefusalCount[];
}

export interface OfflineResult {
  readonly outcome: JobOutcome;
  readonly strategy: string;
  readonly pagesMigrated: number;
  readonly blocks: readonly BlockResult[];
  readonly refusals: readonly RefusalCount[];
  readonly moved: Moves;
}

/** Where what stands: page `sources[i]` now stands at `targets[i]`, in the order in which they moved. */
export interface Moves {
  readonly sources: Uint32Array;
  readonly targets: Uint32Array;
}

export type HighOrderStrategy = Strategy<HighOrderRequest, HighOrderResult>;
export type OfflineStrategy = Strategy<OfflineRequest, OfflineResult>;

/** Runs a job to its end without a pause. */
export function runToEnd<Result>(job: Job<Result>): Result {
  for (;;) {
    const step = job.next();
    if (step.done === true) return step.value;
  }
}
