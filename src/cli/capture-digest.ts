import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readable } from './open-machine.js';

/**
 * A word about every byte of a capture directory's own files, in hexadecimal: SHA-256 over their names and contents.
 *
 * @throws VacateError kind 'usage' if they cannot be read.
 */
export function captureDigest(directory: string): string {
  const hash = createHash('sha256');
  readable(directory, () => {
    for (const name of readdirSync(directory).sort()) {
      const path = join(directory, name);
      if (statSync(path).isFile()) hash.update(`${name}\0`).update(readFileSync(path));
    }
  });
  return hash.digest('hex');
}
