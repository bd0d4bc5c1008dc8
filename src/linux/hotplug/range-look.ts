import { closeSync, openSync, readSync } from 'node:fs';
import { endianness } from 'node:os';
import { PG_BUDDY, PG_HWPOISON, PG_NOPAGE, PG_OFFLINE } from '../../mm/page-flags.js';
import type { PfnRange } from '../../mm/pfn-range.js';
import type { Pfn } from '../../mm/units.js';
import type { LinuxTree } from '../linux-tree.js';
import { WORD_BYTES } from '../pages/page-file.js';

export interface UsedPages {
  readonly pages: number;
  /** The first NAMED_MAX of them. */
  readonly pfns: readonly Pfn[];
  /** Equal for equal sets. */
  readonly hash: number;
  /** What was read: two words of /proc/kpageflags a page, until somebody looks again. */
  readonly words: Uint32Array;
}

const NAMED_MAX = 16;
/** What offlining does not have to move: free, absent, a balloon's, or broken. Bits 0 to 31 are the kernel's own there. */
const NOTHING_TO_MOVE = PG_BUDDY | PG_NOPAGE | PG_OFFLINE | PG_HWPOISON;
/** Which half of a 64-bit word has bits 0 to 31. */
const LOW = endianness() === 'LE' ? 0 : 1;
const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** Looks again and again at one range of /proc/kpageflags, some 3 ms for 128 MiB of memory. */
export class RangeLook {
  readonly #file: number | null;
  #bytes = new Uint8Array(0);

  /** Where the file is not there or may not be read, nothing is seen: that is no reason not to go on. */
  constructor(tree: LinuxTree) {
    this.#file = openOrNull(tree.at('/proc/kpageflags'));
  }

  /** Pages in use in a range; null if they cannot be seen. */
  usedIn({ start, end }: PfnRange): UsedPages | null {
    if (this.#file === null) return null;
    const nrBytes = (end - start) * WORD_BYTES;
    if (this.#bytes.length < nrBytes) this.#bytes = new Uint8Array(nrBytes);
    try {
      let at = 0;
      for (let nr = -1; at < nrBytes && nr !== 0; at += nr)
        nr = readSync(this.#file, this.#bytes, at, nrBytes - at, start * WORD_BYTES + at);
      return at < nrBytes ? null : usedPages(new Uint32Array(this.#bytes.buffer, 0, 2 * (end - start)), start);
    } catch {
      return null;
    }
  }

  close(): void {
    if (this.#file !== null) closeSync(this.#file);
  }
}

/** `words` are those of /proc/kpageflags, two a page, from page `start` on. */
export function usedPages(words: Uint32Array, start: Pfn): UsedPages {
  const pfns: Pfn[] = [];
  let pages = 0;
  let hash = FNV_OFFSET;
  for (let at = LOW, pfn = start; at < words.length; at += 2, pfn++) {
    if ((words[at]! & NOTHING_TO_MOVE) !== 0) continue;
    pages++;
    hash = Math.imul(hash ^ pfn, FNV_PRIME);
    if (pfns.length < NAMED_MAX) pfns.push(pfn);
  }
  return { pages, pfns, hash, words };
}

/**
 * Brings what is shown of pages up to what was read of them: those that are free by now get the byte `free`, those without
 * memory `hole`. Of the others no more is known than before.
 */
export function markGone(words: Uint32Array, bytes: Uint8Array, free: number, hole: number): void {
  for (let page = 0; page < bytes.length; page++) {
    const flags = words[2 * page + LOW]!;
    if ((flags & PG_NOPAGE) !== 0) bytes[page] = hole;
    else if ((flags & PG_BUDDY) !== 0) bytes[page] = free;
  }
}

function openOrNull(path: string): number | null {
  try {
    return openSync(path, 'r');
  } catch {
    return null;
  }
}
