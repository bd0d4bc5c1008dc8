import fc from 'fast-check';
import { Prng } from '../../../src/base/prng.js';
import {
  CENSUS_COLUMNS,
  CHUNK_PAGES,
  EXPLAIN_ALL,
  EXPLAIN_UNMAPPED,
  IS_COUNTED,
} from '../../../src/simd/chunk-columns.js';
import { clearTable, learn, rowIn, TABLE_LENGTH } from '../../../src/simd/known-words.js';
import {
  bring,
  chunkOf,
  fastChunk,
  flagsFor,
  type PageChunk,
  pageChunk,
  plainChunk,
} from '../../../src/simd/page-chunk.js';
import { SEED } from '../sim/small-machine.js';

const HOW = [0, IS_COUNTED, EXPLAIN_ALL, IS_COUNTED | EXPLAIN_ALL, IS_COUNTED | EXPLAIN_UNMAPPED] as const;
const NONE = 0xffff_ffff;

/** Runs of a page or of hundreds, of as many different words as are wanted; some share their slot. */
function fillColumns({ columns }: PageChunk, nrPages: number, seed: number): void {
  const prng = new Prng(seed);
  const { words, flags, translations, sorts, totals, census } = columns;
  const nrWords = 1 + prng.below(prng.chance(0.3) ? 40 : 6);
  const kinds = Array.from({ length: nrWords }, () => [prng.below(2 ** 31) * 2, prng.below(4)] as const);
  clearTable(translations, [7, 3]);
  clearTable(sorts, [0, 0]);
  totals.fill(0);
  census.fill(0);
  for (const [low, high] of kinds) {
    learn(translations, low, high, [prng.below(2 ** 31), prng.below(CENSUS_COLUMNS)]);
    learn(sorts, low, 0, [prng.below(2 ** 31), HOW[prng.below(HOW.length)]!]);
  }
  for (let page = 0; page < nrPages; ) {
    const [low, high] = prng.chance(0.01) ? [NONE, NONE] : kinds[prng.below(nrWords)]!;
    const past = Math.min(nrPages, page + 1 + prng.below(prng.chance(0.1) ? 700 : 9));
    for (; page < past; page++) {
      words[2 * page] = low;
      words[2 * page + 1] = high;
      flags[page] = low;
    }
  }
}

/** Mappings where the words were: none, few, and more than 16 bits hold. */
function fillCounts({ columns: { words } }: PageChunk, nrPages: number, seed: number): void {
  const prng = new Prng(seed);
  for (let page = 0; page < nrPages; page++)
    words.set([prng.chance(0.4) ? 0 : prng.below(prng.chance(0.1) ? 2 ** 20 : 3), prng.below(2)], 2 * page);
}

/** Lists of numbers as bytes, each after its length: comparing them one by one takes the longest of all. */
function bytesOf(lists: readonly ArrayLike<number>[]): Buffer {
  return Buffer.concat(
    lists
      .flatMap((list) => [Uint32Array.of(list.length), Uint32Array.from(list)])
      .map((words) => Buffer.from(words.buffer)),
  );
}

const fast = fastChunk(CHUNK_PAGES);
if (fast === null) throw new Error('no WebAssembly with vectors here');
const both = [fast, plainChunk(CHUNK_PAGES)];
const NR_PAGES = fc.oneof(fc.integer({ min: 1, max: 2000 }), fc.constant(CHUNK_PAGES));

