import type { FrontEnd, RangeEvents, RunOutcome } from '../events/range-events.js';
import type { PfnRange } from '../mm/pfn-range.js';
import type { Job, JobOutcome } from './strategy.js';

/**
 * Runs a job between its two announcements. The second always comes: whoever listens may wait for it, also when the job
 * is stopped or fails.
 *
 * @example
 * function* nothing(): Job<{ outcome: JobOutcome }> {
 *   return { outcome: 'refused' };
 * }
 * const start = { frontEnd: 'offline', strategy: 'nothing', ranges: [] } as const;
 * runToEnd(announced(new RangeEvents(), start, nothing())).outcome; // "refused"
 */
export function* announced<Result extends { readonly outcome: JobOutcome }>(
  events: RangeEvents,
  start: { readonly frontEnd: FrontEnd; readonly strategy: string; readonly ranges: readonly PfnRange[] },
  job: Job<Result>,
): Job<Result> {
  events.emit({ kind: 'run-started', ...start });
  let outcome: RunOutcome = 'interrupted';
  try {
    const result = yield* job;
    outcome = result.outcome;
    return result;
  } catch (error) {
    outcome = 'failed';
    throw error;
  } finally {
    events.emit({ kind: 'run-finished', outcome });
  }
}
