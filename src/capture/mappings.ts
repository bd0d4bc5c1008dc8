import { VacateError } from '../base/vacate-error.js';
import { isMetadata } from '../mm/buffer-cache.js';
import {
  PG_ANON,
  PG_BUDDY,
  PG_DIRTY,
  PG_HEAD,
  PG_LRU,
  PG_MMAP,
  PG_NOPAGE,
  PG_OFFLINE,
  PG_PCP,
  PG_PGTABLE,
  PG_RESERVED,
  PG_SLAB,
  PG_SWAPBACKED,
  PG_SWAPCACHE,
  PG_TAIL,
  PG_UPTODATE,
} from '../mm/page-flags.js';
import { PAGEBLOCK_ORDER, PAGEBLOCK_PAGES, type Pfn } from '../mm/units.js';
import { CHUNK_PAGES, EXPLAIN_ALL, EXPLAIN_UNMAPPED, IS_COUNTED } from '../simd/chunk-columns.js';
import { clearTable, type Known, learn } from '../simd/known-words.js';
import { bring, chunkOf } from '../simd/page-chunk.js';
import { hasMappings, isAtStart, keptFlags } from './kpageflags.js';
import type { PageFileReader } from './page-file-reader.js';
import { TYPELESS } from './typeless.js';
import { formatCount, TAKE_AGAIN } from './wording.js';
import type { PlacedZone } from './zone-ranges.js';

/** Types that keep something else where the mapping count is, or that nobody maps. */
const UNMAPPABLE = PG_RESERVED | PG_BUDDY | PG_SLAB | PG_NOPAGE | PG_PGTABLE | PG_OFFLINE;
const MAX_MAPCOUNT = 0xffff;
/** As a page is after its first fault. */
export const FRESH_ANONYMOUS = PG_ANON | PG_SWAPBACKED | PG_UPTODATE | PG_LRU;

/** How a page's mappings are read, by its flags. */
const COUNTED = 0;
const BARE = 1;
const NAMELESS = 2;
const ANONYMOUS = 3;
/** To be counted besides: in the swap cache, or file-system metadata. */
const TALLIED = 4;

/** Pages of one zone that flags alone do not explain. */
export interface Unexplained {
  /** In use by the look of it, of no type. */
  readonly nameless: Pfn[];
  /** No flag and no mapping: free on a per-CPU list, or memory of the kernel. */
  nrBare: number;
  nrMappedSince: number;
  nrUnmappedSince: number;
  nrHeldUnmapped: number;
}

/** The pages of a capture while their types are worked out. */
export interface CapturedPages {
  readonly flags: Uint32Array;
  /** Mappings of each page, at most 65535. */
  readonly mapcounts: Uint16Array;
  /** False if they are not wanted: then those are 0 that nothing here depends on. */
  readonly keepsMapcounts: boolean;
  /** By pageblock: pages of `nrBare`, and whether some page was found to be free on a per-CPU list. */
  readonly bareIn: Uint16Array;
  readonly hasListed: Uint8Array;
  /** By pageblock: pages of file-system metadata, and the dirty ones. */
  readonly metadataIn: Uint16Array;
  readonly dirtyIn: Uint16Array;
  nrSwapCached: number;
}

export function capturedPages(flags: Uint32Array, keepsMapcounts: boolean): CapturedPages {
  const nrPageblocks = Math.ceil(flags.length / PAGEBLOCK_PAGES);
  return {
    flags,
    mapcounts: new Uint16Array(flags.length),
    keepsMapcounts,
    bareIn: new Uint16Array(nrPageblocks),
    hasListed: new Uint8Array(nrPageblocks),
    metadataIn: new Uint16Array(nrPageblocks),
    dirtyIn: new Uint16Array(nrPageblocks),
    nrSwapCached: 0,
  };
}

/**
 * Reads the mappings of /proc/kpagecount, piece by piece, against the flags of the pages. The file is another than
 * kpageflags and is read later, and processes start and end between the two (the reader's own, for one): a page without
 * flags but with mappings was free and is an anonymous page now; an anonymous page that was mapped and has no mapping
 * left was freed to a per-CPU list.
 */
