import { VacateError } from '../base/vacate-error.js';

/** What is said of a recording that cannot be what a recorder wrote; `because` is a clause without its full stop. */
export function damaged(because: string, cause?: unknown): VacateError {
  return new VacateError('recording', `the recording is damaged: ${because}; record the run again`, { cause });
}
