import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  createEvacuator,
  loadShippedPlugins,
  machineFromImage,
  readCapture,
  runToEnd,
  simModule,
} from '../../src/index.js';

/*
 * Makes every figure of examples/compare/README.md anew: `npm run compare`. It runs the comparison, then the kernel's
 * compaction against ours, and writes what came of them between the marks in that file. The full results (CSV, Parquet,
 * the report) stay in the folder vacate-compare.
 */

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const README = `${ROOT}examples/compare/README.md`;
const CAPTURES = `${ROOT}test/fixtures/captures`;
const OUT = 'vacate-compare';
/** Of both eras, and of all three kinds of jobs. */
const SCENARIOS = [
  ...['stress-highalloc', 'jumbo-frames', 'kernel-build', 'thpchallenge', 'nearly-full'],
  ...['database-server', 'memtoy', 'full-movable', 'two-nodes', 'under-pressure'],
];

type Standing = 'first' | 'level' | 'behind' | null;
interface Estimate {
  readonly mean: number;
  readonly low: number | null;
  readonly high: number | null;
}
interface Row {
  readonly strategy: string;
  readonly doesNotApply: string | null;
  readonly firstError: string | null;
  readonly estimates: Readonly<Record<string, Estimate | null>>;
  readonly standings: Readonly<Record<string, Standing>>;
}
interface Table {
  readonly machine: string;
  readonly job: string;
  readonly kind: 'high-order' | 'offline' | 'requests';
  readonly rows: readonly Row[];
}

/** A column of the tables: a measure, and how it is written. */
interface Column {
  readonly id: string;
  readonly title: string;
  readonly write: (value: number) => string;
}

const count = (value: number): string => (value < 100 ? trim(value, 1) : Math.round(value).toLocaleString('en-US'));
const trim = (value: number, digits: number): string => String(Number(value.toFixed(digits)));
const COLUMNS: Readonly<Record<Table['kind'], readonly Column[]>> = {
  'high-order': [{ id: 'movesOverBound', title: 'moved / lower bound', write: (value) => value.toFixed(2) }],
  offline: [{ id: 'copiesPerLivePage', title: 'copies per live page', write: (value) => value.toFixed(2) }],
  requests: [{ id: 'pagesMigrated', title: 'pages moved', write: count }],
};
const SUCCESS: Column = { id: 'success', title: 'success', write: (value) => `${trim(value * 100, 1)} %` };
const SHARED: readonly Column[] = [
  { id: 'pagesReclaimed', title: 'pages reclaimed', write: count },
  { id: 'virtualNs', title: 'virtual time', write: (value) => `${trim(value / 1e6, 2)} ms` },
];
const columnsOf = (kind: Table['kind']): readonly Column[] => [SUCCESS, ...COLUMNS[kind], ...SHARED];

function compare(seeds: string): { readonly cells: number; readonly tables: readonly Table[] } {
  const machines = SCENARIOS.map((name) => `examples/scenarios/${name}.yaml`);
  const command = ['dist/cli/main.js', 'compare', ...machines, '--seeds', seeds, '--out', OUT, '--force', '--json'];
  const stdio = ['ignore', 'pipe', 'inherit'] as const;
  return JSON.parse(
    execFileSync(process.execPath, command, { cwd: ROOT, stdio: [...stdio], maxBuffer: 2 ** 28 }).toString(),
  );
}

function cellText(row: Row, { id, write }: Column): string {
  const estimate = row.estimates[id];
  if (estimate === null || estimate === undefined) return '–';
  const half = estimate.low === null || estimate.high === null ? 0 : (estimate.high - estimate.low) / 2;
  const mark = { first: ' ●', level: ' ○', behind: '' }[row.standings[id] ?? 'behind'];
  return `${write(estimate.mean)}${half > 0 && write(half) !== write(0) ? ` ±${write(half)}` : ''}${mark}`;
}

function markdown(head: readonly string[], rows: ReadonlyArray<readonly string[]>): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, at) => (at === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n');
}

function jobText(table: Table): string {
  const columns = columnsOf(table.kind);
  const ran = table.rows.filter((row) => row.doesNotApply === null && row.firstError === null);
  const rows = ran.map((row) => [`\`${row.strategy}\``, ...columns.map((column) => cellText(row, column))]);
  const out = table.rows.filter((row) => row.doesNotApply !== null || row.firstError !== null);
  const why = out.map((row) => `\`${row.strategy}\` does not apply: ${row.doesNotApply ?? row.firstError}`);
  const body = markdown(['strategy', ...columns.map(({ title }) => title)], rows);
  return [`#### ${table.machine}: ${table.job}`, '', body, ...(why.length > 0 ? ['', `${why.join('. ')}.`] : [])].join(
    '\n',
  );
}

