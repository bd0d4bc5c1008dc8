import { inject, injectable } from 'inversify';
import { RangeEvents } from '../../events/range-events.js';
import { MigrationService } from '../../migration/migration-service.js';
import { type Order, PAGEBLOCK_PAGES } from '../../mm/units.js';
import { announced } from '../announced.js';
import { makeRoom } from '../make-room.js';
import type {
  HighOrderResult,
  HighOrderStrategy,
  Job,
  ReclaimRequest,
  ReclaimResult,
  ReclaimStrategy,
} from '../strategy.js';
import { Planner } from '../tokens.js';
import { checkReclaimOrder, problemWithOrder, ReclaimAccount } from './reclaim-account.js';
import { ZoneMarks } from './zone-marks.js';

/** At most this share of a zone is made ready for requests that have not come yet. */
const MOST_READY = 1 / 16;

/**
 * The composition that Nick Piggin and Marcelo Tosatti agreed on, with the merged planner in the place of the coalescer,
 * and in the order that costs others least: blocks are made from what is free as long as that goes, and only what a zone
 * lacks in pages is taken from their owners, no more. Requests seldom come alone: it begins with as many blocks as fill a pageblock,
 * and each time it is woken again it makes twice as many ready, until one wake-up finds nothing to do.
 */
@injectable()
export class MergedReclaim implements ReclaimStrategy {
  readonly name = 'merged';
  readonly about =
    'makes blocks out of free pages first and takes memory only where pages are missing, ever further ahead';
  /** Blocks of each order to have ready when it is woken next. */
  readonly #ready = new Map<Order, number>();

  constructor(
    @inject(MigrationService) private readonly service: MigrationService,
    @inject(RangeEvents) private readonly events: RangeEvents,
    @inject(Planner) private readonly planner: HighOrderStrategy,
  ) {}

  doesNotApply({ order }: ReclaimRequest): string | null {
    return problemWithOrder(order);
  }

  run({ order }: ReclaimRequest): Job<ReclaimResult> {
    checkReclaimOrder(order);
    const job = this.#balance(order);
    return announced(this.events, { frontEnd: 'reclaim', strategy: this.name, ranges: [] }, job);
  }

  *#balance(order: Order): Job<ReclaimResult> {
    const { host } = this.service;
    const marks = new ZoneMarks(host);
    const account = new ReclaimAccount(host, order);
    const zones = marks.below(order, 'high');
    if (zones.length === 0) {
      this.#ready.delete(order);
      return account.result({ strategy: this.name, woken: false });
    }
    const ready = this.#readyNext(order, zones);
    yield* this.#pages(zones, ready * 2 ** order);
    const coalesced =
      order === 0 ? null : yield* this.#blocks(order, Math.max(ready, marks.blocksShort(order, 'high')), zones);
    return account.result({ strategy: this.name, woken: true, ...(coalesced === null ? {} : { coalesced }) });
  }

  #readyNext(order: Order, zones: readonly number[]): number {
    const { zones: shapes } = this.service.host.layout;
    const pages = zones.reduce((sum, zone) => sum + shapes[zone]!.end - shapes[zone]!.start, 0);
    const most = Math.max(1, Math.floor((pages * MOST_READY) / 2 ** order));
    const first = Math.max(1, PAGEBLOCK_PAGES / 2 ** order);
    const ready = Math.min(most, (this.#ready.get(order) ?? first / 2) * 2);
    this.#ready.set(order, ready);
    return ready;
  }

  /** So many free pages above the high marks of the zones, reclaimed as far as they are missing. */
  *#pages(zones: readonly number[], wanted: number): Job<void> {
    const { host } = this.service;
    const { zones: shapes } = host.layout;
    const missing = () =>
      wanted -
      zones.reduce(
        (sum, zone) => sum + host.free.nrPages(zone) - host.free.watermark(zone, 'high', shapes[zone]!.kind),
        0,
      );
    yield* makeRoom(host, () => Math.max(0, missing()), zones);
  }

  #blocks(order: Order, count: number, zones: readonly number[]): Job<HighOrderResult> {
    return this.planner.run({ order, count, zones, bound: false });
  }
}
