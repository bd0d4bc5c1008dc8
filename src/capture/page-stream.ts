import { readSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { codeOf } from '../base/errno.js';
import { VacateError } from '../base/vacate-error.js';
import { formatBytes } from '../mm/units.js';
import type { PageFileReader } from './page-file-reader.js';
import { TAKE_AGAIN } from './wording.js';

export const WORD_BYTES = 8;
/** As much as stays in a cache between the one who reads it and the one who looks at it. */
const PIECE_BYTES = 512 * 1024;
const GZIP_MAGIC = [0x1f, 0x8b] as const;
/** Deflate makes no more out of a byte. */
const INFLATION_MAX = 1032;

export interface OpenFile {
  /** The file descriptor. */
  readonly number: number;
  readonly nrBytes: number;
}

/** Cuts pieces of any length into whole words for a reader. */
export class PieceFeed {
  nrBytes = 0;
  /** The first bytes of a word whose rest comes with the next piece. */
  #rest: Uint8Array = new Uint8Array(0);

  constructor(readonly reader: PageFileReader) {}

  put(piece: Uint8Array): void {
    this.nrBytes += piece.length;
    const bytes = this.#rest.length === 0 ? piece : joined(this.#rest, piece);
    const length = bytes.length - (bytes.length % WORD_BYTES);
    if (length > 0) this.reader.add(wordsOf(bytes.subarray(0, length)));
    this.#rest = bytes.slice(length);
  }
}

/** A file as /proc has it. */
export function streamPlain({ number, nrBytes }: OpenFile, feed: PieceFeed): void {
  feed.reader.begin(Math.ceil(nrBytes / WORD_BYTES));
  const { buffer, byteOffset, byteLength } = feed.reader.room;
  const piece = new Uint8Array(buffer, byteOffset, byteLength);
  for (;;) {
    const length = readSync(number, piece, 0, Math.min(byteLength, nrBytes - feed.nrBytes), null);
    if (length === 0) return;
    feed.put(piece.subarray(0, length));
    feed.reader.onProgress(feed.nrBytes / nrBytes);
  }
}

/** The same for a compressed file. */
export function streamZipped(path: string, { number, nrBytes }: OpenFile, to: Inflated): Promise<void> {
  let nrRead = 0;
  // A stream of the file would close it by itself when something goes wrong, and whoever opened it as well.
  const zipped = function* () {
    for (;;) {
      // One byte more than there should be, to see the end; and a file that has grown meanwhile is read to its end.
      const piece = new Uint8Array(Math.min(PIECE_BYTES, Math.max(1, nrBytes + 1 - nrRead)));
      const length = readSync(number, piece, 0, piece.length, nrRead);
      if (length === 0) return;
      nrRead += length;
      yield piece.subarray(0, length);
    }
  };
  return inflatePieces(path, { nrBytes, pieces: zipped() }, to);
}

/** A compressed file, as it comes: how long it is, and its bytes. */
export interface ZippedPieces {
  readonly nrBytes: number;
  readonly pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

/** Where its contents go, and how much they may be. */
export interface Inflated {
  readonly feed: PieceFeed;
  readonly bytesMax: number;
}

/** @throws VacateError kind 'capture' if it is damaged, cut short, or longer than `bytesMax` when it is unpacked. */
export async function inflatePieces(
  path: string,
  { nrBytes, pieces }: ZippedPieces,
  { feed, bytesMax }: Inflated,
): Promise<void> {
  let nrRead = 0;
  const checked = async function* () {
    for await (const piece of fromTwoBytesOn(pieces)) {
      if (nrRead === 0) {
        checkMagic(path, piece);
        feed.reader.begin(Math.ceil((nrBytes * INFLATION_MAX) / WORD_BYTES));
      }
      nrRead += piece.length;
      yield piece;
    }
  };
  try {
    if (nrBytes === 0) throw Object.assign(new Error('no data'), { code: 'Z_BUF_ERROR' });
    await pipeline(checked(), createGunzip({ chunkSize: PIECE_BYTES }), async (unzipped: AsyncIterable<Uint8Array>) => {
      for await (const piece of unzipped) {
        feed.put(piece);
        if (feed.nrBytes > bytesMax) throw tooLong(path, bytesMax);
        feed.reader.onProgress(Math.min(1, nrRead / nrBytes));
      }
    });
  } catch (cause) {
    if (VacateError.is(cause) || !codeOf(cause).startsWith('Z_')) throw cause;
    throw cannotUnzip(path, cause);
  }
}

/** The same bytes; the first piece is long enough to be known by. A network may bring a byte at a time. */
async function* fromTwoBytesOn(pieces: ZippedPieces['pieces']): AsyncGenerator<Uint8Array> {
  let first: Uint8Array | null = new Uint8Array(0);
  for await (const piece of pieces) {
    if (first === null) yield piece;
    else {
      first = joined(first, piece);
      if (first.length < GZIP_MAGIC.length) continue;
      yield first;
      first = null;
    }
  }
  if (first !== null && first.length > 0) yield first;
}

/** `start` is the beginning of the file, at least two bytes unless it has none. */
export function checkMagic(path: string, start: Uint8Array): void {
  if (start.length === 0 || (start[0] === GZIP_MAGIC[0] && start[1] === GZIP_MAGIC[1])) return;
  throw new VacateError(
    'capture',
    `${path} is not gzip: compress it with gzip, or drop the .gz from its name if it is the file of /proc as read.`,
  );
}

export function cannotUnzip(path: string, cause: unknown): VacateError {
  const what = codeOf(cause) === 'Z_BUF_ERROR' ? 'ends too early' : `is damaged (${codeOf(cause)})`;
  return new VacateError('capture', `${path} ${what}: copy it again, or ${TAKE_AGAIN}.`, { cause });
}

export function tooLong(path: string, bytesMax: number): VacateError {
  return new VacateError(
    'capture',
    `${path} is longer than ${formatBytes(bytesMax)}, as no file of a capture is: ${TAKE_AGAIN}.`,
  );
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(first.length + second.length);
  bytes.set(first);
  bytes.set(second, first.length);
  return bytes;
}

/** The captured kernels and every machine that Node runs on here are little-endian. */
export function wordsOf(bytes: Uint8Array): Uint32Array {
  const isAligned = bytes.byteOffset % Uint32Array.BYTES_PER_ELEMENT === 0;
  const aligned = isAligned ? bytes : new Uint8Array(bytes);
  return new Uint32Array(aligned.buffer, aligned.byteOffset, aligned.length / Uint32Array.BYTES_PER_ELEMENT);
}
