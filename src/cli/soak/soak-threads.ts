import { setTimeout } from 'node:timers/promises';
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
  #replacing: Promise<void> | null = null;

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

  /**
   * Ends a thread that runs processes, wherever it is, and lets another take its place; `done` is called then. Whoever
   * asks need not wait: it may be no time for it, or threads may hang, which is for him to find out.
   */
  replaceOne(done: () => void): void {
    if (this.#replacing !== null || isQuiet(this.#control)) return;
    this.#replacing = this.#replace(this.#prng.below(this.common.counters.shape.nrThreads), done)
      .catch(this.onError)
      .finally(() => {
        this.#replacing = null;
      });
  }

  async #replace(thread: number, done: () => void): Promise<void> {
    const control = this.#control;
    const isOver = () => endOf(control) !== 0;
    wantKilled(control, thread, true);
    try {
      while (!canBeKilled(control, thread) && !isOver()) await setTimeout(1);
      if (isOver()) return;
      const terminate = async () => {
        setThreadState(control, thread, THREAD_STARTING);
        await this.#threads[thread]!.kill();
      };
      const { machine, counters } = this.common;
      if (!(await killCpu(machine, counters.shape.nrMigrators + thread, terminate, isOver))) return;
    } finally {
      wantKilled(control, thread, false);
    }
    this.#replaced[thread]!++;
    this.#threads[thread] = this.#begin(thread);
    done();
  }

  /** Resolves when every thread is gone. */
  async ended(): Promise<void> {
    await this.#replacing;
    await Promise.all(this.#threads.map(({ ended }) => ended));
  }

  /** Ends all threads in the middle of what they do. */
  async kill(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.kill()));
  }
}