export class MappingReader implements PageFileReader {
  readonly name = 'kpagecount';
  /** As the zones are. */
  readonly found: readonly Unexplained[];
  readonly #runs: readonly { start: Pfn; end: Pfn; zone: number }[];
  /** Null while there is no such file. */
  #nrPages: number | null = null;

  /** `nrExpected`: as many pages as kpageflags has. */
  constructor(
    private readonly pages: CapturedPages,
    zones: readonly PlacedZone[],
    private readonly nrExpected: number | null,
    readonly onProgress: (part: number) => void,
  ) {
    this.found = zones.map(() => ({
      nameless: [],
      nrBare: 0,
      nrMappedSince: 0,
      nrUnmappedSince: 0,
      nrHeldUnmapped: 0,
    }));
    this.#runs = zones
      .flatMap(({ ranges }, zone) => ranges.map(({ start, end }) => ({ start, end, zone })))
      .sort((a, b) => a.start - b.start);
  }

  begin(): void {
    this.#nrPages = 0;
    this.#forget();
  }

  get room(): Uint32Array {
    return chunkOf(this.pages.flags).columns.words;
  }

  /** What no zone has is left out. */
  add(words: Uint32Array): void {
    const first = this.#nrPages ?? 0;
    const past = first + words.length / 2;
    for (const { start, end, zone } of this.#runs) {
      const [from, to] = [Math.max(first, start), Math.min(past, end)];
      if (from < to) readMappings(this.#piece(zone, words, first), from, to);
    }
    this.#nrPages = past;
  }

  /** Without kpagecount a page that is marked as mapped counts as mapped once, and nothing can contradict its flags. */
  finish(caveats: string[]): void {
    if (this.#nrPages === this.nrExpected) return;
    if (this.#nrPages !== null) {
      throw new VacateError(
        'capture',
        `kpagecount describes ${formatCount(this.#nrPages)} pages and kpageflags ${formatCount(this.nrExpected ?? 0)}: ` +
          `they are not of the same machine and moment, ${TAKE_AGAIN}.`,
      );
    }
    caveats.push('The capture lacks kpagecount.gz: every mapped page is taken to be mapped once.');
    this.#forget();
    for (const { start, end, zone } of this.#runs)
      for (let first = start; first < end; first += GUESSED_PAGES) {
        const past = Math.min(end, first + GUESSED_PAGES);
        readMappings(this.#piece(zone, guessed(this.pages.flags, first, past), first), first, past);
      }
  }

  #forget(): void {
    clearTable(chunkOf(this.pages.flags).columns.sorts, [0, 0]);
  }

  #piece(zone: number, words: Uint32Array, first: Pfn): MappingPiece {
    return { pages: this.pages, found: this.found[zone]!, words, first, areKnown: this.#nrPages !== null };
  }
}

/** Pieces of what is guessed. */
const GUESSED_PAGES = 2 ** 15;

function guessed(flags: Uint32Array, start: Pfn, end: Pfn): Uint32Array {
  const words = new Uint32Array(2 * (end - start));
  for (let pfn = start; pfn < end; pfn++) if ((flags[pfn]! & PG_MMAP) !== 0) words[2 * (pfn - start)] = 1;
  return words;
}

/** What a table has of a page by its flags: what stays of them, and how its mappings are read. */
function knownOf(word: number): Known {
  const isCompound = (word & (PG_HEAD | PG_TAIL)) !== 0;
  const sort = sortOf(word);
  const isMapped = isCompound || sort === NAMELESS || sort === BARE || hasMappings(word);
  const isCounted = isMapped && (word & UNMAPPABLE) === 0;
  const explain = sort === COUNTED ? 0 : sort === ANONYMOUS && isCounted ? EXPLAIN_UNMAPPED : EXPLAIN_ALL;
  // Those are finished when their types are known.
  const kept = isCompound || sort === NAMELESS ? word : keptFlags(word);
  return [kept, explain | (isCounted ? IS_COUNTED : 0)];
}

function sortOf(word: number): number {
  if ((word & UNMAPPABLE) === 0 && word === 0) return BARE;
  if ((word & UNMAPPABLE) === 0 && (word & ~TYPELESS) === 0) return NAMELESS;
  if ((word & (PG_HEAD | PG_TAIL)) !== 0) return COUNTED;
  if (isTallied(word)) return TALLIED;
  return (word & PG_ANON) === 0 ? COUNTED : ANONYMOUS;
}

/** Some of the pages, and the words that say of them and their neighbours how often they are mapped. */
interface MappingPiece {
  readonly pages: CapturedPages;
  readonly found: Unexplained;
  readonly words: Uint32Array;
  /** The page that `words` begin with. */
  readonly first: Pfn;
  /** False if what they say is guessed from flags, and cannot contradict them. */
  readonly areKnown: boolean;
}

/** Reads the mappings of pages of one zone, and drops the flags that only a capture has. */
function readMappings(piece: MappingPiece, from: Pfn, to: Pfn): void {
  const { pages, words, first } = piece;
  const { flags, mapcounts, keepsMapcounts } = pages;
  const chunk = chunkOf(flags);
  const { columns, steps } = chunk;
  for (let start = from; start < to; start += CHUNK_PAGES) {
    const nr = Math.min(to - start, CHUNK_PAGES);
    const at = bring(chunk, flags, start, nr);
    // Where they are, or else at the start.
    const counted = isAtStart(columns, words) ? start - first : 0;
    if (!isAtStart(columns, words)) columns.words.set(words.subarray(2 * (start - first), 2 * (start + nr - first)));
    columns.totals[1] = 0;
    const nrRuns = steps.runsOfFlags(at, nr, start % PAGEBLOCK_PAGES);
    for (let run = 0; ; ) {
      run = steps.sortOutRuns(at, counted, run, nrRuns, keepsMapcounts);
      if (run === nrRuns) break;
      const word = flags[start + columns.runs[run]!]!;
      learn(columns.sorts, word, 0, knownOf(word));
    }
    for (let i = 0; i < columns.totals[1]!; i++) {
      const page = columns.found[i]!;
      // The kernel's counter is an int: the high half of the word is never used.
      const count = Math.min(columns.words[2 * (counted + page)]!, MAX_MAPCOUNT);
      columns.kept[page] = explained(piece, start + page, flags[start + page]!, count);
    }
    flags.set(columns.kept.subarray(0, nr), start);
    // Memory that is not written to is not there.
    if (keepsMapcounts) mapcounts.set(columns.mapcounts.subarray(0, nr), start);
  }
}

/** What stays of the page's flags. */
function explained({ pages, found, areKnown }: MappingPiece, pfn: Pfn, word: number, count: number): number {
  const { bareIn, hasListed } = pages;
  const pageblock = pfn >>> PAGEBLOCK_ORDER;
  const sort = sortOf(word);
  if (sort === TALLIED) tally(pages, pageblock, word);
  else if (sort === NAMELESS) {
    found.nameless.push(pfn);
    pages.mapcounts[pfn] = count;
    return word;
  } else if (sort === BARE && count === 0) {
    found.nrBare++;
    bareIn[pageblock] = bareIn[pageblock]! + 1;
  } else if (sort === BARE) {
    found.nrMappedSince++;
    return FRESH_ANONYMOUS;
  } else if (areKnown && (word & PG_MMAP) === 0) found.nrHeldUnmapped++;
  else if (areKnown) {
    found.nrUnmappedSince++;
    hasListed[pageblock] = 1;
    return PG_PCP;
  }
  return keptFlags(word);
}

/** True for a page that is counted by `tally`. */
export function isTallied(word: number): boolean {
  return (word & PG_SWAPCACHE) !== 0 || isMetadata(keptFlags(word));
}

export function tally(pages: CapturedPages, pageblock: number, word: number): void {
  const { metadataIn, dirtyIn } = pages;
  if ((word & PG_SWAPCACHE) !== 0) pages.nrSwapCached++;
  if (!isMetadata(keptFlags(word))) return;
  metadataIn[pageblock] = metadataIn[pageblock]! + 1;
  if ((word & PG_DIRTY) !== 0) dirtyIn[pageblock] = dirtyIn[pageblock]! + 1;
}
