import type { FleetReport } from '../../fleet/fleet-report.js';
import { HOST_COLUMNS, REASON_COLUMNS, reasonRows } from '../../fleet/host-columns.js';
import type { HostResult } from '../../fleet/host-row.js';
import { csvTable, parquetTable } from '../../report/table-files.js';
import { fleetHtml } from './fleet-html.js';
import type { FLEET_RESULTS, FleetRecord } from './fleet-record.js';

/** By name; texts, and bytes. */
type FleetFiles = Readonly<Record<Exclude<(typeof FLEET_RESULTS)[number], 'report.html'>, string | Uint8Array>> & {
  readonly 'report.html': string;
};

/** All files that are made when every host has its row. */
export function fleetFiles(record: FleetRecord, report: FleetReport, results: readonly HostResult[]): FleetFiles {
  return {
    'hosts.csv': csvTable(HOST_COLUMNS, results),
    'hosts.parquet': new Uint8Array(parquetTable(HOST_COLUMNS, results)),
    'reasons.parquet': new Uint8Array(parquetTable(REASON_COLUMNS, reasonRows(results))),
    'report.html': fleetHtml(record, report),
  };
}