/** Jobs in which a strategy is first or level, of those in which it is ranked. */
function overallText(tables: readonly Table[]): string {
  const strategies = [...new Set(tables.flatMap(({ rows }) => rows.map(({ strategy }) => strategy)))];
  const moves = Object.values(COLUMNS).map(([column]) => column!.id);
  const groups = [['success'], moves, ['pagesReclaimed'], ['virtualNs']];
  const rows = strategies.map((strategy) => {
    const own = tables.flatMap(({ rows }) => rows.filter((row) => row.strategy === strategy));
    const share = (ids: readonly string[]): string => {
      const ranked = own.flatMap(({ standings }) =>
        ids
          .map((id) => standings[id] ?? null)
          .filter((it) => it !== null)
          .slice(0, 1),
      );
      return ranked.length === 0 ? '–' : `${ranked.filter((it) => it !== 'behind').length} of ${ranked.length}`;
    };
    return [`\`${strategy}\``, ...groups.map(share)];
  });
  return markdown(['strategy', 'success', 'moves', 'reclaimed', 'virtual time'], rows);
}

/** Every column of every job in which the default is neither first nor level. */
function behindText(tables: readonly Table[]): string {
  const lines = tables.flatMap(({ machine, job, kind, rows }) =>
    columnsOf(kind).flatMap((column) => {
      const own = rows.find(({ strategy }) => strategy === 'merged');
      if (own === undefined || own.standings[column.id] !== 'behind') return [];
      const best = rows.find(({ standings }) => standings[column.id] === 'first');
      const beside = best === undefined ? '' : `, \`${best.strategy}\` ${cellText(best, column).replace(' ●', '')}`;
      return [`- ${machine}, ${job}: ${column.title} ${cellText(own, column)}${beside}.`];
    }),
  );
  return lines.length === 0 ? 'Nowhere.' : lines.join('\n');
}

async function compactionText(): Promise<string> {
  const plugins = await loadShippedPlugins();
  const names = readdirSync(CAPTURES).filter((name) => existsSync(`${CAPTURES}/${name}/compact.tsv`));
  const rows = names.map((name) => {
    const machine = machineFromImage(readCapture(`${CAPTURES}/${name}/before-compact`));
    const { highOrder } = createEvacuator({ host: simModule(machine), plugins });
    const result = runToEnd(highOrder({ order: 9, count: 'all', bound: false }, 'compaction'));
    const [head = '', line = ''] = readFileSync(`${CAPTURES}/${name}/compact.tsv`, 'utf8').split('\n');
    const kernel = (column: string): number => Number(line.split('\t')[head.split('\t').indexOf(column)]);
    const pair = (ours: number, theirs: number): string =>
      `${count(ours)} / ${count(theirs)} (${ours >= theirs ? '+' : ''}${((ours / theirs - 1) * 100).toFixed(2)} %)`;
    return [
      name,
      pair(result.pagesMigrated, kernel('migrated')),
      pair(result.scanned!.migrate, kernel('migrate_scanned')),
      pair(result.scanned!.free, kernel('free_scanned')),
      pair(result.freeBefore + result.made, kernel('order9_after')),
      pair(result.made, kernel('order9_after') - kernel('order9_before')),
    ];
  });
  const head = ['capture', 'migrated', 'migrate scanned', 'free scanned', 'order 9 after', 'order 9 gained'];
  return markdown(head, rows);
}

function between(text: string, name: string, figures: string): string {
  const [begin, end] = [`<!-- ${name} -->`, `<!-- end of ${name} -->`];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${README} has no "${begin}" … "${end}"`);
  return `${text.slice(0, from + begin.length)}\n\n${figures}\n\n${text.slice(to)}`;
}

const seeds = process.argv[2] ?? '10';
const { cells, tables } = compare(seeds);
let text = readFileSync(README, 'utf8');
text = between(
  text,
  'size',
  `${SCENARIOS.length} scenarios, ${tables.length} jobs, ${seeds} seeds: ${count(cells)} runs.`,
);
text = between(text, 'overall', overallText(tables));
text = between(text, 'behind', behindText(tables));
text = between(text, 'compaction', await compactionText());
text = between(text, 'jobs', tables.map(jobText).join('\n\n'));
writeFileSync(README, text);
