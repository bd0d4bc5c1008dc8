import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { inflateRawSync } from 'node:zlib';
import { quoted } from '../base/quoted.js';
import { VacateError } from '../base/vacate-error.js';
import { hasWriter } from '../linux/file-writers.js';
import { CHUNK_END, CHUNK_HEADER, type Chunk } from '../recording/chunk.js';
import { ChunkReader } from '../recording/chunk-reader.js';
import { packChunk } from '../recording/chunk-writer.js';
import { parseHeader } from '../recording/parse-records.js';
import type { RecordingHeader } from '../recording/records.js';
import type { Feed } from './feed.js';
import type { Outbox } from './outbox.js';
import { sentenceOf } from './runs.js';
import type { PageAnswer, SourceFacts, ViewSource } from './view-source.js';

const PIECE_BYTES = 256 * 1024;
/** How often one looks whether a file has grown. */
const LOOK_AGAIN_MS = 200;
/** A run writes ten times a second, unless it waits for something: then its process still has the file. */
const QUIET_MS = 10_000;

/** A file of a recorded run, its chunks one by one, as far as it is written. */
export class RunFileReader {
  readonly #file: number;
  readonly #piece = new Uint8Array(PIECE_BYTES);
  readonly #chunks = new ChunkReader((bytes, bytesMax) => inflateRawSync(bytes, { maxOutputLength: bytesMax }));
  #at = 0;

  /** @throws VacateError kind 'usage' if it cannot be read. */
  constructor(private readonly path: string) {
    try {
      this.#file = openSync(path, 'r');
    } catch (cause) {
      const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
      throw new VacateError('usage', `${quoted(path)} cannot be read (${code}); check its name and its permissions`, {
        cause,
      });
    }
  }

  /**
   * The next chunk, or null if it is not written yet.
   *
   * @throws VacateError kind 'recording' if it is no recorded run, or another was written in its place.
   */
  next(): Chunk | null {
    for (;;) {
      const chunk = this.#chunks.next();
      if (chunk !== null) return chunk;
      const length = readSync(this.#file, this.#piece, 0, PIECE_BYTES, this.#at);
      if (length === 0) {
        this.#checkLength();
        return null;
      }
      this.#chunks.feed(this.#piece.subarray(0, length));
      this.#at += length;
    }
  }

  close(): void {
    closeSync(this.#file);
  }

  #checkLength(): void {
    const nrBytes = statSync(this.path, { throwIfNoEntry: false })?.size ?? this.#at;
    if (nrBytes < this.#at)
      throw new VacateError('recording', `${quoted(this.path)} was written anew; open it again to see the new run`);
  }
}

/** A recorded run, and its file as it grows. Each page that watches reads the file for itself, as fast as it likes. */
export class RunFile implements ViewSource, Feed {
  readonly picture = this;
  readonly header: RecordingHeader;
  #isEnded = false;

  /** @throws VacateError kind 'usage' or 'recording' unless it is a recorded run that has begun. */
  constructor(private readonly path: string) {
    const reader = new RunFileReader(path);
    try {
      const first = reader.next();
      if (first === null || first.kind !== CHUNK_HEADER)
        throw new VacateError(
          'recording',
          `${quoted(path)} does not say which run it is yet; try again in a moment, or record the run again`,
        );
      this.header = parseHeader(first.payload);
    } finally {
      reader.close();
    }
  }

  facts(): SourceFacts {
    return {
      ...{ shows: 'run', name: this.header.machine.name, header: this.header, state: 'open', progress: null },
      ...{ error: null, isGrowing: this.#isGrowing(), caveats: [] },
    };
  }

  page(): Promise<PageAnswer> {
    return Promise.reject(
      new VacateError('usage', 'a recorded run knows of a page only what became of it; open its machine to ask more'),
    );
  }

  attach(outbox: Outbox): void {
    this.#send(outbox).catch((error) => outbox.fail(sentenceOf(error)));
  }

  /** False as well for a run whose process is gone, and never wrote its end. */
  #isGrowing(): boolean {
    if (this.#isEnded) return false;
    const writtenMs = statSync(this.path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    return Date.now() - writtenMs < QUIET_MS || hasWriter(this.path);
  }

  async #send(outbox: Outbox): Promise<void> {
    const reader = new RunFileReader(this.path);
    try {
      while (outbox.isOpen) {
        const chunk = reader.next();
        if (chunk === null) {
          await setTimeout(LOOK_AGAIN_MS, undefined, { ref: false });
          continue;
        }
        outbox.send(packChunk(chunk, null));
        if (chunk.kind === CHUNK_END) {
          this.#isEnded = true;
          return;
        }
        if (!outbox.hasRoom && !(await outbox.room())) return;
      }
    } finally {
      reader.close();
    }
  }
}
