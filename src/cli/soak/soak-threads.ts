import { setImmediate } from 'node:timers/promises';
import { Prng } from '../../base/prng.js';
import { killCpu } from '../../smp/supervise.js';
import { canBeKilled, endOf, isQuiet, setThreadState, THREAD_STARTING, wantKilled } from '../../soak/control.js';
import type { SoakMessage, SoakTask } from '../../soak/task.js';
import { OwnThread } from '../../workers/own-thread.js';

const ENTRY = new URL('../../container/soak-main.js', import.meta.url);

/** What all tasks of a soak have in common. */
export type CommonTask = Omit<SoakTask, 'role' | 'thread' | 'migrator' | 'cpu' | 'seed'>;

/** The threads of a soak: processes' first, then migrators; ended one by one, and replaced, or all together. */
export class SoakThreads {
  readonly #threads: OwnThread<SoakTask, SoakMessage>[] = [];
  readonly #replaced: number[] = [];
  readonly #control: Int32Array;
  readonly #prng: Prng;

  constructor(
    private readonly common: CommonTask,
    seed: number,
    private readonly onMessage: (message: SoakMessage) => void,
    private readonly onError: (error: unknown) => void,
  ) {
    this.#control = new Int32Array(common.control);
    this.#prng = new Prng(seed);
    const { nrThreads, nrMigrators } = common.counters.shape;
    for (let thread = 0; thread < nrThreads + nrMigrators; thread++) {
      this.#replaced.push(0);
      this.#threads.push(this.#begin(thread));
    }
  }

  /** Migrators are the first CPUs, as the machine has it. */
  #begin(thread: number): OwnThread<SoakTask, SoakMessage> {
    const { nrThreads, nrMigrators } = this.common.counters.shape;
    const runsProcesses = thread < nrThreads;
    const migrator = runsProcesses ? 0 : thread - nrThreads;
    const task: SoakTask = {
      ...this.common,
      role: runsProcesses ? 'processes' : 'migrator',
      thread,
      migrator,
      cpu: runsProcesses ? nrMigrators + thread : migrator,
      seed: this.#prng.split(thread + 1000 * this.#replaced[thread]!).seed,
    };
    const own = new OwnThread<SoakTask, SoakMessage>(ENTRY, task, this.onMessage);
    void own.ended.then((end) => {
      if (end !== null) this.onError(end.error);
    });
    return own;
  }

  /** Ends a thread that runs processes, wherever it is, and lets another take its place. False if it was no time for it. */
  async replaceOne(): Promise<boolean> {
    const thread = this.#prng.below(this.common.counters.shape.nrThreads);
    const control = this.#control;
    if (isQuiet(control)) return false;
    wantKilled(control, thread, true);
    try {
      while (!canBeKilled(control, thread)) await setImmediate();
      if (endOf(control) !== 0) return false;
      await killCpu(this.common.machine, this.common.counters.shape.nrMigrators + thread, async () => {
        setThreadState(control, thread, THREAD_STARTING);
        await this.#threads[thread]!.kill();
      });
    } finally {
      wantKilled(control, thread, false);
    }
    this.#replaced[thread]!++;
    this.#threads[thread] = this.#begin(thread);
    return true;
  }

  /** Resolves when every thread is gone. */
  async ended(): Promise<void> {
    await Promise.all(this.#threads.map(({ ended }) => ended));
  }

  /** Ends all threads in the middle of what they do. */
  async kill(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.kill()));
  }
}
