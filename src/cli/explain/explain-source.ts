import { readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { VacateError } from '../../base/vacate-error.js';
import { CaptureFiles, type CaptureSource } from '../../capture/index.js';
import type { Asked } from '../../explain/index.js';
import { readKmsg } from '../../linux/kmsg.js';
import type { LinuxTree } from '../../linux/linux-tree.js';
import { readable } from '../open-machine.js';

/** A log file that is larger is not one of a kernel, whose ring buffer holds a few MiB. */
const LOG_BYTES_MAX = 256 * 1024 * 1024;

/** What the kernel logged, and what is known of the attempt besides. */
export interface LogSource {
  /** Null if there is no log; then only `asked` says anything. */
  readonly text: string | null;
  /** Of the one attempt that the log is of; null if it may be of several. */
  readonly asked: Asked | null;
  /** What could not be known, in sentences. */
  readonly caveats: readonly string[];
}

/** What a failed write to `state` returns, by the words of a shell (strerror). */
const ERRNO_BY_WORDS: ReadonlyArray<readonly [words: RegExp, errno: string]> = [
  [/device or resource busy|\bEBUSY\b/i, 'EBUSY'],
  [/invalid argument|\bEINVAL\b/i, 'EINVAL'],
  [/interrupted system call|\bEINTR\b/i, 'EINTR'],
  [/resource temporarily unavailable|\bEAGAIN\b/i, 'EAGAIN'],
  [/cannot allocate memory|\bENOMEM\b/i, 'ENOMEM'],
  [/operation not permitted|\bEPERM\b/i, 'EPERM'],
  [/permission denied|\bEACCES\b/i, 'EACCES'],
  [/no such device|\bENODEV\b/i, 'ENODEV'],
];

/** Rows of offline.tsv beside captures: what became of each attempt. */
const BY_RESULT: Readonly<Record<string, Partial<Asked>>> = {
  offline: { isOffline: true },
  refused: { isOffline: false },
  'refused-timeout': { isOffline: false, isInterrupted: true },
};

/** The kernel's ring buffer. */
export function logOfHost(tree: LinuxTree): LogSource {
  const kmsg = readKmsg(tree);
  if (kmsg === null) {
    throw new VacateError(
      'host',
      `${tree.at('/dev/kmsg')} is not there, so the kernel's log cannot be read; give a saved one with --log FILE.`,
    );
  }
  const caveats = kmsg.isCut ? ['The kernel overwrote some of its log while it was read.'] : [];
  return { text: kmsg.text, asked: null, caveats };
}

/** @throws VacateError kind 'usage' if it cannot be read. */
export function logOfFile(path: string): LogSource {
  const stats = readable(path, () => statSync(path, { throwIfNoEntry: false }));
  if (stats === undefined) throw new VacateError('usage', `there is no file "${path}"; give --log a saved dmesg`);
  if (stats.isDirectory()) throw new VacateError('usage', `"${path}" is a directory; give --log a saved dmesg`);
  if (stats.size > LOG_BYTES_MAX) {
    throw new VacateError('usage', `"${path}" is larger than a kernel's log can be; give --log a saved dmesg`);
  }
  return { text: readable(path, () => readFileSync(path, 'utf8')), asked: null, caveats: [] };
}

/**
 * `dmesg` and `error` beside a capture, and the row of offline.tsv that is about it. A capture that was taken just before
 * an attempt is called before-memoryN, and its log is of that attempt alone; any other's may be of several.
 */
export function logOfCapture(files: CaptureFiles): LogSource {
  const text = files.text('dmesg');
  const error = files.text('error');
  const block = blockInName(files.name);
  const row = block === null ? null : rowOf(files, block);
  if (text === null && error === null && row === null) {
    throw new VacateError(
      'capture',
      `${files.where} has no dmesg, so there is nothing to explain: save the kernel's log there under that name, or ` +
        'give --log FILE.',
    );
  }
  const isOne = error !== null || row !== null;
  const errno = error === null ? null : errnoIn(error);
  const caveats: string[] = [];
  if (text === null && error !== null)
    caveats.push('The capture has no dmesg: the kernel may have named pages that are not seen here.');
  if (error !== null && errno === null)
    caveats.push('What the file error says is no error that a write to state returns.');
  return { text, asked: isOne ? { block, errno, ...row } : null, caveats };
}

function blockInName(name: string): number | null {
  const digits = /(?:^|-)memory(\d{1,9})$/.exec(name)?.[1];
  return digits === undefined ? null : Number(digits);
}

function errnoIn(error: string): string | null {
  return ERRNO_BY_WORDS.find(([words]) => words.test(error.slice(0, 1000)))?.[1] ?? null;
}

/** The row of offline.tsv that names this capture: block, zones, result, seconds, migrated, failed, capture. */
function rowOf(files: CaptureSource, block: number): Partial<Asked> | null {
  for (const line of files.textBeside('offline.tsv')?.split('\n') ?? []) {
    const [name, , result = '', seconds] = line.split('\t');
    if (name !== `memory${block}` || !line.trimEnd().endsWith(files.name)) continue;
    const known = BY_RESULT[result];
    if (known === undefined) return null;
    return /^\d{1,9}(?:\.\d{1,9})?$/.test(seconds ?? '') ? { ...known, seconds: Number(seconds) } : known;
  }
  return null;
}

/** The captures in a directory of them, as the rows of its offline.tsv name them; empty if it is none. */
export function capturesBelow(directory: string): string[] {
  const table = join(directory, 'offline.tsv');
  const isTable = statSync(table, { throwIfNoEntry: false })?.isFile() ?? false;
  if (!isTable) return [];
  const names = readable(table, () => readFileSync(table, 'utf8'))
    .split('\n')
    .slice(1)
    .map((line) => line.trimEnd().split('\t').at(-1) ?? '');
  return names
    .filter((name) => /^[\w.-]{1,80}$/.test(name) && dirname(name) === '.' && name !== '..')
    .map((name) => join(directory, name))
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false);
}
