import { type Bar, barChart, NR_PART_COLOURS, type Stack, stackedChart } from '../report/charts.js';
import { escapeHtml, htmlTable } from '../report/html.js';
import { htmlPage } from '../report/page.js';
import { formatMargin, formatValue } from './format-value.js';
import { JUDGED, type JudgedId, METRICS, type MetricId, SHARED } from './metrics.js';
import { overviewOf } from './overview.js';
import type { RunRecord } from './run-record.js';
import type { SummaryRow, SummaryTable } from './summary.js';
import { MOVE_NS, RECLAIM_NS, SCAN_NS } from './virtual-time.js';

/** A chart of one measure: which, and how it is to be read. */
interface Drawn {
  readonly id: MetricId;
  readonly heading: string;
  readonly how: string;
}

const SUCCESS: Drawn = {
  id: 'success',
  heading: 'Success rate',
  how: 'Longer is better: 100% is all that was asked for, or all that could be made if all was asked for.',
};
const MOVES: Drawn = {
  id: 'movesPerBlock',
  heading: 'Pages moved per block made',
  how: 'The diamond is the lower bound for as many blocks as the strategy made; a bar that ends at its diamond moved no page in vain.',
};
const COPIES: Drawn = {
  id: 'copiesPerLivePage',
  heading: 'Copies per live page',
  how: '1 is every page in use copied once; more means that pages moved twice, less that some were dropped or stayed.',
};
const MOVED: Drawn = {
  id: 'pagesMigrated',
  heading: 'Pages moved',
  how: 'Shorter is cheaper, among those that served as many requests.',
};
const RECLAIMED: Drawn = {
  id: 'pagesReclaimed',
  heading: 'Pages reclaimed',
  how: 'Page cache dropped and memory written to swap, which somebody must read again: shorter is better.',
};
const TIME: Drawn = {
  id: 'virtualNs',
  heading: 'Virtual time',
  how: 'What the machine waited for and the work at fixed prices, whatever computer simulated it: shorter is better, among those that did as much.',
};

const CHARTS: Readonly<Record<SummaryTable['kind'], readonly Drawn[]>> = {
  'high-order': [SUCCESS, MOVES, RECLAIMED, TIME],
  offline: [SUCCESS, COPIES, RECLAIMED, TIME],
  requests: [SUCCESS, MOVED, RECLAIMED, TIME],
};

const COLUMNS: Readonly<Record<SummaryTable['kind'], readonly MetricId[]>> = {
  'high-order': ['success', 'made', 'pagesMigrated', 'movesPerBlock', 'boundPerBlock', 'movesOverBound'],
  offline: ['success', 'made', 'pagesMigrated', 'livePages', 'copiesPerLivePage'],
  requests: ['success', 'made', 'pagesMigrated', 'othersFailed'],
};
const LAST_COLUMNS: readonly MetricId[] = ['pagesReclaimed', 'pagesRefused', 'virtualNs', 'contentsWrong'];

/** What becomes of the eighth reason and those after it. */
const OTHER_REASONS = 'other reasons';

/** The whole report: one page that needs nothing but a browser, in light or in dark. */
export function htmlReport(record: RunRecord, tables: readonly SummaryTable[]): string {
  const body = [introduction(record, tables), legend(), overview(tables), ...tables.map(section)].join('\n');
  return htmlPage({ title: 'vacate compare', heading: 'Strategies compared', body });
}

