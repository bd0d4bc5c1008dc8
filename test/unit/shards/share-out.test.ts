import { Prng } from '../../../src/base/prng.js';
import { lowerBoundOf, nrRanges, type Stock, shareOut } from '../../../src/shards/share-out.js';

/** A node whose ranges cost so much each, with room for so many. */
function stock(costs: readonly number[], room = costs.length): Stock {
  const different = [...new Set(costs)].sort((a, b) => a - b);
  return {
    costs: Uint32Array.from(different),
    ranges: Uint32Array.from(different, (cost) => costs.filter((other) => other === cost).length),
    room,
  };
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

/** The moves of so many ranges of a node, its cheapest. */
const movesOf = (costs: readonly number[], share: number) => sum([...costs].sort((a, b) => a - b).slice(0, share));

describe('shares of nodes', () => {
  it('are the cheapest ranges of all nodes', () => {
    expect(shareOut([stock([5, 1, 9]), stock([2, 2, 8])], 3)).toEqual([1, 2]);
  });

  it('are of the lower node where costs are the same', () => {
    expect(shareOut([stock([4, 4]), stock([4, 4])], 3)).toEqual([2, 1]);
  });

  it('go where there is room, and then where there is none', () => {
    const nodes = [stock([1, 1, 1], 1), stock([7, 7])];
    expect(shareOut(nodes, 3)).toEqual([1, 2]);
    expect(shareOut(nodes, 4)).toEqual([2, 2]);
  });

  it('leave what nobody has a range for to the node with the most, which will say why', () => {
    expect(shareOut([stock([1]), stock([2, 2])], 5)).toEqual([1, 4]);
    expect(shareOut([stock([]), stock([])], 5)).toEqual([5, 0]);
    expect(shareOut([], 5)).toEqual([]);
  });

  it.each(Array.from({ length: 200 }, (_, seed) => seed))('are as cheap as can be, seed %i', (seed) => {
    const prng = new Prng(seed);
    const costs = Array.from({ length: 1 + prng.below(4) }, () =>
      Array.from({ length: prng.below(12) }, () => 1 + prng.below(6)),
    );
    const rooms = costs.map((all) => prng.below(all.length + 3));
    const nodes = costs.map((all, node) => stock(all, rooms[node]));
    const count = 1 + prng.below(20);
    const shares = shareOut(nodes, count);
    expect(sum(shares)).toBe(count);
    const most = costs.map((all, node) => Math.min(all.length, rooms[node]!));
    // Within room, no other way to deal so many moves fewer pages.
    if (sum(most) >= count) {
      expect(shares.every((share, node) => share <= most[node]!)).toBe(true);
      const cheapest = costs.flatMap((all, node) => [...all].sort((a, b) => a - b).slice(0, most[node]));
      expect(sum(costs.map((all, node) => movesOf(all, shares[node]!)))).toBe(movesOf(cheapest, count));
    }
    expect(lowerBoundOf(nodes, count)).toBe(movesOf(costs.flat(), count));
    expect(sum(nodes.map(nrRanges))).toBe(costs.flat().length);
  });
});
