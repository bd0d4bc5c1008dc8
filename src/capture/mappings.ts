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
import { hasMappings, keptFlags } from './kpageflags.js';
import type { PageFileReader } from './page-file-reader.js';
import { TYPELESS } from './typeless.js';
import { formatCount, TAKE_AGAIN } from './wording.js';
import type { PlacedZone } from './zone-ranges.js';

/** Types that keep something else where the mapping count is, or that nobody maps. */
const UNMAPPABLE = PG_RESERVED | PG_BUDDY | PG_SLAB | PG_NOPAGE | PG_PGTABLE | PG_OFFLINE;
const MAX_MAPCOUNT = 0xffff;
const { imul, min } = Math;
/** As a page is after its first fault. */
export const FRESH_ANONYMOUS = PG_ANON | PG_SWAPBACKED | PG_UPTODATE | PG_LRU;

/** How a page's mappings are read, by its flags. */
const COUNTED = 0;
const BARE = 1;
const NAMELESS = 2;
const ANONYMOUS = 3;
/** To be counted besides: in the swap cache, or file-system metadata. */
const TALLIED = 4;
/** Above any count that a page may have. */
const ALWAYS = 0x1_0000;
const LOOKS = 4096;

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
  readonly #looks = new LookTable();
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
    for (const { start, end, zone } of this.#runs)
      for (let first = start; first < end; first += GUESSED_PAGES) {
        const past = Math.min(end, first + GUESSED_PAGES);
        readMappings(this.#piece(zone, guessed(this.pages.flags, first, past), first), first, past);
      }
  }

  /** In one place: the loop over its pages is compiled for one form of it. */
  #piece(zone: number, words: Uint32Array, first: Pfn): MappingPiece {
    const { pages } = this;
    return { pages, looks: this.#looks, found: this.found[zone]!, words, first, areKnown: this.#nrPages !== null };
  }
}

/** Pieces of what is guessed. */
const GUESSED_PAGES = 2 ** 15;

function guessed(flags: Uint32Array, start: Pfn, end: Pfn): Uint32Array {
  const words = new Uint32Array(2 * (end - start));
  for (let pfn = start; pfn < end; pfn++) if ((flags[pfn]! & PG_MMAP) !== 0) words[2 * (pfn - start)] = 1;
  return words;
}

/** What has been worked out of pages by their flags: columns by slot. At first every slot is about pages without any. */
class LookTable {
  readonly flags = new Uint32Array(LOOKS);
  readonly sorts = new Uint8Array(LOOKS).fill(BARE);
  /** All bits set if mappings count, else none. */
  readonly masks = new Int32Array(LOOKS).fill(-1);
  /** A page with fewer mappings is to be explained. */
  readonly explained = new Int32Array(LOOKS).fill(ALWAYS);
  readonly kept = new Uint32Array(LOOKS);

  learn(slot: number, word: number): void {
    const isCompound = (word & (PG_HEAD | PG_TAIL)) !== 0;
    const isUnmappable = (word & UNMAPPABLE) !== 0;
    const sort = sortOf(word);
    const isMapped = isCompound || sort === NAMELESS || sort === BARE || hasMappings(word);
    this.flags[slot] = word;
    this.sorts[slot] = sort;
    this.masks[slot] = isUnmappable || !isMapped ? 0 : -1;
    this.explained[slot] = sort === COUNTED ? 0 : sort === ANONYMOUS ? 1 : ALWAYS;
    // Those are finished when their types are known.
    this.kept[slot] = isCompound || sort === NAMELESS ? word : keptFlags(word);
  }
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
  readonly looks: LookTable;
  readonly found: Unexplained;
  readonly words: Uint32Array;
  /** The page that `words` begin with. */
  readonly first: Pfn;
  /** False if what they say is guessed from flags, and cannot contradict them. */
  readonly areKnown: boolean;
}

/** Reads the mappings of pages of one zone, and drops the flags that only a capture has. */
function readMappings(piece: MappingPiece, from: Pfn, to: Pfn): void {
  const { pages, looks, words, first } = piece;
  const { flags, mapcounts, keepsMapcounts } = pages;
  const { flags: known, masks, explained, kept } = looks;
  for (let pfn = from; pfn < to; pfn++) {
    const word = flags[pfn]!;
    const slot = imul(word ^ (word >>> 15), 0x9e37_79b1) >>> 20;
    if (known[slot] !== word) looks.learn(slot, word);
    // The kernel's counter is an int: the high half of the word is never used.
    const count = min(words[2 * (pfn - first)]!, MAX_MAPCOUNT) & masks[slot]!;
    // Memory that is not written to is not there.
    if (keepsMapcounts) mapcounts[pfn] = count;
    flags[pfn] = kept[slot]!;
    if (count < explained[slot]!) explain(piece, pfn, word, count);
  }
}

function explain({ pages, found, areKnown }: MappingPiece, pfn: Pfn, word: number, count: number): void {
  const { flags, bareIn, hasListed } = pages;
  const pageblock = pfn >>> PAGEBLOCK_ORDER;
  const sort = sortOf(word);
  if (sort === TALLIED) tally(pages, pageblock, word);
  else if (sort === NAMELESS) {
    found.nameless.push(pfn);
    pages.mapcounts[pfn] = count;
  } else if (sort === BARE && count === 0) {
    found.nrBare++;
    bareIn[pageblock] = bareIn[pageblock]! + 1;
  } else if (sort === BARE) {
    flags[pfn] = FRESH_ANONYMOUS;
    found.nrMappedSince++;
  } else if (!areKnown) return;
  else if ((word & PG_MMAP) === 0) found.nrHeldUnmapped++;
  else {
    flags[pfn] = PG_PCP;
    found.nrUnmappedSince++;
    hasListed[pageblock] = 1;
  }
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
