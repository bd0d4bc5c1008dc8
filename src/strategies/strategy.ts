import type { RefusalCount } from '../migration/migration-report.js';
import type { PfnRange } from '../mm/pfn-range.js';
import type { BlockId, Order } from '../mm/units.js';
import { JobStopped, NOT_BEGUN, stopJob } from './job-stopped.js';

/** How a job ended: as a whole, in part, or not at all. */
export type JobOutcome = 'done' | 'partial' | 'refused';

/** What a job says of itself while it runs; the driver decides how often it looks and whether it goes on. */
export interface StrategyProgress {
  readonly step: 'scanning' | 'waiting' | 'isolating' | 'migrating' | 'reclaiming' | 'finishing';
  /** Pages settled, of those that the step has. */
  readonly done: number;
  readonly total: number;
}

/**
 * A job as a generator: each pause is a place where others may run, and where it can be stopped without harm.
 *
 * @example
 * function* countTo(total: number): Job<number> {
 *   for (let done = 0; done < total; done++) {
 *     const progress: StrategyProgress = { step: 'scanning', done, total };
 *     yield progress;
 *   }
 *   return total;
 * }
 * const options: DriveOptions = { onPause: ({ done }) => console.log(done) };
 * runToEnd(countTo(3), options); // 3
 */
export type Job<Result> = Generator<StrategyProgress, Result>;

/** How a strategy is to work, for those that have been built more than once. */
export interface Manner {
  /** One of the strategy's modes; its first if absent. */
  readonly mode?: string;
  /** Some of the strategy's switches, each a deviation that is added to the mode. */
  readonly switches?: readonly string[];
}

/**
 * The one small interface through which all front ends ask. A strategy decides which pages move and when; the migration
 * service moves them.
 *
 * @example
 * const manner: Manner = { mode: 'historical', switches: ['no-alignment'] };
 * const label = ({ name, modes = [] }: Strategy<never, unknown>) => labelOf({ name, modes }, manner);
 */
export interface Strategy<Request, Result> {
  readonly name: string;
  /** A line for `vacate strategies`: what it does, and whose it is. */
  readonly about: string;
  /** Versions of it, the default first; absent if there is one only. "tosatti:historical" names a mode in commands. */
  readonly modes?: readonly string[];
  /** Deviations that can be added one by one: "tosatti:intended+no-alignment". */
  readonly switches?: readonly string[];
  /** What its modes and switches stand for, a line each, by name: for `vacate strategies NAME`. */
  readonly notes?: Readonly<Record<string, string>>;
  /** Null if it can serve the request on this machine; else a sentence that says why not. Changes nothing. */
  doesNotApply?(request: Request): string | null;
  /** @throws VacateError kind 'usage' or 'range' for what it cannot serve. */
  run(request: Request & Manner): Job<Result>;
}

/** Free blocks of 2^order pages, `count` more than there are; all that the strategy can make if `count` is 'all'. */
export interface HighOrderRequest {
  readonly order: Order;
  readonly count: number | 'all';
  /** Zones that the blocks are to lie in, as indices into the layout's; anywhere if absent. */
  readonly zones?: readonly number[];
  /** False: do without `candidates` and `lowerBound`, for which every page has to be asked; for callers in a hurry. */
  readonly bound?: boolean;
}

/** Pages that scanners looked at, as /proc/vmstat counts them (compact_migrate_scanned, compact_free_scanned). */
export interface PagesScanned {
  readonly migrate: number;
  readonly free: number;
}

/**
 * What a high-order job came to.
 *
 * @example
 * const { made, scanned }: HighOrderResult = runToEnd(evacuator.highOrder({ order: 9, count: 1 }));
 * const looked = (pages: PagesScanned | null) => (pages === null ? 0 : pages.migrate + pages.free);
 * [made, looked(scanned) >= 0]; // [1,true]
 */
export interface HighOrderResult {
  readonly outcome: JobOutcome;
  readonly strategy: string;
  readonly order: Order;
  readonly asked: number | 'all';
  /** Free aligned ranges of the order gained, a block of a higher order as several; pages on per-CPU lists are not free. */
  readonly made: number;
  /** Ranges of the order that were free before. */
  readonly freeBefore: number;
  readonly pagesMigrated: number;
  /** Pages taken from their owners and freed. */
  readonly pagesReclaimed: number;
  /** Null if the strategy has no scanners. */
  readonly scanned: PagesScanned | null;
  /**
   * The sum of the `asked` smallest costs (of all, if there are fewer; of those made, if all were asked): nobody can do
   * it with fewer moves. Null if nobody wanted to know.
   */
  readonly lowerBound: number | null;
  /** Ranges that could have been made free; null if nobody wanted to know. */
  readonly candidates: number | null;
  readonly ranges: readonly PfnRange[];
  readonly refusals: readonly RefusalCount[];
  readonly moved: Moves;
}

