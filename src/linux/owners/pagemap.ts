import { closeSync, constants, openSync, readSync } from 'node:fs';
import { NO_OWNERS, type OwnerSets } from '../../mm/page-owners.js';
import type { LinuxTree } from '../linux-tree.js';

/*
 * /proc/PID/pagemap: a 64-bit word for each virtual page (Documentation/admin-guide/mm/pagemap.rst). Bit 63 says that
 * it is present, bits 0 to 54 are then its page frame number: 0 for whoever may not know it.
 */

const WORD_BYTES = 8;
/** Bits of the high half. */
const PRESENT = 1 << (63 - 32);
const PFN_HIGH = (1 << (55 - 32)) - 1;
/** Virtual pages that are read in one go. */
const CHUNK_PAGES = 64 * 1024;

/** Owners of pages as they are found. */
export interface OwnersFound {
  readonly sets: OwnerSets;
  /** By pfn: the number of its set. Its memory is only used where something is written. */
  readonly pages: Uint32Array;
  /** By pfn, a bit for each page that is asked for; null if all are. */
  readonly wanted: Uint8Array | null;
}

/** A run of virtual pages, as an address space has them. */
export interface VirtualRange {
  readonly firstPage: number;
  readonly nrPages: number;
}

/** What came of a look through a part of an address space. */
export interface Looked {
  readonly nrPresent: number;
  /** Those that are present without saying where. */
  readonly nrHidden: number;
}

/** A process's pagemap, open: it stays that process's, even if its id is used again. */
export class Pagemap {
  static readonly #words = new Uint32Array(2 * CHUNK_PAGES);
  readonly #file: number;

  private constructor(file: number) {
    this.#file = file;
  }

  /** Null if the process has ended or may not be looked at. */
  static open(tree: LinuxTree, pid: number): Pagemap | null {
    try {
      return new Pagemap(openSync(tree.at(`/proc/${pid}/pagemap`), constants.O_RDONLY | constants.O_NONBLOCK));
    } catch {
      return null;
    }
  }

  close(): void {
    closeSync(this.#file);
  }

  /** Gives every present page of a range to an owner; ends early if the process has ended. */
  record(range: VirtualRange, owner: number, found: OwnersFound): Looked {
    let nrPresent = 0;
    let nrHidden = 0;
    const end = range.firstPage + range.nrPages;
    for (let page = range.firstPage; page < end; ) {
      const nrRead = this.#read(page, Math.min(CHUNK_PAGES, end - page));
      if (nrRead === 0) break;
      const looked = recordWords(Pagemap.#words, nrRead, owner, found);
      nrPresent += looked.nrPresent;
      nrHidden += looked.nrHidden;
      page += nrRead;
    }
    return { nrPresent, nrHidden };
  }

  /** Gives the words that came; none if the process is gone. */
  #read(page: number, nrPages: number): number {
    try {
      const nrBytes = readSync(this.#file, Pagemap.#words, 0, nrPages * WORD_BYTES, page * WORD_BYTES);
      return Math.floor(nrBytes / WORD_BYTES);
    } catch {
      return 0;
    }
  }
}

/** Runs per virtual page of every process of a host: pages in a row mostly go from one set to another same one. */
function recordWords(words: Uint32Array, nrWords: number, owner: number, found: OwnersFound): Looked {
  const { sets, pages, wanted } = found;
  const nrPfns = pages.length;
  let nrPresent = 0;
  let nrHidden = 0;
  let lastSet = NO_OWNERS;
  let lastNext = sets.withOwner(NO_OWNERS, owner);
  for (let at = 0; at < nrWords; at++) {
    const high = words[2 * at + 1] as number;
    if ((high & PRESENT) === 0) continue;
    nrPresent++;
    const pfn = words[2 * at] as number;
    if ((high & PFN_HIGH) !== 0 || pfn >= nrPfns) continue;
    if (pfn === 0) {
      nrHidden++;
      continue;
    }
    if (wanted !== null && ((wanted[pfn >>> 3] as number) & (1 << (pfn & 7))) === 0) continue;
    const set = pages[pfn] as number;
    if (set !== lastSet) {
      lastSet = set;
      lastNext = sets.withOwner(set, owner);
    }
    pages[pfn] = lastNext;
  }
  return { nrPresent, nrHidden };
}
