import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { LinuxTree } from '../linux-tree.js';
import { readMemoryCgroups } from '../owners/memory-cgroups.js';
import { type FindOwnersOptions, type FoundOwners, findAllOwners } from '../owners/owners.js';
import { CHUNK_PAGES } from '../pages/page-chunks.js';
import { GzipFile } from './gzip-file.js';
import { cannotWrite, type NewDirectory } from './new-directory.js';

/** Directory of a capture that says who maps what. */
export const OWNERS_DIRECTORY = 'pids';
/** Words of pages.gz that are compressed as one piece; a whole number of 8-byte words, as readers of captures want. */
const PIECE_WORDS = CHUNK_PAGES;

export interface WrittenFile {
  readonly name: string;
  readonly bytes: number;
}

export interface CapturedOwners {
  readonly processes: number;
  /** Pages that some process maps. */
  readonly pages: number;
  readonly files: readonly WrittenFile[];
  readonly notes: readonly string[];
}

/**
 * Writes who maps what into a capture:
 * `pids/owners` has a line of JSON for each owner, a process and what it maps, numbered from 0 by its line;
 * `pids/sets.gz` has two 32-bit words for each set of owners, numbered from 0: the set that it was made from, and the
 * owner that was added (set 0 is empty); `pids/pages.gz` has a 32-bit word for each page, the number of its set;
 * `pids/cgroups` has a line of JSON for each memory cgroup and its inode number, by which kpagecgroup names it.
 *
 * @throws VacateError kind 'host' if it cannot be written; the signal's reason if it is aborted.
 */
export async function captureOwners(
  tree: LinuxTree,
  nrPfns: number,
  directory: NewDirectory,
  options: FindOwnersOptions,
): Promise<CapturedOwners> {
  const found = await findAllOwners(tree, nrPfns, options);
  const cgroups = [...readMemoryCgroups(tree)].map(([inode, path]) => ({ inode, path }));
  try {
    await mkdir(join(directory.path, OWNERS_DIRECTORY), { mode: 0o700 });
  } catch (cause) {
    throw cannotWrite(directory.target, cause);
  }
  const files = [
    await directory.write(`${OWNERS_DIRECTORY}/owners`, jsonLines(found.sets.owners)),
    await directory.write(`${OWNERS_DIRECTORY}/cgroups`, jsonLines(cgroups)),
    await writeWords(directory, `${OWNERS_DIRECTORY}/sets.gz`, found.sets.toWords(), options.signal),
    await writeWords(directory, `${OWNERS_DIRECTORY}/pages.gz`, found.pages, options.signal),
  ];
  return { processes: found.nrProcesses, pages: countOwned(found.pages), files, notes: notesOn(found) };
}

function jsonLines(values: readonly unknown[]): string {
  return values.map((value) => `${JSON.stringify(value)}\n`).join('');
}

async function writeWords(
  directory: NewDirectory,
  name: string,
  words: Uint32Array,
  signal: AbortSignal | undefined,
): Promise<WrittenFile> {
  const bytes = new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
  const pieceBytes = PIECE_WORDS * Uint32Array.BYTES_PER_ELEMENT;
  try {
    const file = await GzipFile.create(join(directory.path, name));
    try {
      for (let index = 0; index * pieceBytes < bytes.length; index++) {
        signal?.throwIfAborted();
        await file.put(index, bytes.subarray(index * pieceBytes, (index + 1) * pieceBytes));
      }
      return { name, bytes: file.nrBytes };
    } finally {
      await file.close();
    }
  } catch (cause) {
    signal?.throwIfAborted();
    throw cannotWrite(directory.target, cause);
  }
}

function countOwned(pages: Uint32Array): number {
  let nrOwned = 0;
  for (let pfn = 0; pfn < pages.length; pfn++) if (pages[pfn] !== 0) nrOwned++;
  return nrOwned;
}

function notesOn({ nrHidden, nrProcesses }: FoundOwners): string[] {
  if (nrProcesses === 0) return ['No process was found to look at: who maps what is not known.'];
  if (nrHidden === 0) return [];
  return [
    `${nrHidden.toLocaleString('en-US')} mapped pages do not say where they are, as the kernel shows that only to ` +
      'CAP_SYS_ADMIN: whose they are is not known.',
  ];
}
