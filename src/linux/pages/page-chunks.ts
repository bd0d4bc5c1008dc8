import { VacateError } from '../../base/vacate-error.js';
import { MAX_PFN } from '../../mm/units.js';
import { fill, PAGE_FILE_BYTES_MAX, type PageReader, WORD_BYTES } from './page-reader.js';

/*
 * The kernel fills in about 10 million words a second and CPU, so that two readers at different offsets are faster than
 * one; Node's pool of threads lets them be. Several files are read side by side, so that what they say of one page is
 * from within some milliseconds: read one after the other, they contradict each other on a busy host.
 */

/** Pages that are read in one go, 35 ms each file: enough that neither promises nor a compressor's start count. */
export const CHUNK_PAGES = 256 * 1024;
/** Buffers of each reader: one that it fills, one that is being taken. */
const BUFFERS = 2;

/** The same pages as each of the files has them. */
export interface PageChunk {
  /** From 0, without gaps; chunks may come in another order. */
  readonly index: number;
  /** Offset in each file, in bytes. */
  readonly position: number;
  /** A piece of each file, all of one length; full but for the last chunk. */
  readonly pieces: readonly Uint8Array[];
}

export interface ReadChunksOptions {
  /** How many read at a time; 1 by default. */
  readonly readers?: 1 | 2 | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Fewer for tests; the same for all files. */
  readonly chunkPages?: number;
}

/**
 * Reads files to their end and hands them over chunk by chunk; until `take` has resolved, the chunk is its to keep. No
 * more is in memory than two chunks a reader. Gives the length of the files in bytes.
 *
 * @throws VacateError kind 'host' if they cannot be read, are not equally long, grow meanwhile or describe more than
 *   1 TiB; what `take` throws; the signal's reason if it is aborted.
 */
export async function readChunks(
  files: readonly PageReader[],
  { readers = 1, signal, chunkPages = CHUNK_PAGES }: ReadChunksOptions,
  take: (chunk: PageChunk) => Promise<void> | void,
): Promise<number> {
  const chunkBytes = chunkPages * WORD_BYTES;
  let next = 0;
  let end = Number.POSITIVE_INFINITY;
  let reach = 0;
  const failure = new Failure();
  const readSome = async () => {
    const buffers = Array.from({ length: BUFFERS }, () => files.map(() => new Uint8Array(chunkBytes)));
    const taken: Promise<void>[] = buffers.map(async () => {});
    for (let turn = 0; next * chunkBytes < end; turn = (turn + 1) % BUFFERS) {
      const index = next++;
      const position = index * chunkBytes;
      await failure.orElse(taken[turn]!);
      const pieces = await readPieces(files, buffers[turn]!, position, signal);
      const nrBytes = pieces[0]!.length;
      if (nrBytes < chunkBytes) end = Math.min(end, position + nrBytes);
      if (nrBytes === 0) break;
      reach = Math.max(reach, position + nrBytes);
      if (reach > PAGE_FILE_BYTES_MAX) throw tooLong(files[0]!.path);
      const taking = Promise.resolve(take({ index, position, pieces }));
      taking.catch(failure.report);
      taken[turn] = taking;
    }
    await failure.orElse(Promise.all(taken));
  };
  // All are waited for, also when one fails: nobody may still read from a file that is then closed.
  await Promise.allSettled(Array.from({ length: readers }, () => readSome().catch(failure.report)));
  failure.check();
  if (reach > end) throw changedSize(files[0]!.path);
  await checkEnds(files, reach, signal);
  return reach;
}

/** The first failure of any reader. Whoever waits for chunks in their order would wait for ever after it. */
class Failure {
  readonly #controller = new AbortController();
  readonly #failed = new Promise<never>((_resolve, reject) => {
    const { signal } = this.#controller;
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });

  constructor() {
    this.#failed.catch(() => {});
  }

  readonly report = (cause: unknown): void => this.#controller.abort(cause);

  orElse<T>(promise: Promise<T>): Promise<T> {
    return Promise.race([promise, this.#failed]);
  }

  check(): void {
    this.#controller.signal.throwIfAborted();
  }
}

async function readPieces(
  files: readonly PageReader[],
  buffers: readonly Uint8Array[],
  position: number,
  signal: AbortSignal | undefined,
): Promise<Uint8Array[]> {
  const pieces: Uint8Array[] = [];
  for (const [at, file] of files.entries()) {
    const nrBytes = await fill(file, buffers[at]!, position, signal);
    if (nrBytes !== (pieces[0]?.length ?? nrBytes)) throw changedSize(file.path);
    pieces.push(buffers[at]!.subarray(0, nrBytes));
  }
  return pieces;
}

/** Memory that came after a file's end had been seen is in no chunk. */
async function checkEnds(files: readonly PageReader[], end: number, signal: AbortSignal | undefined): Promise<void> {
  const word = new Uint8Array(WORD_BYTES);
  for (const file of files) if ((await fill(file, word, end, signal)) > 0) throw changedSize(file.path);
}

function changedSize(path: string): VacateError {
  return new VacateError(
    'host',
    `${path} is not as long as it was, or as the files beside it: memory was added while it was read, or the files are ` +
      'of different moments; try again.',
  );
}

function tooLong(path: string): VacateError {
  return new VacateError(
    'host',
    `${path} goes on after ${MAX_PFN + 1} pages (1 TiB), and no more can be handled: it is of a larger machine, or not ` +
      'what its name says.',
  );
}
