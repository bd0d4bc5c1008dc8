import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { inflateRawSync } from 'node:zlib';
import { quoted } from '../../base/quoted.js';
import { VacateError } from '../../base/vacate-error.js';
import { ChunkReader } from '../../recording/chunk-reader.js';
import { Replay } from '../../recording/replay.js';
import type { Context } from '../context.js';

const PIECE_BYTES = 256 * 1024;
/** How often a file that is still written is looked at. */
const LOOK_MS = 100;

/** A file with a recorded run, read as far as it goes. */
export class RecordingSource {
  readonly replay = new Replay();
  readonly #reader = new ChunkReader((bytes, bytesMax) => inflateRawSync(bytes, { maxOutputLength: bytesMax }));
  readonly #fd: number;
  readonly #piece = Buffer.alloc(PIECE_BYTES);
  #nrBytes = 0;

  /** @throws VacateError kind 'usage' if the file cannot be read. */
  constructor(readonly path: string) {
    try {
      this.#fd = openSync(path, 'r');
    } catch (cause) {
      throw unreadable(path, cause);
    }
  }

  /** Bytes of the file so far. */
  get nrBytes(): number {
    return this.#nrBytes;
  }

  /** True if the recording ends in the middle: it is still written, or its writer has been killed. */
  get isCutOff(): boolean {
    return this.replay.end === null;
  }

  /**
   * Reads what there is.
   *
   * @throws VacateError kind 'recording' if it is no recorded run, kind 'usage' if it cannot be read.
   */
  async read({ progress, interrupts }: Context): Promise<void> {
    for (let pieces = 1; this.#readPiece(); pieces++) {
      if (pieces % 16 !== 0) continue;
      // One that is still written may be longer by now.
      const total = Math.max(this.#nrBytes, fstatSync(this.#fd).size);
      progress.update({ label: 'reading the recording', done: this.#nrBytes, total, unit: 'bytes' });
      await interrupts.breathe();
    }
    progress.stop();
  }

  /** The same, and waits for more until the run has ended; `onMore` is told whenever there is more. */
  async follow(context: Context, onMore: () => void): Promise<void> {
    for (;;) {
      const before = this.#nrBytes;
      await this.read(context);
      if (this.#nrBytes > before) onMore();
      if (!this.isCutOff) return;
      await setTimeout(LOOK_MS, undefined, { signal: context.interrupts.signal }).catch(() => {});
      await context.interrupts.breathe();
    }
  }

  close(): void {
    closeSync(this.#fd);
  }

  #readPiece(): boolean {
    let nr: number;
    try {
      nr = readSync(this.#fd, this.#piece);
    } catch (cause) {
      throw unreadable(this.path, cause);
    }
    this.#nrBytes += nr;
    this.#reader.feed(this.#piece.subarray(0, nr));
    for (let chunk = this.#reader.next(); chunk !== null; chunk = this.#reader.next()) this.replay.feed(chunk);
    return nr > 0;
  }
}

function unreadable(path: string, cause: unknown): VacateError {
  const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
  return new VacateError('usage', `${quoted(path)} cannot be read (${code}); name a file that --record has written`, {
    cause,
  });
}
