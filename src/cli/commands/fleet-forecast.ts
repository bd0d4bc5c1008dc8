import { availableParallelism } from 'node:os';
import { VacateError } from '../../base/vacate-error.js';
import { brokenJob, type DoneJob, type JobCall } from '../../container/do-job.js';
import { type FleetReport, fleetReport } from '../../fleet/fleet-report.js';
import type { HostResult } from '../../fleet/host-row.js';
import type { RedisAccess } from '../../queue/connection.js';
import type { NamedJob } from '../../queue/queue-run.js';
import { type Context, printJson } from '../context.js';
import { checkFolder, type FolderManner, ResultsFolder } from '../engine/results-folder.js';
import { runTasks } from '../engine/run-tasks.js';
import { EXIT_DONE, EXIT_PARTIAL, EXIT_REFUSED } from '../exit-codes.js';
import { capturesListed } from '../fleet/captures-listed.js';
import { findCaptures } from '../fleet/find-captures.js';
import { type FleetJob, fleetJobs } from '../fleet/fleet-jobs.js';
import { FLEET_FORM, type FleetRecord } from '../fleet/fleet-record.js';
import { fleetText } from '../fleet/fleet-text.js';
import { parseHost } from '../fleet/parse-hosts.js';
import { checkHtmlFile, writeHtmlFile } from '../html/html-file.js';
import { Interrupted } from '../interrupts.js';
import { loadPageTypes } from '../page-types.js';
import type { ClientChoice } from '../queue/queue-options.js';
import { openQueue, runQueued } from '../queue/run-queued.js';
import { version } from '../version.js';
import { countOf, formatCount } from '../wording.js';

/** A tenth of a second is little for a message of its own. */
const BUNDLE_JOBS = 8;

export interface FleetForecastCommand extends FolderManner, ClientChoice {
  /** Bytes that each host is asked for. */
  readonly need?: number;
  /** Hosts at a time; all cores without it. */
  readonly jobs?: number;
  /** A file or an address that lists captures. */
  readonly list?: string;
  readonly out?: string;
  readonly plugin: readonly string[];
  readonly html?: string;
  readonly json?: boolean;
}

/** `vacate fleet forecast`: what many hosts can give, from their captures. Changes nothing. */
export async function fleetForecast(
  context: Context,
  names: readonly string[],
  options: FleetForecastCommand,
): Promise<number> {
  const { out, list, need = null, plugin: plugins, html } = options;
  if (names.length === 0 && list === undefined)
    throw new VacateError('usage', 'captures are missing; name some, or a list of them by --list');
  if (out !== undefined) checkFolder(out, FLEET_FORM, options);
  else if (options.resume === true || options.force === true)
    throw new VacateError(
      'usage',
      `--${options.resume === true ? 'resume' : 'force'} needs --out, the folder of a run`,
    );
  if (html !== undefined) checkHtmlFile(html);
  const access = await openQueue(options);
  await loadPageTypes(options);
  const captures = findCaptures([...names, ...(list === undefined ? [] : await capturesListed(list))]);
  const jobs = await fleetJobs(context, captures, { need, plugins });
  const record: FleetRecord = {
    ...{ format: 1, vacate: version(), needBytes: need, plugins },
    jobs: jobs.map(({ id }) => id),
  };
  const folder = out === undefined ? null : ResultsFolder.open(out, FLEET_FORM, record, options);
  try {
    const rows = await finish(context, jobs, { folder, access, options });
    const report = fleetReport(rows);
    if (folder !== null || html !== undefined) {
      // Charts are more code than all the rest: whoever wants no report does not wait for them.
      const { fleetFiles } = await import('../fleet/fleet-files.js');
      const files = fleetFiles(record, report, rows);
      folder?.writeResults(files);
      if (html !== undefined) writeHtmlFile(html, files['report.html']);
    }
    show(context, options, report, rows);
    return exitCodeFor(report);
  } finally {
    folder?.close();
  }
}

interface Undertaking {
  readonly folder: ResultsFolder<FleetRecord, DoneJob> | null;
  /** Null where the work is done here. */
  readonly access: RedisAccess | null;
  readonly options: FleetForecastCommand;
}

/** Does what is not done yet; the rows stand in the order of the jobs, whoever was done first. */
async function finish(
  context: Context,
  jobs: readonly FleetJob[],
  { folder, access, options }: Undertaking,
): Promise<HostResult[]> {
  const done = new Map(folder?.finished.map((each) => [each.id, each.row]));
  const progress = () =>
    context.progress.update({ label: 'forecasting', done: done.size, total: jobs.length, unit: 'hosts' });
  progress();
  const onRow = (each: DoneJob) => {
    folder?.add(each);
    done.set(each.id, each.row);
    progress();
  };
  for (const { id, job, because } of jobs) if (because !== null && !done.has(id)) onRow(brokenJob(job, because));
  const left = jobs.filter(({ id }) => !done.has(id));
  const kept = () => whatIsKept(done.size, jobs.length, options.out);
  const ended =
    access === null
      ? await runHere(context, left, onRow, options)
      : await runQueued<DoneJob>(context, {
          ...{ access, options, kept, jobs: left, perBundle: BUNDLE_JOBS, onRow },
          parse: parseHost,
          broken: brokenJob,
        });
  context.progress.stop();
  if (ended === 'interrupted') throw new Interrupted(kept());
  return jobs.flatMap(({ id }) => done.get(id) ?? []);
}

function runHere(
  context: Context,
  jobs: readonly NamedJob[],
  onRow: (done: DoneJob) => void,
  options: FleetForecastCommand,
): Promise<'finished' | 'interrupted'> {
  return runTasks<JobCall, DoneJob>({
    entry: new URL('../../container/job-main.js', import.meta.url),
    nrWorkers: options.jobs ?? availableParallelism(),
    tasks: jobs.map(({ job }) => ({ job, from: '' })),
    interrupted: () => context.interrupts.interrupted,
    onRow,
    onBroken: ({ job }, _, because) => ({ row: brokenJob(job, because), left: [] }),
  });
}

function whatIsKept(done: number, all: number, out: string | undefined): string {
  const far = `${formatCount(done)} of ${countOf(all, 'host')} are finished`;
  return out === undefined
    ? `${far}; with --out FOLDER they would be kept`
    : `${far} and kept in ${out}; the same command with --resume goes on from there`;
}

function show(
  context: Context,
  { out, json }: FleetForecastCommand,
  report: FleetReport,
  rows: readonly HostResult[],
): void {
  if (json === true) printJson(context, { command: 'fleet forecast', out: out ?? null, report, hosts: rows });
  else {
    context.print(fleetText(report, context.palette));
    if (out !== undefined)
      context.print(
        `\n${countOf(rows.length, 'row')} in ${out}: report.html, hosts.csv, hosts.parquet, reasons.parquet`,
      );
  }
}

/** Hosts that could not be asked leave the answer open; that some cannot give what is needed is the answer. */
function exitCodeFor({ failed, hosts, need }: FleetReport): number {
  if (hosts === 0 || need?.can.length === 0) return EXIT_REFUSED;
  return failed.length > 0 ? EXIT_PARTIAL : EXIT_DONE;
}
