import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { globSync, isDynamicPattern } from 'tinyglobby';
import { quoted } from '../../base/quoted.js';
import { VacateError } from '../../base/vacate-error.js';
import { isUrl, parseCaptureUrl } from '../../remote/capture-url.js';

/** What makes a directory a capture. */
const PAGE_FILES = ['kpageflags.gz', 'kpageflags'];

/**
 * Capture directories, each once, in the order of their names: those that are named, those in directories that are named, at any
 * depth, those that a pattern finds, and addresses, behind which nobody looks yet.
 *
 * @throws VacateError kind 'usage' for a name that is no directory, or has no capture in it.
 */
export function findCaptures(names: readonly string[]): string[] {
  const found = new Set<string>();
  for (const name of names) {
    if (isUrl(name)) {
      found.add(parseCaptureUrl(name));
      continue;
    }
    const captures = placesOf(name).flatMap(capturesIn);
    if (captures.length === 0)
      throw new VacateError(
        'usage',
        `${quoted(name)} holds no capture; name a directory with a kpageflags.gz, or one with such directories in it`,
      );
    for (const capture of captures) found.add(capture);
  }
  return [...found].sort();
}

function placesOf(name: string): string[] {
  if (existsSync(name) || !isDynamicPattern(name)) {
    if (statSync(name, { throwIfNoEntry: false })?.isDirectory() === true) return [name.replace(/(?<=.)\/+$/, '')];
    throw new VacateError(
      'usage',
      `${quoted(name)} is no directory; name captures, directories that hold some, or a pattern in quotes ("captures/*")`,
    );
  }
  return globSync(name, { onlyDirectories: true, expandDirectories: false }).map((path) => path.replace(/\/$/, ''));
}

/** A capture has no captures in it. */
function capturesIn(directory: string): string[] {
  if (isCapture(directory)) return [directory];
  return readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => capturesIn(join(directory, name)));
}

function isCapture(directory: string): boolean {
  return PAGE_FILES.some((name) => existsSync(join(directory, name)));
}
