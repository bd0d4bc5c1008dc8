import type { MigrationService } from '../migration/migration-service.js';
import { blockRange } from '../mm/memory-block.js';
import { sumOfCosts } from '../strategies/high-order/order-account.js';
import { cheapestFirst, rangeCosts } from '../strategies/high-order/range-costs.js';
import { nrInUse } from '../strategies/pages-in-use.js';
import type { CompareJob } from './job.js';

/** What a job meets on a machine before anybody has touched it; the same for all strategies. */
export interface Stake {
  /** Ranges of the order that could be emptied, one at a time; null for other jobs. */
  readonly candidates: number | null;
  /** Pages in use where memory is to go offline; null for other jobs. */
  readonly livePages: number | null;
  /** The fewest moves with which so many ranges can be emptied; null for other jobs. */
  bound(made: number): number | null;
}

export function stakeOf(service: MigrationService, job: CompareJob): Stake {
  switch (job.kind) {
    case 'high-order': {
      const costs = rangeCosts(service, job.order);
      const candidates = cheapestFirst(costs, job.order);
      return {
        candidates: candidates.length,
        livePages: null,
        bound: (made) => sumOfCosts(costs, candidates, made),
      };
    }
    case 'offline': {
      const { host } = service;
      const ranges = job.blocks.map((block) => blockRange(block, host.layout.blockPages));
      const livePages = ranges.reduce((sum, range) => sum + nrInUse(host, range), 0);
      return { candidates: null, livePages, bound: () => null };
    }
    case 'requests':
      return { candidates: null, livePages: null, bound: () => null };
  }
}
