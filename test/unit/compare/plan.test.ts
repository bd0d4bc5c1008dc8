import { idOf } from '../../../src/compare/cell.js';
import { contestantsFor, frontEndOf } from '../../../src/compare/contestants.js';
import { nameOfJob } from '../../../src/compare/job.js';
import { cellsOf, groupsOf, inOrder } from '../../../src/compare/plan.js';
import { cellOf, planned } from './sketch.js';

describe('a plan', () => {
  const cells = cellsOf([planned(['a', 'b', 'c', 'd'], [7, 8])]);

  it('has every strategy on every seed', () => {
    expect(cells.map(({ strategy, seed }) => `${strategy}${seed}`)).toEqual([
      ...['a7', 'a8', 'b7', 'b8', 'c7', 'c8', 'd7', 'd8'],
    ]);
  });

  it('builds a machine once a group, if there are groups enough', () => {
    const groups = groupsOf(cells, new Set(), 1);
    expect(groups.map(({ seed, cells: own }) => [seed, own.map(({ strategy }) => strategy).join('')])).toEqual([
      [7, 'abcd'],
      [8, 'abcd'],
    ]);
  });

  it('splits groups until every worker has some, and no cell is lost', () => {
    const groups = groupsOf(cells, new Set(), 3);
    expect(groups).toHaveLength(6);
    expect(groups.flatMap((group) => group.cells.map(idOf)).sort()).toEqual(cells.map(idOf).sort());
    for (const { seed, cells: own } of groups) expect(own.every((cell) => cell.seed === seed)).toBe(true);
    expect(groupsOf(cells, new Set(), 64)).toHaveLength(8);
  });

  it('leaves out what is finished', () => {
    const finished = new Set(cells.filter(({ seed }) => seed === 7).map(idOf));
    expect(groupsOf(cells, finished, 1).flatMap((group) => group.cells)).toEqual(
      cells.filter(({ seed }) => seed === 8),
    );
    expect(groupsOf(cells, new Set(cells.map(idOf)), 2)).toEqual([]);
  });

  it('puts finished cells into its order, whoever was first', () => {
    const finished = [
      cellOf({ strategy: 'b', seed: 8 }),
      cellOf({ strategy: 'x', seed: 8 }),
      cellOf({ strategy: 'a', seed: 7 }),
    ];
    expect(inOrder(cells, finished).map(({ strategy, seed }) => `${strategy}${seed}`)).toEqual(['a7', 'b8']);
  });
});

describe('contestants', () => {
  const labels = { highOrder: ['merged', 'x'], offline: ['merged', 'y'], reclaim: ['kswapd', 'merged'] };

  it('are the strategies of the front end; requests may be helped by two, and by nobody', () => {
    expect(contestantsFor('high-order', labels)).toEqual(['merged', 'x']);
    expect(contestantsFor('offline', labels)).toEqual(['merged', 'y']);
    expect(contestantsFor('requests', labels)).toEqual(['none', 'kswapd', 'merged', 'x']);
  });

  it('are none if none was asked for', () => {
    expect(contestantsFor('requests', { highOrder: [], offline: ['y'], reclaim: [] })).toEqual([]);
  });

  it('of both front ends make blocks for requests that wait, and work ahead for those that do not', () => {
    const requests = { kind: 'requests', order: 2, requests: 5, everyNs: 1, holdNs: 1, wait: true } as const;
    const atomic = { ...requests, wait: false };
    expect(frontEndOf(requests, labels, 'merged')).toBe('highOrder');
    expect(frontEndOf(atomic, labels, 'merged')).toBe('reclaim');
    for (const job of [requests, atomic]) {
      expect(frontEndOf(job, labels, 'x')).toBe('highOrder');
      expect(frontEndOf(job, labels, 'kswapd')).toBe('reclaim');
    }
    expect(frontEndOf({ kind: 'offline', blocks: [1], what: 'block 1' }, labels, 'merged')).toBe('offline');
  });
});

describe('nameOfJob', () => {
  it.each([
    [{ kind: 'high-order', order: 9, count: 'all' } as const, 'order 9, all'],
    [{ kind: 'high-order', order: 3, count: 64 } as const, 'order 3, 64 blocks'],
    [{ kind: 'offline', blocks: [4, 5], what: 'dimm1' } as const, 'offline dimm1'],
    [
      { kind: 'requests', order: 2, requests: 5, everyNs: 5e4, holdNs: 3e6, wait: false } as const,
      '5 requests of order 2, atomic, every 0.05 ms, held 3 ms',
    ],
    [
      { kind: 'requests', order: 9, requests: 5, everyNs: 1e6, holdNs: Number.POSITIVE_INFINITY, wait: true } as const,
      '5 requests of order 9, waiting, every 1 ms, kept',
    ],
  ])('of %j', (job, name) => {
    expect(nameOfJob(job)).toBe(name);
  });
});
