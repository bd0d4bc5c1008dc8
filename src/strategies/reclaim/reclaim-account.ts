import { VacateError } from '../../base/vacate-error.js';
import type { MemoryHost } from '../../host/memory-host.js';
import type { RefusalCount } from '../../migration/migration-report.js';
import { MAX_PAGE_ORDER, type Order } from '../../mm/units.js';
import type { HighOrderResult, ReclaimResult } from '../strategy.js';
import { ZoneMarks } from './zone-marks.js';

/** What a strategy did, besides what the machine has counted. */
export interface ReclaimWork {
  readonly strategy: string;
  readonly woken: boolean;
  /** What defragmentation did on its behalf. */
  readonly coalesced?: HighOrderResult;
  readonly refusals?: readonly RefusalCount[];
}

/**
 * Draws up the result of background work: balanced is a machine on which an allocation of the order would find every
 * zone above its low mark, so that nobody would wake kswapd; that is measured without any of the bugs.
 */
export class ReclaimAccount {
  readonly #marks: ZoneMarks;
  readonly #reclaimedBefore: number;

  constructor(
    private readonly host: MemoryHost,
    private readonly order: Order,
  ) {
    this.#marks = new ZoneMarks(host);
    this.#reclaimedBefore = host.reclaim.counters.reclaimed;
  }

  /** Pages reclaimed so far. */
  get reclaimed(): number {
    return this.host.reclaim.counters.reclaimed - this.#reclaimedBefore;
  }

  result({ strategy, woken, coalesced, refusals = [] }: ReclaimWork): ReclaimResult {
    const below = this.#marks.below(this.order, 'low');
    const gained = this.reclaimed > 0 || (coalesced?.made ?? 0) > 0;
    return {
      outcome: below.length === 0 ? 'done' : gained ? 'partial' : 'refused',
      strategy,
      order: this.order,
      woken,
      pagesMigrated: coalesced?.pagesMigrated ?? 0,
      pagesReclaimed: this.reclaimed,
      scanned: coalesced?.scanned ?? null,
      refusals: [...refusals, ...(coalesced?.refusals ?? []), ...below.map((zone) => this.#shortage(zone))],
      moved: coalesced?.moved ?? { sources: new Uint32Array(0), targets: new Uint32Array(0) },
    };
  }

  /** Why the zone is still short, in its own numbers. */
  #shortage(zone: number): RefusalCount {
    const { free, layout } = this.host;
    const { kind, node } = layout.zones[zone]!;
    const mark = free.watermark(zone, 'low', kind);
    const total = free.nrPages(zone);
    const missing = Math.max(0, mark + 2 ** this.order - total);
    const because =
      missing > 0
        ? `zone ${kind} of node ${node} has ${total} free pages, ${missing} too few for an allocation of order ${this.order} ` +
          `above its low mark of ${mark}; free memory, or add swap so that more of it can be reclaimed`
        : `zone ${kind} of node ${node} has ${total} free pages, but too few of them in blocks of order ${this.order} and ` +
          'above; its free memory is in fragments, which moving pages would join';
    return { handler: 'core', reason: 'below-mark', kind: 'retry', because, pages: missing, pfns: [] };
  }
}

/** A sentence if no allocation has such an order, else null. */
export function problemWithOrder(order: Order): string | null {
  if (Number.isInteger(order) && order >= 0 && order <= MAX_PAGE_ORDER) return null;
  return `order ${order} is not one of 0 to ${MAX_PAGE_ORDER}, the orders that the page allocator serves`;
}

/** @throws VacateError kind 'usage'. */
export function checkReclaimOrder(order: Order): void {
  const problem = problemWithOrder(order);
  if (problem !== null) throw new VacateError('usage', problem);
}
