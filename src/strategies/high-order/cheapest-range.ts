import { inject, injectable } from 'inversify';
import { RangeEvents } from '../../events/range-events.js';
import type { MigrationReport, RefusalCount } from '../../migration/migration-report.js';
import { MigrationService } from '../../migration/migration-service.js';
import { FREE_FLAGS } from '../../mm/page-flags.js';
import { type PfnRange, rangeOf } from '../../mm/pfn-range.js';
import { formatPages, type Order } from '../../mm/units.js';
import { announced } from '../announced.js';
import { evacuate, isVacant } from '../evacuate.js';
import type { HighOrderRequest, HighOrderResult, HighOrderStrategy, Job } from '../strategy.js';
import { checkOrderRequest, OrderAccount } from './order-account.js';

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

  run(request: HighOrderRequest): Job<HighOrderResult> {
    checkOrderRequest(this.service, request);
    return announced(this.events, { frontEnd: 'high-order', strategy: this.name, ranges: [] }, this.#makeFree(request));
  }

  *#makeFree(request: HighOrderRequest): Job<HighOrderResult> {
    const { service, events } = this;
    service.host.drain();
    yield { step: 'scanning', done: 0, total: service.host.layout.nrPfns };
    const account = new OrderAccount(service, request);
    const { candidates, costs, wanted } = account;
    const attempt = new Attempt(service, events, request.order, roomInFragments(service, costs, request.order));
    let next = 0;
    try {
      while (attempt.made.length < wanted && next < candidates.length) {
        const chosen = attempt.choose(candidates, next, wanted - attempt.made.length);
        next = chosen.next;
        if (chosen.ranges.length > 0) yield* attempt.makeFree(chosen.ranges);
        else if (attempt.isOutOfRoom) break;
      }
    } finally {
      attempt.release();
    }
    const nextCost = next < candidates.length ? costs[candidates[next]!]! : null;
    return account.result({
      strategy: this.name,
      reports: attempt.reports,
      ranges: attempt.made,
      refusals: request.count === 'all' ? [] : attempt.shortage(nextCost, request.count),
    });
  }
}

/**
 * Free pages that evacuation may use up, zone by zone: those of blocks that are whole already do not count, for breaking
 * one block to make another gains nothing.
 */
function roomInFragments({ host }: MigrationService, costs: Uint32Array, order: Order): number {
  const { flags } = host.columns;
  const fragments = new Float64Array(host.layout.zones.length);
  for (const [zone, { start, end }] of host.layout.zones.entries())
    for (let pfn = start; pfn < end; pfn++)
      if ((flags[pfn]! & FREE_FLAGS) !== 0) fragments[zone] = fragments[zone]! + 1;
  for (let i = 0; i < costs.length; i++) {
    if (costs[i] !== 0) continue;
    const zone = host.zoneOf(i * 2 ** order);
    fragments[zone] = fragments[zone]! - 2 ** order;
  }
  const { byZone } = host.roomOutside([]);
  return byZone.reduce((sum, room, zone) => sum + Math.min(room, fragments[zone]!), 0);
}

/** Ranges in hand: isolated, being emptied, made. */
class Attempt {
  readonly made: PfnRange[] = [];
  readonly reports: MigrationReport[] = [];
  #isolated: PfnRange[] = [];
  #passedOver = 0;

  constructor(
    private readonly service: MigrationService,
    private readonly events: RangeEvents,
    private readonly order: Order,
    private room: number,
  ) {}

  /** A chosen range needs room for its pages in use, and takes its free ones away from the others: its size in all. */
  get isOutOfRoom(): boolean {
    return this.room < 2 ** this.order;
  }

  /**
   * The next candidates, as many as are wanted and have room for their pages elsewhere. One in which a page of an earlier
   * round has landed is passed over: that page would have to move twice.
   */
  choose(candidates: Uint32Array, from: number, wanted: number): { ranges: PfnRange[]; next: number } {
    const size = 2 ** this.order;
    const landed = this.#rangesWithArrivals();
    const ranges: PfnRange[] = [];
    let next = from;
    for (; next < candidates.length && ranges.length < wanted && !this.isOutOfRoom; next++) {
      if (landed.has(candidates[next]!)) {
        this.#passedOver++;
        continue;
      }
      this.room -= size;
      ranges.push(rangeOf(candidates[next]! * size, size));
    }
    return { ranges, next };
  }

  /** Ranges, by number, to which pages have moved in this run. */
  #rangesWithArrivals(): Set<number> {
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

  /**
   * Why fewer were made than asked for, if so and if no page says it. `nextCost` is that of the first range that was not
   * tried, null if all were.
   */
  shortage(nextCost: number | null, wanted: number): RefusalCount[] {
    const missing = wanted - this.made.length;
    if (missing <= 0) return [];
    return [nextCost === null ? this.#noCandidates(missing) : this.#noRoom(nextCost)];
  }

  #noRoom(cost: number): RefusalCount {
    const outside = Math.max(0, this.room - (2 ** this.order - cost));
    const missing = cost - outside;
    const lessen = this.made.length > 0 ? ` or ask for ${this.made.length}` : '';
    const because =
      `the next range has ${cost} pages to move and ${outside} free pages lie in fragments outside it: ` +
      `${missing} (${formatPages(missing)}) are missing; free that much${lessen}`;
    return { handler: 'core', reason: 'no-room', kind: 'retry', because, pages: missing, pfns: [] };
  }

  #noCandidates(missing: number): RefusalCount {
    const again = this.#passedOver > 0;
    const because = again
      ? `${this.#passedOver} ranges hold pages that have only just moved there, and no page moves twice in a run; run it again`
      : 'every other range is free already or holds pages that cannot move; ask for fewer or a smaller order';
    const pages = missing * 2 ** this.order;
    return { handler: 'core', reason: 'no-candidates', kind: again ? 'retry' : 'permanent', because, pages, pfns: [] };
  }
}
