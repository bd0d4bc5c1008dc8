import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { VacateError } from '../../base/vacate-error.js';
import { identityOf, type ProcessIdentity } from './process-identity.js';

/** What the other process is asked for: this word into this file, which must be there. */
export interface WriterOrder {
  /** In our file system. */
  readonly path: string;
  readonly word: string;
}

export type WriterAnswer = 'ready' | { readonly error: string | null };

/** How a write ended: the errno by name, null if the kernel did it. A writer that was ended answers EINTR. */
export interface WriteEnd {
  readonly error: string | null;
}

const ENTRY = new URL('./writer-main.js', import.meta.url);

/** So long a kernel may take to let go of a write after a fatal signal: it looks between two pages. */
const BACK_OFF_MS = 5000;

/**
 * A process that writes for us. `echo offline` may stay in the kernel for ever (offline_pages, mm/memory_hotplug.c), and
 * only a signal ends it; a thread of Node's cannot be sent one, a process can.
 */
export class WriterProcess {
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  #answer: ((answer: WriterAnswer) => void) | null = null;
  #hasEnded = false;
  readonly #ready: Promise<void>;

  /** Begins to start one, which takes Node some 50 ms, and keeps us alive until it is ended; `entry` is for tests. */
  constructor(entry: URL = ENTRY) {
    // In a session of its own, so that Ctrl-C and a closing terminal reach only us.
    this.#child = fork(fileURLToPath(entry), [], {
      execArgv: [],
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      detached: true,
    });
    this.#ended = new Promise((resolve) => {
      const end = () => {
        this.#hasEnded = true;
        this.#answer?.({ error: 'EINTR' });
        resolve();
      };
      this.#child.once('exit', end);
      this.#child.once('error', end);
    });
    this.#ready = new Promise((resolve) => {
      this.#answer = () => resolve();
    });
    this.#child.on('message', (answer: WriterAnswer) => this.#answer?.(answer));
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** @throws VacateError kind 'host' if it could not be started. */
  async ready(): Promise<ProcessIdentity> {
    await this.#ready;
    const identity = this.#hasEnded ? null : identityOf(this.#child.pid ?? 0);
    if (identity !== null) return identity;
    throw new VacateError('host', 'the process that writes for vacate could not be started, or was ended; run again.');
  }

  /** One write at a time. Resolves when the kernel has let go, never rejects. */
  write(order: WriterOrder): Promise<WriteEnd> {
    if (this.#hasEnded) return Promise.resolve({ error: 'EINTR' });
    return new Promise((resolve) => {
      this.#answer = (answer) => {
        this.#answer = null;
        if (answer !== 'ready') resolve(answer);
      };
      this.#child.send(order, (error) => {
        if (error !== null) this.#child.kill('SIGKILL');
      });
    });
  }

  /**
   * Ends it, in the middle of a write too: the kernel sees the fatal signal, backs off and undoes what it had begun.
   * False if it has not let go after a few seconds.
   */
  async end(): Promise<boolean> {
    this.#child.kill('SIGKILL');
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, BACK_OFF_MS);
    });
    await Promise.race([this.#ended, patience]);
    clearTimeout(timer);
    return this.#hasEnded;
  }
}
