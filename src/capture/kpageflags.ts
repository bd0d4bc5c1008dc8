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
import { CHUNK_PAGES, type ChunkColumns } from '../simd/chunk-columns.js';
import { clearTable, type Known, learn } from '../simd/known-words.js';
import { chunkOf, liesIn } from '../simd/page-chunk.js';
import { addRows, type Census, columnOf, type Merged } from './census.js';
import { countPages } from './wording.js';

/** Bits that are ours as they stand: 0 to 23, and PGTABLE. Bits 24 and 25 (ZERO_PAGE, IDLE) mean others here. */
const SAME_BITS = 0x00ff_ffff | PG_PGTABLE;
const KPF_ZERO_PAGE = 1 << 24;
/** Bits of the high half, include/linux/kernel-page-flags.h; the same in 6.1 and 6.12. */
const KPF_RESERVED = 1 << (32 - 32);
const KPF_MLOCKED = 1 << (33 - 32);
const KPF_PRIVATE = 1 << (35 - 32);
const NONE = 0xffff_ffff;

/** To be called before the first words of a file are translated into these flags. */
export function forgetWords(flags: Uint32Array): void {
  clearTable(chunkOf(flags).columns.translations, knownOf(NONE, NONE));
}

/**
 * Words of /proc/kpageflags as PG_* words, into `flags` from page `at` on, and into the census. PG_MMAP and PG_PRIVATE are
 * as in the file until `MappingReader` has done: the steps between tell page types apart by them. Gives all flags that
 * some page has. What the kernel writes: fs/proc/page.c, stable_page_flags.
 */
export function translateFlags(words: Uint32Array, flags: Uint32Array, at: number, census: Census): number {
  const chunk = chunkOf(flags);
  const { columns, steps } = chunk;
  const isInPlace = liesIn(chunk, flags);
  columns.totals[0] = 0;
  for (let first = 0; first < words.length / 2; first += CHUNK_PAGES) {
    const nr = Math.min(words.length / 2 - first, CHUNK_PAGES);
    const pfn = at + first;
    const target = isInPlace ? pfn : 0;
    if (!isAtStart(columns, words)) columns.words.set(words.subarray(2 * first, 2 * (first + nr)));
    columns.census.fill(0);
    const nrRuns = steps.runsOfWords(nr, pfn % PAGEBLOCK_PAGES);
    for (let run = 0; ; ) {
      run = steps.translateRuns(target, run, nrRuns, pfn % PAGEBLOCK_PAGES);
      if (run === nrRuns) break;
      const page = columns.runs[run]!;
      const [low, high] = [columns.words[2 * page]!, columns.words[2 * page + 1]!];
      learn(columns.translations, low, high, knownOf(low, high));
    }
    if (!isInPlace) flags.set(columns.flags.subarray(0, nr), pfn);
    addRows(census, columns.census, pfn, nr);
  }
  return columns.totals[0]!;
}

/** True for words that were read to where steps look for them. */
export function isAtStart(columns: ChunkColumns, words: Uint32Array): boolean {
  return words.buffer === columns.words.buffer && words.byteOffset === columns.words.byteOffset;
}

/** What a table has of a word: its flags, and the column that a census counts it in, as if the KSM flag meant nothing. */
function knownOf(low: number, high: number): Known {
  const word = translated(low, high);
  return [word, columnOf(word, PG_KSM)];
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
