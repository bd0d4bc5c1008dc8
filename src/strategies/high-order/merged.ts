import { inject, injectable } from 'inversify';
import { RangeEvents } from '../../events/range-events.js';
import { MigrationService } from '../../migration/migration-service.js';
import { NR_MAX_MIGRATE_PASSES } from '../../mm/migrate-mode.js';
import { type PfnRange, rangeOf } from '../../mm/pfn-range.js';
import { announced } from '../announced.js';
import { makeRoom } from '../make-room.js';
import type { HighOrderRequest, HighOrderResult, HighOrderStrategy, Job } from '../strategy.js';
import { checkOrderRequest, OrderAccount } from './order-account.js';
import { wouldEmpty } from './range-costs.js';
import { RangeGlance } from './range-glance.js';
import { RangeMaker } from './range-maker.js';
import { type Found, RangeSearch } from './range-search.js';

/** What a look over the machine came to. */
interface Round {
  /** Ranges that only something passing stands in the way of. */
  readonly later: number;
  /** Cost of the first range for which there was no room; null if room was not what was missing. */
  readonly tooDear: number | null;
  /** Pages looked at, if that were not all. */
  readonly looked: number;
}

/** For more ranges than this at a time, looking at all of memory is the quickest. */
const MOST_SEARCHED = 1024;

/**
 * The planner that LWN asked for, making blocks: of each of the systems that came before, what it was best at. It knows
 * the whole of memory before it moves a page (booking), takes the aligned ranges that cost least (2.6.9's patch walked
 * around free blocks wherever they lay), asks each page first (the form of 2005), keeps everybody out of a range that it
 * empties (page capture), moves into holes (compaction), each page once, gives up a range rather than wait for it and
 * waits when there is no other, and takes memory from its owners only for the room that is missing (kswapd).
 */
@injectable()
export class MergedHighOrder implements HighOrderStrategy {
  readonly name = 'merged';
  readonly about =
    'the planner that LWN asked for: the cheapest aligned ranges, asked first, emptied once; waits and reclaims only where it must';

  readonly #search: RangeSearch;

  constructor(
    @inject(MigrationService) private readonly service: MigrationService,
    @inject(RangeEvents) private readonly events: RangeEvents,
  ) {
    this.#search = new RangeSearch(service);
  }

  run(request: HighOrderRequest): Job<HighOrderResult> {
    checkOrderRequest(this.service, request);
    return announced(this.events, { frontEnd: 'high-order', strategy: this.name, ranges: [] }, this.#makeFree(request));
  }

  *#makeFree(request: HighOrderRequest): Job<HighOrderResult> {
    const { service, events } = this;
    const { host } = service;
    // Who is in a hurry is served by what draining alone brings; who counts wants blocks made beyond that.
    const early = request.bound === false ? new OrderAccount(service, request) : null;
    host.drain();
    yield { step: 'scanning', done: 0, total: host.layout.nrPfns };
    const account = early ?? new OrderAccount(service, request);
    const maker = new RangeMaker(service, events, request.order);
    const glance = new RangeGlance(service, request.order, request.zones);
    const missing = () => account.wanted - account.made - maker.made.length;
    let last: Round = { later: 0, tooDear: null, looked: 0 };
    let looked = 0;
    try {
      for (let fruitless = 0; missing() > 0 && fruitless < NR_MAX_MIGRATE_PASSES; ) {
        const before = maker.made.length;
        last = yield* this.#round(request, maker, glance, missing);
        looked += last.looked;
        if (missing() <= 0) break;
        fruitless = maker.made.length > before ? 0 : fruitless + 1;
        if (last.tooDear !== null) {
          if (!(yield* this.#findRoom(request, maker))) break;
        } else if (fruitless > 0) {
          if (last.later === 0 || fruitless === NR_MAX_MIGRATE_PASSES) break;
          host.relax();
          yield { step: 'waiting', done: fruitless, total: NR_MAX_MIGRATE_PASSES };
        }
        maker.beginRound();
      }
    } finally {
      maker.release();
    }
    return account.result({
      strategy: this.name,
      reports: maker.reports,
      ranges: maker.made,
      ...(looked === 0 ? {} : { scanned: { migrate: looked, free: 0 } }),
      refusals: request.count === 'all' ? [] : maker.shortage(last.tooDear, account.wanted - account.made),
    });
  }

  /**
   * True if there may be room for one more range soon. If all that can be made was asked for, everything that fits has
   * been made, and room for more would cost others their memory without end: only what they give up by themselves counts.
   */
  *#findRoom(request: HighOrderRequest, maker: RangeMaker): Job<boolean> {
    if (request.count === 'all') {
      yield { step: 'waiting', done: 1, total: 1 };
      return maker.pagesWithoutRoom === 0;
    }
    const { isExhausted } = yield* makeRoom(this.service.host, () => maker.pagesWithoutRoom);
    return !isExhausted || maker.pagesWithoutRoom === 0;
  }

  /** Goes over the ranges once, cheapest first, until there are enough or no room is left. */
  *#round(request: HighOrderRequest, maker: RangeMaker, glance: RangeGlance, missing: () => number): Job<Round> {
    const { service } = this;
    const { order } = request;
    const found = this.#look(request, missing(), glance);
    const { ranges: cheapest, costs, looked } = found;
    let { later } = found;
    for (let next = 0; next < cheapest.length && missing() > 0; ) {
      const ranges: PfnRange[] = [];
      const wanted = missing();
      for (; next < cheapest.length && ranges.length < wanted && !maker.isOutOfRoom; next++) {
        const range = rangeOf(cheapest[next]! * 2 ** order, 2 ** order);
        if (maker.hasTried(range)) continue;
        const answer = wouldEmpty(service, range.start, 2 ** order);
        if (answer === 'later') later++;
        if (answer === 'yes' && maker.book(range)) ranges.push(range);
      }
      if (ranges.length === 0) {
        if (next < cheapest.length) return { later, looked, tooDear: costs[next]! };
        break;
      }
      yield* maker.makeFree(ranges);
      maker.giveUpFailed();
    }
    return { later, looked, tooDear: null };
  }

  /** All of memory for who counts; as much of it as is worth the while for who is in a hurry. */
  #look({ order, zones, bound }: HighOrderRequest, wanted: number, glance: RangeGlance): Found {
    if (bound === false && wanted <= MOST_SEARCHED) return this.#search.find(order, wanted, zones);
    const used = glance.look();
    const ranges = glance.cheapestFirst();
    return { ranges, costs: ranges.map((range) => used[range]!), later: 0, looked: 0 };
  }
}
