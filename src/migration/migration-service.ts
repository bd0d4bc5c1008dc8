import { shown } from '../base/arguments.js';
import { VacateError } from '../base/vacate-error.js';
import type { Outcome, PageEvents } from '../events/page-events.js';
import type { PageType } from '../handler/define-page-type.js';
import type { MemoryHost } from '../host/memory-host.js';
import { FREE_FLAGS, PG_NOPAGE } from '../mm/page-flags.js';
import type { Pfn } from '../mm/units.js';
import { checkRequest } from './check-request.js';
import { HandlerTable, NO_HANDLER, type Outside } from './handler-table.js';
import { judge } from './judge.js';
import type { MigrationReport } from './migration-report.js';
import { type MigrationRequest, MigrationRun, type Pauses, type Progress } from './migration-run.js';
import { SMALLEST_HOLES, type TargetAllocator } from './target-source.js';

/**
 * The only mover of pages. It knows neither the machine (that is the host) nor who asked (that is a strategy), nor what
 * is special about a page (that is a handler).
 *
 * @example
 * const service: MigrationService = evacuator.service;
 * const request: MigrationRequest = { pfns: usedPages(host, [rangeOf(8192, 512)]), mode: MIGRATE_SYNC };
 * const { migrated, refused }: MigrationReport = service.migrate(request);
 * [migrated > 0, refused.length]; // [true,0]
 */
export class MigrationService {
  readonly handlers: HandlerTable;
  readonly #underWay = new Set<MigrationRun>();
  readonly #kindOf = (flags: number) => this.handlers.plainKindOf(flags);

  constructor(
    readonly host: MemoryHost,
    pageTypes: readonly PageType[],
    readonly events: PageEvents,
    /** Where a migration pauses: after each phase of a batch, or after each batch. */
    readonly pauses: Pauses = 'phase',
    /** Page types that are held to a time limit; none without it. */
    outside: Outside | null = null,
    private readonly allocator: TargetAllocator = SMALLEST_HOLES,
  ) {
    this.handlers = new HandlerTable(pageTypes, host.pages, outside);
  }

  /**
   * Would this page go now? 0, or why not. Changes nothing; a free page goes.
   *
   * @throws VacateError kind 'range' for what is no page of the machine.
   */
  judge(pfn: Pfn): Outcome {
    const { columns } = this.host;
    const flags = typeof pfn === 'number' ? columns.flags[pfn] : undefined;
    if (flags === undefined) throw outside(pfn, columns.flags.length);
    if ((flags & FREE_FLAGS) !== 0) return 0;
    const { handlers } = this;
    if (!handlers.isOutside(handlers.handlerFor(flags))) return judge(columns, handlers, pfn);
    return handlers.timed(() => judge(columns, handlers, pfn));
  }

  /**
   * Does work that judges many pages and changes nothing. Handlers from outside have the time limit for all of it
   * together; without this, for each page, and keeping the time takes longer than the answer.
   *
   * @throws VacateError kind 'plugin' if one of them takes longer.
   */
  looking<T>(work: () => T): T {
    return this.handlers.timed(work);
  }

  /**
   * The first page from `start` to before `end` that has to be asked whether it would go; `end` if none has to. Those
   * before it would go: a host that can tells so many at a time.
   */
  skipPlain(start: Pfn, end: Pfn): Pfn {
    return this.host.bulk?.skipPlain(start, end, this.#kindOf) ?? start;
  }

  /**
   * May this page stay where it is while its block goes offline, although it does not go? Its handler says so; false for a
   * page that is free, or that nobody claims. Changes nothing.
   */
  staysWhenOffline(pfn: Pfn): boolean {
    const flags = this.host.columns.flags[pfn] ?? PG_NOPAGE;
    if ((flags & (FREE_FLAGS | PG_NOPAGE)) !== 0) return false;
    const { handlers } = this;
    const handler = handlers.handlerFor(flags);
    if (handler === NO_HANDLER) return false;
    if (!handlers.isOutside(handler)) return handlers.get(handler).staysWhenOffline(pfn);
    return handlers.timed(() => handlers.get(handler).staysWhenOffline(pfn));
  }

  /** Moves a list of pages, to the end. */
  migrate(request: MigrationRequest): MigrationReport {
    const steps = this.steps(request);
    for (;;) {
      const step = steps.next();
      if (step.done === true) return step.value;
    }
  }

  /**
   * The same, pausing after each phase so that others may run; stopping early leaves nothing half done. `host` is the
   * service's own, or one that does some of its steps differently.
   */
  *steps(request: MigrationRequest, host: MemoryHost = this.host): Generator<Progress, MigrationReport> {
    checkRequest(request, host.layout.nrPfns);
    const run = new MigrationRun(host, this.handlers, this.events, this.#withTargets(request, host), this.pauses);
    this.#underWay.add(run);
    try {
      return yield* run.steps();
    } finally {
      if (run.isAtRest) this.#underWay.delete(run);
    }
  }

  #withTargets(request: MigrationRequest, host: MemoryHost): MigrationRequest {
    if (request.targets !== undefined || this.allocator === SMALLEST_HOLES) return request;
    return { ...request, targets: this.allocator.targetsFor(host, request.sparedOrder) };
  }

  /**
   * Brings to rest whatever is in hand of runs that nobody drives any more: their generator was dropped, or the host
   * failed while they were coming to rest themselves. Pages beyond the freeze arrive, all others go back. Only the caller
   * can know that no driver is left; one that is goes on with its next batch. Returns how many runs had pages in hand.
   *
   * @throws VacateError kind 'host' if the host fails again; call it once more when it answers.
   */
  recover(): number {
    let recovered = 0;
    for (const run of [...this.#underWay]) {
      if (!run.isAtRest) recovered++;
      run.comeToRest();
      this.#underWay.delete(run);
    }
    return recovered;
  }
}

function outside(pfn: unknown, nrPfns: number): VacateError {
  return new VacateError('range', `${shown(pfn)} is no page of this machine; its pages are 0 to ${nrPfns - 1}`);
}