function introduction({ vacate, machines }: RunRecord, tables: readonly SummaryTable[]): string {
  const items = machines.map(({ name, source, where, seeds, sha256, caveats }) => {
    const chance = source === 'capture' ? 'a capture, in which nothing is left to chance' : `seeds ${spanOf(seeds)}`;
    const unknown = caveats.length === 0 ? '' : ` Not known: ${caveats.map(escapeHtml).join('; ')}.`;
    return `<li><b>${escapeHtml(name)}</b> (${escapeHtml(where)}, sha256 ${sha256.slice(0, 12)}): ${chance}.${unknown}</li>`;
  });
  const wrong = tables.flatMap(({ rows }) => rows).some(({ estimates }) => (estimates.contentsWrong?.mean ?? 0) > 0);
  const verified = wrong
    ? '<p class="bad">Some pages read something else than before. This is a bug; the tables below say where.</p>'
    : '<p>After every run each virtual page and each page of a file was read again, and held what it should.</p>';
  return `<p>Made by vacate ${escapeHtml(vacate)}. Every strategy ran on the same machines, byte for byte.</p>
<ul>
${items.join('\n')}
</ul>
${verified}`;
}

function spanOf(seeds: ReadonlyArray<number | null>): string {
  const [first, last] = [seeds[0], seeds.at(-1)];
  return seeds.length === 1 ? `${first}, one run of each, so no intervals` : `${first} to ${last}`;
}

function legend(): string {
  const terms = [
    ['●', 'nobody has a better mean'],
    ['○', 'level: not to be told from the best on the same seeds, or within half a percent of it'],
    ['±', 'half of the 95 % confidence interval of the mean, by Student’s t over seeds; whiskers span it'],
    [
      'unmarked',
      'behind; or not ranked, since it did less than others: costs count only among those that did as much, for who does nothing costs nothing, and moves only among those of them that took no more memory, for a page that was taken has not to move',
    ],
    [
      'does not apply',
      'the strategy cannot serve such a request on such a machine, as its authors built it; that is no failure, and it is left out of charts',
    ],
    [
      'virtual time',
      `what the machine’s clock says went by waiting, and ${MOVE_NS} ns a page moved, ${SCAN_NS} ns a page looked at, ${RECLAIM_NS} ns a page reclaimed`,
    ],
  ] as const;
  const list = terms.map(([term, meaning]) => `<dt>${term}</dt><dd>${meaning}</dd>`).join('\n');
  return `<details open><summary>How to read this</summary><dl class="terms">\n${list}\n</dl></details>`;
}

function overview(tables: readonly SummaryTable[]): string {
  const rows = overviewOf(tables).map(({ strategy, entries }) => [
    escapeHtml(strategy),
    ...SHARED.map((id) => (entries[id].ranked === 0 ? '–' : `${entries[id].good} of ${entries[id].ranked}`)),
  ]);
  return `<h2>Over all jobs</h2>
<p>In how many jobs a strategy is first or level, of those in which it is ranked.</p>
${htmlTable(['strategy', ...SHARED.map((id) => METRICS[id].title)], rows, 1)}`;
}

function section(table: SummaryTable): string {
  const { machine, job, kind } = table;
  const charts = CHARTS[kind].map((drawn) => figure(table, drawn));
  return `<section>
<h2>${escapeHtml(machine)}: ${escapeHtml(job)}</h2>
${mainTable(table)}
${exceptions(table)}
<div class="charts">
${[...charts, refusalFigure(table)].join('\n')}
</div>
</section>`;
}

function mainTable({ kind, rows }: SummaryTable): string {
  const columns = [...COLUMNS[kind], ...LAST_COLUMNS];
  const head = ['strategy', 'n', ...columns.map((id) => METRICS[id].title)];
  const body = rows
    .filter(({ n }) => n > 0)
    .map((row) => [escapeHtml(row.strategy), `${row.n}`, ...columns.map((id) => valueCell(row, id))]);
  return htmlTable(head, body, 1);
}

const MARKS = { first: ' <b class="best">●</b>', level: ' <b class="best">○</b>', behind: '' } as const;

function valueCell({ estimates, standings }: SummaryRow, id: MetricId): string {
  const estimate = estimates[id];
  if (estimate === null) return '–';
  const { unit } = METRICS[id];
  const standing = isJudged(id) ? standings[id] : null;
  const margin = formatMargin(estimate, unit);
  return `${formatValue(estimate.mean, unit)}${margin === '' ? '' : ` <small>${margin}</small>`}${standing === null ? '' : MARKS[standing]}`;
}

