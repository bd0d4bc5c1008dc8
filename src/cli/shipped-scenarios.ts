import { existsSync, readdirSync } from 'node:fs';
import { isAbsolute, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nearestTo } from '../base/nearest.js';
import { quoted } from '../base/quoted.js';

/** Where the scenarios are that everybody can look at: beside the package's own description. */
export const SCENARIOS = new URL('../../../examples/scenarios/', import.meta.url);

const EXTENSION = /\.ya?ml$/i;
/** As the scenarios are called in a checkout, and where people read of them. */
const FOLDER = /^(?:\.\/)?examples\/scenarios\//;

/** Their names, without what files end with; none where they were not installed. */
export function shippedScenarios(): string[] {
  try {
    const files = readdirSync(SCENARIOS).filter((file) => EXTENSION.test(file));
    return files.map((file) => file.replace(EXTENSION, '')).sort();
  } catch {
    return [];
  }
}

/**
 * The path that a machine's name on the command line stands for: its own if there is something, else that of the shipped
 * scenario of this name. Whatever else it is stays as it was written, for whoever opens it to complain of.
 */
export function machinePath(name: string): string {
  if (existsSync(name)) return name;
  const wanted = bareName(name);
  if (!shippedScenarios().includes(wanted)) return name;
  const path = fileURLToPath(new URL(`${wanted}.yaml`, SCENARIOS));
  const fromHere = relative(process.cwd(), path);
  return fromHere.startsWith('..') || isAbsolute(fromHere) ? path : fromHere;
}

/** `did you mean the shipped scenario "two-dimms"?`, or null if none is called much like it. */
export function nearScenario(name: string): string | null {
  const near = nearestTo(bareName(name), shippedScenarios());
  return near === null ? null : `did you mean the shipped scenario ${quoted(near)}?`;
}

const bareName = (name: string) => name.replace(FOLDER, '').replace(EXTENSION, '');
