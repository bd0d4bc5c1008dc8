import { closeSync, constants, existsSync, openSync, readdirSync, readlinkSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expectArgument } from '../base/arguments.js';
import { codeOf } from '../base/errno.js';
import { VacateError } from '../base/vacate-error.js';

/** More than any text of /proc or /sys that we read has; whatever is longer is not what its name says. */
const TEXT_BYTES_MAX = 64 * 1024 * 1024;
/** Most files hold one value; the others are read in larger pieces. */
const FIRST_READ_BYTES = 4096;
const READ_BYTES = 64 * 1024;

/** A pipe in a copied tree would keep us waiting for whoever writes to it; files of /proc and /sys ignore this. */
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NONBLOCK;

/** What the kernel answers for "there is no such thing here": also for a process that ended while it was read. */
const ABSENT = ['ENOENT', 'ENOTDIR', 'ENODEV', 'ESRCH'];

/**
 * The files of a Linux host below one directory: "/" for this host, any other for a copied tree. Paths are the host's
 * own, "/proc/zoneinfo". What is not there is null; what is there and cannot be read is an error.
 *
 * @example
 * new LinuxTree().text('/proc/no-such-file'); // null
 */
export class LinuxTree {
  constructor(readonly root: string = '/') {
    const isPath = typeof root === 'string' && root !== '' && !root.includes('\0');
    expectArgument(isPath, 'the root of a tree', root, 'the path of a directory, "/" for this host');
  }

  /** False for a copied tree: nothing in it changes by itself, and what is written to it has no effect. */
  get isLive(): boolean {
    return this.root === '/';
  }

  /** Where a file of the host lies in our file system. */
  at(path: string): string {
    return join(this.root, path);
  }

  /** True if there is a file or folder of that name. */
  has(path: string): boolean {
    return existsSync(this.at(path));
  }

  /**
   * A whole text file; null if it is not there. Files of /proc and /sys say that they are empty, so this reads until
   * nothing comes. In a copied tree `path.gz` does as well.
   *
   * @throws VacateError kind 'host' if it cannot be read.
   */
  text(path: string): string | null {
    const text = this.#ask(path, () => readWhole(this.at(path)).toString('utf8'));
    if (text !== null || this.isLive) return text;
    return this.#ask(`${path}.gz`, () => {
      const zipped = readWhole(this.at(`${path}.gz`));
      return gunzipSync(zipped, { maxOutputLength: TEXT_BYTES_MAX }).toString('utf8');
    });
  }

  /** The same without the line's end, for files that hold one value. */
  value(path: string): string | null {
    return this.text(path)?.trim() ?? null;
  }

  /** Names in a directory, in no order; null if it is not there. */
  list(path: string): string[] | null {
    return this.#ask(path, () => readdirSync(this.at(path)));
  }

  /** Where a symbolic link points, as it is written; null if it is not there. */
  link(path: string): string | null {
    return this.#ask(path, () => readlinkSync(this.at(path)));
  }

  #ask<T>(path: string, read: () => T): T | null {
    try {
      return read();
    } catch (cause) {
      if (VacateError.is(cause)) throw cause;
      const code = codeOf(cause);
      if (ABSENT.includes(code)) return null;
      throw new VacateError('host', `${this.at(path)} cannot be read (${code})${remedyFor(code)}.`, { cause });
    }
  }
}

function readWhole(path: string): Buffer {
  const file = openSync(path, OPEN_FLAGS);
  try {
    const pieces: Buffer[] = [];
    for (let bytes = 0; ; ) {
      const piece = Buffer.allocUnsafe(bytes < FIRST_READ_BYTES ? FIRST_READ_BYTES : READ_BYTES);
      const nr = readSync(file, piece, 0, piece.length, null);
      if (nr === 0) return Buffer.concat(pieces, bytes);
      pieces.push(piece.subarray(0, nr));
      bytes += nr;
      if (bytes > TEXT_BYTES_MAX) {
        throw new VacateError(
          'host',
          `${path} does not end after ${TEXT_BYTES_MAX} bytes: it is not the text expected.`,
        );
      }
    }
  } finally {
    closeSync(file);
  }
}

function remedyFor(code: string): string {
  return code === 'EACCES' || code === 'EPERM' ? ': run as root' : '';
}
