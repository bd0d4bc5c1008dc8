import type { OrderSurvey } from './order-survey.js';

/*
 * Which node makes how many ranges. It looks at surveys alone, in the order of nodes: not at who is quick or idle, so
 * the plan is the same for any number of threads.
 */

/** A survey as far as a plan needs it. */
export type Stock = Pick<OrderSurvey, 'costs' | 'ranges' | 'room'>;

/**
 * How many ranges each node is to make so that all together move the fewest pages: the cheapest of all nodes, ties by
 * address, each node as far as it has room. What then is missing goes to the cheapest that are left, room or not, as
 * memory can be taken from its owners; and what no node has a range for to the node with the most, which will say why
 * it cannot be done.
 */
export function shareOut(stocks: readonly Stock[], count: number): number[] {
  const shares = stocks.map(() => 0);
  let left = count;
  const limits = stocks.map(({ room }) => room);
  left -= takeCheapest(stocks, left, limits, shares);
  left -= takeCheapest(stocks, left, stocks.map(nrRanges), shares);
  if (left > 0 && stocks.length > 0) shares[richest(stocks)]! += left;
  return shares;
}

/** The moves of the `count` cheapest ranges of all nodes: nobody makes so many with fewer if pages stay in their node. */
export function lowerBoundOf(stocks: readonly Stock[], count: number): number {
  let moves = 0;
  let left = count;
  for (const { cost, ranges } of byCost(stocks)) {
    moves += cost * Math.min(left, ranges);
    left -= Math.min(left, ranges);
  }
  return moves;
}

/** Ranges that can be emptied, whatever they cost. */
export function nrRanges({ ranges }: Stock): number {
  return ranges.reduce((sum, nr) => sum + nr, 0);
}

interface Level {
  readonly cost: number;
  readonly node: number;
  readonly ranges: number;
}

/** Ranges of all nodes by cost, those of one cost by node. */
function byCost(stocks: readonly Stock[]): Level[] {
  const levels = stocks.flatMap(({ costs, ranges }, node) =>
    Array.from(costs, (cost, at) => ({ cost, node, ranges: ranges[at]! })),
  );
  return levels.sort((a, b) => a.cost - b.cost || a.node - b.node);
}

/**
 * Adds to `shares` up to `wanted` ranges, no node beyond its limit; returns how many it added. What a node has already is
 * its cheapest.
 */
function takeCheapest(stocks: readonly Stock[], wanted: number, limits: readonly number[], shares: number[]): number {
  const passed = shares.slice();
  let taken = 0;
  for (const { node, ranges } of byCost(stocks)) {
    const there = Math.min(passed[node]!, ranges);
    passed[node]! -= there;
    const more = Math.min(ranges - there, wanted - taken, Math.max(0, limits[node]! - shares[node]!));
    shares[node]! += more;
    taken += more;
  }
  return taken;
}

function richest(stocks: readonly Stock[]): number {
  const nrs = stocks.map(nrRanges);
  return nrs.indexOf(Math.max(...nrs));
}
