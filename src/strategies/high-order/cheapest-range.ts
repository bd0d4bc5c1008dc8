import { inject, injectable } from 'inversify';
import { RangeEvents } from '../../events/range-events.js';
import { type MigrationReport, mergeRefusals, type RefusalCount } from '../../migration/migration-report.js';
import { MigrationService } from '../../migration/migration-service.js';
import { type PfnRange, rangeOf } from '../../mm/pfn-range.js';
import type { Order } from '../../mm/units.js';
import { evacuate, isVacant } from '../evacuate.js';
import { joinMoves } from '../moves.js';
import type { HighOrderRequest, HighOrderResult, HighOrderStrategy, Job } from '../strategy.js';
import { cheapestFirst, rangeCosts } from './range-costs.js';

/**
 * Chooses the aligned ranges that are cheapest to empty, moves their pages into the smallest holes elsewhere, and takes
 * the next cheapest for every range that fails. Since a page counts for one range only, and targets are never taken from
 * a chosen range, the moves it needs are the sum of the costs: the lower bound, if nothing refuses on the way.
 */
@injectable()
export class CheapestRange implements HighOrderStrategy {
  readonly name = 'cheapest-range';

  constructor(
    @inject(MigrationService) private readonly service: MigrationService,
    @inject(RangeEvents) private readonly events: RangeEvents,
  ) {}

  *run({ order, count }: HighOrderRequest): Job<HighOrderResult> {
    const { service, events } = this;
    service.host.drain();
    yield { step: 'scanning', done: 0, total: service.host.layout.nrPfns };
    const costs = rangeCosts(service, order);
    const candidates = cheapestFirst(costs, order);
    const lowerBound = sumOfCosts(costs, candidates, count);
    const attempt = new Attempt(service, events, order);
    events.emit({ kind: 'run-started', frontEnd: 'high-order', strategy: this.name, ranges: [] });
    let next = 0;
    try {
      while (attempt.made.length < count && next < candidates.length) {
        const chosen = choose(service, candidates, next, count - attempt.made.length, attempt);
        next = chosen.next;
        if (chosen.ranges.length > 0) yield* attempt.makeFree(chosen.ranges);
        else if (chosen.outOfRoom) break;
      }
    } finally {
      attempt.release();
    }
    const made = attempt.made.length;
    const outcome = made >= count ? 'done' : made > 0 ? 'partial' : 'refused';
    events.emit({ kind: 'run-finished', outcome });
    return {
      outcome,
      strategy: this.name,
      order,
      asked: count,
      made,
      freeBefore: costs.reduce((sum, cost) => sum + (cost === 0 ? 1 : 0), 0),
      lowerBound,
      candidates: candidates.length,
      ranges: attempt.made,
      pagesMigrated: attempt.reports.reduce((sum, report) => sum + report.migrated, 0),
      refusals: attempt.refusals(candidates.length, next, count),
      moved: joinMoves(attempt.reports),
    };
  }
}

function sumOfCosts(costs: Uint32Array, candidates: Uint32Array, count: number): number {
  let sum = 0;
  for (let i = 0; i < Math.min(count, candidates.length); i++) sum += costs[candidates[i]!]!;
  return sum;
}

/**
 * The next candidates, as many as are wanted and have room for their pages outside the chosen ranges. One in which a page
 * of an earlier round has landed is passed over: that page would have to move twice.
 */
function choose(
  { host }: MigrationService,
  candidates: Uint32Array,
  from: number,
  wanted: number,
  attempt: Attempt,
): { ranges: PfnRange[]; next: number; outOfRoom: boolean } {
  const size = 2 ** attempt.order;
  const landed = attempt.rangesWithArrivals();
  let room = host.roomOutside([]).pages;
  const ranges: PfnRange[] = [];
  let next = from;
  for (; next < candidates.length && ranges.length < wanted; next++) {
    if (landed.has(candidates[next]!)) continue;
    // A chosen range needs room for its pages in use, and takes its free ones away from the others: its size in all.
    room -= size;
    if (room < 0) return { ranges, next, outOfRoom: true };
    ranges.push(rangeOf(candidates[next]! * size, size));
  }
  return { ranges, next, outOfRoom: false };
}

/** Ranges in hand: isolated, being emptied, made. */
class Attempt {
  readonly made: PfnRange[] = [];
  readonly reports: MigrationReport[] = [];
  #isolated: PfnRange[] = [];

  constructor(
    private readonly service: MigrationService,
    private readonly events: RangeEvents,
    readonly order: Order,
  ) {}

  /** Ranges, by number, to which pages have moved in this run. */
  rangesWithArrivals(): Set<number> {
    const landed = new Set<number>();
    for (const { targets } of this.reports)
      for (const target of targets) landed.add(Math.floor(target / 2 ** this.order));
    return landed;
  }

  *makeFree(ranges: readonly PfnRange[]): Job<void> {
    const { host } = this.service;
    for (const range of ranges) {
      host.isolateRange(range);
      this.#isolated.push(range);
      this.events.emit({ kind: 'range-isolated', range });
    }
    const ascending = [...ranges].sort((a, b) => a.start - b.start);
    this.reports.push(yield* evacuate(this.service, ascending, this.order));
    host.drain();
    for (const range of ascending) {
      if (isVacant(host.columns.flags, range)) {
        this.made.push(range);
        this.events.emit({ kind: 'block-made', range });
      } else this.events.emit({ kind: 'refused', range, reason: 'some of its pages stayed' });
    }
  }

  /** Gives every range back to the allocator: the free ones as blocks of the order that was asked for. */
  release(): void {
    for (const range of this.#isolated) {
      this.service.host.undoIsolateRange(range);
      this.events.emit({ kind: 'range-isolation-undone', range });
    }
    this.#isolated = [];
  }

  refusals(candidates: number, tried: number, wanted: number): RefusalCount[] {
    const refusals = mergeRefusals(this.reports.map((report) => report.refused));
    const missing = wanted - this.made.length;
    if (missing <= 0) return refusals;
    const noRoom = tried < candidates;
    return [
      ...refusals,
      {
        handler: 'core',
        reason: noRoom ? 'no-room' : 'no-candidates',
        kind: noRoom ? 'retry' : 'permanent',
        because: noRoom
          ? `${missing} more ranges could be emptied, but their pages have no room elsewhere; free memory or ask for fewer`
          : `every other range holds pages that cannot move; ask for ${this.made.length} or a smaller order`,
        pages: missing * 2 ** this.order,
        pfns: [],
      },
    ];
  }
}