describe(`chunks of pages (seed ${SEED}): kernels do what TypeScript does`, () => {
  it('with words: runs, flags, census, up to the first word that is not known', () => {
    const property = fc.property(NR_PAGES, fc.nat(511), fc.integer(), (nrPages, place, seed) => {
      const [inWasm, wanted] = both.map((chunk) => {
        fillColumns(chunk, nrPages, seed);
        if (seed % 2 === 0) clearTable(chunk.columns.translations.subarray(0, TABLE_LENGTH / 2), [0, 0]);
        const nrRuns = chunk.steps.runsOfWords(nrPages, place);
        const done = chunk.steps.translateRuns(0, 0, nrRuns, place);
        const { runs, flags, census, totals } = chunk.columns;
        const past = runs[done]!;
        return [[nrRuns, done, totals[0]!], runs.slice(0, nrRuns + 1), flags.slice(0, past), census.slice()];
      });
      expect(bytesOf(inWasm!).equals(bytesOf(wanted!))).toBe(true);
    });
    fc.assert(property, { seed: SEED, numRuns: 60 });
  });

  it('with flags and counts: what stays, mapcounts, and which pages are to be explained', () => {
    const property = fc.property(NR_PAGES, fc.boolean(), fc.integer(), (nrPages, wantsMapcounts, seed) => {
      const [inWasm, wanted] = both.map((chunk) => {
        fillColumns(chunk, nrPages, seed);
        fillCounts(chunk, nrPages, seed);
        const nrRuns = chunk.steps.runsOfFlags(0, nrPages, seed & 511);
        const done = chunk.steps.sortOutRuns(0, 0, 0, nrRuns, wantsMapcounts);
        const { runs, kept, mapcounts, found, totals } = chunk.columns;
        const past = runs[done]!;
        const counts = wantsMapcounts ? mapcounts.slice(0, past) : [];
        return [[nrRuns, done], runs.slice(0, nrRuns + 1), kept.slice(0, past), counts, found.slice(0, totals[1])];
      });
      expect(bytesOf(inWasm!).equals(bytesOf(wanted!))).toBe(true);
    });
    fc.assert(property, { seed: SEED, numRuns: 60 });
  });

  it('with flags under a mask: how many pages of each pageblock have them', () => {
    const property = fc.property(fc.integer({ min: 0, max: 64 }), fc.nat(), fc.integer(), (nrBlocks, mask, seed) => {
      const [inWasm, wanted] = both.map((chunk) => {
        fillColumns(chunk, nrBlocks * 512, seed);
        chunk.steps.countFlags(0, nrBlocks, mask, chunk.columns.flags[3]! & mask);
        return [chunk.columns.found.slice(0, nrBlocks)];
      });
      expect(bytesOf(inWasm!).equals(bytesOf(wanted!))).toBe(true);
      expect(nrBlocks === 0 || wanted![0]!.some((nr) => nr > 0)).toBe(true);
    });
    fc.assert(property, { seed: SEED, numRuns: 40 });
  });

  it('with flags and looks: pages by look, and the first runs of each as often as they are wanted', () => {
    const property = fc.property(NR_PAGES, fc.nat(511), fc.integer(), (nrPages, place, seed) => {
      const [inWasm, wanted] = both.map(({ columns, steps }) => {
        const prng = new Prng(seed);
        fillColumns({ columns, steps }, nrPages, seed);
        clearTable(columns.looks, [0, 0]);
        columns.tallies.fill(0);
        const kinds = new Set(columns.flags.subarray(0, nrPages));
        for (const [number, word] of [...kinds].slice(0, prng.chance(0.2) ? 3 : 100).entries())
          learn(columns.looks, word, 0, [prng.below(4), number * 3]);
        const nrRuns = steps.runsOfFlags(0, nrPages, place);
        const done = steps.tallyRuns(0, 0, nrRuns);
        return [[done], columns.tallies.slice(), columns.looks.slice(), columns.found.slice(0, columns.totals[1])];
      });
      expect(bytesOf(inWasm!).equals(bytesOf(wanted!))).toBe(true);
    });
    fc.assert(property, { seed: SEED, numRuns: 40 });
  });

  it('goes on at the run where it stopped', () => {
    for (const { columns, steps } of both) {
      clearTable(columns.translations, [5, 0]);
      columns.totals.fill(0);
      columns.census.fill(0);
      columns.words.set([1, 0, 1, 0, 2, 0, 3, 1]);
      learn(columns.translations, 1, 0, [16, 1]);
      const nrRuns = steps.runsOfWords(4, 510);
      expect([...columns.runs.subarray(0, nrRuns + 1)]).toEqual([0, 2, 3, 4]);
      expect(steps.translateRuns(0, 0, nrRuns, 510)).toBe(1);
      learn(columns.translations, 2, 0, [32, 2]);
      learn(columns.translations, 3, 1, [64, 2]);
      expect(steps.translateRuns(0, 1, nrRuns, 510)).toBe(nrRuns);
      expect([...columns.flags.subarray(0, 4)]).toEqual([16, 16, 32, 64]);
      expect([columns.census[1], columns.census[CENSUS_COLUMNS + 2], columns.totals[0]]).toEqual([2, 2, 112]);
    }
  });

  it('finds flags where they lie, and is one for the thread otherwise', () => {
    const [many, few] = [flagsFor(2 ** 21), flagsFor(100)];
    const own = chunkOf(many);
    expect(own).not.toBe(pageChunk());
    expect([chunkOf(few), chunkOf(many.subarray(512))]).toEqual([pageChunk(), pageChunk()]);
    expect([bring(own, many, 70_000, 512), bring(pageChunk(), few, 40, 60)]).toEqual([70_000, 0]);
    many.fill(5, 70_000, 70_300);
    expect(own.steps.runsOfFlags(70_000, 512, 70_000 % 512)).toBe(3);
    expect([...own.columns.runs.subarray(0, 4)]).toEqual([0, 144, 300, 512]);
  });
});

describe('a table of known words', () => {
  const rows = new Uint32Array(TABLE_LENGTH);

  it('knows what it has learned, and of the word that has all bits set what it was told first', () => {
    clearTable(rows, [8, 9]);
    expect(rowIn(rows, 0, 0)).toBe(-1);
    learn(rows, 0, 0, [1, 2]);
    learn(rows, 0, 8, [3, 4]);
    const of = (low: number, high: number) => [
      ...rows.subarray(rowIn(rows, low, high) + 2, rowIn(rows, low, high) + 4),
    ];
    expect([of(0, 0), of(0, 8), of(NONE, NONE)]).toEqual([
      [1, 2],
      [3, 4],
      [8, 9],
    ]);
  });

  it('forgets one word for another when too many share a slot, and never the last that it learned', () => {
    clearTable(rows, [0, 0]);
    let nrKnown = 0;
    for (let high = 0; high < 100_000; high++) {
      learn(rows, 1, high, [high, 0]);
      if (rows[rowIn(rows, 1, high) + 2] === high) nrKnown++;
    }
    expect(nrKnown).toBe(100_000);
  });
});