function isJudged(id: MetricId): id is JudgedId {
  return (JUDGED as readonly MetricId[]).includes(id);
}

/** Strategies that have no row in the table, or not on every seed, and why. */
function exceptions({ rows }: SummaryTable): string {
  const items = rows.flatMap(({ strategy, doesNotApply, nrErrors, firstError }) => [
    ...(doesNotApply === null ? [] : [`<b>${escapeHtml(strategy)}</b> does not apply: ${escapeHtml(doesNotApply)}`]),
    ...(nrErrors === 0
      ? []
      : [`<b>${escapeHtml(strategy)}</b> failed in ${nrErrors} runs: ${escapeHtml(firstError ?? '')}`]),
  ]);
  return items.length === 0 ? '' : `<ul>\n${items.map((item) => `<li>${item}</li>`).join('\n')}\n</ul>`;
}

function figure({ machine, job, rows }: SummaryTable, { id, heading, how }: Drawn): string {
  const { unit } = METRICS[id];
  const bars = rows.flatMap((row): Bar[] => {
    const estimate = row.estimates[id];
    if (estimate === null) return [];
    const standing = standingFor(row, id);
    const bound = id === 'movesPerBlock' ? (row.estimates.boundPerBlock?.mean ?? null) : null;
    return [{ label: row.strategy, estimate, isBest: standing === 'first' || standing === 'level', bound }];
  });
  const caption = `<figcaption><b>${heading}.</b> ${how}</figcaption>`;
  if (bars.every(({ estimate }) => estimate.mean === 0))
    return `<figure>${caption}<p>${bars.length === 0 ? 'Nobody has such a value.' : 'It is 0 for everybody.'}</p></figure>`;
  const axis = { format: (value: number) => formatValue(value, unit), ...(unit === 'share' ? { limit: 1 } : {}) };
  return `<figure>${caption}${barChart(`${heading}, ${machine}, ${job}`, bars, axis)}</figure>`;
}

/** Bars of moves per block are ranked by what they are compared with. */
function standingFor({ standings }: SummaryRow, id: MetricId) {
  if (id === 'movesPerBlock') return standings.movesOverBound;
  return isJudged(id) ? standings[id] : null;
}

function refusalFigure({ machine, job, rows }: SummaryTable): string {
  const heading = 'Refusals by reason';
  const caption = `<figcaption><b>${heading}.</b> Pages that stayed, and who refused them for which reason (handler/reason), in an average run.</figcaption>`;
  const stacks = stacksOf(rows);
  if (stacks.every(({ parts }) => parts.size === 0))
    return `<figure>${caption}<p>Nobody was refused a page.</p></figure>`;
  const axis = { format: (value: number) => formatValue(value, 'pages') };
  return `<figure>${caption}${stackedChart(`${heading}, ${machine}, ${job}`, stacks, axis)}</figure>`;
}

/** The most frequent reasons, each the same colour in every bar of the chart. */
function stacksOf(rows: readonly SummaryRow[]): Stack[] {
  const totals = new Map<string, number>();
  for (const { refusals } of rows)
    for (const { reason, pages } of refusals) totals.set(reason, (totals.get(reason) ?? 0) + pages);
  const byPages = [...totals].sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0])).map(([reason]) => reason);
  const named = byPages.slice(0, byPages.length > NR_PART_COLOURS ? NR_PART_COLOURS - 1 : NR_PART_COLOURS);
  return rows
    .filter(({ n }) => n > 0)
    .map(({ strategy, refusals }) => {
      const parts = new Map<string, number>();
      for (const reason of [...named, OTHER_REASONS]) {
        const pages = refusals
          .filter((each) => (named.includes(each.reason) ? each.reason : OTHER_REASONS) === reason)
          .reduce((sum, each) => sum + each.pages, 0);
        if (pages > 0) parts.set(reason, pages);
      }
      return { label: strategy, parts };
    });
}
