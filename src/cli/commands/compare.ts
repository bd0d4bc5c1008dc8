import { availableParallelism } from 'node:os';
import { VacateError } from '../../base/vacate-error.js';
import type { Cell } from '../../compare/cell.js';
import { idOf } from '../../compare/cell.js';
import { contestantsFor } from '../../compare/contestants.js';
import type { StrategyLabels } from '../../compare/evacuator-port.js';
import { jobsByName } from '../../compare/job.js';
import { cellsOf, groupsOf, inOrder, type PlannedJob } from '../../compare/plan.js';
import type { MachineRecord, RunRecord } from '../../compare/run-record.js';
import { type SummaryTable, summarise } from '../../compare/summary.js';
import { buildCompareMachine } from '../../container/compare-machine.js';
import { loadStrategies } from '../../container/load-plugins.js';
import type { RedisAccess } from '../../queue/connection.js';
import { CellRecordings } from '../compare/cell-recordings.js';
import { checkFolder, type FolderManner, RunFolder } from '../compare/compare-folder.js';
import { checkStatedJobs, jobsFor, type StatedJobs } from '../compare/compare-jobs.js';
import { compareLabels } from '../compare/compare-labels.js';
import { type NamedMachine, nameMachines } from '../compare/compare-machines.js';
import { runGroupsQueued } from '../compare/compare-queued.js';
import { runGroups } from '../compare/compare-run.js';
import { compareText } from '../compare/compare-text.js';
import { type Context, printJson } from '../context.js';
import { EXIT_DONE, EXIT_PARTIAL, EXIT_REFUSED } from '../exit-codes.js';
import { Interrupted } from '../interrupts.js';
import { loadPageTypes } from '../page-types.js';
import type { ClientChoice } from '../queue/queue-options.js';
import { openQueue } from '../queue/run-queued.js';
import { version } from '../version.js';
import { countOf, formatCount } from '../wording.js';

export interface CompareOptions extends StatedJobs, FolderManner, ClientChoice {
  readonly strategy: readonly string[];
  /** How many seeds, from the first on. */
  readonly seeds: number;
  readonly seed: number;
  /** Workers; all cores without it. */
  readonly jobs?: number;
  readonly out: string;
  readonly plugin: readonly string[];
  /** Milliseconds that one of them may take. */
  readonly pluginTimeLimit?: number | undefined;
  readonly strategyModule: readonly string[];
  readonly json?: boolean;
  /** Folder in which each cell's run is recorded. */
  readonly record?: string;
}

/** `vacate compare`: every strategy on every machine with every seed, and what came of it. */
export async function compare(context: Context, paths: readonly string[], options: CompareOptions): Promise<number> {
  checkStatedJobs(options);
  checkFolder(options.out, options);
  if (options.redis !== undefined && options.record !== undefined)
    throw new VacateError(
      'usage',
      '--record writes down what runs here, and --redis runs it elsewhere; keep one of them, and record single cells afterwards',
    );
  const access = await openQueue(options);
  const strategies = await loadStrategies(options.strategyModule);
  await loadPageTypes(options);
  const labels = compareLabels(options.strategy, strategies);
  const named = nameMachines(paths);
  const record = await recordOf(context, named, labels, options);
  const recordings = options.record === undefined ? null : new CellRecordings(options.record);
  const folder = RunFolder.open(options.out, record, options);
  try {
    const cells = await finish(context, { named, labels, record, folder, recordings, access, options });
    const tables = summarise(record.machines, cells);
    folder.writeResults(record, cells, tables);
    show(context, options, cells, tables);
    return exitCodeFor(cells);
  } finally {
    folder.close();
  }
}

