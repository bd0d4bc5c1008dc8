import { PAGEBLOCK_PAGES } from '../mm/units.js';
import { TABLE_LENGTH } from './known-words.js';

/** What a chunk has of pages lies in a cache of 1 MiB, with its tables. */
export const CHUNK_PAGES = 2 ** 15;
/** Columns of a row of a census, one row a pageblock: what they mean, the tables say. */
export const CENSUS_COLUMNS = 16;
/** More than pages of one machine have different flags. */
export const NR_TALLIES = 4096;

/** What a table's row says of pages with certain flags: the mappings that their words count are theirs; which are to be found. */
export const IS_COUNTED = 1;
export const EXPLAIN_ALL = 2;
export const EXPLAIN_UNMAPPED = 4;

/** Columns for the pages of a chunk, and the flags that chunks are taken from. Behind what is read there is room for a group of pages more. */
export interface ChunkColumns {
  /** 64 bits a page, low half first. */
  readonly words: Uint32Array;
  /** Of all pages that they were made for: other columns begin with the page of these that a step is told. */
  readonly flags: Uint32Array;
  /** What stays of the flags. */
  readonly kept: Uint32Array;
  readonly mapcounts: Uint16Array;
  /** First pages of runs, and behind the last run the number of pages. */
  readonly runs: Uint16Array;
  /** Pages, or runs, of which somebody wants to know each, ascending. */
  readonly found: Uint16Array;
  readonly census: Uint16Array;
  /** Tables of known words: a word's flags and its column in the census; what stays of flags, and what they say. */
  readonly translations: Uint32Array;
  readonly sorts: Uint32Array;
  /** Of flags: in how many more runs they are to be found, and their number among `tallies`, the pages that have them. */
  readonly looks: Uint32Array;
  readonly tallies: Uint32Array;
  /** All flags that some page has, and how many were found. */
  readonly totals: Uint32Array;
}

/**
 * Loops over the pages of a chunk. Pages come in runs of equal ones, a dozen on a busy host and thousands on an idle one:
 * first they are found, then each is dealt with as one.
 */
export interface ChunkSteps {
  /** Runs of equal words, of which none reaches over the border of a pageblock; the first page is at `place` in its own. Their number. */
  runsOfWords(nrPages: number, place: number): number;
  /** The same of flags, from page `first` on. */
  runsOfFlags(first: number, nrPages: number, place: number): number;
  /**
   * Words into flags from `first` on, and into the census, from run `run` on, until a word is not known: gives that run, or
   * `nrRuns`. Some flags behind the last may change too.
   */
  translateRuns(first: number, run: number, nrRuns: number, place: number): number;
  /** Pages of each of so many pageblocks whose flags under `mask` are `wanted`, into `found`. */
  countFlags(first: number, nrBlocks: number, mask: number, wanted: number): void;
  /**
   * Flags and counts into what stays, mapcounts (if they are wanted) and what is found, in the same way. The counts are
   * `words` from the one of page `counted` on.
   */
  sortOutRuns(first: number, counted: number, run: number, nrRuns: number, wantsMapcounts: boolean): number;
  /** Flags into tallies, in the same way; what is found is runs, not pages. */
  tallyRuns(first: number, run: number, nrRuns: number): number;
}

/** Pages that are read or filled beyond the last one. */
const SPARE_PAGES = 16;
/**
 * Copies by `rep movsb`, those of read() among them, are five times slower on some processors if they go 1 to 31 bytes
 * further into a page of the host than they come from. Others' buffers begin near the beginning of one.
 */
const PAGE_OFFSET = 2048;
const HOST_PAGE = 4096;

/** Where columns begin, in bytes; flags come last, and are as long as they are. */
export const OFFSETS = layOut({
  words: 8 * (CHUNK_PAGES + SPARE_PAGES),
  kept: 4 * (CHUNK_PAGES + SPARE_PAGES),
  mapcounts: 2 * CHUNK_PAGES,
  runs: 2 * (CHUNK_PAGES + 1),
  found: 2 * CHUNK_PAGES,
  census: 2 * CENSUS_COLUMNS * (CHUNK_PAGES / PAGEBLOCK_PAGES + 1),
  translations: 4 * TABLE_LENGTH,
  sorts: 4 * TABLE_LENGTH,
  looks: 4 * TABLE_LENGTH,
  tallies: 4 * NR_TALLIES,
  totals: 8,
  flags: 0,
});

/** Bytes of columns for the flags of so many pages. */
export function bytesFor(nrPages: number): number {
  return OFFSETS.flags + 4 * (nrPages + SPARE_PAGES);
}

function layOut<T extends Record<string, number>>(sizes: T): { readonly [K in keyof T]: number } {
  let end = 0;
  const offsets: Record<string, number> = {};
  for (const [name, size] of Object.entries(sizes)) {
    offsets[name] = Math.ceil(end / HOST_PAGE) * HOST_PAGE + PAGE_OFFSET;
    end = offsets[name] + size;
  }
  return offsets as { readonly [K in keyof T]: number };
}

export function columnsIn(buffer: ArrayBuffer, nrPages: number): ChunkColumns {
  return {
    words: new Uint32Array(buffer, OFFSETS.words, 2 * CHUNK_PAGES),
    flags: new Uint32Array(buffer, OFFSETS.flags, nrPages),
    kept: new Uint32Array(buffer, OFFSETS.kept, CHUNK_PAGES),
    mapcounts: new Uint16Array(buffer, OFFSETS.mapcounts, CHUNK_PAGES),
    runs: new Uint16Array(buffer, OFFSETS.runs, CHUNK_PAGES + 1),
    found: new Uint16Array(buffer, OFFSETS.found, CHUNK_PAGES),
    census: new Uint16Array(buffer, OFFSETS.census, CENSUS_COLUMNS * (CHUNK_PAGES / PAGEBLOCK_PAGES + 1)),
    translations: new Uint32Array(buffer, OFFSETS.translations, TABLE_LENGTH),
    sorts: new Uint32Array(buffer, OFFSETS.sorts, TABLE_LENGTH),
    looks: new Uint32Array(buffer, OFFSETS.looks, TABLE_LENGTH),
    tallies: new Uint32Array(buffer, OFFSETS.tallies, NR_TALLIES),
    totals: new Uint32Array(buffer, OFFSETS.totals, 2),
  };
}
