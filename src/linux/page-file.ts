import { type FileHandle, open } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { VacateError } from '../base/vacate-error.js';
import { MAX_PFN } from '../mm/units.js';
import { codeOf, type LinuxTree } from './linux-tree.js';

/*
 * The files of /proc that have a 64-bit word for every page of the machine: kpageflags, kpagecount, kpagecgroup
 * (Documentation/admin-guide/mm/pagemap.rst). They say that they are empty, give short reads, end where the highest
 * section of memory does, and want offsets and lengths in whole words. The kernel fills in about 10 million words a
 * second and CPU, so that two readers at different offsets are faster than one; Node's pool of threads lets them be.
 */

export const WORD_BYTES = 8;
/** Pages that are read in one go: enough that neither the system call nor the promise counts. */
export const CHUNK_PAGES = 128 * 1024;
const CHUNK_BYTES = CHUNK_PAGES * WORD_BYTES;
/** All the pages that can be handled; a file that is longer than that is none of those meant. */
const FILE_BYTES_MAX = (MAX_PFN + 1) * WORD_BYTES;
/** To begin with when nothing says how long the file is: 4 GiB of memory. */
const FIRST_GUESS_PAGES = 2 ** 20;

/** What is read piece by piece: a file, or in tests whatever behaves like one. */
export interface PageReader {
  /** As pread(2): how many bytes came, fewer than asked for at the kernel's pleasure, 0 at the end. */
  read(target: Uint8Array, position: number): Promise<number>;
  close(): Promise<void>;
}

