import { MAX_PFN } from '../../mm/units.js';
import type { LinuxTree } from '../linux-tree.js';
import { CHUNK_PAGES, readChunks } from './page-chunks.js';
import { noSuchFile, openPageFile, PAGE_FILE_BYTES_MAX, type PageReader, WORD_BYTES } from './page-reader.js';

export { WORD_BYTES } from './page-reader.js';

/*
 * The files of /proc that have a 64-bit word for every page of the machine: kpageflags, kpagecount, kpagecgroup
 * (Documentation/admin-guide/mm/pagemap.rst). They say that they are empty, give short reads, end where the highest
 * section of memory does, and want offsets and lengths in whole words.
 */

/** To begin with when nothing says how long the file is: 4 GiB of memory. */
const FIRST_GUESS_PAGES = 2 ** 20;

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
    return await readWhole(file, expectedPages(tree), options);
  } finally {
    await file.close();
  }
}

async function readWhole(
  file: PageReader,
  nrPagesExpected: number | null,
  { onProgress, ...options }: ReadPageFileOptions,
): Promise<Uint8Array> {
  // The system gives memory to what is written only, so a guess that is too large costs nothing.
  let bytes = new Uint8Array(((nrPagesExpected ?? FIRST_GUESS_PAGES) + CHUNK_PAGES) * WORD_BYTES);
  let nrRead = 0;
  const length = await readChunks([file], options, ({ position, pieces }) => {
    const [piece] = pieces as [Uint8Array];
    if (position + piece.length > bytes.length) bytes = grown(bytes, position + piece.length);
    bytes.set(piece, position);
    nrRead += piece.length;
    onProgress?.(nrRead, Math.max((nrPagesExpected ?? 0) * WORD_BYTES, nrRead));
  });
  return bytes.subarray(0, length);
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

function grown(bytes: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(Math.min(PAGE_FILE_BYTES_MAX, Math.max(length, 2 * bytes.length)));
  larger.set(bytes);
  return larger;
}
