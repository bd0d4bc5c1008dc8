import type { Cell, CellKey } from '../../../src/compare/cell.js';
import { METRIC_IDS, type MetricId, type Metrics } from '../../../src/compare/metrics.js';
import type { PlannedMachine } from '../../../src/compare/plan.js';
import type { MachineRecord, RunRecord } from '../../../src/compare/run-record.js';

/** Metrics of which a test names what it needs; the others are not known. */
export function metricsWith(values: Partial<Record<MetricId, number>>): Metrics {
  return Object.fromEntries(METRIC_IDS.map((id) => [id, values[id] ?? null])) as Metrics;
}

export function cellOf(
  key: Partial<CellKey>,
  values: Partial<Record<MetricId, number>> = {},
  more: Partial<Cell> = {},
): Cell {
  return {
    ...{ machine: 'm', job: 'order 9, all', strategy: 's', seed: 1, ...key },
    ...{ ended: 'done', because: null, metrics: metricsWith(values), refusals: [], stateHash: '0123456789abcdef' },
    ...more,
  };
}

/** One machine with one job, "order 9, all". */
export function planned(
  strategies: readonly string[],
  seeds: ReadonlyArray<number | null> = [1, 2, 3],
): PlannedMachine {
  const job = { kind: 'high-order', order: 9, count: 'all' } as const;
  return { name: 'm', seeds, jobs: [{ name: 'order 9, all', job, strategies }] };
}

export function recordOf(machine: Partial<MachineRecord> = {}, more: Partial<RunRecord> = {}): RunRecord {
  const origin = { source: 'scenario', where: 'scenarios/m.yaml', sha256: 'ab'.repeat(32), caveats: [] } as const;
  return {
    ...{ format: 1, vacate: '1.2.3', machines: [{ ...planned(['a', 'b']), ...origin, ...machine }] },
    ...{ plugins: [], strategyModules: [], ...more },
  };
}
