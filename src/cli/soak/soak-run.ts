import { setTimeout } from 'node:timers/promises';
import { VacateError } from '../../base/vacate-error.js';
import { attachMachine } from '../../sim/machine.js';
import { checkMachine } from '../../soak/check.js';
import { createSoakControl, END_TIME, END_WRONG, endOf, endSoak, haveBegun } from '../../soak/control.js';
import { type Counters, countFault, createCounters } from '../../soak/counters.js';
import type { FaultKind } from '../../soak/fault-kinds.js';
import { createRecentMoves, type Move, movesOf, type RecentMoves } from '../../soak/moves.js';
import { HeapWatch, reportOf, type SoakReport } from '../../soak/report.js';
import type { RosterEntry } from '../../soak/roster.js';
import type { SoakMessage } from '../../soak/task.js';
import type { WrongWord } from '../../soak/wrong-word.js';
import { heapUsedBytes } from '../../workers/heap.js';
import type { SoakMachine } from './soak-machine.js';
import type { SoakRecording } from './soak-recording.js';
import { SoakThreads } from './soak-threads.js';

export interface SoakRunOptions {
  readonly migrators: number;
  readonly seconds: number;
  /** Ends sooner, when every strategy has had its turn so often; null if only time counts. */
  readonly rounds: number | null;
  readonly roster: readonly RosterEntry[];
  readonly faults: readonly FaultKind[];
  readonly plugins: readonly string[];
  readonly handlerTimeLimitMs?: number | undefined;
  readonly signal: AbortSignal;
  /** Told once a second where the soak stands. */
  readonly onSecond: (now: SoakNow) => void;
  /** Begins to write the soak down; null if nobody wants that. */
  readonly record: ((counters: Counters) => SoakRecording) | null;
}

/** A soak while it goes on. */
export interface SoakNow {
  readonly report: SoakReport;
  readonly secondsLeft: number;
  readonly seconds: number;
  readonly heapBytes: number;
}

/** A soak that has ended. */
export interface SoakEnd {
  readonly report: SoakReport;
  readonly seconds: number;
  /** Of all threads: on a machine that has other work too they get less than they could use. */
  readonly cpuSeconds: number;
  readonly ended: 'time' | 'interrupted' | 'wrong';
  readonly wrong: WrongWord | null;
  /** The first word that is wrong when all threads are gone: null if what was found wrong was a stale read. */
  readonly lastWrong: WrongWord | null;
  /** The last moves to or from the frame of the wrong word, newest first. */
  readonly moves: readonly Move[];
  /** Invariants of the machine that do not hold, in sentences. */
  readonly broken: readonly string[];
  readonly heap: HeapWatch['result'];
}

/** Counters are looked at so often. */
const LOOK_MS = 200;
const BEGIN_LOOK_MS = 5;
/** A thread is ended after this time for the first time, then so often: the next one has to warm up. */
const KILL_FIRST_MS = 300;
const KILL_EVERY_MS = 10_000;
/** While a machine is looked at threads stand still; a soak of seconds has time for a few looks only. */
const QUIET_MS = { least: 1000, most: 10_000, perRun: 12 } as const;
/** When nothing is counted any more for so long, the threads wait for each other, which they never should. */
const SILENCE_MS = 60_000;
const END_MS = 60_000;
const MOVES_SHOWN = 8;

/**
 * Runs the threads of a soak for a time and looks after them, then looks at the machine for the last time.
 *
 * @throws whatever a thread threw that it was not meant to; an error if threads hang.
 */
export async function runSoak(machine: SoakMachine, options: SoakRunOptions): Promise<SoakEnd> {
  return new SoakRun(machine, options).run();
}

class SoakRun {
  readonly #counters: Counters;
  readonly #moves: RecentMoves;
  readonly #control: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #heap: HeapWatch;
  #heapBytes = 0;
  #wrong: WrongWord | null = null;
  #broken: readonly string[] = [];
  #error: { readonly thrown: unknown } | null = null;

  constructor(
    private readonly machine: SoakMachine,
    private readonly options: SoakRunOptions,
  ) {
    const { nrThreads } = machine.ledger.shape;
    const { migrators: nrMigrators, roster, seconds } = options;
    this.#counters = createCounters({ nrThreads, nrMigrators, nrStrategies: roster.length });
    this.#moves = createRecentMoves(nrMigrators);
    this.#control = createSoakControl(nrThreads + nrMigrators);
    this.#words = new Int32Array(this.#control);
    this.#heap = new HeapWatch(options.rounds === null ? seconds : 0);
  }

