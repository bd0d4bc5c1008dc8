import { Worker } from 'node:worker_threads';
import { assert } from '../base/assert.js';
import { VacateError } from '../base/vacate-error.js';
import type { FromKeeper, ToKeeper } from './keeper-call.js';

/** How one request goes. */
export interface AskOptions<News> {
  /** Aborted, it makes the keeper stop what it is at; the answer says how far it came. */
  readonly signal?: AbortSignal | undefined;
  readonly onNews?: (news: News) => void;
}

interface Asked<Answer, News> {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
  readonly onNews: (news: News) => void;
}

/**
 * A thread that keeps something of its own, too large to be handed about, and does with it what it is asked, one request
 * after the other. It does not keep the process alive while nobody waits for an answer.
 */
export class KeeperThread<Task, Request, Answer, News> {
  readonly #worker: Worker;
  #asked: Asked<Answer, News> | null = null;
  /** Why there is nobody to ask any more; null while there is. */
  #over: Error | null = null;

  /** `entry` is a module whose default export is a `KeeperFunction`; it must be possible to post whatever `task` has. */
  constructor(entry: URL, task: Task) {
    this.#worker = new Worker(new URL('./keeper-main.js', import.meta.url), {
      workerData: { entry: entry.href, task },
    });
    this.#worker.unref();
    this.#worker.on('message', (message: FromKeeper<Answer, News>) => this.#heard(message));
    this.#worker.on('error', (error) => this.#end(error));
    this.#worker.on('exit', (exitCode) =>
      this.#end(new Error(`its thread ended in the middle of its work, with exit code ${exitCode}`)),
    );
  }

  /**
   * Asks for something; one request at a time.
   *
   * @throws VacateError as the keeper threw it; another error for what is broken, and if the thread is gone.
   */
  async ask(request: Request, { signal, onNews = () => {} }: AskOptions<News> = {}): Promise<Answer> {
    assert(this.#asked === null, 'a keeper is asked one thing at a time');
    if (this.#over !== null) throw this.#over;
    const stop = () => this.#post('stop');
    try {
      return await new Promise<Answer>((resolve, reject) => {
        this.#asked = { resolve, reject, onNews };
        this.#worker.ref();
        this.#post({ request });
        if (signal?.aborted === true) stop();
        else signal?.addEventListener('abort', stop, { once: true });
      });
    } finally {
      signal?.removeEventListener('abort', stop);
      this.#asked = null;
      this.#worker.unref();
    }
  }

  /** Ends the thread, wherever it is. */
  async kill(): Promise<void> {
    this.#over ??= new Error('its thread was ended');
    await this.#worker.terminate();
  }

  #post(message: ToKeeper<Request>): void {
    this.#worker.postMessage(message);
  }

  #heard(message: FromKeeper<Answer, News>): void {
    if ('news' in message) this.#asked?.onNews(message.news);
    else if ('answer' in message) this.#asked?.resolve(message.answer);
    else {
      const { kind, message: sentence } = message.failed;
      this.#asked?.reject(kind === null ? new Error(sentence) : new VacateError(kind, sentence));
    }
  }

  #end(error: unknown): void {
    this.#over ??= error instanceof Error ? error : new Error(String(error));
    this.#asked?.reject(this.#over);
  }
}
