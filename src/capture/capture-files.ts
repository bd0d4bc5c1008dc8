import { closeSync, constants, fstatSync, openSync, readFileSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { printable } from '../base/quoted.js';
import { VacateError } from '../base/vacate-error.js';
import { formatBytes, MAX_PFN } from '../mm/units.js';
import type { CaptureSource } from './capture-source.js';
import { TAKE_AGAIN } from './wording.js';

const WORD_BYTES = 8;
/** zlib hands its output over in pieces of this size; the default of 16 KiB costs a third of the time. */
const GUNZIP_PIECE_BYTES = 4 * 1024 * 1024;
const GZIP_MAGIC = [0x1f, 0x8b] as const;
/** More than any text of a capture has; the longest are lists of who maps what, on the largest hosts. */
const TEXT_BYTES_MAX = 256 * 1024 * 1024;
/** A pipe would keep us waiting for whoever writes to it. */
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NONBLOCK;

/** The files of one capture directory. A file that is not there is null; one that cannot be read is an error. */
export class CaptureFiles implements CaptureSource {
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
    if (bytes.length === 0) {
      throw new VacateError('capture', `${path} describes no page at all: ${TAKE_AGAIN}, as root.`);
    }
    if (bytes.length % WORD_BYTES !== 0) {
      throw new VacateError(
        'capture',
        `${path} holds ${bytes.length} bytes, which is no whole number of 8-byte words: ` +
          `the file was cut short, ${TAKE_AGAIN}.`,
      );
    }
    return wordsOf(bytes);
  }

  #bytes(name: string, bytesMax: number): Buffer | null {
    const path = printable(`${this.where}/${name}`);
    try {
      const file = openSync(join(this.where, name), OPEN_FLAGS);
      try {
        const stats = fstatSync(file);
        if (!stats.isFile() && !stats.isDirectory()) {
          throw new VacateError('capture', `${path} is not a file: ${TAKE_AGAIN}.`);
        }
        if (stats.size > bytesMax) throw tooLong(path, bytesMax);
        return readFileSync(file);
      } finally {
        closeSync(file);
      }
    } catch (cause) {
      if (VacateError.is(cause)) throw cause;
      if (codeOf(cause) === 'ENOENT') return null;
      throw new VacateError(
        'capture',
        `${path} cannot be read (${codeOf(cause)}): check that it is a file you may read.`,
        { cause },
      );
    }
  }
}

function tooLong(path: string, bytesMax: number): VacateError {
  return new VacateError(
    'capture',
    `${path} is longer than ${formatBytes(bytesMax)}, as no file of a capture is: ${TAKE_AGAIN}.`,
  );
}

function gunzip(path: string, zipped: Buffer, bytesMax: number): Buffer {
  if (zipped.length > 0 && (zipped[0] !== GZIP_MAGIC[0] || zipped[1] !== GZIP_MAGIC[1])) {
    throw new VacateError(
      'capture',
      `${path} is not gzip: compress it with gzip, or drop the .gz from its name if it is the file of /proc as read.`,
    );
  }
  try {
    return gunzipSync(zipped, { chunkSize: GUNZIP_PIECE_BYTES, maxOutputLength: bytesMax });
  } catch (cause) {
    if (codeOf(cause) === 'ERR_BUFFER_TOO_LARGE') throw tooLong(path, bytesMax);
    const what = codeOf(cause) === 'Z_BUF_ERROR' ? 'ends too early' : `is damaged (${codeOf(cause)})`;
    throw new VacateError('capture', `${path} ${what}: copy it again, or ${TAKE_AGAIN}.`, { cause });
  }
}

/** The captured kernels and every machine that Node runs on here are little-endian. */
function wordsOf(bytes: Buffer): Uint32Array {
  const isAligned = bytes.byteOffset % Uint32Array.BYTES_PER_ELEMENT === 0;
  const aligned = isAligned ? bytes : new Uint8Array(bytes);
  return new Uint32Array(aligned.buffer, aligned.byteOffset, aligned.length / Uint32Array.BYTES_PER_ELEMENT);
}

function codeOf(cause: unknown): string {
  const code = (cause as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : String(cause);
}
