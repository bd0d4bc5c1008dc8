import { Prng } from '../base/prng.js';
import { VacateError } from '../base/vacate-error.js';
import { attachCpu } from '../smp/cpu.js';
import { createAccesses } from '../soak/accesses.js';
import { END_WRONG, endSoak } from '../soak/control.js';
import { attachCounters } from '../soak/counters.js';
import { attachLedger } from '../soak/ledger.js';
import { attachResidents } from '../soak/residents.js';
import { runProcesses } from '../soak/run-processes.js';
import type { SoakMessage, SoakTask } from '../soak/task.js';
import { FoundBroken, FoundWrong } from '../soak/wrong-word.js';
import type { ThreadCall } from '../workers/thread-call.js';

/** What a thread has in use is asked for so often at most: garbage has to be collected for that. */
const HEAP_EVERY_MS = 5000;

/** A thread of a soak: one that runs processes, or one that moves pages. It ends with the soak. */
export default async function runThread(call: ThreadCall<SoakTask>): Promise<void> {
  const { task } = call;
  const post = (message: SoakMessage) => call.port.postMessage(message);
  try {
    await (task.role === 'processes' ? runsProcesses(call) : migrates(call));
  } catch (error) {
    endSoak(new Int32Array(task.control), END_WRONG);
    if (error instanceof FoundWrong) post({ kind: 'wrong', wrong: error.wrong });
    else if (error instanceof FoundBroken) post({ kind: 'broken', broken: error.broken });
    else if (VacateError.is(error)) post({ kind: 'failed', error: { kind: error.kind, message: error.message } });
    else throw error;
  }
}

/** What all threads share, as this one sees it. */
function attach({ task, now }: ThreadCall<SoakTask>) {
  const { shape, counters, residents } = task;
  return {
    cpu: attachCpu(task.machine, task.cpu),
    ledger: attachLedger(shape, task.ledger),
    residents: attachResidents(residents.pages, residents.filePages, residents.buffer),
    counters: attachCounters(counters.shape, counters.buffer),
    control: new Int32Array(task.control),
    prng: new Prng(task.seed),
    now,
  };
}

async function runsProcesses(call: ThreadCall<SoakTask>): Promise<void> {
  const { thread } = call.task;
  const t = { ...attach(call), thread };
  runProcesses(t, createAccesses(t), heapNoted(call, t.counters.processHeap, thread));
}

async function migrates(call: ThreadCall<SoakTask>): Promise<void> {
  // Strategies and what they are built with: threads that run processes begin sooner without.
  const { migrate } = await import('./soak-migrator.js');
  const shared = attach(call);
  await migrate(call.task, shared, heapNoted(call, shared.counters.migratorHeap, call.task.migrator));
}

/** Notes what the thread has in use, now and then when everybody stands still. */
function heapNoted(call: ThreadCall<SoakTask>, heap: Float64Array, at: number): () => void {
  let notedAt = Number.NEGATIVE_INFINITY;
  return () => {
    if (call.now() - notedAt < HEAP_EVERY_MS) return;
    notedAt = call.now();
    heap[at] = call.heapUsedBytes();
  };
}
