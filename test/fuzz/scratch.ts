import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const made: string[] = [];

/** A new directory that is gone when the tests are over, if they say so by `removeScratch`. */
export function scratch(): string {
  const directory = mkdtempSync(join(tmpdir(), 'vacate-fuzz-'));
  made.push(directory);
  return directory;
}

export function removeScratch(): void {
  for (const directory of made.splice(0)) rmSync(directory, { recursive: true, force: true });
}
