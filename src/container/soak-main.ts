import 'reflect-metadata';
import { Prng } from '../base/prng.js';
import { attachCpu } from '../smp/cpu.js';
import { smpModule } from '../smp/smp-module.js';
import { createAccesses } from '../soak/accesses.js';
import { END_WRONG, endSoak } from '../soak/control.js';
import { attachCounters } from '../soak/counters.js';
import { Faults } from '../soak/faults.js';
import { FaultyHost } from '../soak/faulty-host.js';
import { faultyPageType } from '../soak/faulty-page-type.js';
import { attachLedger } from '../soak/ledger.js';
import { attachRecentMoves } from '../soak/moves.js';
import { attachResidents } from '../soak/residents.js';
import { runMigrator } from '../soak/run-migrator.js';
import { runProcesses } from '../soak/run-processes.js';
import type { SoakMessage, SoakTask } from '../soak/task.js';
import { FoundBroken, FoundWrong } from '../soak/wrong-word.js';
import type { ThreadCall } from '../workers/thread-call.js';
import { createEvacuator } from './create-evacuator.js';
import { loadPlugins, loadShippedPlugins } from './load-plugins.js';

/** A thread of a soak: one that runs processes, or one that moves pages. It ends with the soak. */
export default async function runThread(call: ThreadCall<SoakTask>): Promise<void> {
  const { task } = call;
  const control = new Int32Array(task.control);
  const post = (message: SoakMessage) => call.port.postMessage(message);
  try {
    await (task.role === 'processes' ? processes(call) : migrator(call));
  } catch (error) {
    endSoak(control, END_WRONG);
    if (error instanceof FoundWrong) post({ kind: 'wrong', wrong: error.wrong });
    else if (error instanceof FoundBroken) post({ kind: 'broken', broken: error.broken });
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
    moves: attachRecentMoves(counters.shape.nrMigrators, task.moves),
    control: new Int32Array(task.control),
    prng: new Prng(task.seed),
    now,
  };
}

async function processes(call: ThreadCall<SoakTask>): Promise<void> {
  const t = { ...attach(call), thread: call.task.thread };
  runProcesses(t, createAccesses(t), () => {
    t.counters.processHeap[t.thread] = call.heapUsedBytes();
  });
}

async function migrator(call: ThreadCall<SoakTask>): Promise<void> {
  const { task } = call;
  const shared = attach(call);
  const { cpu, counters, prng } = shared;
  const faults = new Faults(task.migrator, task.faults, counters, prng.split(1));
  const shipped = await loadShippedPlugins();
  const added = await loadPlugins(task.plugins);
  const evacuator = createEvacuator({
    host: smpModule(cpu, (c) => new FaultyHost(c, faults)),
    plugins: [...shipped.map((pageType) => faultyPageType(pageType, faults)), ...added],
    // Listeners that are meant to fail do; they are counted where they fail.
    onListenerError: () => {},
  });
  const { migrator: number, thread, roster, quietEveryMs } = task;
  runMigrator({ ...shared, migrator: number, thread, roster, quietEveryMs, faults, evacuator }, () => {
    counters.migratorHeap[number] = call.heapUsedBytes();
  });
}
