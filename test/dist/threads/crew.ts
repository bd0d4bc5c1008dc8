import { Worker } from 'node:worker_threads';
import type { AnyPart } from './parts.js';

/** Threads are of the built package, whether this file is itself or is not. */
const BUILT = import.meta.url.endsWith('.js') ? './worker.js' : '../../../dist/test/dist/threads/worker.js';
const ENTRY = new URL(BUILT, import.meta.url);

/** A thread that plays a part. */
export interface Player {
  readonly worker: Worker;
  /** What it posted when it was done; rejects with what it threw. */
  readonly done: Promise<unknown>;
}

/** Starts a thread of the built package. */
export function play(part: AnyPart): Player {
  const worker = new Worker(ENTRY, { workerData: part });
  const done = new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`the thread ended with ${code} and said nothing`)));
  });
  // Whoever does not ask in time shall not end the test.
  done.catch(() => {});
  return { worker, done };
}
