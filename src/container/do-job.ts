import { VacateError } from '../base/vacate-error.js';
import { captureFingerprint } from '../capture/fingerprint.js';
import { CaptureFiles, type StreamedSource } from '../capture/index.js';
import { type HostResult, isFailed } from '../fleet/host-row.js';
import { isUrl, parseCaptureUrl } from '../remote/capture-url.js';
import { RemoteCapture } from '../remote/remote-capture.js';
import { type Job, type Json, jobId } from '../workers/job.js';
import { hostRowOf, type NamedCapture } from './host-row.js';
import { loadPlugins, loadShippedPlugins } from './load-plugins.js';

/** What came of a job, and of which. */
export interface DoneJob {
  readonly id: string;
  readonly row: HostResult;
}

/** How a fleet's forecast is asked for. */
export interface FleetForecastOptions {
  /** Bytes; null if nothing is needed. */
  readonly need: number | null;
  readonly plugins: readonly string[];
  readonly [key: string]: Json;
}

/** A job, and the folder where names of files begin that are not absolute; empty for that of this process. */
export interface JobCall {
  readonly job: Job;
  readonly from: string;
}

/**
 * Does a job: a pure function of it. What is wrong with its machine is its row; anything else that goes wrong is a bug, or a
 * matter of this computer, and thrown.
 */
export async function doJob({ job, from }: JobCall): Promise<DoneJob> {
  const id = jobId(job);
  switch (job.command) {
    case 'fleet-forecast':
      return { id, row: await forecastHost(job, from) };
    default:
      throw new VacateError('usage', `no worker of this version knows the command "${job.command}"`);
  }
}

async function forecastHost({ machine, options }: Job, from: string): Promise<HostResult> {
  const { need, plugins } = options as unknown as FleetForecastOptions;
  if (machine.kind !== 'capture') throw new VacateError('usage', 'a fleet consists of captures');
  const { fingerprint, ...host } = machine;
  const pageTypes = [...(await loadShippedPlugins()), ...(await loadPlugins(plugins))];
  const place = placeOf(host.where, from);
  try {
    const { found, files } = await openCapture(place);
    if (found !== fingerprint) return failedHost(host, 'it is not what it was when the run began; run again');
    return await hostRowOf({ ...host, files: await files() }, { needBytes: need }, pageTypes, plugins.length === 0);
  } catch (error) {
    // Said as whoever asked would name it, or rows would tell who has done them.
    if (VacateError.is(error) && error.kind === 'capture')
      return failedHost(host, error.message.replaceAll(place, host.where));
    throw error;
  }
}

/** What a capture is known by, and its files: they are read only if it is the right one. */
async function openCapture(place: string): Promise<{ found: string; files: () => Promise<StreamedSource> }> {
  if (!isUrl(place)) return { found: captureFingerprint(place), files: async () => new CaptureFiles(place) };
  const capture = await RemoteCapture.open(parseCaptureUrl(place));
  const files = async () => {
    await capture.readTexts();
    return capture;
  };
  return { found: capture.fingerprint, files };
}

/** Where a file of a job lies for this process. */
export function placeOf(where: string, from: string): string {
  return from === '' || where.startsWith('/') || isUrl(where) ? where : `${from}/${where}`;
}

/** True if the row says only why there is nothing else to say. */
export function hasFailed({ row }: DoneJob): boolean {
  return isFailed(row);
}

/** Modules of page types and strategies that a job loads. */
export function modulesOf({ options }: Job): readonly string[] {
  const { plugins = [], strategyModules = [] } = options as {
    readonly plugins?: readonly string[];
    readonly strategyModules?: readonly string[];
  };
  return [...plugins, ...strategyModules];
}

/** What is said of a job whose worker broke down over it. */
export function brokenJob(job: Job, because: string): DoneJob {
  const { machine } = job;
  if (machine.kind !== 'capture') throw new VacateError('usage', 'a fleet consists of captures');
  return { id: jobId(job), row: failedHost(machine, because) };
}

function failedHost({ name, where }: NamedCapture, because: string): HostResult {
  return { host: name, where, because };
}
