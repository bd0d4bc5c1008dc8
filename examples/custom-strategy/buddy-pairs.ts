import {
  announced,
  defineStrategy,
  evacuate,
  type HighOrderRequest,
  type HighOrderResult,
  type HighOrderStrategy,
  isVacant,
  type Job,
  MAX_PAGE_ORDER,
  type MigrationReport,
  OrderAccount,
  type PfnRange,
  rangeOf,
  type StrategyTools,
} from 'vacate/strategy';

/**
 * Marcelo Tosatti's idea of 2004, aligned: where half of a block is free already, move the pages of the other half away.
 * It never looks at all of memory, only at the free lists, and so it misses whatever is cheap but not half free.
 */
class BuddyPairs implements HighOrderStrategy {
  readonly name = 'buddy-pairs';
  readonly about = 'an example: where half of a block is free, the other half moves away';

  constructor(private readonly tools: StrategyTools) {}

  doesNotApply({ order }: HighOrderRequest): string | null {
    const serves = order >= 1 && order <= MAX_PAGE_ORDER;
    return serves ? null : `halves of blocks are on free lists for orders 1 to ${MAX_PAGE_ORDER}, not for ${order}`;
  }

  run(request: HighOrderRequest): Job<HighOrderResult> {
    const start = { frontEnd: 'high-order', strategy: this.name, ranges: [] } as const;
    return announced(this.tools.events, start, this.#makeFree(request));
  }

  *#makeFree(request: HighOrderRequest): Job<HighOrderResult> {
    const { service, events } = this.tools;
    const { host } = service;
    host.drain();
    const account = new OrderAccount(service, request);
    const reports: MigrationReport[] = [];
    const isolated: PfnRange[] = [];
    const made: PfnRange[] = [];
    try {
      for (const range of this.#halfFree(request)) {
        if (made.length >= account.wanted) break;
        if (!this.#wouldGo(range)) continue;
        // From now on nobody gets a page of it, so no page moves from one half into the other.
        host.isolateRange(range);
        isolated.push(range);
        reports.push(yield* evacuate(service, [range], request.order));
        host.drain();
        if (!isVacant(host.columns.flags, range)) continue;
        made.push(range);
        events.emit({ kind: 'block-made', range });
      }
    } finally {
      for (const range of isolated) host.undoIsolateRange(range);
    }
    return account.result({ strategy: this.name, reports, ranges: made });
  }

  /** Blocks of the order of which one half is free, as the free lists have those halves when we look. */
  *#halfFree({ order, zones }: HighOrderRequest): Generator<PfnRange> {
    const { host } = this.tools.service;
    const size = 2 ** order;
    for (const zone of zones ?? host.layout.zones.keys())
      for (const half of host.free.blocks(zone, order - 1)) {
        // Earlier moves may have used it up.
        const range = rangeOf(half - (half % size), size);
        if (host.free.blockOrder(half) === order - 1 && host.zoneOf(range.start) === zone) yield range;
      }
  }

  #wouldGo({ start, end }: PfnRange): boolean {
    for (let pfn = start; pfn < end; pfn++) if (this.tools.service.judge(pfn) !== 0) return false;
    return true;
  }
}

export default defineStrategy({ frontEnd: 'high-order', create: (tools) => new BuddyPairs(tools) });
