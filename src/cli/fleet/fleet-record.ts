import type { DoneJob } from '../../container/do-job.js';
import { fleetReport } from '../../fleet/fleet-report.js';
import { HOST_COLUMNS, REASON_COLUMNS, reasonRows } from '../../fleet/host-columns.js';
import type { HostResult } from '../../fleet/host-row.js';
import { csvTable, parquetTable } from '../../report/table-files.js';
import type { FolderForm } from '../engine/results-folder.js';
import { fleetHtml } from './fleet-html.js';
import { parseHosts } from './parse-hosts.js';

/** What a run over a fleet was asked: fleet.json. */
export interface FleetRecord {
  readonly format: 1;
  readonly vacate: string;
  readonly needBytes: number | null;
  readonly plugins: readonly string[];
  /** Names of the jobs, in the order of the captures. */
  readonly jobs: readonly string[];
}

const RESULTS = ['hosts.csv', 'hosts.parquet', 'reasons.parquet', 'report.html'] as const;

export const FLEET_FORM: FolderForm<FleetRecord, DoneJob> = {
  record: 'fleet.json',
  journal: 'hosts.jsonl',
  results: RESULTS,
  isRecord,
  differenceBetween,
  line: (done) => `${JSON.stringify(done)}\n`,
  parse: parseHosts,
};

/** All files that are made when every host has its row. */
export function fleetFiles(
  record: FleetRecord,
  results: readonly HostResult[],
): Readonly<Record<(typeof RESULTS)[number], string | Uint8Array>> {
  return {
    'hosts.csv': csvTable(HOST_COLUMNS, results),
    'hosts.parquet': new Uint8Array(parquetTable(HOST_COLUMNS, results)),
    'reasons.parquet': new Uint8Array(parquetTable(REASON_COLUMNS, reasonRows(results))),
    'report.html': fleetHtml(record, fleetReport(results)),
  };
}

function isRecord(value: unknown): value is FleetRecord {
  if (typeof value !== 'object' || value === null) return false;
  const { plugins, jobs } = value as Partial<FleetRecord>;
  return [plugins, jobs].every((list) => Array.isArray(list) && list.every((item) => typeof item === 'string'));
}

function differenceBetween(there: FleetRecord, asked: FleetRecord): string | null {
  if (there.format !== asked.format) return 'it has another format';
  if (there.vacate !== asked.vacate) return 'it was made by another version of vacate';
  if (there.needBytes !== asked.needBytes) return 'it had another --need';
  if (there.plugins.join('\0') !== asked.plugins.join('\0')) return 'it had other plugins';
  if (there.jobs.join() !== asked.jobs.join()) return 'it was about other captures, or these were another time';
  return null;
}
