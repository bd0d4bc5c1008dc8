import { MessageChannel } from 'node:worker_threads';
import { Tinypool } from 'tinypool';

/** Threads that do tasks, each as soon as one of them is free, and tell what they find while they are at it. */
export class WorkerPool<Task, Message> {
  readonly #pool: Tinypool;

  /** `entry` is a module whose default export is a `PoolFunction`. */
  constructor(entry: URL, nrWorkers: number) {
    this.#pool = new Tinypool({
      filename: entry.href,
      runtime: 'worker_threads',
      minThreads: nrWorkers,
      maxThreads: nrWorkers,
      isolateWorkers: false,
    });
  }

  /**
   * Does a task; resolves when it is done and every message of it has been delivered. Rejects with what the worker threw,
   * or if the worker died.
   */
  async run(task: Task, onMessage: (message: Message) => void): Promise<void> {
    const { port1, port2 } = new MessageChannel();
    let received = 0;
    let posted = Number.POSITIVE_INFINITY;
    const allReceived = new Promise<void>((resolve) => {
      port1.on('message', (message: Message) => {
        onMessage(message);
        if (++received === posted) resolve();
      });
      // The answer and the messages come by different ways, and either may be first.
      port1.on('close', resolve);
    });
    try {
      posted = await this.#pool.run({ task, port: port2 }, { transferList: [port2] });
      if (received < posted) await allReceived;
    } finally {
      port1.close();
    }
  }

  /** Ends all threads, in the middle of what they do. Tasks that are under way never resolve well. */
  async stop(): Promise<void> {
    await this.#pool.destroy();
  }
}