/** Memory blocks to take offline, all of them or none. */
export interface OfflineRequest {
  readonly blocks: readonly BlockId[];
}

/** What became of one memory block. */
export interface BlockResult {
  readonly block: BlockId;
  readonly state: string;
  readonly pagesMigrated: number;
  readonly refusals: readonly RefusalCount[];
}

/**
 * What an offline job came to.
 *
 * @example
 * const request: OfflineRequest = { blocks: [8] };
 * const result: OfflineResult = runToEnd(evacuator.offline(request));
 * result.blocks.map(({ block, state }: BlockResult) => [block, state]); // [[8,"offline"]]
 * const refusals = mergeRefusals([result.refusals, result.refusals]);
 * refusals.map(({ reason, pages }: RefusalCount) => `${reason}: ${pages}`); // []
 */
export interface OfflineResult {
  readonly outcome: JobOutcome;
  readonly strategy: string;
  readonly pagesMigrated: number;
  /** Pages taken from their owners and freed. */
  readonly pagesReclaimed: number;
  readonly blocks: readonly BlockResult[];
  readonly refusals: readonly RefusalCount[];
  readonly moved: Moves;
}

/**
 * Background work after an allocation of the order found a zone short: free blocks until every zone could serve it and
 * stay above its high watermark.
 */
export interface ReclaimRequest {
  readonly order: Order;
}

/**
 * What a reclaim job came to.
 *
 * @example
 * const request: ReclaimRequest = { order: 0 };
 * const { woken }: ReclaimResult = runToEnd(evacuator.reclaim(request));
 * woken; // false
 */
export interface ReclaimResult {
  /** `done` if the machine is balanced for the order now; `refused` if nothing was gained. */
  readonly outcome: JobOutcome;
  readonly strategy: string;
  readonly order: Order;
  /** False if it found nothing to do, or was never woken. */
  readonly woken: boolean;
  readonly pagesMigrated: number;
  readonly pagesReclaimed: number;
  readonly scanned: PagesScanned | null;
  readonly refusals: readonly RefusalCount[];
  readonly moved: Moves;
}

/** Where what stands: page `sources[i]` now stands at `targets[i]`, in the order in which they moved. */
export interface Moves {
  readonly sources: Uint32Array;
  readonly targets: Uint32Array;
}

/** Makes free blocks of a high order. */
export type HighOrderStrategy = Strategy<HighOrderRequest, HighOrderResult>;
/** Takes memory blocks offline. */
export type OfflineStrategy = Strategy<OfflineRequest, OfflineResult>;
/**
 * Frees memory in the background, as kswapd does.
 *
 * @example
 * const kinds: readonly [HighOrderStrategy?, OfflineStrategy?, ReclaimStrategy?] = [];
 */
export type ReclaimStrategy = Strategy<ReclaimRequest, ReclaimResult>;

/** How a job is driven. */
export interface DriveOptions {
  /** Aborted, it stops the job: asked before the job begins and at each of its pauses. */
  readonly signal?: AbortSignal;
  /** Called at each pause: what other CPUs do meanwhile. If it throws, the job is undone, and the error goes on. */
  readonly onPause?: (progress: StrategyProgress) => void;
}

/**
 * Runs a job to its end in one go; nothing else runs in this thread meanwhile. A signal can only be aborted by what the
 * job itself calls then: `onPause`, or a listener to what happens to pages and ranges. `runJob` lets others in.
 *
 * Once the signal is aborted, the job moves no page that is not on its way: of the batch in hand (512 pages, and the rest
 * of the compound page that is its last), pages that have passed the freeze arrive and all others are put back.
 *
 * @throws JobStopped if the signal was aborted before the job had ended; by then everything has been put back.
 * @example
 * const result = runToEnd(evacuator.offline({ blocks: [8, 9] }), { signal });
 */
export function runToEnd<Result>(job: Job<Result>, { signal, onPause }: DriveOptions = {}): Result {
  let progress = NOT_BEGUN;
  try {
    for (;;) {
      if (signal?.aborted === true) throw new JobStopped(signal.reason, progress);
      const step = job.next();
      if (step.done === true) return step.value;
      progress = step.value;
      onPause?.(progress);
    }
  } finally {
    stopJob(job);
  }
}
