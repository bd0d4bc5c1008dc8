import { printable } from '../base/quoted.js';
import { VacateError } from '../base/vacate-error.js';
import { NO_OWNERS, OwnerSets, type PageOwner, type PageOwners } from '../mm/page-owners.js';
import type { CaptureSource } from './capture-source.js';
import { TAKE_AGAIN } from './wording.js';

/**
 * Who maps what, from the directory `pids` that `vacate capture --owners` makes, and the memory cgroup that pays for
 * pages that nobody maps; null if the capture says neither.
 *
 * @throws VacateError kind 'capture' if what it says makes no sense.
 */
export function readOwners(source: CaptureSource): PageOwners | null {
  const mapped = readMapped(source);
  const charged = readCharged(source);
  if (mapped === null && charged === null) return null;
  return {
    ownersOf(pfn) {
      const owners = mapped?.(pfn) ?? [];
      return owners.length > 0 ? owners : (charged?.(pfn) ?? []);
    },
  };
}

type Lookup = (pfn: number) => readonly PageOwner[];

/** `pids/owners`, `pids/sets` and `pids/pages`: see captureOwners in src/linux. */
function readMapped(source: CaptureSource): Lookup | null {
  const text = source.text('pids/owners');
  const setWords = source.words('pids/sets');
  const pages = source.words('pids/pages');
  if (text === null || setWords === null || pages === null) return null;
  const owners = jsonLines(source, 'pids/owners', text).map((line) => ownerFrom(line));
  const sets = OwnerSets.fromWords(setWords, owners);
  if (sets === null) throw makesNoSense(source, 'pids/sets.gz');
  return (pfn) => sets.ownersIn(pages[pfn] ?? NO_OWNERS);
}

/** `kpagecgroup` names cgroups by inode number, `pids/cgroups` says which those are. */
function readCharged(source: CaptureSource): Lookup | null {
  const text = source.text('pids/cgroups');
  const words = text === null ? null : source.words('kpagecgroup');
  if (text === null || words === null) return null;
  const owners = new Map<number, readonly PageOwner[]>();
  for (const { inode, path } of jsonLines(source, 'pids/cgroups', text)) {
    if (typeof inode !== 'number' || typeof path !== 'string') throw makesNoSense(source, 'pids/cgroups');
    owners.set(inode, [{ pid: null, command: null, mapping: null, cgroup: printable(path) }]);
  }
  return (pfn) => owners.get((words[2 * pfn] ?? 0) + (words[2 * pfn + 1] ?? 0) * 2 ** 32) ?? [];
}

function jsonLines(source: CaptureSource, name: string, text: string): Record<string, unknown>[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      let value: unknown;
      try {
        value = JSON.parse(line);
      } catch (cause) {
        throw makesNoSense(source, name, cause);
      }
      if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
      throw makesNoSense(source, name);
    });
}

/** Whoever wrote the capture may have been anybody: texts are made harmless here too. */
function ownerFrom({ pid, command, mapping, cgroup }: Record<string, unknown>): PageOwner {
  const text = (value: unknown) => (typeof value === 'string' ? printable(value) : null);
  return {
    pid: Number.isSafeInteger(pid) ? (pid as number) : null,
    command: text(command),
    mapping: text(mapping),
    cgroup: text(cgroup),
  };
}

function makesNoSense(source: CaptureSource, name: string, cause?: unknown): VacateError {
  return new VacateError('capture', `${source.where}/${name} does not say who maps what: ${TAKE_AGAIN}.`, { cause });
}
