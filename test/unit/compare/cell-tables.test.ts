import { parquetReadObjects } from 'hyparquet';
import { CELL_COLUMNS } from '../../../src/compare/cell-columns.js';
import { cellsCsv, summaryCsv } from '../../../src/compare/csv.js';
import { cellsParquet } from '../../../src/compare/parquet.js';
import { summarise } from '../../../src/compare/summary.js';
import { cellOf, planned } from './sketch.js';

const odd = 'a "b", c\nd; é';
const cells = [
  cellOf(
    { strategy: 'x:y+z', seed: 2 ** 32 - 1 },
    { success: 0.1 + 0.2, made: 12, pagesMigrated: 2 ** 40 + 1, virtualNs: 1.5, contentsWrong: 0 },
    {
      refusals: [
        { reason: 'core/pinned', pages: 3 },
        { reason: 'anonymous/busy', pages: 1 },
      ],
    },
  ),
  cellOf({ machine: odd, seed: null }, {}, { ended: 'does-not-apply', because: odd, metrics: null, stateHash: null }),
];

/** RFC 4180, read back by its own rules. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [[]];
  const field = /(?:"((?:[^"]|"")*)"|([^,\n]*))(,|\n)/gy;
  for (let match = field.exec(text); match !== null; match = field.exec(text)) {
    rows.at(-1)!.push(match[1]?.replaceAll('""', '"') ?? match[2]!);
    if (match[3] === '\n') rows.push([]);
  }
  return rows.slice(0, -1);
}

const names = CELL_COLUMNS.map(({ name }) => name);
const asRead = (row: readonly string[]) => Object.fromEntries(names.map((name, at) => [name, row[at]]));

describe('CSV', () => {
  it('holds every value of every cell, and nothing for what is not known', () => {
    const [head, ...rows] = parseCsv(cellsCsv(cells));
    expect(head).toEqual(names);
    expect(rows.map(({ length }) => length)).toEqual([names.length, names.length]);
    expect(asRead(rows[0]!)).toMatchObject({
      ...{ machine: 'm', strategy: 'x:y+z', seed: '4294967295', ended: 'done', because: '' },
      ...{ success: '0.30000000000000004', pagesMigrated: '1099511627777', lowerBound: '', contentsWrong: '0' },
      refusals: 'core/pinned: 3; anonymous/busy: 1',
    });
    expect(asRead(rows[1]!)).toMatchObject({ machine: odd, seed: '', because: odd, success: '', stateHash: '' });
  });

  it('of the summary has means, limits and standings', () => {
    const own = [1, 2].map((seed) => cellOf({ strategy: 'a', seed }, { success: seed / 2 }));
    const [head, row] = parseCsv(summaryCsv(summarise([planned(['a'], [1, 2])], own)));
    const value = (name: string) => row![head!.indexOf(name)];
    expect([value('strategy'), value('n'), value('success'), value('successStanding')]).toEqual([
      'a',
      '2',
      '0.75',
      'first',
    ]);
    // Standard deviation 0.3536, by the root of 2: 0.25; t(1) = 12.706.
    expect(Number(value('successHigh'))).toBeCloseTo(0.75 + 0.25 * 12.7062, 6);
    expect(value('lowerBound')).toBe('');
  });
});

describe('Parquet', () => {
  it('reads back by another library as it was, with types', async () => {
    const rows = await parquetReadObjects({ file: cellsParquet(cells) });
    expect(rows).toHaveLength(2);
    expect(Object.keys(rows[0]!)).toEqual(names);
    expect(rows[0]).toMatchObject({
      ...{ machine: 'm', strategy: 'x:y+z', seed: 4_294_967_295n, ended: 'done', because: null },
      ...{ success: 0.1 + 0.2, made: 12n, pagesMigrated: 1_099_511_627_777n, lowerBound: null, virtualNs: 1.5 },
      ...{ contentsWrong: 0n, refusals: 'core/pinned: 3; anonymous/busy: 1', stateHash: '0123456789abcdef' },
    });
    expect(rows[1]).toMatchObject({ machine: odd, seed: null, ended: 'does-not-apply', because: odd, success: null });
  });

  it('can hold no cell at all', async () => {
    expect(await parquetReadObjects({ file: cellsParquet([]) })).toEqual([]);
  });
});