export interface ReadPageFileOptions {
  /** How many read at a time; 1 by default. */
  readonly readers?: 1 | 2;
  /** Bytes read so far, and how many there will be, as far as zoneinfo tells. */
  readonly onProgress?: (nrBytes: number, nrBytesExpected: number) => void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * A page file of a host as it stands: 64-bit words, little-endian, one a page. In a copied tree `path.gz` does as well.
 *
 * @throws VacateError kind 'host' if there is none, or it cannot be read, is cut short inside a word or describes more
 *   than 1 TiB; the signal's reason if it is aborted.
 */
export async function readPageFile(
  tree: LinuxTree,
  path: string,
  options: ReadPageFileOptions = {},
): Promise<Uint8Array> {
  const file = await openPageFile(tree, path);
  if (file === null) throw noSuchFile(tree, path);
  try {
    return await readWords(file, tree.at(path), expectedPages(tree), options);
  } finally {
    await file.close();
  }
}

/**
 * Opens a page file; null if there is none of that name, and no gzip of it in a copied tree.
 *
 * @throws VacateError kind 'host' if it cannot be opened.
 */
export async function openPageFile(tree: LinuxTree, path: string): Promise<PageReader | null> {
  const file = await openPlain(tree.at(path));
  if (file !== null || tree.isLive) return file;
  const zipped = await openPlain(`${tree.at(path)}.gz`);
  if (zipped === null) return null;
  try {
    return await unzipped(zipped, `${tree.at(path)}.gz`);
  } finally {
    await zipped.close();
  }
}

interface PlainFile extends PageReader {
  readonly handle: FileHandle;
}

async function openPlain(path: string): Promise<PlainFile | null> {
  try {
    const handle = await open(path, 'r');
    if (!(await handle.stat()).isFile()) {
      await handle.close();
      throw new VacateError('host', `${path} is no file: it should have a word for every page.`);
    }
    return {
      handle,
      read: async (target, position) => (await handle.read(target, 0, target.length, position)).bytesRead,
      close: () => handle.close(),
    };
  } catch (cause) {
    if (VacateError.is(cause)) throw cause;
    if (['ENOENT', 'ENOTDIR'].includes(codeOf(cause))) return null;
    throw cannotRead(path, cause);
  }
}

async function unzipped({ handle }: PlainFile, path: string): Promise<PageReader> {
  let bytes: Uint8Array;
  try {
    bytes = await promisify(gunzip)(await handle.readFile(), { maxOutputLength: FILE_BYTES_MAX });
  } catch (cause) {
    throw new VacateError('host', `${path} is no whole gzip file (${codeOf(cause)}): copy it again.`, { cause });
  }
  return {
    read: async (target, position) => {
      const piece = bytes.subarray(position, position + target.length);
      target.set(piece);
      return piece.length;
    },
    close: async () => {},
  };
}

/**
 * Fills `target` from `position` on, however short the kernel's reads are. Gives the bytes that came: fewer than fit
 * only at the end of the file.
 *
 * @throws VacateError kind 'host' if a read fails, or the file ends inside a word.
 */
export async function readChunk(
  file: PageReader,
  path: string,
  target: Uint8Array,
  position: number,
  signal?: AbortSignal,
): Promise<number> {
  let nrBytes = 0;
  while (nrBytes < target.length) {
    signal?.throwIfAborted();
    const nr = await file.read(target.subarray(nrBytes), position + nrBytes).catch((cause: unknown) => {
      throw cannotRead(path, cause);
    });
    if (nr === 0) break;
    nrBytes += nr;
  }
  if (nrBytes % WORD_BYTES === 0) return nrBytes;
  throw new VacateError(
    'host',
    `${path} ends inside a word, after ${position + nrBytes} bytes: it was cut short, copy it again.`,
  );
}

/** Pages up to the end of the highest zone; null without zoneinfo. The page files may go on to the end of a section. */
export function expectedPages(tree: LinuxTree): number | null {
  const end = zonesEnd(tree.text('/proc/zoneinfo') ?? '');
  return end === 0 || end > MAX_PFN + 1 ? null : end;
}

/** One past the highest page of any zone, as /proc/zoneinfo has them; 0 if it has none. */
export function zonesEnd(zoneinfo: string): number {
  let end = 0;
  let nrSpanned = 0;
  for (const [, name, digits] of zoneinfo.matchAll(/^ +(spanned|start_pfn:) +(\d{1,12})$/gm)) {
    if (name === 'spanned') nrSpanned = Number(digits);
    else if (nrSpanned > 0) end = Math.max(end, Number(digits) + nrSpanned);
  }
  return end;
}

/** Chunks are read in order, by whoever is free; the first that is not full is the last. */
async function readWords(
  file: PageReader,
  path: string,
  nrPagesExpected: number | null,
  { readers = 1, onProgress, signal }: ReadPageFileOptions,
): Promise<Uint8Array> {
  let bytes = new Uint8Array((nrPagesExpected ?? FIRST_GUESS_PAGES) * WORD_BYTES + CHUNK_BYTES);
  let next = 0;
  let end = Number.POSITIVE_INFINITY;
  let nrRead = 0;
  const readSome = async () => {
    const chunk = new Uint8Array(CHUNK_BYTES);
    for (let position = next; position < end; position = next) {
      next += CHUNK_BYTES;
      const nr = await readChunk(file, path, chunk, position, signal);
      if (nr < CHUNK_BYTES) end = Math.min(end, position + nr);
      if (position + nr > FILE_BYTES_MAX) throw tooLong(path);
      if (position + nr > bytes.length) bytes = grown(bytes, position + nr);
      bytes.set(chunk.subarray(0, nr), position);
      nrRead += nr;
      onProgress?.(nrRead, Math.max((nrPagesExpected ?? 0) * WORD_BYTES, nrRead));
    }
  };
  await allOf(Array.from({ length: readers }, readSome));
  return bytes.subarray(0, end);
}

/** Waits for all, also when one fails: nobody may still read from a file that is closed. Then the first failure counts. */
export async function allOf(tasks: readonly Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(tasks)).find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

function grown(bytes: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(Math.min(FILE_BYTES_MAX, Math.max(length, 2 * bytes.length)));
  larger.set(bytes);
  return larger;
}

export function noSuchFile(tree: LinuxTree, path: string): VacateError {
  const remedy = tree.isLive
    ? 'this kernel is built without CONFIG_PROC_PAGE_MONITOR, or what runs here may not see it, as in a container'
    : 'copy it from the host, as root, or a gzip of it';
  return new VacateError('host', `There is no ${tree.at(path)}: ${remedy}.`);
}

export function tooLong(path: string): VacateError {
  return new VacateError(
    'host',
    `${path} goes on after ${MAX_PFN + 1} pages (1 TiB), and no more can be handled: it is not what its name says, ` +
      'or of a larger machine.',
  );
}

export function cannotRead(path: string, cause: unknown): VacateError {
  const code = codeOf(cause);
  const remedy = code === 'EACCES' || code === 'EPERM' ? ': run as root' : '';
  return new VacateError('host', `${path} cannot be read (${code})${remedy}.`, { cause });
}
