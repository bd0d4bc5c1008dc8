import { setImmediate } from 'node:timers/promises';

/** Ctrl-C, and what other programs send for the same purpose. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** The user wants to stop; thrown where nothing has to be put back any more. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';

  constructor(readonly because: string) {
    super(because);
  }
}

/**
 * Signals as a flag that a job's driver looks at between two slices: a job is then stopped where it can put everything
 * back, never in the middle.
 */
export class Interrupts {
  readonly #controller = new AbortController();
  readonly #onSignal = () => this.#controller.abort();

  get interrupted(): boolean {
    return this.signal.aborted;
  }

  /** The same flag for what waits: reads of large files, children, timers. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  install(): void {
    for (const signal of SIGNALS) process.on(signal, this.#onSignal);
  }

  remove(): void {
    for (const signal of SIGNALS) process.off(signal, this.#onSignal);
  }

  /** Lets signals in, and redraws; call it between two long computations. */
  async breathe(): Promise<void> {
    await setImmediate();
    if (this.interrupted) throw new Interrupted('nothing was changed');
  }

  /**
   * Runs one long computation that cannot pause and that changes nothing. Here a signal ends the process at once, as if
   * we did not listen: there is nothing to put back, and the user should not have to wait.
   */
  whileNothingIsAtStake<T>(compute: () => T): T {
    this.remove();
    try {
      return compute();
    } finally {
      this.install();
    }
  }
}
