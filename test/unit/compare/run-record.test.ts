import { differenceBetween } from '../../../src/compare/run-record.js';
import { planned, recordOf } from './sketch.js';

describe('differenceBetween', () => {
  it('finds none between equals', () => {
    expect(differenceBetween(recordOf(), recordOf())).toBeNull();
  });

  const job = { kind: 'high-order', order: 9, count: 4 } as const;
  it.each([
    ['another version', recordOf({}, { vacate: '2.0.0' }), 'it was made by vacate 1.2.3, this is 2.0.0'],
    ['another machine', recordOf({ name: 'n' }), 'it has machines m, without n'],
    ['a changed file', recordOf({ sha256: 'cd'.repeat(32) }), 'it was made from another state of the files on m'],
    ['more seeds', recordOf({ seeds: [1, 2, 3, 4] }), 'it has seeds 1, 2, 3, without 4 on m'],
    ['fewer seeds', recordOf({ seeds: [1, 2] }), 'it has seeds 1, 2, 3, with 3 as well on m'],
    ['another strategy', recordOf(planned(['a', 'c'])), 'it has strategies a, b, without c for "order 9, all" on m'],
    [
      'another order',
      recordOf(planned(['b', 'a'])),
      'it has strategies in another order, a, b for "order 9, all" on m',
    ],
    ['no jobs', recordOf({ jobs: [] }), 'it has jobs order 9, all, with order 9, all as well on m'],
    [
      'a job of the same name',
      recordOf({ jobs: [{ name: 'order 9, all', job, strategies: ['a', 'b'] }] }),
      '"order 9, all" was another job on m',
    ],
    ['a plugin', recordOf({}, { plugins: ['./mine.js'] }), 'it has plugins none, without ./mine.js'],
    [
      'a strategy module',
      recordOf({}, { strategyModules: ['./s.js'] }),
      'it has strategy modules none, without ./s.js',
    ],
  ])('names %s', (_what, asked, difference) => {
    expect(differenceBetween(recordOf(), asked)).toBe(difference);
  });
});
