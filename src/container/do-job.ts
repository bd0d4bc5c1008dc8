import { VacateError } from '../base/vacate-error.js';
import { captureFingerprint } from '../capture/fingerprint.js';
import type { HostResult } from '../fleet/host-row.js';
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

/**
 * Does a job: a pure function of it. What is wrong with its machine is its row; anything else that goes wrong is a bug, or a
 * matter of this computer, and thrown.
 */
export async function doJob(job: Job): Promise<DoneJob> {
  const id = jobId(job);
  switch (job.command) {
    case 'fleet-forecast':
      return { id, row: await forecastHost(job) };
    default:
      throw new VacateError('usage', `no worker of this version knows the command "${job.command}"`);
  }
}

async function forecastHost({ machine, options }: Job): Promise<HostResult> {
  const { need, plugins } = options as unknown as FleetForecastOptions;
  if (machine.kind !== 'capture') throw new VacateError('usage', 'a fleet consists of captures');
  const { fingerprint, ...host } = machine;
  const pageTypes = [...(await loadShippedPlugins()), ...(await loadPlugins(plugins))];
  try {
    if (captureFingerprint(host.where) !== fingerprint)
      return failedHost(host, 'it is not what it was when the run began; run again');
    return await hostRowOf(host, { needBytes: need }, pageTypes, plugins.length === 0);
  } catch (error) {
    if (VacateError.is(error) && error.kind === 'capture') return failedHost(host, error.message);
    throw error;
  }
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