/** Builds each machine once, to know what there is to ask of it; so a machine that cannot be built is told at once. */
async function recordOf(
  context: Context,
  named: readonly NamedMachine[],
  labels: StrategyLabels,
  options: CompareOptions,
): Promise<RunRecord> {
  const machines: MachineRecord[] = [];
  for (const { name, where, source, sha256 } of named) {
    context.progress.update({
      label: 'reading machines',
      done: machines.length,
      total: named.length,
      unit: 'machines',
    });
    await context.interrupts.breathe();
    const isCapture = source.kind === 'capture';
    const built = buildCompareMachine(source, isCapture ? null : options.seed);
    const seeds = isCapture ? [null] : Array.from({ length: options.seeds }, (_, at) => options.seed + at);
    const jobs = [...jobsByName(jobsFor(built, options))].flatMap(([jobName, job]): PlannedJob[] => {
      const contestants = contestantsFor(job.kind, labels);
      return contestants.length === 0 ? [] : [{ name: jobName, job, strategies: contestants }];
    });
    machines.push({ name, source: source.kind, where, sha256, caveats: built.caveats, seeds, jobs });
  }
  context.progress.stop();
  if (machines.every(({ jobs }) => jobs.length === 0))
    throw new VacateError(
      'usage',
      `no machine has a job for ${options.strategy.join(', ')}; state one with --order or --dimm, or name other strategies`,
    );
  const { plugin: plugins, strategyModule: strategyModules } = options;
  return { format: 1, vacate: version(), machines, plugins, strategyModules };
}

interface Undertaking {
  readonly named: readonly NamedMachine[];
  readonly labels: StrategyLabels;
  readonly record: RunRecord;
  readonly folder: RunFolder;
  readonly recordings: CellRecordings | null;
  /** Null where the work is done here. */
  readonly access: RedisAccess | null;
  readonly options: CompareOptions;
}

/** As many as that are kept busy, wherever they are. */
const WORKERS_ELSEWHERE = 16;

/** Runs what is not finished yet. */
async function finish(context: Context, undertaking: Undertaking): Promise<Cell[]> {
  const { named, labels, record, folder, recordings, access, options } = undertaking;
  const all = cellsOf(record.machines);
  const known = new Set(all.map(idOf));
  const finished = folder.finished.filter((cell) => known.has(idOf(cell)));
  const nrWorkers = access === null ? (options.jobs ?? availableParallelism()) : WORKERS_ELSEWHERE;
  const groups = groupsOf(all, new Set(finished.map(idOf)), nrWorkers);
  const recording = recordings === null ? {} : { recording: { command: process.argv.slice(2), by: version() } };
  const progress = () => {
    context.progress.update({ label: 'comparing', done: finished.length, total: all.length, unit: 'cells' });
  };
  progress();
  const tasks = groups.map((group) => ({
    group,
    source: named.find(({ name }) => name === group.machine)!.source,
    jobs: record.machines.find(({ name }) => name === group.machine)!.jobs,
    labels,
    plugins: record.plugins,
    handlerTimeLimitMs: options.pluginTimeLimit,
    strategyModules: record.strategyModules,
    ...recording,
  }));
  const onCell = (cell: Cell, run: Uint8Array | null = null) => {
    folder.add(cell);
    if (run !== null) recordings?.add(cell, run);
    finished.push(cell);
    progress();
  };
  const kept = () =>
    `${formatCount(finished.length)} of ${countOf(all.length, 'cell')} are finished and kept in ${options.out}; ` +
    'the same command with --resume goes on from there';
  const interrupted = () => context.interrupts.interrupted;
  const ended =
    access === null
      ? await runGroups({ nrWorkers, tasks, interrupted, onCell })
      : await runGroupsQueued(context, { access, options, tasks, onCell: (cell) => onCell(cell), kept });
  context.progress.stop();
  for (const because of (await recordings?.settled()) ?? []) context.note(because);
  if (ended === 'interrupted') throw new Interrupted(kept());
  return inOrder(all, finished);
}

function show(
  context: Context,
  { out, json }: CompareOptions,
  cells: readonly Cell[],
  tables: readonly SummaryTable[],
): void {
  if (json === true) printJson(context, { command: 'compare', out, cells: cells.length, tables });
  else {
    context.print(compareText(tables, context.palette));
    context.print(`\n${countOf(cells.length, 'cell')} in ${out}: report.html, summary.csv, cells.csv, cells.parquet`);
  }
}

/** A strategy that does not apply, or makes nothing, is a result; one that breaks is not. */
function exitCodeFor(cells: readonly Cell[]): number {
  if (cells.some(({ metrics }) => (metrics?.contentsWrong ?? 0) > 0)) return EXIT_REFUSED;
  return cells.some(({ ended }) => ended === 'error') ? EXIT_PARTIAL : EXIT_DONE;
}
