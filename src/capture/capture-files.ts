import { closeSync, constants, existsSync, fstatSync, openSync, readFileSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { codeOf } from '../base/errno.js';
import { printable } from '../base/quoted.js';
import { VacateError } from '../base/vacate-error.js';
import { MAX_PFN } from '../mm/units.js';
import type { StreamedSource } from './capture-source.js';
import type { PageFileReader } from './page-file-reader.js';
import {
  cannotUnzip,
  checkMagic,
  type OpenFile,
  PieceFeed,
  streamPlain,
  streamZipped,
  tooLong,
  WORD_BYTES,
  wordsOf,
} from './page-stream.js';
import { TAKE_AGAIN } from './wording.js';

/** zlib hands its output over in pieces of this size; the default of 16 KiB costs a third of the time. */
const GUNZIP_PIECE_BYTES = 4 * 1024 * 1024;
/** More than any text of a capture has; the longest are lists of who maps what, on the largest hosts. */
const TEXT_BYTES_MAX = 256 * 1024 * 1024;
/** A pipe would keep us waiting for whoever writes to it. */
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NONBLOCK;

/**
 * The files of one capture directory. A file that is not there is null; one that cannot be read is an error.
 *
 * @example
 * new CaptureFiles('captures/host7').text('no-such-file'); // null
 */
export class CaptureFiles implements StreamedSource {
  readonly name: string;

  /** `pagesMax`: files of more pages are refused, before they are in memory. */
  constructor(
    readonly where: string,
    private readonly pagesMax = MAX_PFN + 1,
  ) {
    const directory = where;
    this.name = printable(basename(resolve(directory)));
    const stats = statSync(directory, { throwIfNoEntry: false });
    if (stats === undefined) {
      throw new VacateError('capture', `There is no directory ${printable(directory)}: name one that holds a capture.`);
    }
    if (!stats.isDirectory()) {
      throw new VacateError(
        'capture',
        `${printable(directory)} is not a directory: name the directory that holds kpageflags.gz, not a file in it.`,
      );
    }
  }

  text(name: string): string | null {
    return this.#bytes(name, TEXT_BYTES_MAX)?.toString('utf8') ?? null;
  }

  textBeside(name: string): string | null {
    return this.text(name) ?? this.text(join('..', name));
  }

  /**
   * As /proc has them (Linux Documentation/admin-guide/mm/pagemap.rst), from `name.gz` or else from `name`. Each word is
   * two elements, so that no page costs a BigInt.
   */
  words(name: string): Uint32Array | null {
    const bytesMax = this.pagesMax * WORD_BYTES;
    const zipped = this.#bytes(`${name}.gz`, bytesMax);
    const found = zipped === null ? name : `${name}.gz`;
    const path = printable(`${this.where}/${found}`);
    const bytes = zipped === null ? this.#bytes(name, bytesMax) : gunzip(path, zipped, bytesMax);
    if (bytes === null) return null;
    checkLength(path, bytes.length);
    return wordsOf(bytes);
  }

  /** The same, piece by piece, to a reader; `begin` is not called if there is no such file. */
  async stream(reader: PageFileReader): Promise<void> {
    const name = `${reader.name}.gz`;
    const path = printable(`${this.where}/${name}`);
    const bytesMax = this.pagesMax * WORD_BYTES;
    const file = this.#open(name, bytesMax);
    if (file === null) {
      this.readPlain(reader);
      return;
    }
    const feed = new PieceFeed(reader);
    try {
      await streamZipped(path, file, { feed, bytesMax });
    } catch (cause) {
      throw VacateError.is(cause) ? cause : cannotRead(path, cause);
    } finally {
      closeSync(file.number);
    }
    checkLength(path, feed.nrBytes);
  }

  /** The same for a file that is not compressed, at once; false if there is none, or a compressed one as well. */
  readPlain(reader: PageFileReader): boolean {
    const file = existsSync(join(this.where, `${reader.name}.gz`))
      ? null
      : this.#open(reader.name, this.pagesMax * WORD_BYTES);
    if (file === null) return false;
    const path = printable(`${this.where}/${reader.name}`);
    const feed = new PieceFeed(reader);
    try {
      streamPlain(file, feed);
    } catch (cause) {
      throw VacateError.is(cause) ? cause : cannotRead(path, cause);
    } finally {
      closeSync(file.number);
    }
    checkLength(path, feed.nrBytes);
    return true;
  }

  #bytes(name: string, bytesMax: number): Buffer | null {
    const file = this.#open(name, bytesMax);
    if (file === null) return null;
    try {
      return readFileSync(file.number);
    } catch (cause) {
      throw cannotRead(printable(`${this.where}/${name}`), cause);
    } finally {
      closeSync(file.number);
    }
  }

  /** Null if it is not there. */
  #open(name: string, bytesMax: number): OpenFile | null {
    const path = printable(`${this.where}/${name}`);
    let number: number | null = null;
    try {
      number = openSync(join(this.where, name), OPEN_FLAGS);
      const stats = fstatSync(number);
      if (!stats.isFile() && !stats.isDirectory()) {
        throw new VacateError('capture', `${path} is not a file: ${TAKE_AGAIN}.`);
      }
      if (stats.size > bytesMax) throw tooLong(path, bytesMax);
      return { number, nrBytes: stats.size };
    } catch (cause) {
      if (number !== null) closeSync(number);
      if (VacateError.is(cause)) throw cause;
      if (codeOf(cause) === 'ENOENT') return null;
      throw cannotRead(path, cause);
    }
  }
}

function cannotRead(path: string, cause: unknown): VacateError {
  return new VacateError(
    'capture',
    `${path} cannot be read (${codeOf(cause)}): check that it is a file you may read.`,
    { cause },
  );
}

/** A file that has a word for every page must have at least one, and no part of one. */
export function checkLength(path: string, nrBytes: number): void {
  if (nrBytes === 0) {
    throw new VacateError('capture', `${path} describes no page at all: ${TAKE_AGAIN}, as root.`);
  }
  if (nrBytes % WORD_BYTES !== 0) {
    throw new VacateError(
      'capture',
      `${path} holds ${nrBytes} bytes, which is no whole number of 8-byte words: ` +
        `the file was cut short, ${TAKE_AGAIN}.`,
    );
  }
}

function gunzip(path: string, zipped: Buffer, bytesMax: number): Buffer {
  checkMagic(path, zipped);
  try {
    return gunzipSync(zipped, { chunkSize: GUNZIP_PIECE_BYTES, maxOutputLength: bytesMax });
  } catch (cause) {
    throw codeOf(cause) === 'ERR_BUFFER_TOO_LARGE' ? tooLong(path, bytesMax) : cannotUnzip(path, cause);
  }
}
