import { closeSync, createWriteStream, openSync, readSync, type Stats, statSync, type WriteStream } from 'node:fs';
import { promisify } from 'node:util';
import { deflateRaw } from 'node:zlib';
import { quoted } from '../../base/quoted.js';
import { VacateError } from '../../base/vacate-error.js';
import { type Chunk, SIGNATURE } from '../../recording/chunk.js';
import {
  ChunkGroups,
  isWorthZlib,
  packGroup,
  packSmallGroup,
  signatureBytes,
  type Written,
} from '../../recording/chunk-writer.js';

/** The quickest, and not much memory: what is left to deflate is records, of which one is like the last. */
const DEFLATE = { level: 1, windowBits: 13, memLevel: 6, chunkSize: 32 * 1024 } as const;
const deflate = promisify(deflateRaw);
/** What may wait to be written before the run waits for the disk. */
const WAITING_BYTES_MAX = 8 * 1024 * 1024;

/**
 * The file that a run is recorded in, readable while it is written. What is recorded is deflated by other threads, a group at a
 * time, while the run goes on; groups come into the file in their order.
 */
export class RecordFile {
  readonly #stream: WriteStream;
  readonly #groups = new ChunkGroups((written) => this.#writeLater(written));
  /** Settles when all groups so far have been handed to the stream. */
  #written: Promise<void> = Promise.resolve();
  /** Of groups that have not. */
  #waitingBytes = 0;
  #failure: Error | null = null;

  /**
   * Takes the place of a recorded run that is there, and of nothing else.
   *
   * @throws VacateError kind 'usage' if the file cannot be written, or is something else.
   */
  constructor(readonly path: string) {
    checkRecordFile(path);
    let fd: number;
    try {
      fd = openSync(path, 'w');
    } catch (cause) {
      throw unwritable(path, cause);
    }
    this.#stream = createWriteStream(path, { fd, highWaterMark: WAITING_BYTES_MAX });
    this.#stream.on('error', (error) => {
      this.#failure ??= error;
    });
    this.#stream.write(signatureBytes());
  }

  /** Bound, because it is handed around. */
  readonly sink = (chunk: Chunk): void => {
    if (this.#failure === null) this.#groups.add(chunk);
  };

  /** Hands to the file what has been recorded, and waits while more is waiting than memory is for. */
  async flush(): Promise<void> {
    this.#groups.flush();
    await this.drained();
  }

  /** Waits while more is waiting to be deflated or written than memory is for. */
  async drained(): Promise<void> {
    if (this.#waitingBytes > WAITING_BYTES_MAX) await this.#written;
    while (this.#stream.writableNeedDrain && this.#failure === null)
      await new Promise<void>((resolve) => {
        this.#stream.once('drain', resolve);
        this.#stream.once('error', () => resolve());
      });
  }

  /**
   * Writes the rest and closes the file.
   *
   * @returns a sentence about why the recording is not whole; null if it is.
   */
  async close(): Promise<string | null> {
    this.#groups.flush();
    await this.#written;
    if (!this.#stream.destroyed)
      await new Promise<void>((resolve) => {
        this.#stream.once('error', () => resolve());
        this.#stream.end(() => resolve());
      });
    if (this.#failure === null) return null;
    const code = (this.#failure as NodeJS.ErrnoException).code ?? this.#failure.message;
    return `the recording ${quoted(this.path)} broke off (${code}); the run itself was not touched by it`;
  }

  #writeLater({ bytes, isGroup }: Written): void {
    this.#waitingBytes += bytes.length;
    let stored: Uint8Array | Promise<Uint8Array> = bytes;
    if (isGroup && isWorthZlib(bytes)) {
      stored = deflate(bytes, DEFLATE).then((deflated) => packGroup(bytes, deflated));
      stored.catch(() => {}); // said in its turn
    } else if (isGroup) stored = packSmallGroup(bytes);
    this.#written = this.#writeAfter(this.#written, stored, bytes.length);
  }

  async #writeAfter(before: Promise<void>, stored: Uint8Array | Promise<Uint8Array>, nrWaiting: number): Promise<void> {
    await before;
    try {
      const bytes = await stored;
      if (this.#failure === null) this.#stream.write(bytes);
    } catch (error) {
      this.#failure ??= error as Error;
    }
    this.#waitingBytes -= nrWaiting;
  }
}

/**
 * Says early what `RecordFile` would say late.
 *
 * @throws VacateError kind 'usage' if there is something that is not to be overwritten.
 */
export function checkRecordFile(path: string): void {
  let stats: Stats | undefined;
  try {
    stats = statSync(path, { throwIfNoEntry: false });
  } catch (cause) {
    throw unwritable(path, cause);
  }
  if (stats === undefined || (stats.isFile() && (stats.size === 0 || isRecording(path)))) return;
  throw new VacateError(
    'usage',
    `--record would overwrite ${quoted(path)}, which is no recorded run; name another file, or remove it first`,
  );
}

function isRecording(path: string): boolean {
  const bytes = Buffer.alloc(SIGNATURE.length);
  try {
    const fd = openSync(path, 'r');
    try {
      readSync(fd, bytes);
    } finally {
      closeSync(fd);
    }
  } catch (cause) {
    throw unwritable(path, cause);
  }
  return bytes.toString('latin1') === SIGNATURE;
}

function unwritable(path: string, cause: unknown): VacateError {
  const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
  return new VacateError(
    'usage',
    `--record cannot write ${quoted(path)} (${code}); name a file in a folder that is yours`,
    {
      cause,
    },
  );
}
