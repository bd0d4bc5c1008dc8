import { setImmediate } from 'node:timers/promises';
import { EXIT_INTERRUPTED } from './exit-codes.js';

/** Ctrl-C, and what other programs send for the same purpose. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** One Ctrl-C may arrive several times: from the terminal, and from npm, which passes it on. */
const SAME_WISH_MS = 500;

/** The user wants to stop; thrown where nothing has to be put back any more. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';

  constructor(readonly because: string) {
    super(because);
  }
}

/**
 * Signals as a flag that a job's driver looks at between two slices: a job is then stopped where it can put everything
 * back, never in the middle. Who asks again after that has waited long enough: the process ends at once, unless
 * something would be left behind.
 */
export class Interrupts {
  readonly #controller = new AbortController();
  readonly #onSignal = (signal: NodeJS.Signals) => this.#heard(signal);
  #heardAt = 0;
  /** SIGHUP has come: the terminal was closed, or somebody says so. */
  wasHungUp = false;
  /** SIGTERM has come: whoever started us wants an end, in good order. */
  wasTerminated = false;
  /** What must come to its own end; null if nothing must. */
  #atStake: string | null = null;

  /** `tell` says something to the user. */
  constructor(private readonly tell: (sentence: string) => void = () => {}) {}

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
   * Runs one long computation, or reads at length, and changes nothing. Here a signal ends the process at once, as if
   * we did not listen: there is nothing to put back, and the user should not have to wait.
   */
  whileNothingIsAtStake<T>(compute: () => T): T {
    this.remove();
    let computed: T;
    try {
      computed = compute();
    } catch (error) {
      this.install();
      throw error;
    }
    if (computed instanceof Promise) return computed.finally(() => this.install()) as T;
    this.install();
    return computed;
  }

  /**
   * Runs work that must come to its own end, as it cleans up after itself. Who asks a second time meanwhile is told what
   * is waited for: `what`, as in "still putting the blocks back".
   */
  async whileAtStake<T>(what: string, work: () => Promise<T>): Promise<T> {
    this.#atStake = what;
    try {
      return await work();
    } finally {
      this.#atStake = null;
    }
  }

  #heard(signal: NodeJS.Signals): void {
    const now = performance.now();
    if (signal === 'SIGHUP') this.wasHungUp = true;
    if (signal === 'SIGTERM') this.wasTerminated = true;
    if (!this.interrupted) {
      this.#heardAt = now;
      this.#controller.abort();
    } else if (now - this.#heardAt < SAME_WISH_MS) return;
    else if (this.#atStake !== null) this.tell(`still ${this.#atStake}`);
    else {
      this.tell('interrupted twice: ended at once, and nothing but a simulation was under way');
      process.exit(EXIT_INTERRUPTED);
    }
  }
}
