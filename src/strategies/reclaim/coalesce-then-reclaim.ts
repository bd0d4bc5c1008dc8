import type { MemoryHost } from '../../host/memory-host.js';
import type { RefusalCount } from '../../migration/migration-report.js';
import type { Order } from '../../mm/units.js';
import type {
  HighOrderRequest,
  HighOrderResult,
  HighOrderStrategy,
  Job,
  ReclaimResult,
  ReclaimStrategy,
} from '../strategy.js';
import { ReclaimAccount } from './reclaim-account.js';
import { ZoneMarks } from './zone-marks.js';

/** Who does what. */
export interface ReclaimParts {
  readonly host: MemoryHost;
  /** Frees memory by taking it away from its owners. */
  readonly kswapd: ReclaimStrategy;
  /** Joins free memory by moving pages. */
  readonly coalescer: HighOrderStrategy;
}

/**
 * The composition that Nick Piggin and Marcelo Tosatti agreed on (2 Oct 2004): if a zone is short of pages, reclaim; if it
 * has pages and is short of blocks of the order, try to make them out of what is free, and reclaim only if that fails.
 * Works with any strategy that makes blocks.
 */
export function* coalesceThenReclaim(parts: ReclaimParts, strategy: string, order: Order): Job<ReclaimResult> {
  const { host, kswapd } = parts;
  const marks = new ZoneMarks(host);
  const account = new ReclaimAccount(host, order);
  let woken = false;
  if (marks.below(0, 'low').length > 0) {
    yield* kswapd.run({ order: 0 });
    woken = true;
  }
  if (order === 0 || marks.below(order, 'low').length === 0) return account.result({ strategy, woken });
  const { coalesced, refusals } = yield* coalesce(parts.coalescer, {
    order,
    count: Math.max(1, marks.blocksShort(order, 'high')),
    zones: marks.below(order, 'high'),
    bound: false,
  });
  if (marks.below(order, 'low').length > 0) yield* kswapd.run({ order });
  return account.result({ strategy, woken: true, ...(coalesced === null ? {} : { coalesced }), refusals });
}

/** Makes so many blocks, or as many of them as go. */
function* coalesce(
  coalescer: HighOrderStrategy,
  request: HighOrderRequest,
): Job<{ coalesced: HighOrderResult | null; refusals: RefusalCount[] }> {
  const because = coalescer.doesNotApply?.(request) ?? null;
  if (because === null) return { coalesced: yield* coalescer.run(request), refusals: [] };
  const refusal = { handler: 'core', reason: 'no-coalescing', kind: 'permanent', because, pages: 0, pfns: [] } as const;
  return { coalesced: null, refusals: [refusal] };
}
