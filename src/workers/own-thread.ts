import { Worker } from 'node:worker_threads';

/** How a thread ended: null if its function returned or it was ended, else what it threw. */
export type ThreadEnd = { readonly error: unknown } | null;

/**
 * A thread of one's own, from beginning to end, as threads are needed that never come to rest: they cannot be taken from
 * a pool, and somebody may want to end one of them.
 */
export class OwnThread<Task, Message> {
  readonly #worker: Worker;
  /** Resolves when the thread is gone, never rejects. */
  readonly ended: Promise<ThreadEnd>;
  #isKilled = false;

  /** `entry` is a module whose default export is a `ThreadFunction`; it must be posted whatever `task` has. */
  constructor(entry: URL, task: Task, onMessage: (message: Message) => void) {
    this.#worker = new Worker(new URL('./thread-main.js', import.meta.url), {
      workerData: { entry: entry.href, task },
    });
    this.#worker.on('message', onMessage);
    this.ended = new Promise((resolve) => {
      let end: ThreadEnd = null;
      this.#worker.on('error', (error) => {
        end = { error };
      });
      this.#worker.on('exit', (exitCode) => {
        if (end === null && exitCode !== 0 && !this.#isKilled)
          end = { error: new Error(`a thread ended in the middle of its work, with exit code ${exitCode}`) };
        resolve(end);
      });
    });
  }

  /** Ends the thread, wherever it is. */
  async kill(): Promise<void> {
    this.#isKilled = true;
    await this.#worker.terminate();
  }
}
