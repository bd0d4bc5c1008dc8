import { type ColumnViews, f64, layColumns } from '../base/columns.js';
import { FAULT_KINDS } from './fault-kinds.js';

/** What processes do besides reading and writing, each counted. */
export const SYSTEM_CALLS = [
  'spawn',
  'fork',
  'exit',
  'mmap',
  'mlock',
  'truncate',
  'read',
  'write',
  'pin',
  'writeback',
  'reclaim',
] as const;
export type SystemCall = (typeof SYSTEM_CALLS)[number];

/** How jobs end. */
export const OUTCOMES = ['done', 'partial', 'refused', 'aborted', 'failed'] as const;
export type SoakOutcome = (typeof OUTCOMES)[number];

export interface CountersShape {
  readonly nrThreads: number;
  readonly nrMigrators: number;
  readonly nrStrategies: number;
}

/**
 * Counters, each of one writer and for all to read: whoever adds to one is alone with it, so that counting costs what it
 * costs without threads. Migrators have a row a strategy.
 */
const counterColumns = ({ nrThreads, nrMigrators, nrStrategies }: CountersShape) => ({
  loads: f64(nrThreads),
  stores: f64(nrThreads),
  /** Words compared with the ledger. */
  checked: f64(nrThreads),
  outOfMemory: f64(nrThreads),
  calls: f64(nrThreads * SYSTEM_CALLS.length),
  processHeap: f64(nrThreads),
  jobs: f64(nrMigrators * nrStrategies * OUTCOMES.length),
  migrated: f64(nrMigrators * nrStrategies),
  /** Pages refused, for whatever reason. */
  refusals: f64(nrMigrators * nrStrategies),
  busyMs: f64(nrMigrators * nrStrategies),
  faults: f64((nrMigrators + 1) * FAULT_KINDS.length),
  migratorHeap: f64(nrMigrators),
  /** Times at which all threads stood still, and what was compared then; of the first migrator. */
  quietPoints: f64(1),
  quietWords: f64(1),
  quietMs: f64(1),
});

export interface Counters extends ColumnViews<ReturnType<typeof counterColumns>> {
  readonly shape: CountersShape;
  readonly buffer: ArrayBufferLike;
}

export function createCounters(shape: CountersShape): Counters {
  const { buffer, views } = layColumns(counterColumns(shape), 'shared');
  return { ...views, shape, buffer };
}

export function attachCounters(shape: CountersShape, buffer: SharedArrayBuffer): Counters {
  return { ...layColumns(counterColumns(shape), buffer).views, shape, buffer };
}

export function countCall({ calls }: Counters, thread: number, call: SystemCall): void {
  const at = thread * SYSTEM_CALLS.length + SYSTEM_CALLS.indexOf(call);
  calls[at] = calls[at]! + 1;
}

/** `writer` is a migrator, or the number of migrators for whoever watches over them all. */
export function countFault({ faults }: Counters, writer: number, kind: (typeof FAULT_KINDS)[number], times = 1): void {
  const at = writer * FAULT_KINDS.length + FAULT_KINDS.indexOf(kind);
  faults[at] = faults[at]! + times;
}

/** A job of a migrator has ended. */
export function countJob(
  counters: Counters,
  migrator: number,
  strategy: number,
  job: { readonly outcome: SoakOutcome; readonly migrated: number; readonly refused: number; readonly ms: number },
): void {
  const row = migrator * counters.shape.nrStrategies + strategy;
  const at = row * OUTCOMES.length + OUTCOMES.indexOf(job.outcome);
  counters.jobs[at] = counters.jobs[at]! + 1;
  counters.migrated[row] = counters.migrated[row]! + job.migrated;
  counters.refusals[row] = counters.refusals[row]! + job.refused;
  counters.busyMs[row] = counters.busyMs[row]! + job.ms;
}

/** The sum over all writers of position `at` of a row that is `width` long. */
export function sumOf(column: Float64Array, width = 1, at = 0): number {
  let sum = 0;
  for (let i = at; i < column.length; i += width) sum += column[i]!;
  return sum;
}
