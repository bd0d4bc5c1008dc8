import { VacateError, type VacateErrorKind } from '../base/vacate-error.js';
import type { JobOutcome } from '../strategies/strategy.js';

/** What the process ends with; scripts rely on these, so a number never changes its meaning. */
export const EXIT_DONE = 0;
/** Pages refused, there was no room, or the machine under us failed. */
export const EXIT_REFUSED = 1;
/** The command line, or a file that it names, makes no sense; nothing was begun. */
export const EXIT_USAGE = 2;
/** Some of it was done (chmem's number for the same). */
export const EXIT_PARTIAL = 64;
/** 128 + SIGINT, as a shell has it. */
export const EXIT_INTERRUPTED = 130;

const BY_OUTCOME: Readonly<Record<JobOutcome, number>> = {
  done: EXIT_DONE,
  partial: EXIT_PARTIAL,
  refused: EXIT_REFUSED,
};

/** What the user gave us is at fault, as opposed to what happened. */
const USAGE_KINDS: readonly VacateErrorKind[] = ['usage', 'scenario', 'capture', 'recording', 'plugin', 'range'];

export function exitCodeOf(outcome: JobOutcome): number {
  return BY_OUTCOME[outcome];
}

export function exitCodeOfError(error: unknown): number {
  return VacateError.is(error) && USAGE_KINDS.includes(error.kind) ? EXIT_USAGE : EXIT_REFUSED;
}
