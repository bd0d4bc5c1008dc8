import { printable } from '../base/quoted.js';
import type { PlannedMachine } from './plan.js';

/** Where a machine comes from. */
export interface MachineRecord extends PlannedMachine {
  readonly source: 'scenario' | 'capture';
  /** As the command line named it. */
  readonly where: string;
  /** SHA-256 of what it was read from. */
  readonly sha256: string;
  /** What could not be known, in sentences. */
  readonly caveats: readonly string[];
}

/** What a comparison was asked to do: run.json. Two runs of the same record have the same cells. */
export interface RunRecord {
  readonly format: 1;
  /** Version of this package. */
  readonly vacate: string;
  readonly machines: readonly MachineRecord[];
  readonly plugins: readonly string[];
  readonly strategyModules: readonly string[];
}

/** So much of a list is told. */
const TOLD_MAX = 8;
const NAME_MAX = 40;

/** True for what `run.json` may hold, as far as it is compared: the file may be anybody's. */
export function isRunRecord(value: unknown): value is RunRecord {
  if (!isObject(value) || !isTexts(value.plugins) || !isTexts(value.strategyModules)) return false;
  return Array.isArray(value.machines) && value.machines.every(isMachine);
}

function isMachine(value: unknown): boolean {
  if (!isObject(value) || typeof value.name !== 'string') return false;
  const areSeeds = Array.isArray(value.seeds) && value.seeds.every((seed) => seed === null || typeof seed === 'number');
  return areSeeds && Array.isArray(value.jobs) && value.jobs.every(isJob);
}

function isJob(value: unknown): boolean {
  return isObject(value) && typeof value.name === 'string' && isTexts(value.strategies);
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

/**
 * Why cells of one run cannot stand beside those of another, as the end of a sentence that begins with what the folder
 * holds; null if they can.
 */
export function differenceBetween(there: RunRecord, asked: RunRecord): string | null {
  if (there.format !== asked.format) return `it has format ${shown(there.format)}, not ${asked.format}`;
  if (there.vacate !== asked.vacate) return `it was made by vacate ${shown(there.vacate)}, this is ${asked.vacate}`;
  const machines = listDifference(
    'machines',
    there.machines.map(({ name }) => name),
    asked.machines.map(({ name }) => name),
  );
  if (machines !== null) return machines;
  for (const [at, machine] of asked.machines.entries()) {
    const difference = machineDifference(there.machines[at]!, machine);
    if (difference !== null) return `${difference} on ${machine.name}`;
  }
  return (
    listDifference('plugins', there.plugins, asked.plugins) ??
    listDifference('strategy modules', there.strategyModules, asked.strategyModules)
  );
}

function machineDifference(there: MachineRecord, asked: MachineRecord): string | null {
  if (there.sha256 !== asked.sha256) return 'it was made from another state of the files';
  const seeds = listDifference('seeds', there.seeds.map(String), asked.seeds.map(String));
  if (seeds !== null) return seeds;
  const jobs = listDifference(
    'jobs',
    there.jobs.map(({ name }) => name),
    asked.jobs.map(({ name }) => name),
  );
  if (jobs !== null) return jobs;
  for (const [at, { name, job, strategies }] of asked.jobs.entries()) {
    const other = there.jobs[at]!;
    const difference = listDifference('strategies', other.strategies, strategies);
    if (difference !== null) return `${difference} for "${name}"`;
    if (JSON.stringify(other.job) !== JSON.stringify(job)) return `"${name}" was another job`;
  }
  return null;
}

function listDifference(what: string, there: readonly string[], asked: readonly string[]): string | null {
  if (there.length === asked.length && there.every((item, at) => item === asked[at])) return null;
  const missing = asked.filter((item) => !there.includes(item));
  const more = there.filter((item) => !asked.includes(item));
  if (missing.length > 0) return `it has ${what} ${list(there)}, without ${list(missing)}`;
  if (more.length > 0) return `it has ${what} ${list(there)}, with ${list(more)} as well`;
  return `it has ${what} in another order, ${list(there)}`;
}

function list(items: readonly string[]): string {
  if (items.length === 0) return 'none';
  const told = items.slice(0, TOLD_MAX).map(shown);
  return items.length > told.length ? `${told.join(', ')} and ${items.length - told.length} more` : told.join(', ');
}

function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'none');
  return printable(text.slice(0, NAME_MAX));
}
