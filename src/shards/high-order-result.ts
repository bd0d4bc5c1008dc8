import { mergeRefusals, type RefusalCount } from '../migration/migration-report.js';
import { type PfnRange, rangeOf } from '../mm/pfn-range.js';
import type { Order } from '../mm/units.js';
import type { HighOrderRequest, HighOrderResult, JobOutcome } from '../strategies/strategy.js';
import type { OrderSurvey } from './order-survey.js';
import type { HighOrderWork } from './shard.js';
import type { ShardNode } from './shard-group.js';
import { lowerBoundOf, nrRanges } from './share-out.js';
import { refusalsAt, type ShardTotals, sumOfScanned, sumOrNull, totalsOf } from './totals.js';

/** What was asked of a node, in all rounds, and what it did. */
export interface NodeOrderWork {
  asked: number;
  readonly done: HighOrderWork[];
}

/** What one node did. Page frames are numbered over all nodes. */
export interface NodeHighOrder {
  readonly node: number;
  readonly name: string;
  /** Ranges that were to be made here. */
  readonly asked: number | 'all';
  readonly made: number;
  readonly pagesMigrated: number;
  readonly cpuMs: number | null;
  readonly refusals: readonly RefusalCount[];
  /** Why nobody knows what became of it; null if it is well. */
  readonly lost: string | null;
}

/** A high-order job over several nodes: all that was made, and by which node. */
export interface ShardedHighOrder
  extends ShardTotals,
    Pick<
      HighOrderResult,
      'outcome' | 'order' | 'asked' | 'made' | 'scanned' | 'lowerBound' | 'candidates' | 'ranges' | 'refusals'
    > {
  /** Of the nodes that could say; null if none could. */
  readonly freeBefore: number | null;
  readonly nodes: readonly NodeHighOrder[];
}

/** Draws up the result. `surveys` is what nodes could do before anybody began; null if nobody asked. */
export function highOrderResult(
  nodes: readonly ShardNode[],
  { order, count, bound }: Pick<HighOrderRequest, 'order' | 'count' | 'bound'>,
  works: readonly NodeOrderWork[],
  surveys: readonly (OrderSurvey | null)[] | null,
): ShardedHighOrder {
  const all = works.flatMap(({ done }) => done);
  const byNode = nodes.map((node) => nodeResult(node, works[node.node]!, count));
  const made = all.reduce((sum, work) => sum + work.made, 0);
  const totals = totalsOf(all);
  const stocks = surveys?.filter((survey) => survey !== null) ?? null;
  const isBounded = bound !== false && stocks !== null;
  const sum = (of: (work: HighOrderWork) => number | null) => (all.length === 0 ? null : sumOrNull(all.map(of)));
  const ofStocks = (of: (stock: OrderSurvey) => number) => stocks!.reduce((total, stock) => total + of(stock), 0);
  return {
    ...totals,
    outcome: outcomeOf(made, count, byNode, totals.stopped),
    order,
    asked: count,
    made,
    freeBefore: stocks === null ? sum(({ freeBefore }) => freeBefore) : ofStocks(({ freeBefore }) => freeBefore),
    candidates: isBounded ? ofStocks(nrRanges) : sum(({ candidates }) => candidates),
    lowerBound: isBounded && count !== 'all' ? lowerBoundOf(stocks, count) : sum(({ lowerBound }) => lowerBound),
    scanned: sumOfScanned(all.map(({ scanned }) => scanned)),
    ranges: nodes.flatMap((node) => works[node.node]!.done.flatMap(({ starts }) => rangesAt(node, starts, order))),
    refusals: mergeRefusals(byNode.map(({ refusals }) => refusals)),
    nodes: byNode,
  };
}

function nodeResult(node: ShardNode, { asked, done }: NodeOrderWork, count: number | 'all'): NodeHighOrder {
  return {
    node: node.node,
    name: node.facts.name,
    asked: count === 'all' ? count : asked,
    made: done.reduce((sum, { made }) => sum + made, 0),
    pagesMigrated: done.reduce((sum, { pagesMigrated }) => sum + pagesMigrated, 0),
    cpuMs: sumOrNull(done.map(({ cpuMs }) => cpuMs)),
    refusals: refusalsAt(node, mergeRefusals(done.map(({ refusals }) => refusals))),
    lost: node.lost,
  };
}

function rangesAt({ firstPfn }: ShardNode, starts: Uint32Array, order: Order): PfnRange[] {
  return Array.from(starts, (start) => rangeOf(firstPfn + start, 2 ** order));
}

/** Going over everything once is done when it is over, unless somebody stopped it, or a node is lost. */
function outcomeOf(made: number, count: number | 'all', nodes: readonly NodeHighOrder[], stopped: boolean): JobOutcome {
  const isWhole = count === 'all' ? !stopped && nodes.every(({ lost }) => lost === null) : made >= count;
  if (isWhole) return 'done';
  return made > 0 ? 'partial' : 'refused';
}
