import { log2Floor } from '../../base/bits.js';
import { VacateError } from '../../base/vacate-error.js';
import { type MigrationReport, mergeRefusals, type RefusalCount } from '../../migration/migration-report.js';
import type { MigrationService } from '../../migration/migration-service.js';
import type { PfnRange } from '../../mm/pfn-range.js';
import { joinMoves } from '../moves.js';
import type { HighOrderRequest, HighOrderResult, JobOutcome, PagesScanned } from '../strategy.js';
import { countFreeRanges } from './free-ranges.js';
import { cheapestFirst, rangeCosts } from './range-costs.js';

/** What a strategy did, to be put beside what anybody could have done. */
export interface OrderWork {
  readonly strategy: string;
  readonly reports: readonly MigrationReport[];
  /** Ranges that it set out to make and that were free when it was done with them. */
  readonly ranges: readonly PfnRange[];
  readonly scanned?: PagesScanned;
  /** Refusals of its own, besides those of the reports. */
  readonly refusals?: readonly RefusalCount[];
}

/**
 * Takes stock of a machine before a strategy makes free blocks of an order on it, and draws up the result afterwards: so
 * all strategies are measured with one measure.
 *
 * @example
 * const request: HighOrderRequest = { order: 9, count: 2 };
 * const account = new OrderAccount(evacuator.service, request);
 * const work: OrderWork = { strategy: 'nothing', reports: [], ranges: [] };
 * account.result(work).made; // 0
 */
export class OrderAccount {
  readonly freeBefore: number;
  readonly #reclaimedBefore: number;
  #measured: { readonly costs: Uint32Array; readonly candidates: Uint32Array } | null = null;

  /** @throws VacateError kind 'usage' if the machine has no room for such an order, or the count is no count. */
  constructor(
    private readonly service: MigrationService,
    private readonly request: HighOrderRequest,
  ) {
    checkOrderRequest(service, request);
    if (request.bound !== false) this.#measure();
    this.freeBefore = countFreeRanges(service.host, request.order, request.zones);
    this.#reclaimedBefore = service.host.reclaim.counters.reclaimed;
  }

  /** What each range costs, see `rangeCosts`. */
  get costs(): Uint32Array {
    return this.#measure().costs;
  }

  /** Ranges that can be emptied, by number, cheapest first. */
  get candidates(): Uint32Array {
    return this.#measure().candidates;
  }

  #measure(): { readonly costs: Uint32Array; readonly candidates: Uint32Array } {
    if (this.#measured === null) {
      const { order, zones } = this.request;
      const costs = rangeCosts(this.service, order, zones);
      this.#measured = { costs, candidates: cheapestFirst(costs, order) };
    }
    return this.#measured;
  }

  /** How many ranges are wanted; Infinity for all. */
  get wanted(): number {
    return this.request.count === 'all' ? Number.POSITIVE_INFINITY : this.request.count;
  }

  /** Free ranges gained so far. */
  get made(): number {
    return countFreeRanges(this.service.host, this.request.order, this.request.zones) - this.freeBefore;
  }

  /** What the job has come to, measured as for every other strategy. */
  result({ strategy, reports, ranges, scanned, refusals = [] }: OrderWork): HighOrderResult {
    const { order, count } = this.request;
    const made = Math.max(0, this.made);
    return {
      outcome: this.#outcome(made),
      strategy,
      order,
      asked: count,
      made,
      freeBefore: this.freeBefore,
      lowerBound: this.#lowerBound(count === 'all' ? made : count),
      candidates: this.#measured?.candidates.length ?? null,
      ranges,
      pagesMigrated: reports.reduce((sum, report) => sum + report.migrated, 0),
      pagesReclaimed: this.service.host.reclaim.counters.reclaimed - this.#reclaimedBefore,
      scanned: scanned ?? null,
      refusals: mergeRefusals([...reports.map((report) => report.refused), refusals]),
      moved: joinMoves(reports),
    };
  }

  #lowerBound(count: number): number | null {
    return this.#measured === null ? null : sumOfCosts(this.#measured.costs, this.#measured.candidates, count);
  }

  /** Going over everything once is done when it is over, whatever came of it. */
  #outcome(made: number): JobOutcome {
    if (this.request.count === 'all' || made >= this.request.count) return 'done';
    return made > 0 ? 'partial' : 'refused';
  }
}

/** The moves that the cheapest `count` ranges take: nobody makes so many with fewer. */
export function sumOfCosts(costs: Uint32Array, candidates: Uint32Array, count: number): number {
  let sum = 0;
  for (let i = 0; i < Math.min(count, candidates.length); i++) sum += costs[candidates[i]!]!;
  return sum;
}

/** @throws VacateError kind 'usage'. */
export function checkOrderRequest({ host }: MigrationService, { order, count, zones }: HighOrderRequest): void {
  const highest = log2Floor(host.layout.nrPfns);
  if (!Number.isInteger(order) || order < 0 || order > highest)
    throw new VacateError(
      'usage',
      `order ${order} is not one of 0 to ${highest}, the orders that this machine has room for`,
    );
  if (count !== 'all' && (!Number.isInteger(count) || count < 1))
    throw new VacateError('usage', `count ${count} is neither "all" nor a whole number above 0`);
  for (const zone of zones ?? [])
    if (host.layout.zones[zone] === undefined)
      throw new VacateError('usage', `zone ${zone} is not one of 0 to ${host.layout.zones.length - 1}`);
}
