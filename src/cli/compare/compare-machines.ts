import { createHash } from 'node:crypto';
import { readFileSync, realpathSync } from 'node:fs';
import { VacateError } from '../../base/vacate-error.js';
import type { MachineSource } from '../../compare/task.js';
import { captureDigest } from '../capture-digest.js';
import { checkName, readable } from '../open-machine.js';
import { shortNames } from '../short-names.js';

/** A machine that is to be compared on, as the command line names it. */
export interface NamedMachine {
  /** Short, and no other machine of the comparison has it. */
  readonly name: string;
  readonly where: string;
  readonly source: MachineSource;
  readonly sha256: string;
}

/**
 * Reads what machines are built from.
 *
 * @throws VacateError kind 'usage' for what is neither a scenario nor a capture, cannot be read, or is named twice.
 */
export function nameMachines(paths: readonly string[]): NamedMachine[] {
  const seen = new Map<string, string>();
  const sources = paths.map((path) => {
    const isCapture = checkName(path).isDirectory();
    const real = realpathSync(path);
    const twin = seen.get(real);
    if (twin !== undefined)
      throw new VacateError(
        'usage',
        path === twin
          ? `${path} is named twice; a comparison has every machine once`
          : `${twin} and ${path} are the same machine; name it once`,
      );
    seen.set(real, path);
    return { path, ...(isCapture ? captureAt(path) : scenarioAt(path)) };
  });
  const names = shortNames(paths);
  return sources.map(({ path, source, sha256 }, at) => ({ name: names[at]!, where: path, source, sha256 }));
}

function scenarioAt(path: string): Pick<NamedMachine, 'source' | 'sha256'> {
  const text = readable(path, () => readFileSync(path, 'utf8'));
  return { source: { kind: 'scenario', where: path, text }, sha256: createHash('sha256').update(text).digest('hex') };
}

function captureAt(directory: string): Pick<NamedMachine, 'source' | 'sha256'> {
  return { source: { kind: 'capture', directory }, sha256: captureDigest(directory) };
}
