import { inject, injectable } from 'inversify';
import { RangeEvents } from '../../events/range-events.js';
import type { MemoryHost } from '../../host/memory-host.js';
import { MigrationService } from '../../migration/migration-service.js';
import type { Order } from '../../mm/units.js';
import { announced } from '../announced.js';
import { labelOf } from '../labels.js';
import type { Job, Manner, ReclaimRequest, ReclaimResult, ReclaimStrategy } from '../strategy.js';
import { bugsOf, KSWAPD_MODES, KSWAPD_NOTES, KSWAPD_SWITCHES } from './kswapd-switches.js';
import { checkReclaimOrder, problemWithOrder, ReclaimAccount } from './reclaim-account.js';
import { ZoneMarks } from './zone-marks.js';

/** Urgency of a round's first pass, mm/vmscan.c. */
const DEF_PRIORITY = 12;
/** Pages that kswapd wants of a zone at a time, include/linux/swap.h. */
const SWAP_CLUSTER_MAX = 32;

/** One node's kswapd (pg_data_t). */
interface Kswapd {
  readonly zones: readonly number[];
  /** Highest order asked for since it last looked (kswapd_max_order). */
  maxOrder: Order;
  isAwake: boolean;
}

/**
 * Nick Piggin's higher-order watermarks ("beat kswapd with the proverbial clue-bat", Sep 2004): an allocation that finds
 * its zones below the low mark for its order wakes kswapd, which frees pages in plain LRU order until every zone of the
 * node is above its high mark for that order. Nobody chooses neighbours, so a block of the order comes about by chance.
 *
 * It is lazy: what nobody has asked for is never freed for, and when a whole round from priority 12 to 0 frees less than
 * a batch, it gives up until it is woken again. Like the kswapd of 2004 it counts what is in buddy; pages that it has
 * freed and that still lie on a per-CPU list it does not see, and it does not drain them.
 */
@injectable()
export class KswapdOrders implements ReclaimStrategy {
  readonly name = 'kswapd-orders';
  readonly about = 'Nick Piggin, 2004: kswapd with watermarks for higher orders';
  readonly modes = KSWAPD_MODES;
  readonly switches = KSWAPD_SWITCHES;
  readonly notes = KSWAPD_NOTES;
  readonly #host: MemoryHost;
  readonly #marks: ZoneMarks;
  readonly #kswapds: readonly Kswapd[];

  constructor(
    @inject(MigrationService) service: MigrationService,
    @inject(RangeEvents) private readonly events: RangeEvents,
  ) {
    this.#host = service.host;
    this.#marks = new ZoneMarks(service.host);
    this.#kswapds = this.#marks.nodes.map((zones) => ({ zones, maxOrder: 0, isAwake: false }));
  }

  doesNotApply({ order }: ReclaimRequest): string | null {
    return problemWithOrder(order);
  }

  run(request: ReclaimRequest & Manner): Job<ReclaimResult> {
    checkReclaimOrder(request.order);
    const strategy = labelOf(this, request);
    const job = this.#serve(request.order, strategy, bugsOf(request));
    return announced(this.events, { frontEnd: 'reclaim', strategy, ranges: [] }, job);
  }

  *#serve(order: Order, strategy: string, bugs: ReadonlySet<string>): Job<ReclaimResult> {
    const account = new ReclaimAccount(this.#host, order);
    const woken = this.#kswapds.filter((kswapd) => this.#wakeup(kswapd, order, bugs));
    for (const kswapd of woken) yield* this.#kswapd(kswapd, account, bugs);
    return account.result({ strategy, woken: woken.length > 0 });
  }

  /** wakeup_kswapd for each zone of a node; true if it was asleep and is not any more. */
  #wakeup(kswapd: Kswapd, order: Order, bugs: ReadonlySet<string>): boolean {
    let wakes = false;
    for (const zone of kswapd.zones) {
      if (!this.#hasMemory(zone, bugs)) continue;
      if (bugs.has('inverted-wakeup')) {
        if (kswapd.maxOrder < order) continue;
        kswapd.maxOrder = order;
      } else {
        if (this.#marks.isOk(zone, order, 'low', bugs)) continue;
        kswapd.maxOrder = Math.max(kswapd.maxOrder, order);
      }
      wakes ||= !kswapd.isAwake;
    }
    return wakes;
  }

  /** The thread, from its wake-up until it sleeps again. Requests that come meanwhile find it awake. */
  *#kswapd(kswapd: Kswapd, account: ReclaimAccount, bugs: ReadonlySet<string>): Job<void> {
    kswapd.isAwake = true;
    try {
      for (let order = kswapd.maxOrder; ; ) {
        yield* this.#balance(kswapd.zones, order, account, bugs);
        const wanted = kswapd.maxOrder;
        kswapd.maxOrder = 0;
        // It does not sleep if somebody wants a larger block than it has just worked for.
        if (wanted <= (bugs.has('order-forgotten') ? 0 : order)) return;
        order = wanted;
      }
    } finally {
      kswapd.maxOrder = 0;
      kswapd.isAwake = false;
    }
  }

  /** balance_pgdat: rounds, as long as the last one freed a batch and some zone is still below its high mark. */
  *#balance(zones: readonly number[], order: Order, account: ReclaimAccount, bugs: ReadonlySet<string>): Job<void> {
    for (;;) {
      const before = account.reclaimed;
      if (yield* this.#round(zones, order, account, bugs)) return;
      if (account.reclaimed - before < SWAP_CLUSTER_MAX) return;
    }
  }

  /** Passes of rising urgency, until a batch is free; true if every zone is above its high mark. */
  *#round(zones: readonly number[], order: Order, account: ReclaimAccount, bugs: ReadonlySet<string>): Job<boolean> {
    const { reclaim } = this.#host;
    const scannedBefore = reclaim.counters.scanned;
    const before = account.reclaimed;
    for (let priority = DEF_PRIORITY; priority >= 0; priority--) {
      const last = zones.findLastIndex((zone) => this.#isLow(zone, order, bugs));
      if (last < 0) return true;
      let allOk = true;
      for (const zone of zones.slice(0, last + 1)) {
        if (!this.#hasMemory(zone, bugs)) continue;
        if (!this.#marks.isOk(zone, order, 'high', bugs, zones[last]!)) allOk = false;
        reclaim.shrinkZone(zone, priority, SWAP_CLUSTER_MAX);
      }
      yield { step: 'reclaiming', done: account.reclaimed, total: account.reclaimed + SWAP_CLUSTER_MAX };
      if (allOk) return true;
      // It is getting into trouble: the writes that it has begun are given time (blk_congestion_wait).
      if (reclaim.counters.scanned > scannedBefore && priority < DEF_PRIORITY - 2) this.#host.relax();
      if (account.reclaimed - before >= SWAP_CLUSTER_MAX) return false;
    }
    return zones.every((zone) => !this.#isLow(zone, order, bugs));
  }

  #isLow(zone: number, order: Order, bugs: ReadonlySet<string>): boolean {
    return this.#hasMemory(zone, bugs) && !this.#marks.isOk(zone, order, 'high', bugs);
  }

  #hasMemory(zone: number, bugs: ReadonlySet<string>): boolean {
    return bugs.has('no-present-check') || this.#marks.isPresent(zone);
  }
}
