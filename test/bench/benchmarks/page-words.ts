import { mix32 } from '../../../src/base/prng.js';
import {
  PG_ACTIVE,
  PG_ANON,
  PG_BUDDY,
  PG_LOCKED,
  PG_LRU,
  PG_PGTABLE,
  PG_REFERENCED,
  PG_RESERVED,
  PG_SLAB,
  PG_SWAPBACKED,
  PG_UPTODATE,
  PG_WRITEBACK,
} from '../../../src/mm/page-flags.js';
import { PAGEBLOCK_ORDER } from '../../../src/mm/units.js';

const ANON = PG_UPTODATE | PG_LRU | PG_ANON | PG_SWAPBACKED;
const FILE = PG_UPTODATE | PG_LRU;
/** What a page in use may be, each with the same chance. */
const USED_WORDS = [
  ...[ANON, ANON | PG_REFERENCED, ANON | PG_ACTIVE, ANON | PG_LOCKED],
  ...[FILE, FILE | PG_WRITEBACK, FILE | PG_ACTIVE, PG_UPTODATE | PG_SWAPBACKED],
] as const;
/** Of kernel memory, in the blocks that have some. */
const KERNEL_WORDS = [PG_SLAB, PG_RESERVED, PG_PGTABLE, 0] as const;
/** One block in so many holds memory of the kernel. */
const KERNEL_BLOCKS = 16;

/**
 * The flags of page `pfn` of a made-up machine: how full a pageblock is differs from block to block, one in sixteen holds
 * kernel memory. `page_word` of c/page-words.h gives the same.
 */
export function fillPageWords(words: Uint32Array): void {
  for (let pfn = 0; pfn < words.length; pfn++) {
    const ofBlock = mix32((pfn >>> PAGEBLOCK_ORDER) ^ 0x9e3779b9);
    const ofPage = mix32(pfn);
    if ((ofPage & 0xff) >= (ofBlock & 0xff)) words[pfn] = PG_BUDDY;
    else if ((ofBlock >>> 8) % KERNEL_BLOCKS === 0 && (ofPage >>> 8) % 64 === 0)
      words[pfn] = KERNEL_WORDS[(ofPage >>> 16) & 3] as number;
    else words[pfn] = USED_WORDS[(ofPage >>> 16) & 7] as number;
  }
}
