import { overviewOf } from '../../../src/compare/overview.js';
import { summarise } from '../../../src/compare/summary.js';
import { cellOf, planned } from './sketch.js';

const SEEDS = [1, 2, 3];
const cellsOf = (strategy: string, values: Parameters<typeof cellOf>[1]) =>
  SEEDS.map((seed) => cellOf({ strategy, seed }, values));

describe('a summary', () => {
  it('ranks costs among those only that did as much: who does nothing costs nothing', () => {
    const machines = [planned(['good', 'dear', 'idle'])];
    const [table] = summarise(machines, [
      ...cellsOf('good', { success: 1, pagesReclaimed: 10 }),
      ...cellsOf('dear', { success: 0.999, pagesReclaimed: 20 }),
      ...cellsOf('idle', { success: 0, pagesReclaimed: 0 }),
    ]);
    const standing = table!.rows.map(({ strategy, standings }) => [
      strategy,
      standings.success,
      standings.pagesReclaimed,
    ]);
    expect(standing).toEqual([
      ['good', 'first', 'first'],
      ['dear', 'level', 'behind'],
      ['idle', 'behind', null],
    ]);
  });

  it('ranks no costs where nobody did anything', () => {
    const [table] = summarise([planned(['a'])], cellsOf('a', { success: 0, pagesReclaimed: 0 }));
    expect(table!.rows[0]!.standings).toMatchObject({ success: 'first', pagesReclaimed: null });
  });

  it('says who does not apply and why, and who failed on some seeds', () => {
    const because = 'orders end at 10';
    const cells = [
      ...SEEDS.map((seed) =>
        cellOf({ strategy: 'never', seed }, {}, { ended: 'does-not-apply', because, metrics: null }),
      ),
      cellOf({ strategy: 'sometimes', seed: 1 }, { success: 1 }),
      cellOf({ strategy: 'sometimes', seed: 2 }, {}, { ended: 'error', because: 'it broke', metrics: null }),
      cellOf({ strategy: 'sometimes', seed: 3 }, {}, { ended: 'error', because: 'again', metrics: null }),
    ];
    const [never, sometimes] = summarise([planned(['never', 'sometimes'])], cells)[0]!.rows;
    expect(never).toMatchObject({ n: 0, doesNotApply: because, nrErrors: 0, estimates: { success: null } });
    expect(sometimes).toMatchObject({ n: 1, doesNotApply: null, nrErrors: 2, firstError: 'it broke' });
  });

  it('has pages refused in an average run, most first', () => {
    const cells = [
      cellOf({ strategy: 'a', seed: 1 }, {}, { refusals: [{ reason: 'core/pinned', pages: 30 }] }),
      cellOf(
        { strategy: 'a', seed: 2 },
        {},
        {
          refusals: [
            { reason: 'core/locked', pages: 60 },
            { reason: 'core/pinned', pages: 3 },
          ],
        },
      ),
    ];
    expect(summarise([planned(['a'], [1, 2])], cells)[0]!.rows[0]!.refusals).toEqual([
      { reason: 'core/locked', pages: 30 },
      { reason: 'core/pinned', pages: 16.5 },
    ]);
  });

  it('leaves out jobs of which no cell is finished', () => {
    expect(summarise([planned(['a'])], [])).toEqual([]);
  });
});

describe('an overview', () => {
  it('counts the jobs in which a strategy is first or level, of those in which it is ranked', () => {
    const machines = ['one', 'two'].map((name) => ({ ...planned(['a', 'b']), name }));
    const cells = machines.flatMap(({ name }) =>
      [
        ...cellsOf('a', { success: 1, virtualNs: 5 }),
        ...cellsOf('b', { success: name === 'one' ? 1 : 0.5, virtualNs: 4 }),
      ].map((cell) => ({ ...cell, machine: name })),
    );
    const [a, b] = overviewOf(summarise(machines, cells));
    expect(a).toMatchObject({
      strategy: 'a',
      entries: { success: { good: 2, ranked: 2 }, virtualNs: { good: 1, ranked: 2 } },
    });
    expect(b).toMatchObject({
      strategy: 'b',
      entries: { success: { good: 1, ranked: 2 }, virtualNs: { good: 1, ranked: 1 } },
    });
  });
});
