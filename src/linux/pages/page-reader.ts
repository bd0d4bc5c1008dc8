import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { codeOf } from '../../base/errno.js';
import { VacateError } from '../../base/vacate-error.js';
import { MAX_PFN } from '../../mm/units.js';
import { type LinuxTree } from '../linux-tree.js';

export const WORD_BYTES = 8;
/** All the pages that can be handled; a file that is longer is of a larger machine, or none of those meant. */
export const PAGE_FILE_BYTES_MAX = (MAX_PFN + 1) * WORD_BYTES;

/** A pipe in a copied tree would keep us waiting for whoever writes to it. */
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NONBLOCK;

/** One of the files that have a 64-bit word for every page, open. In tests: whatever behaves like one. */
export interface PageReader {
  /** For complaints. */
  readonly path: string;
  /** As pread(2): how many bytes came, fewer than asked for at the kernel's pleasure, 0 at the end. */
  read(target: Uint8Array, position: number): Promise<number>;
  close(): Promise<void>;
}

/**
 * Opens a page file; null if there is none of that name, nor a gzip of it in a copied tree.
 *
 * @throws VacateError kind 'host' if it cannot be opened.
 */
export async function openPageFile(tree: LinuxTree, path: string): Promise<PageReader | null> {
  const handle = await openFile(tree.at(path));
  if (handle !== null) return plainReader(tree.at(path), handle);
  if (tree.isLive) return null;
  const zipped = `${tree.at(path)}.gz`;
  const zippedHandle = await openFile(zipped);
  if (zippedHandle === null) return null;
  try {
    return await unzippedReader(zipped, zippedHandle);
  } finally {
    await zippedHandle.close();
  }
}

async function openFile(path: string): Promise<FileHandle | null> {
  try {
    const handle = await open(path, OPEN_FLAGS);
    if ((await handle.stat()).isFile()) return handle;
    await handle.close();
  } catch (cause) {
    if (['ENOENT', 'ENOTDIR'].includes(codeOf(cause))) return null;
    throw cannotRead(path, cause);
  }
  throw new VacateError('host', `${path} is not a file: it should have a word for every page.`);
}

function plainReader(path: string, handle: FileHandle): PageReader {
  return {
    path,
    read: async (target, position) => (await handle.read(target, 0, target.length, position)).bytesRead,
    close: () => handle.close(),
  };
}

async function unzippedReader(path: string, handle: FileHandle): Promise<PageReader> {
  let bytes: Uint8Array;
  try {
    bytes = await promisify(gunzip)(await handle.readFile(), { maxOutputLength: PAGE_FILE_BYTES_MAX });
  } catch (cause) {
    throw new VacateError('host', `${path} is no whole gzip file (${codeOf(cause)}): copy it again.`, { cause });
  }
  return {
    path,
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
export async function fill(
  file: PageReader,
  target: Uint8Array,
  position: number,
  signal?: AbortSignal,
): Promise<number> {
  let nrBytes = 0;
  while (nrBytes < target.length) {
    signal?.throwIfAborted();
    const nr = await file.read(target.subarray(nrBytes), position + nrBytes).catch((cause: unknown) => {
      throw cannotRead(file.path, cause);
    });
    if (nr === 0) break;
    nrBytes += nr;
  }
  if (nrBytes % WORD_BYTES === 0) return nrBytes;
  throw new VacateError(
    'host',
    `${file.path} ends inside a word, after ${position + nrBytes} bytes: it was cut short, copy it again.`,
  );
}

export function noSuchFile(tree: LinuxTree, path: string): VacateError {
  const remedy = tree.isLive
    ? 'this kernel is built without CONFIG_PROC_PAGE_MONITOR, or what runs here may not see it, as in a container'
    : 'copy it from the host, as root, or a gzip of it';
  return new VacateError('host', `There is no ${tree.at(path)}: ${remedy}.`);
}

function cannotRead(path: string, cause: unknown): VacateError {
  const code = codeOf(cause);
  const remedy = code === 'EACCES' || code === 'EPERM' ? ': run as root' : '';
  return new VacateError('host', `${path} cannot be read (${code})${remedy}.`, { cause });
}
