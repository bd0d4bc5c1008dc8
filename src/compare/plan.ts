import { type Cell, type CellKey, idOf } from './cell.js';
import type { CompareJob } from './job.js';

/** A job of a machine, and who competes for it. */
export interface PlannedJob {
  readonly name: string;
  readonly job: CompareJob;
  readonly strategies: readonly string[];
}

/** A machine of a comparison: how often it is built, and what is asked of it. */
export interface PlannedMachine {
  readonly name: string;
  /** One null for a capture. */
  readonly seeds: ReadonlyArray<number | null>;
  readonly jobs: readonly PlannedJob[];
}

/** Cells that share a machine built once; one worker runs them one after the other. */
export interface Group {
  readonly machine: string;
  readonly seed: number | null;
  readonly cells: readonly CellKey[];
}

/** Every cell of a comparison, in the order in which results are written. */
export function cellsOf(machines: readonly PlannedMachine[]): CellKey[] {
  return machines.flatMap(({ name: machine, seeds, jobs }) =>
    jobs.flatMap(({ name: job, strategies }) =>
      strategies.flatMap((strategy) => seeds.map((seed) => ({ machine, job, strategy, seed }))),
    ),
  );
}

/** Groups for each worker, at least: with fewer, some would idle while the last one works. */
const GROUPS_PER_WORKER = 2;

/**
 * The cells that are left to do, as few groups as keep all workers busy: machines are built once a group, so the largest
 * groups are split only as long as there are too few.
 */
export function groupsOf(cells: readonly CellKey[], finished: ReadonlySet<string>, nrWorkers: number): Group[] {
  const byMachine = new Map<string, CellKey[]>();
  for (const cell of cells) {
    if (finished.has(idOf(cell))) continue;
    const key = JSON.stringify([cell.machine, cell.seed]);
    const there = byMachine.get(key);
    if (there === undefined) byMachine.set(key, [cell]);
    else there.push(cell);
  }
  const groups = [...byMachine.values()];
  while (groups.length < nrWorkers * GROUPS_PER_WORKER) {
    const largest = groups.reduce((most, group) => (group.length > most.length ? group : most), groups[0] ?? []);
    if (largest.length < 2) break;
    const half = Math.ceil(largest.length / 2);
    groups.splice(groups.indexOf(largest), 1, largest.slice(0, half), largest.slice(half));
  }
  return groups.map((group) => ({ machine: group[0]!.machine, seed: group[0]!.seed, cells: group }));
}

/** Finished cells in the order of the plan, whoever finished first; what is not in the plan is left out. */
export function inOrder(cells: readonly CellKey[], finished: readonly Cell[]): Cell[] {
  const byId = new Map(finished.map((cell) => [idOf(cell), cell]));
  return cells.flatMap((key) => byId.get(idOf(key)) ?? []);
}
