import { type FileHandle, open } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

/**
 * The fastest level. Words of pages come in long runs: level 1 makes about 1/40 of them and level 6 1/50, at four times
 * the cost, and reading must not wait for it.
 */
const LEVEL = 1;
/** Runs need no large tables, and smaller ones (64 KiB in place of 256) leave readers their caches. */
const MEM_LEVEL = 6;
/** zlib goes back and forth between threads for each piece of output; one piece is enough for most chunks. */
const OUTPUT_BYTES = 128 * 1024;

const zipped = promisify(gzip);

/**
 * A gzip file whose pieces arrive in any order and are compressed side by side: each piece is a member of its own, and
 * members in a row are a gzip file (RFC 1952, 2.2).
 */
export class GzipFile {
  readonly #handle: FileHandle;
  readonly #waiting = new Map<number, () => void>();
  #next = 0;
  #nrBytes = 0;

  private constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  /** @throws the file system's error if there is such a file, or none can be made. */
  static async create(path: string): Promise<GzipFile> {
    return new GzipFile(await open(path, 'wx', 0o600));
  }

  /** What has been written, compressed. */
  get nrBytes(): number {
    return this.#nrBytes;
  }

  /**
   * Adds piece number `index`, counted from 0, and resolves when it and all before it are in the file: whoever waits for
   * that keeps no more in memory than it has pieces under way.
   *
   * @throws the file system's error if it cannot be written.
   */
  async put(index: number, piece: Uint8Array): Promise<void> {
    const member = await zipped(piece, { level: LEVEL, memLevel: MEM_LEVEL, chunkSize: OUTPUT_BYTES });
    if (index !== this.#next) await new Promise<void>((resolve) => this.#waiting.set(index, resolve));
    for (let written = 0; written < member.length; ) {
      written += (await this.#handle.write(member, written)).bytesWritten;
    }
    this.#nrBytes += member.length;
    this.#next++;
    this.#waiting.get(this.#next)?.();
    this.#waiting.delete(this.#next);
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}
