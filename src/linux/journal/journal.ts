import { closeSync, constants, fstatSync, fsyncSync, mkdirSync, openSync, readSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { codeOf } from '../../base/errno.js';
import { VacateError } from '../../base/vacate-error.js';
import { type LinuxTree } from '../linux-tree.js';
import { JournalLock } from './journal-lock.js';
import type { JournalRecord } from './journal-record.js';
import { type JournaledRun, runsIn } from './journal-runs.js';

/** Where the journal of a host lies unless the user says otherwise; in a copied tree below its root. */
export const JOURNAL = '/var/lib/vacate/journal';

const BYTES_MAX = 64 * 1024 * 1024;
const WRITABLE_BY_OTHERS = 0o022;

/** What a run tells about its writes; each line is on disk when `append` returns. */
export interface RunLog {
  append(record: JournalRecord): void;
}

/**
 * The append-only record of every write to sysfs and procfs, one JSON object a line (journal-record.ts). It is locked
 * while it is open.
 */
export class Journal implements RunLog {
  /** Runs that were killed, oldest first. */
  readonly unfinished: readonly JournaledRun[];
  readonly #lock: JournalLock;
  readonly #file: number;

  /** @throws VacateError kind 'host' if it cannot be written, is not a journal of ours, or is in use. */
  constructor(readonly path: string) {
    this.#lock = asking(path, 'written', () => {
      makeFolder(dirname(path));
      return new JournalLock(path);
    });
    try {
      const { file, isNew } = asking(path, 'written', () => openForAppending(path));
      this.#file = file;
      const text = asking(path, 'read', () => readChecked(path, file));
      this.unfinished = runsOf(path, text).filter(({ outcome }) => outcome === null);
      if (isNew) asking(path, 'written', () => syncFolder(dirname(path)));
      if (text !== '' && !text.endsWith('\n')) this.#write(`\n${lineOf({ kind: 'torn' })}`);
    } catch (error) {
      this.#lock.release();
      throw error;
    }
  }

  /** @throws VacateError kind 'host' if it cannot be written, as on a full disk. */
  append(record: JournalRecord): void {
    this.#write(lineOf(record));
  }

  close(): void {
    closeSync(this.#file);
    this.#lock.release();
  }

  #write(text: string): void {
    asking(this.path, 'written', () => {
      const bytes = Buffer.from(text);
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#file, bytes, at);
      fsyncSync(this.#file);
    });
  }
}

/**
 * The runs of a journal that somebody else may be writing to; none if there is no such file.
 *
 * @throws VacateError kind 'host' if it cannot be read or is not a journal of ours.
 */
export function readJournal(path: string): JournaledRun[] {
  return asking(path, 'read', () => {
    let file: number;
    try {
      file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return [];
      throw error;
    }
    try {
      return runsOf(path, readChecked(path, file));
    } finally {
      closeSync(file);
    }
  });
}

/** boot_id of the running kernel; null where there is none, as in most copied trees. */
export function bootOf(tree: LinuxTree): string | null {
  const boot = tree.value('/proc/sys/kernel/random/boot_id');
  return boot !== null && /^[0-9a-f-]{36}$/.test(boot) ? boot : null;
}

/** How a run that begins now is called. */
export function newRunId(now: Date): string {
  return `${now.toISOString()}-${process.pid}`;
}

function lineOf(record: JournalRecord): string {
  return `${JSON.stringify(record)}\n`;
}

/** A folder that we make is for root alone: whoever can write there can make us believe things. */
function makeFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
}

function openForAppending(path: string): { file: number; isNew: boolean } {
  const flags = constants.O_RDWR | constants.O_APPEND | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  try {
    return { file: openSync(path, flags), isNew: false };
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
    return { file: openSync(path, flags | constants.O_CREAT | constants.O_EXCL, 0o600), isNew: true };
  }
}

/** A new file is only there for good when its folder is on disk too. */
function syncFolder(folder: string): void {
  const file = openSync(folder, constants.O_RDONLY);
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** The text of a journal, if nobody but us and root can have written it. */
function readChecked(path: string, file: number): string {
  const { mode, uid, size, isFile } = statOf(file);
  const fail = (because: string): never => {
    throw new VacateError(
      'host',
      `${path} is no journal to be trusted: ${because}. Move it away, or name another with --journal.`,
    );
  };
  if (!isFile) return fail('it is not a plain file');
  if (uid !== 0 && uid !== process.getuid?.()) return fail('it belongs to another user');
  if ((mode & WRITABLE_BY_OTHERS) !== 0) return fail('others may write to it');
  if (size > BYTES_MAX) return fail(`it has ${size} bytes`);
  const bytes = Buffer.alloc(size);
  let at = 0;
  for (let nr = -1; at < size && nr !== 0; at += nr) nr = readSync(file, bytes, at, size - at, at);
  return bytes.toString('utf8', 0, at);
}

function statOf(file: number) {
  const stats = fstatSync(file);
  return { mode: stats.mode, uid: stats.uid, size: stats.size, isFile: stats.isFile() };
}

function runsOf(path: string, text: string): JournaledRun[] {
  const runs = runsIn(text);
  if (runs !== null) return runs;
  throw new VacateError(
    'host',
    `${path} is damaged, or not a journal of vacate's; it was left as it is. Move it away, or name another with --journal.`,
  );
}

function asking<T>(path: string, verb: 'read' | 'written', ask: () => T): T {
  try {
    return ask();
  } catch (cause) {
    if (VacateError.is(cause)) throw cause;
    const code = codeOf(cause);
    const remedy =
      code === 'EACCES' || code === 'EPERM'
        ? 'run as root, or name another with --journal'
        : 'name another with --journal';
    throw new VacateError('host', `the journal ${path} cannot be ${verb} (${code}): ${remedy}.`, { cause });
  }
}
