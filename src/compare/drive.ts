import { VacateError } from '../base/vacate-error.js';
import type { Job } from '../strategies/strategy.js';
import type { Surroundings } from './surroundings.js';

/** No job of a machine that fits into a comparison pauses so often; one that does goes round in circles. */
const PAUSES_MAX = 1_000_000;

/**
 * Runs a job to its end; others run at each of its pauses.
 *
 * @throws VacateError kind 'limit' for a job that does not come to an end.
 */
export function drive<Result>(job: Job<Result>, surroundings: Surroundings): Result {
  for (let pauses = 0; pauses < PAUSES_MAX; pauses++) {
    const step = job.next();
    if (step.done === true) return step.value;
    surroundings.pause();
  }
  job.return(undefined as never);
  throw new VacateError('limit', `the strategy had not ended after ${PAUSES_MAX} pauses; it was stopped`);
}
