import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { codeOf } from '../base/errno.js';
import { VacateError } from '../base/vacate-error.js';
import { type LinuxTree } from './linux-tree.js';

const KMSG = '/dev/kmsg';
/** No record is longer (CONSOLE_EXT_LOG_MAX, kernel/printk); a shorter buffer gets EINVAL. */
const RECORD_BYTES_MAX = 8192;
/** More than the largest ring buffer holds (log_buf_len): a kernel that logs faster than we read must not keep us. */
const TEXT_BYTES_MAX = 64 * 1024 * 1024;

export interface Kmsg {
  /** Records as /dev/kmsg gives them, a line each (Documentation/ABI/testing/dev-kmsg). */
  readonly text: string;
  /** Sequence number of the last record, to ask later for what comes after it; null if there is none. */
  readonly last: number | null;
  /** True if records that were asked for had been overwritten. */
  readonly isCut: boolean;
}

export interface KmsgOptions {
  /** Only records after the one of this sequence number. */
  readonly after?: number | null;
}

/**
 * What the kernel's ring buffer holds now; null if the tree has no /dev/kmsg. Never waits for more.
 *
 * @example
 * const before = readKmsg(tree)?.last;
 * // … something happens …
 * const said = readKmsg(tree, { after: before ?? null });
 *
 * @throws VacateError kind 'host' if it may not be read.
 */
export function readKmsg(tree: LinuxTree, { after = null }: KmsgOptions = {}): Kmsg | null {
  const path = tree.at(KMSG);
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    if (['ENOENT', 'ENOTDIR', 'ENXIO', 'ENODEV'].includes(codeOf(cause))) return null;
    throw unreadable(path, cause);
  }
  try {
    const isDevice = fstatSync(file).isCharacterDevice();
    return select(isDevice ? readRecords(path, file) : { pieces: [readToEnd(path, file)], isCut: false }, after);
  } finally {
    closeSync(file);
  }
}

interface Read {
  readonly pieces: readonly string[];
  readonly isCut: boolean;
}

/** Each read gives one record; EAGAIN is the end, and EPIPE says that the record has been overwritten meanwhile. */
function readRecords(path: string, file: number): Read {
  const buffer = Buffer.alloc(RECORD_BYTES_MAX);
  const pieces: string[] = [];
  let isCut = false;
  for (let bytes = 0; bytes < TEXT_BYTES_MAX; ) {
    let nr: number;
    try {
      nr = readSync(file, buffer, 0, RECORD_BYTES_MAX, null);
    } catch (cause) {
      const code = codeOf(cause);
      if (code === 'EAGAIN') break;
      if (code !== 'EPIPE') throw unreadable(path, cause);
      isCut = true;
      continue;
    }
    if (nr === 0) break;
    pieces.push(buffer.toString('utf8', 0, nr));
    bytes += nr;
  }
  return { pieces, isCut };
}

/** A copied tree has a plain file there. */
function readToEnd(path: string, file: number): string {
  const pieces: Buffer[] = [];
  for (let bytes = 0; bytes < TEXT_BYTES_MAX; ) {
    const piece = Buffer.alloc(RECORD_BYTES_MAX);
    let nr: number;
    try {
      nr = readSync(file, piece, 0, RECORD_BYTES_MAX, null);
    } catch (cause) {
      if (codeOf(cause) === 'EAGAIN') break;
      throw unreadable(path, cause);
    }
    if (nr === 0) break;
    pieces.push(piece.subarray(0, nr));
    bytes += nr;
  }
  return Buffer.concat(pieces).toString('utf8');
}

function select({ pieces, isCut }: Read, after: number | null): Kmsg {
  let last: number | null = null;
  let first: number | null = null;
  const wanted: string[] = [];
  for (const line of pieces.join('').split('\n')) {
    const sequence = sequenceOf(line);
    if (sequence !== null) {
      first ??= sequence;
      last = sequence;
    }
    // Lines of properties go with their record.
    if (after === null || (last !== null && last > after)) wanted.push(line);
  }
  const isOverwritten = after !== null && first !== null && first > after + 1;
  return { text: wanted.join('\n'), last: last ?? after, isCut: isCut || isOverwritten };
}

function sequenceOf(line: string): number | null {
  const digits = /^\d{1,10},(\d{1,15}),/.exec(line)?.[1];
  return digits === undefined ? null : Number(digits);
}

function unreadable(path: string, cause: unknown): VacateError {
  const code = codeOf(cause);
  const remedy = code === 'EPERM' || code === 'EACCES' ? ': run as root (kernel.dmesg_restrict)' : '';
  return new VacateError('host', `${path}, the kernel's log, cannot be read (${code})${remedy}.`, { cause });
}
