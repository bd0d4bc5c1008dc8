import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import { Tinypool, type TinypoolWorker } from 'tinypool';

/** Threads that do tasks, each as soon as one of them is free, and tell what they find while they are at it. */
export class WorkerPool<Task, Message> {
  readonly #pool: Tinypool;
  readonly #watched = new WeakSet<TinypoolWorker>();
  #stopped = false;

  /**
   * `entry` is a module whose default export is a `PoolFunction`. A worker of which nothing is heard for `silenceMsMax`
   * is taken to hang, and ended.
   */
  constructor(
    entry: URL,
    nrWorkers: number,
    private readonly silenceMsMax: number,
  ) {
    this.#pool = new Tinypool({
      filename: entry.href,
      runtime: 'worker_threads',
      minThreads: nrWorkers,
      maxThreads: nrWorkers,
      isolateWorkers: false,
    });
    // A worker that dies between two tasks takes none with it, and the next task gets another.
    this.#pool.on('error', () => {});
  }

  /**
   * Does a task, which must not have to wait for others; resolves when it is done and every message of it has been
   * delivered. Rejects with what the worker threw, or if the worker died or hung.
   */
  async run(task: Task, onMessage: (message: Message) => void): Promise<void> {
    const { port1, port2 } = new MessageChannel();
    const hung = new AbortController();
    const silence = setTimeout(() => hung.abort(), this.silenceMsMax);
    let received = 0;
    let posted = Number.POSITIVE_INFINITY;
    const allReceived = new Promise<void>((resolve) => {
      port1.on('message', (message: Message) => {
        silence.refresh();
        onMessage(message);
        if (++received === posted) resolve();
      });
      // The answer and the messages come by different ways, and either may be first.
      port1.on('close', resolve);
    });
    this.#watch();
    try {
      posted = await this.#pool.run({ task, port: port2 }, { transferList: [port2], signal: hung.signal });
      if (received < posted) await allReceived;
    } catch (error) {
      // What the worker had to say before it ended still counts.
      for (let last = receiveMessageOnPort(port1); last !== undefined; last = receiveMessageOnPort(port1))
        onMessage(last.message as Message);
      if (!hung.signal.aborted) throw error;
      throw new Error(`nothing was heard of it for ${this.silenceMsMax / 1000} s, so it was ended`, { cause: error });
    } finally {
      clearTimeout(silence);
      port1.close();
    }
  }

  /** Tinypool hears of errors in a thread, but not of a thread that ends without one (process.exit in a plugin). */
  #watch(): void {
    for (const worker of this.#pool.threads) {
      if (this.#watched.has(worker)) continue;
      this.#watched.add(worker);
      worker.on('exit', (exitCode: number) => {
        if (this.#stopped) return;
        worker.emit('error', new Error(`a worker ended in the middle of its work, with exit code ${exitCode}`));
        this.#watch();
      });
    }
  }

  /** Ends all threads, in the middle of what they do. Tasks that are under way never resolve well. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#pool.destroy();
  }
}
