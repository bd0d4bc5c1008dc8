import { KeptMachine } from '../../compare/kept-machine.js';
import { PageEvents } from '../../events/page-events.js';
import { RangeEvents } from '../../events/range-events.js';
import type { PageType } from '../../handler/define-page-type.js';
import { MigrationService } from '../../migration/migration-service.js';
import { BLOCK_OFFLINE, BLOCK_ONLINE } from '../../mm/memory-block.js';
import { FREE_FLAGS, PG_ISOLATED, PG_LOCKED, PG_NOPAGE } from '../../mm/page-flags.js';
import { formatPfn } from '../../mm/units.js';
import { findHold, HOLD_LOCK } from '../../sim/holds.js';
import { compareLedger, type Ledger, takeLedger } from '../../sim/ledger.js';
import type { Machine } from '../../sim/machine.js';
import { isIsolated } from '../../sim/pageblocks.js';
import { SimHost } from '../../sim/sim-host.js';
import type { StrategyDefinition } from '../../strategies/define-strategy.js';
import type {
  HighOrderResult,
  Job,
  Manner,
  OfflineResult,
  ReclaimResult,
  Strategy,
  StrategyProgress,
} from '../../strategies/strategy.js';
import { type ConformanceCase, check, checkSame } from '../conformance.js';
import type { Requests } from './machines.js';
import type { StrategyRule } from './rules.js';

/** A case of the kit for strategies. */
export type StrategyCase = ConformanceCase<StrategyRule>;

export type AnyRequest = Requests[keyof Requests];
export type AnyResult = HighOrderResult | OfflineResult | ReclaimResult;

/** A job that pauses more often on a machine as small as these goes round in circles. */
const PAUSES_MAX = 20_000;

/** A machine with a strategy on it: as new for every run, with what was true before one. */
export class Trial {
  readonly #kept: KeptMachine;
  readonly #ledger: Ledger;
  readonly #used: number;
  readonly #blocks: readonly number[];

  constructor(
    readonly machine: Machine,
    readonly definition: StrategyDefinition,
    private readonly pageTypes: readonly PageType[],
    private readonly manner: Manner,
  ) {
    this.#kept = new KeptMachine(machine);
    this.#ledger = takeLedger(machine);
    this.#used = pagesInUse(machine);
    this.#blocks = [...machine.blockState];
  }

  /** A run that has not begun, on the machine as it was. */
  open(): Run {
    this.#kept.restore();
    return new Run(this.machine, this.definition, this.pageTypes, this.manner);
  }

  /** Everything that the machine is, in a word. */
  hash(): string {
    return this.#kept.hash();
  }

  /** Whoever reads a page reads what he read before, and the machine is whole. */
  checkKept(when: string): void {
    const [first] = new SimHost(this.machine).validate();
    check(first === undefined, `${when}, an invariant is broken: ${first}`);
    const { firstWrong } = compareLedger(this.machine, this.#ledger);
    check(firstWrong === null, `${when}, ${firstWrong} reads something else`);
  }

  /** Nobody is at work on the machine, and nothing was kept of it. */
  checkAtRest(run: Run, when: string): void {
    const { machine: m } = this;
    for (let pfn = 0; pfn < m.spec.nrPfns; pfn++) {
      const flags = m.flags[pfn]!;
      if (isIsolated(m, pfn)) check(false, `${when}, the pageblock of ${formatPfn(pfn)} stays isolated`);
      if ((flags & PG_ISOLATED) !== 0) check(false, `${when}, ${formatPfn(pfn)} stays isolated`);
      if ((flags & PG_LOCKED) !== 0 && findHold(m, pfn, HOLD_LOCK) < 0)
        check(false, `${when}, ${formatPfn(pfn)} stays locked`);
    }
    checkSame(pagesInUse(m) + run.reclaimed, this.#used, `${when}, the number of pages in use or reclaimed`);
    for (const [block, state] of m.blockState.entries()) {
      const isGone = state === BLOCK_OFFLINE && this.#blocks[block] === BLOCK_ONLINE && run.offline.has(block);
      check(isGone || state === this.#blocks[block], `${when}, block ${block} has gone, and nobody has said so`);
    }
  }
}

/** One job, and what can be seen of it from outside. */
export class Run {
  readonly host: SimHost;
  readonly service: MigrationService;
  readonly strategy: Strategy<never, AnyResult>;
  /** "started", and how runs ended, of those inside as well. */
  readonly heard: string[] = [];
  /** Blocks that were said to have gone offline. */
  readonly offline = new Set<number>();
  readonly #reclaimedBefore: number;

  constructor(
    readonly machine: Machine,
    definition: StrategyDefinition,
    pageTypes: readonly PageType[],
    private readonly manner: Manner,
  ) {
    const events = new RangeEvents();
    this.host = new SimHost(machine);
    this.service = new MigrationService(this.host, pageTypes, new PageEvents());
    this.strategy = definition.create({ service: this.service, events });
    this.#reclaimedBefore = this.host.reclaim.counters.reclaimed;
    events.events$.subscribe((event) => {
      if (event.kind === 'block-state' && event.state === BLOCK_OFFLINE) this.offline.add(event.block);
      if (event.kind === 'run-started') this.heard.push('started');
      if (event.kind === 'run-finished') this.heard.push(event.outcome);
    });
  }

  get reclaimed(): number {
    return this.host.reclaim.counters.reclaimed - this.#reclaimedBefore;
  }

  job(request: AnyRequest): Job<AnyResult> {
    return this.strategy.run({ ...request, ...this.manner } as never);
  }

  /** To its end. */
  finish(request: AnyRequest): { result: AnyResult; pauses: StrategyProgress[] } {
    const job = this.job(request);
    const pauses: StrategyProgress[] = [];
    for (;;) {
      const step = job.next();
      if (step.done === true) return { result: step.value, pauses };
      pauses.push(step.value);
      check(pauses.length < PAUSES_MAX, `it does not end: ${PAUSES_MAX} pauses, the last while ${step.value.step}`);
    }
  }
}

function pagesInUse({ flags }: Machine): number {
  return flags.reduce((nr, has) => ((has & (FREE_FLAGS | PG_NOPAGE)) === 0 ? nr + 1 : nr), 0);
}
