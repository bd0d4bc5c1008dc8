import { printable } from '../../base/quoted.js';
import { formatMargin, formatValue } from '../../compare/format-value.js';
import { JUDGED, type JudgedId, METRICS, type MetricId, SHARED } from '../../compare/metrics.js';
import { overviewOf } from '../../compare/overview.js';
import type { SummaryRow, SummaryTable } from '../../compare/summary.js';
import type { Palette } from '../palette.js';
import { table } from '../tables.js';
import { countOf, wrap } from '../wording.js';

const WIDTH = 80;
/** Longer names of strategies are cut: the row must fit. */
const NAME_WIDTH = 26;

/** Columns of the terminal's tables; files have all of them. */
const COLUMNS: Readonly<Record<SummaryTable['kind'], readonly MetricId[]>> = {
  'high-order': ['success', 'movesOverBound', 'pagesReclaimed', 'virtualNs'],
  offline: ['success', 'copiesPerLivePage', 'pagesReclaimed', 'virtualNs'],
  requests: ['success', 'pagesMigrated', 'pagesReclaimed', 'virtualNs'],
};
const TITLES: Partial<Record<MetricId, string>> = { virtualNs: 'time', copiesPerLivePage: 'copies' };

/** A table for each job of each machine, who does not apply and why, and the whole at a glance. */
export function compareText(tables: readonly SummaryTable[], palette: Palette): string {
  const parts = tables.map((each) => tableText(each, palette));
  if (tables.length > 1) parts.push(overviewText(tables, palette));
  return [...parts, legendText(palette)].join('\n\n');
}

function tableText({ machine, job, kind, nrSeeds, rows }: SummaryTable, palette: Palette): string {
  const ids = COLUMNS[kind];
  const ran = rows.filter(({ n }) => n > 0);
  const seeds = nrSeeds === 1 ? 'one run each, so no intervals' : countOf(nrSeeds, 'seed');
  const title = `${palette.bold(printable(`${machine}: ${job}`))} ${palette.dim(`(${seeds})`)}`;
  const lines = ran.length === 0 ? [] : [rowsText(ran, ids, palette)];
  return [title, ...lines, ...rows.flatMap((row) => exceptionText(row, palette))].join('\n');
}

function rowsText(rows: readonly SummaryRow[], ids: readonly MetricId[], palette: Palette): string {
  return table(
    palette,
    [['strategy', 'left'], ...ids.map((id) => [TITLES[id] ?? METRICS[id].title, 'right'] as const)],
    rows.map((row) => [shortened(row.strategy), ...ids.map((id) => valueText(row, id, palette))]),
  );
}

function shortened(name: string): string {
  return name.length <= NAME_WIDTH ? name : `${name.slice(0, NAME_WIDTH - 1)}…`;
}

const MARKS = { first: '●', level: '○', behind: ' ' } as const;

function valueText({ estimates, standings }: SummaryRow, id: MetricId, palette: Palette): string {
  const estimate = estimates[id];
  if (estimate === null) return '–  ';
  const { unit } = METRICS[id];
  // There is room for two margins in a line.
  const margin = unit === 'share' || unit === 'ratio' ? formatMargin(estimate, unit) : '';
  const value = `${formatValue(estimate.mean, unit)}${margin === '' ? '' : ` ${margin}`}`;
  const standing = isJudged(id) ? standings[id] : null;
  const text = `${value} ${standing === null ? ' ' : MARKS[standing]}`;
  return standing === 'first' || standing === 'level' ? palette.good(text) : text;
}

function isJudged(id: MetricId): id is JudgedId {
  return (JUDGED as readonly MetricId[]).includes(id);
}

function exceptionText(
  { strategy, doesNotApply, nrErrors, firstError, estimates }: SummaryRow,
  palette: Palette,
): string[] {
  const lines: string[] = [];
  const wrong = estimates.contentsWrong?.mean ?? 0;
  if (doesNotApply !== null)
    lines.push(palette.dim(`  ${wrap(printable(`${strategy} does not apply: ${doesNotApply}`), WIDTH - 2, '    ')}`));
  if (nrErrors > 0)
    lines.push(
      palette.bad(
        `  ${wrap(printable(`${strategy} failed in ${countOf(nrErrors, 'run')}: ${firstError}`), WIDTH - 2, '    ')}`,
      ),
    );
  if (wrong > 0)
    lines.push(palette.bad(`  ${strategy} left pages with wrong contents. This is a bug; please report it.`));
  return lines;
}

function overviewText(tables: readonly SummaryTable[], palette: Palette): string {
  const rows = overviewOf(tables).map(({ strategy, entries }) => [
    shortened(strategy),
    ...SHARED.map((id) => (entries[id].ranked === 0 ? '–' : `${entries[id].good}/${entries[id].ranked}`)),
  ]);
  const columns = SHARED.map((id) => [TITLES[id] ?? METRICS[id].title, 'right'] as const);
  return [
    `${palette.bold('Over all jobs')} ${palette.dim('(first or level, of the jobs in which it is ranked)')}`,
    table(palette, [['strategy', 'left'], ...columns], rows),
  ].join('\n');
}

function legendText(palette: Palette): string {
  const text =
    '● nobody has a better mean; ○ level with it on the same seeds; ± half of the 95 % interval. ' +
    'Costs are ranked only among those that did as much, moves only among those of them that took no more memory.';
  return palette.dim(wrap(text, WIDTH));
}
