import {
  PG_ANON,
  PG_DIRTY,
  PG_HEAD,
  PG_HUGE,
  PG_KSM,
  PG_LRU,
  PG_MLOCKED,
  PG_MMAP,
  PG_NOPAGE,
  PG_PGTABLE,
  PG_PRIVATE,
  PG_RESERVED,
  PG_SLAB,
  PG_SWAPBACKED,
  PG_SWAPCACHE,
  PG_TAIL,
  PG_THP,
  PG_UPTODATE,
  PG_WRITEBACK,
} from '../mm/page-flags.js';
import { PAGEBLOCK_PAGES } from '../mm/units.js';
import { type Census, columnOf, type Merged, rowOf } from './census.js';
import { countPages } from './wording.js';

/** Bits that are ours as they stand: 0 to 23, and PGTABLE. Bits 24 and 25 (ZERO_PAGE, IDLE) mean others here. */
const SAME_BITS = 0x00ff_ffff | PG_PGTABLE;
const KPF_ZERO_PAGE = 1 << 24;
/** Bits of the high half, include/linux/kernel-page-flags.h; the same in 6.1 and 6.12. */
const KPF_RESERVED = 1 << (32 - 32);
const KPF_MLOCKED = 1 << (33 - 32);
const KPF_PRIVATE = 1 << (35 - 32);
const { imul, min } = Math;

/** A host has some dozens of different words; one that is not at its place is worked out again. */
const WORDS = 4096;

/** What has been worked out of words of /proc/kpageflags: columns by slot. */
export class KnownWords {
  readonly lows = new Uint32Array(WORDS).fill(0xffff_ffff);
  readonly highs = new Uint32Array(WORDS).fill(0xffff_ffff);
  readonly flags = new Uint32Array(WORDS);
  /** In a census. */
  readonly columns = new Uint8Array(WORDS);
  /** True once a word had the KSM flag. */
  hasKsm = false;

  constructor() {
    this.learn(0, 0xffff_ffff, 0xffff_ffff);
    this.flags.fill(this.flags[0]!);
    this.columns.fill(this.columns[0]!);
    this.hasKsm = false;
  }

  learn(slot: number, low: number, high: number): void {
    const word = translated(low, high);
    this.lows[slot] = low;
    this.highs[slot] = high;
    this.flags[slot] = word;
    this.columns[slot] = columnOf(word, PG_KSM);
    if ((word & PG_KSM) !== 0) this.hasKsm = true;
  }
}

/**
 * Words of /proc/kpageflags as PG_* words, into `flags` from page `at` on, and into the census. PG_MMAP and PG_PRIVATE are
 * as in the file until `MappingReader` has done: the steps between tell page types apart by them.
 * What the kernel writes: fs/proc/page.c, stable_page_flags.
 */
export function translateFlags(
  words: Uint32Array,
  known: KnownWords,
  flags: Uint32Array,
  at: number,
  census: Census,
): void {
  const { lows, highs, flags: translations, columns } = known;
  const nrWords = words.length / 2;
  for (let i = 0; i < nrWords; ) {
    const row = rowOf(at + i);
    const end = min(nrWords, i + PAGEBLOCK_PAGES - ((at + i) % PAGEBLOCK_PAGES));
    for (; i < end; i++) {
      const low = words[2 * i]!;
      const high = words[2 * i + 1]!;
      const slot = imul(low ^ imul(high, 0x85eb_ca6b), 0x9e37_79b1) >>> 20;
      if (lows[slot] !== low || highs[slot] !== high) known.learn(slot, low, high);
      flags[at + i] = translations[slot]!;
      const column = row + columns[slot]!;
      census[column] = census[column]! + 1;
    }
  }
}

function translated(low: number, high: number): number {
  let word = low & SAME_BITS;
  if ((high & KPF_RESERVED) !== 0) word |= PG_RESERVED;
  if ((high & KPF_MLOCKED) !== 0) word |= PG_MLOCKED;
  if ((high & KPF_PRIVATE) !== 0) word |= PG_PRIVATE;
  // A slab keeps its own data where other pages keep the mapping, and Linux 6.12 reads that as an address space.
  if ((word & PG_SLAB) !== 0) word &= ~(PG_ANON | PG_KSM | PG_MMAP);
  // The huge zero page is called a THP, yet it is a kernel page that nobody moves.
  if ((low & KPF_ZERO_PAGE) !== 0) word &= ~PG_THP;
  return (word & PG_NOPAGE) === 0 ? word : PG_NOPAGE;
}

/**
 * Whether the KSM flag means anything: Linux 6.12 tests both type bits of the mapping with "or", so every anonymous page
 * looks merged.
 */
export function isKsmFalse({ nrAnon, nrMerged }: Merged, caveats: string[]): boolean {
  // Real merging never reaches nine in ten: pages of THPs and pages just written are not merged.
  if (nrMerged === 0 || nrMerged * 10 < nrAnon * 9) return false;
  caveats.push(
    `${countPages(nrMerged, 'anonymous')} of ${nrAnon.toLocaleString('en-US')} carry the KSM flag, as this kernel ` +
      'sets it on all of them: which pages KSM has merged is not known, and none is treated so.',
  );
  return true;
}

export function dropKsm(flags: Uint32Array): void {
  for (let pfn = 0; pfn < flags.length; pfn++) {
    const word = flags[pfn]!;
    if ((word & PG_KSM) !== 0) flags[pfn] = word & ~PG_KSM;
  }
}

const CACHE_BITS = PG_UPTODATE | PG_DIRTY | PG_WRITEBACK | PG_SWAPBACKED;
const NOT_CACHE_BITS = PG_SLAB | PG_RESERVED | PG_ANON | PG_HUGE | PG_PGTABLE;
/** A page with one of these has an owner that maps it by address spaces, so that its mapping count is one. */
const OWNED_BITS = PG_LRU | PG_ANON | PG_SWAPCACHE | CACHE_BITS | PG_HUGE | PG_THP;

/**
 * What stays of a page's flags in the end: all but what only a capture has. The private bit stays where it means buffers,
 * on pages of files; other owners (zsmalloc, slab, hugetlb, the memory map) use it for themselves.
 */
export function keptFlags(word: number): number {
  const isCache = (word & PG_LRU) !== 0 || ((word & CACHE_BITS) !== 0 && (word & NOT_CACHE_BITS) === 0);
  return word & ~(isCache ? PG_MMAP : PG_MMAP | PG_PRIVATE);
}

/**
 * Whether the kernel counts a page's mappings in the field that says so: types of its own reuse it, and pages of drivers
 * are mapped without being anybody's memory.
 */
export function hasMappings(word: number): boolean {
  const isKernelCompound = (word & (PG_HEAD | PG_TAIL)) !== 0 && (word & (PG_THP | PG_HUGE)) === 0;
  return (word & OWNED_BITS) !== 0 && !isKernelCompound;
}
