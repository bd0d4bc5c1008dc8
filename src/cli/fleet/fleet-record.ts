import type { DoneJob } from '../../container/do-job.js';
import type { FolderForm } from '../engine/results-folder.js';
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

/** Files that are made when every host has its row. */
export const FLEET_RESULTS = ['hosts.csv', 'hosts.parquet', 'reasons.parquet', 'report.html'] as const;

export const FLEET_FORM: FolderForm<FleetRecord, DoneJob> = {
  record: 'fleet.json',
  journal: 'hosts.jsonl',
  results: FLEET_RESULTS,
  isRecord,
  differenceBetween,
  line: (done) => `${JSON.stringify(done)}\n`,
  parse: parseHosts,
};

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
