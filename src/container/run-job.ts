import { VacateError } from '../base/vacate-error.js';
import { JobStopped, NOT_BEGUN, stopJob } from '../strategies/job-stopped.js';
import type { DriveOptions, Job, StrategyProgress } from '../strategies/strategy.js';
import { type Clock, SYSTEM_CLOCK } from './clock.js';

/** So long a job runs before signals, timers and requests of others get their turn. */
const SLICE_MS = 20;

/**
 * How a job is driven, and who hears of it.
 *
 * @example
 * const options: RunJobOptions = { timeoutMs: 60_000, onProgress: ({ step, done }) => console.log(step, done) };
 * const { outcome } = await runJob(evacuator.offline({ blocks: [8] }), options);
 * outcome; // "done"
 */
export interface RunJobOptions extends DriveOptions {
  /** Milliseconds after which the job is stopped, measured from the call; never, if null or absent. */
  readonly timeoutMs?: number | null;
  /** Told after each slice where the job stands; what it returns is waited for. If it throws, the job is undone. */
  readonly onProgress?: (progress: StrategyProgress) => void | Promise<void>;
  /** What time is measured by; that of this process if absent. */
  readonly clock?: Clock;
  /** Milliseconds of a slice, 20 if absent; a shorter one lets others in sooner, and shows more of what happens. */
  readonly sliceMs?: number;
}

/** How a job ended: by itself, or because somebody stopped it (then `progress` is where it stood), and how long it ran. */
export type JobEnd<Result> = { readonly busyMs: number } & (
  | { readonly ended: 'finished'; readonly result: Result }
  | { readonly ended: 'aborted' | 'timeout'; readonly reason: unknown; readonly progress: StrategyProgress }
);

/**
 * Runs a job in slices, between which the event loop does what else there is to do: a signal may be aborted by a timer, a
 * request, or Ctrl-C. Everything that `runToEnd` promises of an abort holds here, and for the time limit too.
 *
 * Between two slices the job stands at a pause, as if other CPUs ran: pages may be isolated, and processes that touch a
 * page on its way wait for it. Jobs of one machine are best run one after the other.
 *
 * @throws VacateError kind 'usage' for times that are none.
 * @throws JobStopped if it was stopped; its `reason` is `signal.reason`, or a DOMException "TimeoutError" as
 *   AbortSignal.timeout() has it. By then everything has been put back.
 * @example
 * const result = await runJob(evacuator.offline({ blocks: [8, 9] }), { signal, timeoutMs: 30_000 });
 */
export async function runJob<Result>(job: Job<Result>, options: RunJobOptions = {}): Promise<Result> {
  const end = await driveJob(job, options);
  if (end.ended === 'finished') return end.result;
  throw new JobStopped(end.reason, end.progress);
}

/**
 * The same for whoever tells a stop from a failure by what is returned. Stopping is the generator's own `return`, which
 * runs the job's `finally` blocks: pages in hand go back or arrive, and isolation is undone, before this resolves.
 */
export async function driveJob<Result>(job: Job<Result>, options: RunJobOptions): Promise<JobEnd<Result>> {
  const { signal, timeoutMs = null, sliceMs = SLICE_MS, clock = SYSTEM_CLOCK, onPause, onProgress } = options;
  checkTime('timeoutMs', timeoutMs ?? 0);
  checkTime('sliceMs', sliceMs);
  const deadline = timeoutMs === null ? Number.POSITIVE_INFINITY : clock.nowMs() + timeoutMs;
  let progress = NOT_BEGUN;
  let busyMs = 0;
  const isAborted = () => signal?.aborted === true;
  try {
    for (;;) {
      if (isAborted()) return { ended: 'aborted', reason: signal?.reason, progress, busyMs };
      const begun = clock.nowMs();
      if (begun >= deadline) return { ended: 'timeout', reason: timeoutReason(timeoutMs), progress, busyMs };
      const sliceEnd = Math.min(begun + sliceMs, deadline);
      do {
        const step = job.next();
        if (step.done === true)
          return { ended: 'finished', result: step.value, busyMs: busyMs + clock.nowMs() - begun };
        progress = step.value;
        onPause?.(progress);
      } while (!isAborted() && clock.nowMs() < sliceEnd);
      busyMs += clock.nowMs() - begun;
      await onProgress?.(progress);
      await othersTurn();
    }
  } finally {
    stopJob(job);
  }
}

function checkTime(name: string, ms: number): void {
  if (!(ms >= 0)) throw new VacateError('usage', `${name} is ${ms}; pass milliseconds, 0 or more`);
}

function timeoutReason(timeoutMs: number | null): DOMException {
  return new DOMException(`its time of ${timeoutMs} ms was up`, 'TimeoutError');
}

/** Timers, signals, sockets. Browsers have no setImmediate. */
export function othersTurn(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof setImmediate === 'function') setImmediate(resolve);
    else setTimeout(resolve, 0);
  });
}
