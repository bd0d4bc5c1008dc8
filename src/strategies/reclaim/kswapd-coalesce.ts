import { inject, injectable } from 'inversify';
import { RangeEvents } from '../../events/range-events.js';
import { MigrationService } from '../../migration/migration-service.js';
import { announced } from '../announced.js';
import type { HighOrderStrategy, Job, ReclaimRequest, ReclaimResult, ReclaimStrategy } from '../strategy.js';
import { Coalescer } from '../tokens.js';
import { coalesceThenReclaim } from './coalesce-then-reclaim.js';
import { KswapdOrders } from './kswapd-orders.js';
import { checkReclaimOrder, problemWithOrder } from './reclaim-account.js';

/**
 * kswapd with Nick Piggin's watermarks, which has Marcelo Tosatti's defragmentation make the blocks that are missing
 * before it takes memory away from anybody: as the two agreed in October 2004, and as was never built.
 */
@injectable()
export class KswapdCoalesce implements ReclaimStrategy {
  readonly name = 'kswapd-coalesce';
  readonly about = 'Nick Piggin and Marcelo Tosatti, 2004: kswapd that defragments before it takes memory';
  readonly #kswapd: KswapdOrders;

  constructor(
    @inject(MigrationService) private readonly service: MigrationService,
    @inject(RangeEvents) private readonly events: RangeEvents,
    @inject(Coalescer) private readonly coalescer: HighOrderStrategy,
  ) {
    this.#kswapd = new KswapdOrders(service, events);
  }

  doesNotApply({ order }: ReclaimRequest): string | null {
    return problemWithOrder(order);
  }

  run({ order }: ReclaimRequest): Job<ReclaimResult> {
    checkReclaimOrder(order);
    const parts = { host: this.service.host, kswapd: this.#kswapd, coalescer: this.coalescer };
    const job = coalesceThenReclaim(parts, this.name, order);
    return announced(this.events, { frontEnd: 'reclaim', strategy: this.name, ranges: [] }, job);
  }
}
