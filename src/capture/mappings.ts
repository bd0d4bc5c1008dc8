import { VacateError } from '../base/vacate-error.js';
import {
  PG_ANON,
  PG_BUDDY,
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
import type { PageFileReader } from './page-file-reader.js';
import { TYPELESS } from './typeless.js';
import { formatCount, TAKE_AGAIN } from './wording.js';
import type { PlacedZone } from './zone-ranges.js';

/** Types that keep something else where the mapping count is, or that nobody maps. */
const UNMAPPABLE = PG_RESERVED | PG_BUDDY | PG_SLAB | PG_NOPAGE | PG_PGTABLE | PG_OFFLINE;
const MAX_MAPCOUNT = 0xffff;
const min = Math.min;
/** As a page is after its first fault. */
export const FRESH_ANONYMOUS = PG_ANON | PG_SWAPBACKED | PG_UPTODATE | PG_LRU;

/** How a page's mappings are read, by its flags. */
const NONE = 0;
const COUNTED = 1;
const BARE = 2;
const NAMELESS = 3;
const ANONYMOUS = 4;
/** Nobody maps what looks like that, and yet it has the mark of an anonymous page. */
const FALSE_ANONYMOUS = 5;

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
  /** By pageblock: pages of `nrBare`, and whether some page was found to be free on a per-CPU list. */
  readonly bareIn: Uint16Array;
  readonly hasListed: Uint8Array;
}

export function capturedPages(flags: Uint32Array): CapturedPages {
  const nrPageblocks = Math.ceil(flags.length / PAGEBLOCK_PAGES);
  return {
    flags,
    mapcounts: new Uint16Array(flags.length),
    bareIn: new Uint16Array(nrPageblocks),
    hasListed: new Uint8Array(nrPageblocks),
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
  }

  /** What no zone has is left out. */
  add(words: Uint32Array): void {
    const first = this.#nrPages ?? 0;
    const past = first + words.length / 2;
    for (const { start, end, zone } of this.#runs) {
      const [from, to] = [Math.max(first, start), Math.min(past, end)];
      if (from < to) readMappings(this.pages, this.found[zone]!, words, first, from, to);
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
    for (const { start, end, zone } of this.#runs) guessMappings(this.pages, this.found[zone]!, start, end);
  }
}

function sortOf(word: number): number {
  const isSingleAnonymous = (word & (PG_ANON | PG_SWAPCACHE | PG_HEAD | PG_TAIL)) === PG_ANON;
  if ((word & UNMAPPABLE) !== 0) return isSingleAnonymous ? FALSE_ANONYMOUS : NONE;
  if (word === 0) return BARE;
  if ((word & ~TYPELESS) === 0) return NAMELESS;
  return isSingleAnonymous ? ANONYMOUS : COUNTED;
}

/** Pages `from` to `to`, all of one zone; `words` begin with page `first`. */
function readMappings(
  pages: CapturedPages,
  found: Unexplained,
  words: Uint32Array,
  first: Pfn,
  from: Pfn,
  to: Pfn,
): void {
  const { flags, mapcounts } = pages;
  let last = 0;
  let sort = BARE;
  for (let pfn = from; pfn < to; pfn++) {
    const word = flags[pfn]!;
    if (word !== last) {
      last = word;
      sort = sortOf(word);
    }
    if (sort === NONE) continue;
    // The kernel's counter is an int: the high half of the word is never used.
    const count = sort === FALSE_ANONYMOUS ? 0 : words[2 * (pfn - first)]!;
    if (count !== 0) mapcounts[pfn] = min(count, MAX_MAPCOUNT);
    if (sort === COUNTED || (sort === ANONYMOUS && count !== 0)) continue;
    explain(pages, found, pfn, word, sort, count);
  }
}

function explain(pages: CapturedPages, found: Unexplained, pfn: Pfn, word: number, sort: number, count: number): void {
  const { flags, bareIn, hasListed } = pages;
  const pageblock = pfn >>> PAGEBLOCK_ORDER;
  if (sort === NAMELESS) found.nameless.push(pfn);
  else if (sort === BARE && count === 0) {
    found.nrBare++;
    bareIn[pageblock] = bareIn[pageblock]! + 1;
  } else if (sort === BARE) {
    flags[pfn] = FRESH_ANONYMOUS;
    found.nrMappedSince++;
  } else if ((word & PG_MMAP) === 0) found.nrHeldUnmapped++;
  else {
    flags[pfn] = PG_PCP;
    found.nrUnmappedSince++;
    hasListed[pageblock] = 1;
  }
}

function guessMappings(pages: CapturedPages, found: Unexplained, start: Pfn, end: Pfn): void {
  const { flags, mapcounts } = pages;
  for (let pfn = start; pfn < end; pfn++) {
    const word = flags[pfn]!;
    const sort = sortOf(word);
    if (sort === BARE || sort === NAMELESS) explain(pages, found, pfn, word, sort, 0);
    if (sort !== NONE && sort !== FALSE_ANONYMOUS && (word & PG_MMAP) !== 0) mapcounts[pfn] = 1;
  }
}
