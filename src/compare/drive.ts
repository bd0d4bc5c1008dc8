import { VacateError } from '../base/vacate-error.js';
import { stopJob } from '../strategies/job-stopped.js';
import type { Job } from '../strategies/strategy.js';
import type { Surroundings } from './surroundings.js';

/**
 * So many pauses end any job, however large the machine: scanners pause a dozen times for each batch of 32 pages. One
 * that pauses more often goes round in circles.
 */
const PAUSES_MAX = { atLeast: 10_000, perPage: 1 } as const;

/**
 * Runs a job to its end on a machine of so many pages; others run at each of its pauses.
 *
 * @throws VacateError kind 'limit' for a job that does not come to an end.
 */
export function drive<Result>(job: Job<Result>, surroundings: Surroundings, nrPages: number): Result {
  const most = PAUSES_MAX.atLeast + PAUSES_MAX.perPage * nrPages;
  const end = driveFor(job, surroundings, most);
  if (end !== null) return end.result;
  stopJob(job);
  throw new VacateError('limit', `the strategy had not ended after ${most} pauses; it was stopped`);
}

/** The same for at most so many pauses; null if the job has not ended by then and may go on. */
export function driveFor<Result>(
  job: Job<Result>,
  surroundings: Surroundings,
  nrPauses: number,
): { readonly result: Result } | null {
  for (let pauses = 0; pauses < nrPauses; pauses++) {
    const step = job.next();
    if (step.done === true) return { result: step.value };
    surroundings.pause();
  }
  return null;
}
