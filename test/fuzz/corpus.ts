import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';

/*
 * Inputs that are kept, a file each: those that once found something, and some that are nasty by design. A large one is
 * kept as gzip, NAME.packed.
 */

const CORPUS = fileURLToPath(new URL('../fixtures/fuzz/', import.meta.url));
const PACKED = '.packed';
const PACKED_FROM_BYTES = 4096;

export interface Kept {
  /** What it is, in words between dashes. */
  readonly name: string;
  readonly input: Buffer;
}

/** What is kept for a reader; nothing if there is no such folder. */
export function corpusOf(reader: string): Kept[] {
  const folder = join(CORPUS, reader);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .sort()
    .map((name) => {
      const bytes = readFileSync(join(folder, name));
      return name.endsWith(PACKED)
        ? { name: name.slice(0, -PACKED.length), input: gunzipSync(bytes) }
        : { name, input: bytes };
    });
}

/** Folders of the corpus, to be sure that each has a reader. */
export function corpusFolders(): string[] {
  return readdirSync(CORPUS, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
}

const LAST = join(tmpdir(), 'vacate-fuzz-last');

/** Notes an input before it is read: who hangs, or dies of it, cannot tell any more. */
export function noteLast(reader: string, input: Buffer): void {
  writeFileSync(LAST, input);
  writeFileSync(`${LAST}.reader`, reader);
}

/** Keeps an input that found something, under a name that somebody has to make a better one of; gives its path. */
export function keep(reader: string, name: string, input: Buffer): string {
  const folder = join(CORPUS, reader);
  mkdirSync(folder, { recursive: true });
  const isLarge = input.length > PACKED_FROM_BYTES;
  const path = join(folder, isLarge ? `${name}${PACKED}` : name);
  writeFileSync(path, isLarge ? gzipSync(input) : input);
  return path;
}
