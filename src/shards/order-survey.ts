import type { MigrationService } from '../migration/migration-service.js';
import { countFreeRanges } from '../strategies/high-order/free-ranges.js';
import { checkOrderRequest } from '../strategies/high-order/order-account.js';
import { cheapestFirst, rangeCosts } from '../strategies/high-order/range-costs.js';
import { usedPagesByRange } from '../strategies/high-order/range-glance.js';
import { roomInFragments } from '../strategies/high-order/range-maker.js';
import type { HighOrderRequest } from '../strategies/strategy.js';

/** What a node could do for an order; all that a plan over several nodes looks at. */
export interface OrderSurvey {
  /** Different costs of ranges that can be emptied, in pages to move, ascending. */
  readonly costs: Uint32Array;
  /** How many ranges there are of each cost. */
  readonly ranges: Uint32Array;
  /** Ranges for which there is room before memory has to be taken from its owners. */
  readonly room: number;
  /** Ranges that are free already. */
  readonly freeBefore: number;
}

/**
 * Surveys a node. Unless `bound` is false every page is asked, so that the costs are those of ranges that would go, and
 * no plan can do with less; otherwise they are from a glance, and some of the ranges may refuse.
 *
 * @throws VacateError kind 'usage'.
 */
export function surveyOrder(service: MigrationService, request: HighOrderRequest): OrderSurvey {
  checkOrderRequest(service, request);
  const { order, zones, bound } = request;
  service.host.drain();
  const costs = (bound === false ? usedPagesByRange : rangeCosts)(service, order, zones);
  return {
    ...grouped(costs, cheapestFirst(costs, order)),
    room: Math.floor(roomInFragments(service, order) / 2 ** order),
    freeBefore: countFreeRanges(service.host, order, zones),
  };
}

/** A node has half a million ranges of order 9, and at most 512 different costs. */
function grouped(costs: Uint32Array, cheapest: Uint32Array): Pick<OrderSurvey, 'costs' | 'ranges'> {
  const different: number[] = [];
  const ranges: number[] = [];
  for (const range of cheapest) {
    const cost = costs[range]!;
    if (different[different.length - 1] !== cost) {
      different.push(cost);
      ranges.push(0);
    }
    ranges[ranges.length - 1]!++;
  }
  return { costs: Uint32Array.from(different), ranges: Uint32Array.from(ranges) };
}
