import { inject, injectable } from 'inversify';
import { RangeEvents } from '../../events/range-events.js';
import { MigrationService } from '../../migration/migration-service.js';
import { announced } from '../announced.js';
import type { HighOrderRequest, HighOrderResult, HighOrderStrategy, Job } from '../strategy.js';
import { checkOrderRequest, OrderAccount } from './order-account.js';
import { RangeMaker } from './range-maker.js';

/**
 * Chooses the aligned ranges that are cheapest to empty, moves their pages into the smallest holes elsewhere, and takes
 * the next cheapest for every range that fails. Since a page counts for one range only, and targets are never taken from
 * a chosen range, the moves it needs are the sum of the costs: the lower bound, if nothing refuses on the way.
 */
@injectable()
export class CheapestRange implements HighOrderStrategy {
  readonly name = 'cheapest-range';
  readonly about = 'the aligned ranges with the fewest pages to move, chosen over all of memory';

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
    const maker = new RangeMaker(service, events, request.order);
    let next = 0;
    try {
      while (maker.made.length < wanted && next < candidates.length) {
        const chosen = maker.choose(candidates, next, wanted - maker.made.length);
        next = chosen.next;
        if (chosen.ranges.length > 0) yield* maker.makeFree(chosen.ranges);
        else if (maker.isOutOfRoom) break;
      }
    } finally {
      maker.release();
    }
    const nextCost = next < candidates.length ? costs[candidates[next]!]! : null;
    return account.result({
      strategy: this.name,
      reports: maker.reports,
      ranges: maker.made,
      refusals: request.count === 'all' ? [] : maker.shortage(nextCost, request.count),
    });
  }
}
