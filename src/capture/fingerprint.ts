import { createHash } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf } from '../base/errno.js';
import { printable } from '../base/quoted.js';
import { VacateError } from '../base/vacate-error.js';

/**
 * A word about the files of a capture: their names, sizes and times of change. It says that a capture is what it was without
 * reading it, as make does.
 *
 * @throws VacateError kind 'capture' if the directory cannot be read.
 */
export function captureFingerprint(directory: string): string {
  const hash = createHash('sha256');
  try {
    for (const name of readdirSync(directory).sort()) {
      const { size, mtimeMs } = statSync(join(directory, name));
      hash.update(`${name}\0${size}\0${mtimeMs}\0`);
    }
  } catch (cause) {
    throw new VacateError('capture', `${printable(directory)} cannot be read (${codeOf(cause)}).`, { cause });
  }
  return hash.digest('hex').slice(0, 32);
}
