import { isFile, isMigration, isPresent, isSwap, ptePayload } from '../mm/pte.js';
import { NO_PAGE, type Pfn } from '../mm/units.js';
import { findVma } from '../sim/address-space.js';
import { originalHi, originalLo, patternWord } from '../sim/contents.js';
import type { Machine } from '../sim/machine.js';
import { MAPPING_DRIVER, MAPPING_FILE, MAPPING_SHMEM } from '../sim/mappings.js';
import { diskPlaceOf, findInCache } from '../sim/page-cache.js';
import { pteOf } from '../sim/page-tables.js';

/** Where the words of a page are, in memory or on a device. */
export interface StandingWords {
  readonly words: Uint32Array;
  /** Position of the first. */
  readonly at: number;
  /** Null if it is on a device. */
  readonly frame: Pfn | null;
}

/** What a word of a page is whose contents follow from two words. */
export function wordOf(lo: number, hi: number, word: number): number {
  return word === 0 ? lo : word === 1 ? hi : patternWord(lo, hi, word);
}

/** What a page of a file reads that nobody has written to. */
export function originalOf(m: Machine, mapping: number, page: number): readonly [lo: number, hi: number] {
  return m.mapKind[mapping] === MAPPING_SHMEM ? [0, 0] : [originalLo(mapping, page), originalHi(mapping, page)];
}

function inMemory(m: Machine, frame: Pfn): StandingWords {
  return { words: m.contents, at: frame * m.contentWords, frame };
}

function onDevice(m: Machine, place: number): StandingWords {
  return { words: m.stored, at: place * m.contentWords, frame: null };
}

/** A whole page that stands nowhere: what its first reader will be given. */
function unread(m: Machine, [lo, hi]: readonly [number, number]): StandingWords {
  const words = new Uint32Array(m.contentWords);
  for (let word = 0; word < words.length; word++) words[word] = wordOf(lo, hi, word);
  return { words, at: 0, frame: null };
}

/**
 * What a process reads at a virtual page, without touching it: through page tables, caches, swap and disk, never by
 * frame. Null where it has no page.
 */
export function wordsOfVirtualPage(m: Machine, mm: number, vpn: number): StandingWords | null {
  const pte = pteOf(m, mm, vpn);
  if (isPresent(pte) || isMigration(pte)) return inMemory(m, ptePayload(pte));
  if (isSwap(pte)) {
    const cached = m.swapCache[ptePayload(pte)]!;
    return cached !== 0 ? inMemory(m, cached - 1) : onDevice(m, ptePayload(pte));
  }
  const vma = findVma(m, mm, vpn);
  if (vma === 0) return null;
  if (m.vmaFile[vma] === 0) return unread(m, [0, 0]);
  const page = isFile(pte) ? ptePayload(pte) : vpn - m.vmaStart[vma]! + m.vmaOffset[vma]!;
  const file = m.vmaFile[vma]!;
  if (page >= m.mapPages[file]!) return null;
  return wordsOfFile(m, file, page) ?? unread(m, originalOf(m, file, page));
}

/** A page of a file, in the cache or on its device; null for one of shared memory or a pool that nobody has written. */
export function wordsOfFile(m: Machine, mapping: number, page: number): StandingWords | null {
  const index = m.mapBase[mapping]! + page;
  const frame = findInCache(m, index);
  if (frame !== NO_PAGE) return inMemory(m, frame);
  if (m.mapKind[mapping] === MAPPING_DRIVER) return null; // the rest of its places are the driver's books
  const place = diskPlaceOf(m, index);
  if (place !== 0) return onDevice(m, place);
  return m.mapKind[mapping] === MAPPING_FILE ? unread(m, originalOf(m, mapping, page)) : null;
}
