import { setImmediate } from 'node:timers/promises';
import type { Job, StrategyProgress } from '../strategies/strategy.js';

/** So long a job runs before signals, timers and the terminal get their turn. */
const SLICE_MS = 20;

export interface RunOptions {
  /** Looked at between two slices; true stops the job. */
  readonly interrupted: () => boolean;
  /** The job is stopped after so long; null for never. */
  readonly timeoutMs: number | null;
  /** Told after each slice where the job stands. */
  readonly onSlice?: (progress: StrategyProgress) => void | Promise<void>;
  /** Shorter slices show more of what happens; SLICE_MS without it. */
  readonly sliceMs?: number;
  /** Called at every pause of the job: what other CPUs do meanwhile. */
  readonly onPause?: (progress: StrategyProgress) => void;
}

/** How a job ended: by itself, or because somebody stopped it (then `progress` is where it stood), and how long it ran. */
export type RunEnd<Result> = { readonly busyMs: number } & (
  | { readonly ended: 'finished'; readonly result: Result }
  | { readonly ended: 'interrupted' | 'timeout'; readonly progress: StrategyProgress }
);

const NOT_BEGUN: StrategyProgress = { step: 'scanning', done: 0, total: 0 };

/**
 * Drives a job in slices. Stopping is the generator's own `return`, which runs the job's `finally` blocks: pages in hand
 * go back or arrive, and isolation is undone, before this returns.
 */
export async function runJob<Result>(job: Job<Result>, options: RunOptions): Promise<RunEnd<Result>> {
  const deadline = options.timeoutMs === null ? Number.POSITIVE_INFINITY : performance.now() + options.timeoutMs;
  let progress = NOT_BEGUN;
  let busyMs = 0;
  for (;;) {
    const begun = performance.now();
    const sliceEnd = Math.min(begun + (options.sliceMs ?? SLICE_MS), deadline);
    do {
      const step = job.next();
      if (step.done === true)
        return { ended: 'finished', result: step.value, busyMs: busyMs + performance.now() - begun };
      progress = step.value;
      options.onPause?.(progress);
    } while (performance.now() < sliceEnd);
    busyMs += performance.now() - begun;
    await options.onSlice?.(progress);
    await setImmediate();
    const ended = options.interrupted() ? 'interrupted' : performance.now() >= deadline ? 'timeout' : null;
    if (ended === null) continue;
    job.return(undefined as never);
    return { ended, progress, busyMs };
  }
}
