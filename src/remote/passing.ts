import type { IncomingMessage } from 'node:http';
import { codeOf } from '../base/errno.js';
import { printable } from '../base/quoted.js';
import { VacateError } from '../base/vacate-error.js';
import { type Patience, unusable } from './http-answer.js';

/** What servers answer that have too much to do, or lost somebody behind them. */
const PASSING = new Set([408, 425, 429, 500, 502, 503, 504]);
/** A server that wants more time than that is as good as gone. */
const RETRY_AFTER_MS_MAX = 10_000;

/** Something is wrong with a server that may pass. */
export class Passing extends Error {
  constructor(
    because: string,
    /** What it asks for, in milliseconds. */
    readonly afterMs = 0,
  ) {
    super(because);
  }
}

/** Takes an answer that brings nothing, and says why. */
export function refusalOf(answer: IncomingMessage): Error {
  answer.destroy();
  const status = answer.statusCode ?? 0;
  if (PASSING.has(status))
    return new Passing(`its server answers ${status}`, retryAfterMs(answer.headers['retry-after']));
  const hint = status === 401 || status === 403 ? '; let readers of captures in without a password' : '';
  return unusable(`cannot be read: its server answers ${status}${hint}`);
}

/** Counts failures in a row, and waits longer after each. */
export class Attempts {
  #failed = 0;

  constructor(private readonly patience: Patience) {}

  /** Something came of it after all. */
  succeed(): void {
    this.#failed = 0;
  }

  /**
   * Waits until it is worth another attempt.
   *
   * @throws VacateError kind 'capture' if it is not.
   */
  async failed(error: unknown): Promise<void> {
    if (VacateError.is(error)) throw error;
    const { attempts, backoffMs } = this.patience;
    if (++this.#failed >= attempts) throw unusable(`cannot be read: ${becauseOf(error)}, ${attempts} times in a row`);
    const ms = Math.max(backoffMs * 2 ** (this.#failed - 1), error instanceof Passing ? error.afterMs : 0);
    await new Promise((resolve) => setTimeout(resolve, ms));
  }
}

/** Does something that may fail and succeed a little later. */
export async function withAttempts<Found>(patience: Patience, find: () => Promise<Found>): Promise<Found> {
  const attempts = new Attempts(patience);
  for (;;)
    try {
      return await find();
    } catch (error) {
      await attempts.failed(error);
    }
}

function becauseOf(error: unknown): string {
  return error instanceof Passing ? error.message : `its server cannot be reached (${printable(codeOf(error))})`;
}

/** Seconds; of dates, which no such server needs, nothing is read. */
function retryAfterMs(header: string | undefined): number {
  const seconds = /^\d{1,6}$/.test(header ?? '') ? Number(header) : 0;
  return Math.min(seconds * 1000, RETRY_AFTER_MS_MAX);
}
