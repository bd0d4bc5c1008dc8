import { type Counters, OUTCOMES, type SoakOutcome, SYSTEM_CALLS, type SystemCall, sumOf } from './counters.js';
import { FAULT_KINDS, type FaultKind } from './fault-kinds.js';
import type { RosterEntry, SoakFrontEnd } from './roster.js';

/** What came of the jobs of one strategy. */
export interface StrategyReport extends Readonly<Record<SoakOutcome, number>> {
  readonly frontEnd: SoakFrontEnd;
  readonly strategy: string;
  readonly jobs: number;
  readonly pagesMigrated: number;
  readonly pagesRefused: number;
  readonly busyMs: number;
}

/** Where a soak stands, or stood at its end. */
export interface SoakReport {
  readonly pagesMigrated: number;
  readonly accesses: number;
  /** Words that threads compared with the ledger as they read them. */
  readonly wordsRead: number;
  /** Times at which everybody stood still, and the words that were compared then. */
  readonly quietPoints: number;
  readonly quietWords: number;
  readonly quietMs: number;
  /** How often a thread found no memory, and ended a process. */
  readonly outOfMemory: number;
  readonly jobs: Readonly<Record<SoakOutcome, number>>;
  readonly strategies: readonly StrategyReport[];
  readonly faults: Readonly<Record<FaultKind, number>>;
  readonly calls: Readonly<Record<SystemCall, number>>;
}

export function reportOf(counters: Counters, roster: readonly RosterEntry[]): SoakReport {
  const strategies = roster.map((entry, at) => strategyReport(counters, entry, at));
  return {
    pagesMigrated: sumOf(counters.migrated),
    accesses: sumOf(counters.loads) + sumOf(counters.stores),
    wordsRead: sumOf(counters.checked),
    quietPoints: counters.quietPoints[0]!,
    quietWords: counters.quietWords[0]!,
    quietMs: counters.quietMs[0]!,
    outOfMemory: sumOf(counters.outOfMemory),
    jobs: byName(OUTCOMES, (outcome) => strategies.reduce((sum, strategy) => sum + strategy[outcome], 0)),
    strategies,
    faults: byName(FAULT_KINDS, (_, at) => sumOf(counters.faults, FAULT_KINDS.length, at)),
    calls: byName(SYSTEM_CALLS, (_, at) => sumOf(counters.calls, SYSTEM_CALLS.length, at)),
  };
}

function strategyReport(counters: Counters, { frontEnd, label }: RosterEntry, at: number): StrategyReport {
  const { nrStrategies } = counters.shape;
  const width = nrStrategies * OUTCOMES.length;
  const outcomes = byName(OUTCOMES, (_, i) => sumOf(counters.jobs, width, at * OUTCOMES.length + i));
  return {
    frontEnd,
    strategy: label,
    jobs: OUTCOMES.reduce((sum, outcome) => sum + outcomes[outcome], 0),
    ...outcomes,
    pagesMigrated: sumOf(counters.migrated, nrStrategies, at),
    pagesRefused: sumOf(counters.refusals, nrStrategies, at),
    busyMs: Math.round(sumOf(counters.busyMs, nrStrategies, at)),
  };
}

function byName<Name extends string>(
  names: readonly Name[],
  numberOf: (name: Name, at: number) => number,
): Record<Name, number> {
  return Object.fromEntries(names.map((name, at) => [name, numberOf(name, at)])) as Record<Name, number>;
}

/** The heap of all threads together, in use, each time that everybody stood still. */
export class HeapWatch {
  #first: { readonly seconds: number; readonly bytes: number } | null = null;
  #last = 0;

  /** Of a soak that takes `seconds`: what is in use after a minute, or half of a shorter time, is where it begins. */
  constructor(private readonly seconds: number) {}

  note(seconds: number, bytes: number): void {
    this.#last = bytes;
    if (this.#first === null && seconds >= Math.min(60, this.seconds / 2)) this.#first = { seconds, bytes };
  }

  /** Null if it was never looked at in time. */
  get result(): { readonly fromSeconds: number; readonly fromBytes: number; readonly toBytes: number } | null {
    const first = this.#first;
    return first === null ? null : { fromSeconds: first.seconds, fromBytes: first.bytes, toBytes: this.#last };
  }
}
