import type { Prng } from '../base/prng.js';
import type { Cpu } from '../smp/cpu.js';
import { checkMachine } from './check.js';
import {
  areParked,
  beginQuiet,
  END_TIME,
  endOf,
  endQuiet,
  endSoak,
  isQuiet,
  nap,
  type SoakControl,
  setThreadState,
  standStill,
  THREAD_ENDED,
  THREAD_RUNNING,
} from './control.js';
import type { Counters } from './counters.js';
import type { EvacuatorPort } from './evacuator-port.js';
import type { Faults } from './faults.js';
import { SoakJobs } from './jobs.js';
import type { SoakLedger } from './ledger.js';
import type { RecentMoves } from './moves.js';
import type { Residents } from './residents.js';
import type { RosterEntry } from './roster.js';
import { FoundBroken, FoundWrong } from './wrong-word.js';

/** A thread that moves pages. */
export interface Migrator {
  readonly migrator: number;
  /** Its number among all threads of the soak; processes' come first. */
  readonly thread: number;
  readonly cpu: Cpu;
  readonly evacuator: EvacuatorPort;
  readonly roster: readonly RosterEntry[];
  readonly faults: Faults;
  readonly ledger: SoakLedger;
  readonly residents: Residents;
  readonly counters: Counters;
  readonly moves: RecentMoves;
  readonly control: SoakControl;
  readonly prng: Prng;
  /** Milliseconds, from any beginning. */
  readonly now: () => number;
  /** Milliseconds between two times at which everybody stands still. */
  readonly quietEveryMs: number;
  /** The soak is over when every strategy has had its turn so often; null if only time counts. */
  readonly rounds: number | null;
}

/**
 * A migrator of a soak: does the jobs of the roster in turn until the soak ends. The first one also lets everybody stand
 * still now and then, and looks at the machine.
 *
 * @throws FoundWrong, FoundBroken for what it finds then; whatever a job throws that is not meant to.
 */
export function runMigrator(t: Migrator, atQuiet: () => void): void {
  setThreadState(t.control, t.thread, THREAD_RUNNING);
  const jobs = new SoakJobs(t);
  let lastQuiet = t.now();
  try {
    while (endOf(t.control) === 0) {
      if (t.migrator === 0 && t.now() - lastQuiet >= t.quietEveryMs) {
        quietPoint(t, atQuiet);
        lastQuiet = t.now();
      } else if (isQuiet(t.control)) {
        atQuiet();
        standStill(t.control, t.thread);
      } else jobs.next();
      if (t.rounds !== null && jobs.rounds >= t.rounds) endSoak(t.control, END_TIME);
    }
  } finally {
    setThreadState(t.control, t.thread, THREAD_ENDED);
  }
}

function quietPoint(t: Migrator, atQuiet: () => void): void {
  const { control, counters, cpu, ledger } = t;
  const nrThreads = ledger.shape.nrThreads + counters.shape.nrMigrators;
  const begun = t.now();
  beginQuiet(control);
  try {
    for (;;) {
      if (endOf(control) !== 0) return;
      // Looked at again in the kernel, where no thread is ended and none takes another's place.
      if (areParked(control, nrThreads, t.thread) && cpu.kernel(() => look(t, nrThreads))) break;
      nap(control, 1);
    }
    atQuiet();
  } finally {
    counters.quietMs[0] = counters.quietMs[0]! + t.now() - begun;
    endQuiet(control);
  }
}

function look({ control, counters, cpu, ledger, residents, thread }: Migrator, nrThreads: number): boolean {
  if (!areParked(control, nrThreads, thread)) return false;
  const { words, wrong, broken } = checkMachine(cpu.machine, ledger, residents);
  counters.quietPoints[0] = counters.quietPoints[0]! + 1;
  counters.quietWords[0] = counters.quietWords[0]! + words;
  if (wrong !== null) throw new FoundWrong(wrong);
  if (broken.length > 0) throw new FoundBroken(broken);
  return true;
}
