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
import { fastChunk, type PageChunk, pageChunk, plainChunk } from '../../../src/simd/page-chunk.js';
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

const fast = fastChunk();
if (fast === null) throw new Error('no WebAssembly with vectors here');
const both = [fast, plainChunk()];
const NR_PAGES = fc.oneof(fc.integer({ min: 1, max: 2000 }), fc.constant(CHUNK_PAGES));

describe(`chunks of pages (seed ${SEED}): kernels do what TypeScript does`, () => {
  it('with words: runs, flags, census, up to the first word that is not known', () => {
    const property = fc.property(NR_PAGES, fc.nat(511), fc.integer(), (nrPages, place, seed) => {
      const [inWasm, wanted] = both.map((chunk) => {
        fillColumns(chunk, nrPages, seed);
        if (seed % 2 === 0) clearTable(chunk.columns.translations.subarray(0, TABLE_LENGTH / 2), [0, 0]);
        const nrRuns = chunk.steps.runsOfWords(nrPages, place);
        const done = chunk.steps.translateRuns(0, nrRuns, place);
        const { runs, flags, census, totals } = chunk.columns;
        const past = runs[done]!;
        return [nrRuns, done, runs.slice(0, nrRuns + 1), flags.slice(0, past), census.slice(), totals[0]];
      });
      expect(inWasm).toEqual(wanted);
    });
    fc.assert(property, { seed: SEED, numRuns: 60 });
  });

  it('with flags and counts: what stays, mapcounts, and which pages are to be explained', () => {
    const property = fc.property(NR_PAGES, fc.boolean(), fc.integer(), (nrPages, wantsMapcounts, seed) => {
      const [inWasm, wanted] = both.map((chunk) => {
        fillColumns(chunk, nrPages, seed);
        fillCounts(chunk, nrPages, seed);
        const nrRuns = chunk.steps.runsOfFlags(nrPages, seed & 511);
        const done = chunk.steps.sortOutRuns(0, nrRuns, wantsMapcounts);
        const { runs, kept, mapcounts, found, totals } = chunk.columns;
        const past = runs[done]!;
        const counts = wantsMapcounts ? mapcounts.slice(0, past) : null;
        return [nrRuns, done, runs.slice(0, nrRuns + 1), kept.slice(0, past), counts, found.slice(0, totals[1])];
      });
      expect(inWasm).toEqual(wanted);
    });
    fc.assert(property, { seed: SEED, numRuns: 60 });
  });

  it('with flags under a mask: how many pages of each pageblock have them', () => {
    const property = fc.property(fc.integer({ min: 0, max: 64 }), fc.nat(), fc.integer(), (nrBlocks, mask, seed) => {
      const [inWasm, wanted] = both.map((chunk) => {
        fillColumns(chunk, nrBlocks * 512, seed);
        chunk.steps.countFlags(nrBlocks, mask, chunk.columns.flags[3]! & mask);
        return chunk.columns.found.slice(0, nrBlocks);
      });
      expect(inWasm).toEqual(wanted);
      expect(nrBlocks === 0 || wanted!.some((nr) => nr > 0)).toBe(true);
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
        const nrRuns = steps.runsOfFlags(nrPages, place);
        const done = steps.tallyRuns(0, nrRuns);
        return [done, columns.tallies.slice(), columns.looks.slice(), columns.found.slice(0, columns.totals[1])];
      });
      expect(inWasm).toEqual(wanted);
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
      expect(steps.translateRuns(0, nrRuns, 510)).toBe(1);
      learn(columns.translations, 2, 0, [32, 2]);
      learn(columns.translations, 3, 1, [64, 2]);
      expect(steps.translateRuns(1, nrRuns, 510)).toBe(nrRuns);
      expect([...columns.flags.subarray(0, 4)]).toEqual([16, 16, 32, 64]);
      expect([columns.census[1], columns.census[CENSUS_COLUMNS + 2], columns.totals[0]]).toEqual([2, 2, 112]);
    }
  });

  it('is there once', () => {
    expect(pageChunk()).toBe(pageChunk());
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
    for (let high = 0; high < 100_000; high++) {
      learn(rows, 1, high, [high, 0]);
      expect(rows[rowIn(rows, 1, high) + 2]).toBe(high);
    }
  });
});
