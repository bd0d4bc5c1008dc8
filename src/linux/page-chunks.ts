import { VacateError } from '../base/vacate-error.js';
import { MAX_PFN } from '../mm/units.js';
import { fill, PAGE_FILE_BYTES_MAX, type PageReader, WORD_BYTES } from './page-reader.js';

/*
 * The kernel fills in about 10 million words a second and CPU, so that two readers at different offsets are faster than
 * one; Node's pool of threads lets them be. Several files are read side by side, so that what they say of one page is
 * from within some milliseconds: read one after the other, they contradict each other on a busy host.
 */

/** Pages that are read in one go: enough that neither system calls nor promises count, few enough for a CPU's cache. */
export const CHUNK_PAGES = 128 * 1024;
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
  readonly readers?: 1 | 2;
  readonly signal?: AbortSignal | undefined;
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
  let failed = false;
  const readSome = async () => {
    const buffers = Array.from({ length: BUFFERS }, () => files.map(() => new Uint8Array(chunkBytes)));
    const taken: Promise<void>[] = buffers.map(async () => {});
    for (let turn = 0; !failed && next * chunkBytes < end; turn = (turn + 1) % BUFFERS) {
      const index = next++;
      const position = index * chunkBytes;
      await taken[turn];
      const pieces = await readPieces(files, buffers[turn]!, position, signal);
      const nrBytes = pieces[0]!.length;
      if (nrBytes < chunkBytes) end = Math.min(end, position + nrBytes);
      if (nrBytes > 0) reach = Math.max(reach, position + nrBytes);
      if (reach > PAGE_FILE_BYTES_MAX) throw tooLong(files[0]!.path);
      const taking = nrBytes === 0 ? Promise.resolve() : Promise.resolve(take({ index, position, pieces }));
      // Waited for when its buffers are wanted again; a failure in between is not one that nobody handles.
      taking.catch(() => {});
      taken[turn] = taking;
    }
    await Promise.all(taken);
  };
  await allOf(
    Array.from({ length: readers }, async () => {
      try {
        await readSome();
      } catch (cause) {
        failed = true;
        throw cause;
      }
    }),
  );
  if (reach > end) throw changedSize(files[0]!.path);
  return reach;
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

/** Waits for all, also when one fails: nobody may still read from a file that is then closed. */
async function allOf(tasks: readonly Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(tasks)).find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
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
