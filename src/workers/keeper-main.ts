import { readFileSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { VacateError } from '../base/vacate-error.js';
import type { FromKeeper, KeeperFunction, ToKeeper } from './keeper-call.js';

/*
 * The beginning of every thread of `KeeperThread`: does what it is asked, one request at a time, until it is ended.
 */

const NS_PER_MS = 1e6;

/** Node 20 knows only the process's time; Linux knows each thread's (Documentation/scheduler/sched-stats.rst). */
function cpuMs(): number | null {
  try {
    return Number(readFileSync('/proc/thread-self/schedstat', 'latin1').split(' ')[0]) / NS_PER_MS;
  } catch {
    return null;
  }
}

function failureOf(error: unknown): FromKeeper<unknown, unknown> {
  const kind = VacateError.is(error) ? error.kind : null;
  return { failed: { kind, message: error instanceof Error ? error.message : String(error) } };
}

/** What is large is handed over, not copied: whoever answers has no more use for it. */
function buffersOf(answer: unknown): ArrayBuffer[] {
  if (typeof answer !== 'object' || answer === null) return [];
  const buffers = new Set<ArrayBuffer>();
  for (const value of Object.values(answer))
    if (ArrayBuffer.isView(value) && value.buffer instanceof ArrayBuffer) buffers.add(value.buffer);
  return [...buffers];
}

const { entry, task } = workerData as { entry: string; task: unknown };
const { default: keep } = (await import(entry)) as { default: KeeperFunction<unknown, unknown, unknown> };
const keeper = keep({ task, cpuMs });
let stop = new AbortController();

async function serve(request: unknown): Promise<void> {
  stop = new AbortController();
  try {
    const answer = await keeper({ request, signal: stop.signal, tell: (news) => parentPort?.postMessage({ news }) });
    parentPort?.postMessage({ answer }, buffersOf(answer));
  } catch (error) {
    parentPort?.postMessage(failureOf(error));
  }
}

parentPort?.on('message', (message: ToKeeper<unknown>) => {
  if (message === 'stop') stop.abort();
  else void serve(message.request);
});