  async run(): Promise<SoakEnd> {
    // As memory is before any thread has begun.
    const recording = this.options.record?.(this.#counters) ?? null;
    const threads = this.#begin();
    try {
      await this.#awaitBeginning();
      const begun = performance.now();
      const cpuBegun = process.cpuUsage();
      await this.#watch(threads, recording, begun);
      const seconds = (performance.now() - begun) / 1000;
      const { user, system } = process.cpuUsage(cpuBegun);
      endSoak(this.#words, END_TIME);
      await this.#awaitEnd(threads);
      if (this.#error !== null) throw this.#error.thrown;
      const end = this.#end(seconds, (user + system) / 1e6);
      await recording?.end(end.ended === 'time' ? 'done' : end.ended);
      return end;
    } finally {
      endSoak(this.#words, END_TIME);
      await threads.kill();
    }
  }

  #begin(): SoakThreads {
    const { shared, ledger, residents, seed } = this.machine;
    const { roster, faults, plugins, handlerTimeLimitMs, seconds, rounds } = this.options;
    const { buffer } = this.#counters;
    const common = {
      machine: shared,
      shape: ledger.shape,
      ledger: ledger.buffer as SharedArrayBuffer,
      residents: {
        pages: residents.mm.length,
        filePages: residents.mapping.length,
        buffer: residents.buffer as SharedArrayBuffer,
      },
      counters: { shape: this.#counters.shape, buffer: buffer as SharedArrayBuffer },
      moves: this.#moves.buffer as SharedArrayBuffer,
      control: this.#control,
      roster,
      faults,
      plugins,
      handlerTimeLimitMs,
      rounds,
      quietEveryMs: rounds === null ? quietEvery(seconds) : QUIET_MS.least,
    };
    return new SoakThreads(
      common,
      seed,
      (message) => this.#hear(message),
      (thrown) => {
        this.#error ??= { thrown };
        endSoak(this.#words, END_WRONG);
      },
    );
  }

  /** Threads load what strategies are built with, which the time of the soak does not pay for. */
  async #awaitBeginning(): Promise<void> {
    const { nrThreads, nrMigrators } = this.#counters.shape;
    const { signal } = this.options;
    while (!haveBegun(this.#words, nrThreads + nrMigrators) && endOf(this.#words) === 0 && !signal.aborted)
      await setTimeout(BEGIN_LOOK_MS);
  }

  #hear(message: SoakMessage): void {
    if (message.kind === 'wrong') this.#wrong ??= message.wrong;
    else if (message.kind === 'failed')
      this.#error ??= { thrown: new VacateError(message.error.kind, message.error.message) };
    else if (this.#broken.length === 0) this.#broken = message.broken;
  }

  /** Until the time is up, somebody interrupts, or something is wrong. */
  async #watch(threads: SoakThreads, recording: SoakRecording | null, begun: number): Promise<void> {
    const { seconds, signal, faults, onSecond } = this.options;
    const kills = faults.includes('thread-killed');
    let lastSecond = begun;
    let lastKill = begun + KILL_FIRST_MS - KILL_EVERY_MS;
    let quietPoints = 0;
    let progress = { sum: 0, at: begun };
    while (endOf(this.#words) === 0 && !signal.aborted) {
      const now = performance.now();
      if (now - begun >= seconds * 1000) return;
      await setTimeout(Math.min(LOOK_MS, Math.max(1, begun + seconds * 1000 - now)));
      await recording?.look();
      const elapsed = (performance.now() - begun) / 1000;
      if (this.#counters.quietPoints[0]! > quietPoints) {
        quietPoints = this.#counters.quietPoints[0]!;
        this.#noteHeap(elapsed);
      }
      if (now - lastSecond >= 1000) {
        lastSecond = now;
        const report = reportOf(this.#counters, this.options.roster);
        onSecond({ report, seconds: elapsed, secondsLeft: Math.max(0, seconds - elapsed), heapBytes: this.#heapBytes });
        progress = advanced(progress, report.accesses + report.pagesMigrated, now);
      }
      if (kills && now - lastKill >= KILL_EVERY_MS) {
        lastKill = now;
        threads.replaceOne(() => countFault(this.#counters, this.#counters.shape.nrMigrators, 'thread-killed'));
      }
    }
  }

  #noteHeap(seconds: number): void {
    const sum = (column: Float64Array) => column.reduce((bytes, each) => bytes + each, 0);
    this.#heapBytes = heapUsedBytes() + sum(this.#counters.processHeap) + sum(this.#counters.migratorHeap);
    this.#heap.note(seconds, this.#heapBytes);
  }

  async #awaitEnd(threads: SoakThreads): Promise<void> {
    const patience = new AbortController();
    const timeUp = setTimeout(END_MS, 'hang', { signal: patience.signal }).catch(() => 'ended');
    const how = await Promise.race([threads.ended().then(() => 'ended'), timeUp]);
    patience.abort();
    if (how === 'hang' && this.#error === null) throw new Error('threads of the soak did not come to their end');
  }

  /** Everybody is gone: the last look. */
  #end(seconds: number, cpuSeconds: number): SoakEnd {
    const { shared, ledger, residents } = this.machine;
    const isWrong = () => this.#wrong !== null || this.#broken.length > 0;
    const m = attachMachine(shared.spec, shared.buffer, { shootdown: () => {}, wake: () => {} });
    const { words, wrong: last, broken } = checkMachine(m, ledger, residents);
    if (!isWrong()) {
      this.#wrong = last;
      this.#broken = broken;
      this.#counters.quietPoints[0]!++;
      this.#counters.quietWords[0]! += words;
    }
    const frame = this.#wrong?.frame ?? null;
    return {
      report: reportOf(this.#counters, this.options.roster),
      seconds,
      cpuSeconds,
      ended: isWrong() ? 'wrong' : this.options.signal.aborted ? 'interrupted' : 'time',
      wrong: this.#wrong,
      lastWrong: last,
      moves: frame === null ? [] : movesOf(this.#moves, frame, MOVES_SHOWN),
      broken: this.#broken,
      heap: this.#heap.result,
    };
  }
}

function quietEvery(seconds: number): number {
  return Math.min(QUIET_MS.most, Math.max(QUIET_MS.least, (seconds * 1000) / QUIET_MS.perRun));
}

/** @throws an error if nothing has been counted for too long. */
function advanced(before: { sum: number; at: number }, sum: number, now: number): { sum: number; at: number } {
  if (sum !== before.sum) return { sum, at: now };
  if (now - before.at < SILENCE_MS) return before;
  throw new Error(`nothing has happened for ${SILENCE_MS / 1000} s: the threads of the soak wait for each other`);
}
