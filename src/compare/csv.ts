import { csvFile, csvTable } from '../report/table-files.js';
import type { Cell } from './cell.js';
import { CELL_COLUMNS } from './cell-columns.js';
import { JUDGED, METRIC_IDS } from './metrics.js';
import type { SummaryTable } from './summary.js';

type Field = string | number | null;

/** A line for each cell, as RFC 4180 has it; nothing between two commas is "not known". */
export function cellsCsv(cells: readonly Cell[]): string {
  return csvTable(CELL_COLUMNS, cells);
}

/** A line for each strategy and job: means, limits of their 95 % intervals, and standings. */
export function summaryCsv(tables: readonly SummaryTable[]): string {
  const head = [
    ...['machine', 'job', 'strategy', 'n', 'doesNotApply', 'errors', 'firstError'],
    ...METRIC_IDS.flatMap((id) => [id, `${id}Low`, `${id}High`]),
    ...JUDGED.map((id) => `${id}Standing`),
  ];
  const lines = tables.flatMap(({ machine, job, rows }) =>
    rows.map((row): Field[] => [
      ...[machine, job, row.strategy, row.n, row.doesNotApply, row.nrErrors, row.firstError],
      ...METRIC_IDS.flatMap((id) => {
        const estimate = row.estimates[id];
        return [estimate?.mean ?? null, estimate?.low ?? null, estimate?.high ?? null];
      }),
      ...JUDGED.map((id) => row.standings[id]),
    ]),
  );
  return csvFile(head, lines);
}
