import { parentPort, workerData } from 'node:worker_threads';
import { heapUsedBytes } from './heap.js';
import type { ThreadFunction } from './thread-call.js';

/*
 * The beginning of every thread of `OwnThread`: calls the function of the module that it was given.
 */
const { entry, task } = workerData as { entry: string; task: unknown };
const { default: run } = (await import(entry)) as { default: ThreadFunction<unknown> };
await run({
  task,
  port: { postMessage: (message) => parentPort?.postMessage(message) },
  now: () => performance.now(),
  heapUsedBytes,
});
