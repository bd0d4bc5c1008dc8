import { VacateError } from '../base/vacate-error.js';
import { type PageEventBatch, TOTAL_MIGRATED, TOTAL_REFUSED } from '../events/page-events.js';
import { BLOCK_OFFLINE, BLOCK_ONLINE } from '../mm/memory-block.js';
import type { BlockId } from '../mm/units.js';
import { onlineBlock } from '../sim/memory-blocks.js';
import { driveJob } from '../smp/drive-job.js';
import type { Job } from '../strategies/strategy.js';
import { endOf, giveTurn, nap, takeTurn } from './control.js';
import { countJob, type SoakOutcome } from './counters.js';
import type { SoakResult } from './evacuator-port.js';
import { PlannedFailure } from './faults.js';
import { Fragmenter } from './fragmenter.js';
import { rememberMoves } from './moves.js';
import { nextJob, type RosterEntry } from './roster.js';
import type { Migrator } from './run-migrator.js';

/** A job that is to be stopped is stopped after so many pauses at most. */
const PAUSES_MAX = 40;
/** Reclaim goes on as long as others take what it frees, as a kernel's does; here it is the others' turn after so long. */
const JOB_MS_MAX = 5000;
/** A listener that blocks keeps everybody waiting for so long. */
const BLOCKING_MS = 5;
/** Strategies look and think; most pages are moved by lists. */
const LISTS = 2;
/** Between so many strategies memory is fragmented anew, or what did it goes again. */
const FRAGMENT_EVERY = 3;

/** The jobs of one migrator, in turn, each perhaps with a fault. */
export class SoakJobs {
  readonly #online: BlockId[] = [];
  readonly #fragmenter: Fragmenter;
  readonly #lists: RosterEntry | null;
  readonly #strategies: readonly RosterEntry[];
  #next = 0;
  /** Jobs so far. */
  #number = 0;
  /** Milliseconds for which lists of pages have been moved less than strategies have worked. */
  #owedMs = 0;

  constructor(private readonly t: Migrator) {
    this.#lists = t.roster.find(({ frontEnd }) => frontEnd === 'pages') ?? null;
    this.#strategies = t.roster.filter((entry) => entry !== this.#lists);
    const { blockState } = t.cpu.machine;
    for (let block = 0; block < blockState.length; block++)
      if (blockState[block] === BLOCK_ONLINE) this.#online.push(block);
    this.#fragmenter = new Fragmenter(t.cpu, t.prng);
  }

  /** Does the next one that can be done now. Lists of pages can be moved while somebody else has a plan. */
  next(): void {
    const { t } = this;
    const hasTurn = takeTurn(t.control, t.migrator);
    try {
      const entry = this.#nextEntry(hasTurn);
      if (entry === null) nap(t.control, 1);
      else this.#run(entry);
    } finally {
      if (hasTurn) giveTurn(t.control);
    }
  }

  /** How often every strategy has had its turn; of lists alone, how many. */
  get rounds(): number {
    return this.#strategies.length === 0 ? this.#number : Math.floor(this.#next / this.#strategies.length);
  }

  /** Strategies in turn, and between any two of them lists of pages, for LISTS times as long as the strategy took. */
  #nextEntry(hasTurn: boolean): RosterEntry | null {
    const lists = this.#lists;
    if (lists !== null && (!hasTurn || this.#strategies.length === 0 || this.#owedMs > 0)) return lists;
    if (!hasTurn) return null;
    if (this.#next % FRAGMENT_EVERY === 0) this.#fragmenter.turn();
    return this.#strategies[this.#next++ % this.#strategies.length]!;
  }

  #run(entry: RosterEntry): void {
    const { t } = this;
    const { totals } = t.evacuator.counters;
    this.#number++;
    const migrated = totals[TOTAL_MIGRATED]!;
    const refused = totals[TOTAL_REFUSED]!;
    const begun = t.now();
    const outcome = this.#outcomeOf(entry);
    const ms = t.now() - begun;
    this.#owedMs = entry === this.#lists ? this.#owedMs - ms : Math.max(0, this.#owedMs) + LISTS * ms;
    countJob(t.counters, t.migrator, t.roster.indexOf(entry), {
      outcome,
      migrated: (totals[TOTAL_MIGRATED]! - migrated) >>> 0,
      refused: (totals[TOTAL_REFUSED]! - refused) >>> 0,
      ms,
    });
  }

  #outcomeOf(entry: RosterEntry): SoakOutcome {
    const { cpu, evacuator, faults, prng } = this.t;
    const m = cpu.machine;
    faults.arm();
    const listening = evacuator.counters.batches$.subscribe((batch) => this.#heard(batch));
    const failing = evacuator.counters.batches$.subscribe(() => this.#failing());
    try {
      const job = cpu.kernel(() => {
        faults.begin(m);
        return nextJob(evacuator, m, entry, prng);
      });
      return this.#drive(job);
    } catch (error) {
      return outcomeOfError(error, faults.armed);
    } finally {
      listening.unsubscribe();
      failing.unsubscribe();
      cpu.kernel(() => {
        faults.end(m, cpu.cpu);
        for (const block of this.#online) if (m.blockState[block] === BLOCK_OFFLINE) onlineBlock(m, block);
      });
      faults.disarm();
    }
  }

  #drive(job: Job<SoakResult>): SoakOutcome {
    const { control, cpu, faults, prng, now } = this.t;
    const until = now() + JOB_MS_MAX;
    // Asked at each pause, so that here is where pauses are counted.
    let pausesLeft = faults.armed === 'job-aborted' ? prng.below(PAUSES_MAX) : Number.POSITIVE_INFINITY;
    const signal = {
      get aborted() {
        return pausesLeft-- <= 0 || endOf(control) !== 0 || now() >= until;
      },
    };
    const end = driveJob(cpu, job, { signal });
    if (end.ended === 'finished') return end.result.outcome;
    if (pausesLeft < 0) faults.count('job-aborted');
    return 'aborted';
  }

  #heard({ words }: PageEventBatch): void {
    rememberMoves(this.t.moves, this.t.migrator, this.#number, words);
  }

  #failing(): void {
    const { faults, now } = this.t;
    if (faults.strikes('listener-throws')) throw new PlannedFailure('a listener that is meant to fail');
    if (!faults.strikes('listener-blocks')) return;
    for (const until = now() + BLOCKING_MS; now() < until; );
  }
}

/** Strategies may not apply to a machine, and handlers that are meant to fail end their jobs; nothing else may throw. */
function outcomeOfError(error: unknown, armed: string | null): SoakOutcome {
  if (VacateError.is(error) && error.kind === 'usage') return 'refused';
  const isPlanned = armed === 'handler-throws' || armed === 'handler-garbage';
  if (isPlanned && VacateError.is(error) && error.kind === 'plugin') return 'failed';
  throw error;
}
