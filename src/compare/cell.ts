import type { JobOutcome } from '../strategies/strategy.js';
import type { Metrics } from './metrics.js';

/** Which run a cell is: one strategy, asked for one job on one machine that one seed has built. */
export interface CellKey {
  readonly machine: string;
  readonly job: string;
  readonly strategy: string;
  /** Null where chance plays no part: a capture is what it is. */
  readonly seed: number | null;
}

/** Pages that one handler refused for one reason. */
export interface Reason {
  /** "handler/reason". */
  readonly reason: string;
  readonly pages: number;
}

/**
 * What came of a run. Nothing in it depends on the speed of this computer, on the number of workers, or on what ran
 * before it.
 */
export interface Cell extends CellKey {
  readonly ended: JobOutcome | 'does-not-apply' | 'error';
  /** Why it does not apply, or what went wrong; null for a job that ended. */
  readonly because: string | null;
  /** Null unless the job ended. */
  readonly metrics: Metrics | null;
  /** Most pages first. */
  readonly refusals: readonly Reason[];
  /** Of every byte of the machine's state when the job had ended; null unless it did. */
  readonly stateHash: string | null;
}

/** One word for a key; names may hold any character. */
export function idOf({ machine, job, strategy, seed }: CellKey): string {
  return JSON.stringify([machine, job, strategy, seed]);
}
