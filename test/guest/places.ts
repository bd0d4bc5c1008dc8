import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The top of the package, from the sources (under jest) and from the build (the commands) alike. */
export const PACKAGE_ROOT = packageRoot(dirname(fileURLToPath(import.meta.url)));

/** Where the C sources and the scripts of guests lie: the build does not copy them. */
export const GUEST_SOURCES = join(PACKAGE_ROOT, 'test/guest');

/** What guests are made of, kept between runs; the same folder as in fetch-kernel.mjs. */
export const GUEST_CACHE = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'vacate-guest');

function packageRoot(folder: string): string {
  return existsSync(join(folder, 'package.json')) ? folder : packageRoot(dirname(folder));
}

/**
 * A file or folder of the cache, made if it is not there. Its name has a digest of all that it is made from, so a
 * change makes a new one; it gets that name only when it is complete, so that two runs at a time do not meet.
 */
export function cached(name: string, madeFrom: ReadonlyArray<string | Buffer>, make: (path: string) => void): string {
  const digest = createHash('sha256');
  for (const part of madeFrom) digest.update(part).update('\0');
  const path = join(GUEST_CACHE, `${name}-${digest.digest('hex').slice(0, 16)}`);
  if (existsSync(path)) return path;
  mkdirSync(GUEST_CACHE, { recursive: true });
  const work = mkdtempSync(join(GUEST_CACHE, 'make-'));
  try {
    make(join(work, 'made'));
    if (!existsSync(path)) renameSync(join(work, 'made'), path);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return path;
}

/** Runs a program of this machine to its end and returns what it printed; throws with what it complained about. */
export function command(program: string, args: readonly string[], options: { cwd?: string; input?: string } = {}) {
  const { status, stdout, stderr, error } = spawnSync(program, args, { ...options, maxBuffer: 1 << 28 });
  if (error !== undefined) throw new Error(`${program} cannot be run here: ${error.message}`);
  if (status === 0) return stdout;
  throw new Error(`${program} ${args.join(' ')} ended with ${status ?? 'a signal'}: ${stderr.toString().trim()}`);
}
