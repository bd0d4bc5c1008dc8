import { TOTAL_MIGRATED } from '../events/page-events.js';
import { mergeRefusals, type RefusalCount } from '../migration/migration-report.js';
import { MIGRATE_MOVABLE, MIGRATE_UNMOVABLE } from '../mm/migratetype.js';
import { NO_PAGE, type Pfn } from '../mm/units.js';
import type { RequestsJob } from '../scenario/index.js';
import { allocatePages } from '../sim/page-allocator.js';
import { nodeOfCpu } from '../sim/pageblocks.js';
import type { HighOrderResult, Job, ReclaimResult } from '../strategies/strategy.js';
import { NOBODY } from './contestants.js';
import { driveFor } from './drive.js';
import type { Achieved, CellRun } from './run-cell.js';
import { PAUSE_NS } from './surroundings.js';

type Help = Job<HighOrderResult | ReclaimResult>;

/**
 * A requester waits so long for help, then tries again and takes what there is: kswapd may run for ever on a machine that
 * fills as fast as it frees, and an allocation does not wait for that (congestion_wait, HZ/10).
 */
const WAIT_NS = 100_000_000;

/**
 * Allocation requests of an order arrive one after the other while other tasks run. One that finds nothing above the low
 * marks wakes whoever works in the background and tries again down to the min marks; whoever may wait then does so for a
 * while, or has blocks made, and tries once more (__alloc_pages_slowpath). Help that is not needed any more, or was never waited for, works on in the background for
 * those that come later: one step in each turn of the other tasks, and one helper at a time, as with kswapd.
 */
export function runRequests(run: CellRun, job: RequestsJob): Achieved {
  return new Requests(run, job).serve();
}

/** A block that a request holds until its time has come. */
interface Held {
  readonly pfn: Pfn;
  readonly untilNs: number;
}

class Requests {
  readonly #helped: (HighOrderResult | ReclaimResult)[] = [];
  #held: Held[] = [];
  #background: Help | null = null;

  constructor(
    private readonly run: CellRun,
    private readonly job: RequestsJob,
  ) {}

  serve(): Achieved {
    const { job } = this;
    let granted = 0;
    this.#probe();
    try {
      for (let at = 0; at < job.requests; at++) {
        if (this.#request(at)) granted++;
        this.#passTime();
      }
    } finally {
      this.#background?.return(undefined as never);
      this.#release(Number.POSITIVE_INFINITY);
    }
    return this.#achieved(granted);
  }

  /** A strategy that does not apply says so now, also if nobody would have needed it. */
  #probe(): void {
    if (this.run.key.strategy !== NOBODY) this.#help().return(undefined as never);
  }

  #help(): Help {
    const { evacuator, frontEnd, key } = this.run;
    const { order } = this.job;
    return frontEnd === 'reclaim'
      ? evacuator.reclaim({ order }, key.strategy)
      : evacuator.highOrder({ order, count: 1, zones: this.#zones, bound: false }, key.strategy);
  }

  /** Where a block would be of use. */
  get #zones(): readonly number[] {
    const { zones } = this.run.kept.machine.spec;
    return [...zones.keys()].filter((zone) => this.job.wait || zones[zone]!.kind !== 'Movable');
  }

  #request(at: number): boolean {
    const { job } = this;
    const { frontEnd, key } = this.run;
    const isHelped = key.strategy !== NOBODY;
    let pfn = this.#allocate(at, 'low');
    // Who works in the background is woken at the low marks, who works for one request when the min marks do not help.
    if (pfn === NO_PAGE && isHelped && !(job.wait && frontEnd === 'highOrder')) this.#background ??= this.#help();
    if (pfn === NO_PAGE) pfn = this.#allocate(at, 'min');
    if (pfn === NO_PAGE && isHelped && job.wait) {
      this.#background ??= this.#help();
      this.#wait(this.#background);
      pfn = this.#allocate(at, 'min');
    }
    if (pfn === NO_PAGE) return false;
    this.#held.push({ pfn, untilNs: this.#now + job.holdNs });
    return true;
  }

  #wait(help: Help): void {
    const end = driveFor(help, this.run.surroundings, WAIT_NS / PAUSE_NS);
    if (end !== null) this.#ended(end.result);
  }

  #ended(result: HighOrderResult | ReclaimResult): void {
    this.#helped.push(result);
    this.#background = null;
  }

  /** Who may wait asks for user memory, a huge page; who may not is a driver that needs a buffer. */
  #allocate(at: number, mark: 'low' | 'min'): Pfn {
    const { machine } = this.run.kept;
    const { order, wait } = this.job;
    const cpu = at % machine.spec.nrCpus;
    const node = nodeOfCpu(machine, cpu);
    return allocatePages(
      machine,
      cpu,
      wait
        ? { order, type: MIGRATE_MOVABLE, node, highest: 'Movable', mark }
        : { order, type: MIGRATE_UNMOVABLE, node, highest: 'Normal', mark },
    );
  }

  #passTime(): void {
    for (let left = this.job.everyNs; left > 0; left -= PAUSE_NS) {
      this.run.surroundings.pass(Math.min(left, PAUSE_NS));
      this.#release(this.#now);
      const step = this.#background?.next();
      if (step?.done === true) this.#ended(step.value);
    }
  }

  #release(nowNs: number): void {
    const { free } = this.run.evacuator.service.host;
    for (const { pfn } of this.#held.filter(({ untilNs }) => untilNs <= nowNs)) free.free(pfn, this.job.order);
    this.#held = this.#held.filter(({ untilNs }) => untilNs > nowNs);
  }

  get #now(): number {
    return this.run.kept.machine.clock[0]!;
  }

  #achieved(granted: number): Achieved {
    const { requests, everyNs } = this.job;
    const sum = (of: (result: HighOrderResult | ReclaimResult) => number) =>
      this.#helped.reduce((total, result) => total + of(result), 0);
    const scanning = this.#helped.some(({ scanned }) => scanned !== null);
    const refusals: readonly RefusalCount[] = mergeRefusals(this.#helped.map((result) => result.refusals));
    return {
      outcome: granted === requests ? 'done' : granted > 0 ? 'partial' : 'refused',
      asked: requests,
      made: granted,
      // Of helpers that were still at it as well.
      pagesMigrated: this.run.evacuator.service.events.totals[TOTAL_MIGRATED]!,
      scanned: scanning
        ? { migrate: sum(({ scanned }) => scanned?.migrate ?? 0), free: sum(({ scanned }) => scanned?.free ?? 0) }
        : null,
      planned: this.run.frontEnd === 'highOrder' ? this.#helped.length * this.run.kept.machine.spec.nrPfns : 0,
      refusals,
      scheduledNs: requests * everyNs,
    };
  }
}
