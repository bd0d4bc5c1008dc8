import { CommanderError } from 'commander';
import { printable } from '../base/quoted.js';
import { VacateError } from '../base/vacate-error.js';
import { EXIT_DONE, EXIT_INTERRUPTED, EXIT_USAGE, exitCodeOfError } from './exit-codes.js';
import { Interrupted } from './interrupts.js';

/** How a command that threw ends: what is said on standard error (null if it has been said), and the exit code. */
export interface Ending {
  readonly sentence: string | null;
  readonly exitCode: number;
}

export function endingOf(error: unknown): Ending {
  if (error instanceof CommanderError)
    return { sentence: null, exitCode: error.exitCode === 0 ? EXIT_DONE : EXIT_USAGE };
  if (error instanceof Interrupted) return { sentence: `interrupted: ${error.because}`, exitCode: EXIT_INTERRUPTED };
  const exitCode = exitCodeOfError(error);
  if (VacateError.is(error)) return { sentence: harmless(error.message), exitCode };
  const message = harmless(error instanceof Error ? error.message : String(error));
  return {
    sentence: `something is broken, in vacate or in a plugin: ${message}; run again with VACATE_DEBUG=1 and report what it prints`,
    exitCode,
  };
}

/** Sentences quote what files and users say; the last gate before the terminal lets nothing through that it obeys. */
function harmless(text: string): string {
  return text.split('\n').map(printable).join('\n');
}

/** Commander's complaint as one of our sentences: "error: unknown option '--jsn'\n(Did you mean --json?)". */
export function usageSentence(complaint: string, helpCommand: string): string {
  const [first = '', ...rest] = complaint
    .replace(/^error: /, '')
    .trim()
    .split('\n');
  const hint = /Did you mean (.+)\?\)?$/.exec(rest.join(' '))?.[1];
  const advice = hint === undefined ? `see ${helpCommand}` : `did you mean ${hint}?`;
  return `${printable(first).replace(/\.$/, '')}; ${advice}`;
}
