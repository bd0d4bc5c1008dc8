import { VacateError } from '../base/vacate-error.js';
import type { Job, StrategyProgress } from './strategy.js';

/** Where a job stands that nobody has let begin. */
export const NOT_BEGUN: StrategyProgress = { step: 'scanning', done: 0, total: 0 };

/** So often a job may pause while it puts things back; no shipped one does at all. */
const PAUSES_MAX = 10_000;

/**
 * A job was stopped by whoever drove it, and has been undone by the time that this is thrown: nothing is isolated,
 * locked or half moved. Pages that had moved or been reclaimed by then stay as they are, blocks that had gone offline
 * stay offline, and free blocks that had been made are with the allocator.
 *
 * @example
 * try {
 *   runToEnd(evacuator.offline({ blocks: [8] }), { signal: AbortSignal.abort() });
 * } catch (error) {
 *   if (error instanceof JobStopped) console.log('all is put back');
 * }
 */
export class JobStopped extends VacateError {
  /** `reason` is that of the signal (`signal.reason`), or a TimeoutError; `progress` is where the job stood. */
  constructor(
    readonly reason: unknown,
    readonly progress: StrategyProgress,
  ) {
    super('stopped', sentence(reason, progress), { cause: reason });
  }

  /** True for an error of this class, also when two copies of the package are loaded. */
  static override is(error: unknown): error is JobStopped {
    return VacateError.is(error) && error.kind === 'stopped';
  }
}

function sentence(reason: unknown, { step, done, total }: StrategyProgress): string {
  const { message } = Object(reason) as { message?: unknown };
  const why = typeof message === 'string' ? message : String(reason);
  const where = total === 0 ? 'before it began' : `while ${step}, at ${done} of ${total}`;
  return `the job was stopped ${where} (${why}), and what was under way was put back; run it again to go on`;
}

/**
 * Ends a job where it stands: its `finally` blocks have put everything back when this returns. One that has not begun
 * does nothing at all, and one that has ended stays as it is.
 *
 * @throws VacateError kind 'plugin' for a job that goes on although it was stopped; and whatever fails in putting back.
 */
export function stopJob(job: Job<unknown>): void {
  let step = job.return(undefined);
  for (let pauses = 0; step.done !== true; pauses++) {
    if (pauses === PAUSES_MAX)
      throw new VacateError('plugin', 'the strategy goes on although it was stopped; it must let its generator return');
    step = job.next();
  }
}
