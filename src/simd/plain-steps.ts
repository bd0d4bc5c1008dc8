import { PAGEBLOCK_ORDER, PAGEBLOCK_PAGES } from '../mm/units.js';
import {
  CENSUS_COLUMNS,
  type ChunkColumns,
  type ChunkSteps,
  EXPLAIN_ALL,
  EXPLAIN_UNMAPPED,
  IS_COUNTED,
} from './chunk-columns.js';
import { rowIn } from './known-words.js';

const MAPCOUNT_MAX = 0xffff;

/** The steps in TypeScript: what the kernels are compared with, and what works where there are none. */
export class PlainSteps implements ChunkSteps {
  constructor(private readonly columns: ChunkColumns) {}

  runsOfWords(nrPages: number, place: number): number {
    const { words, runs } = this.columns;
    let nrRuns = 0;
    for (let page = 0; page < nrPages; page++) {
      const differs = words[2 * page] !== words[2 * page - 2] || words[2 * page + 1] !== words[2 * page - 1];
      if (page === 0 || differs || (page + place) % PAGEBLOCK_PAGES === 0) runs[nrRuns++] = page;
    }
    runs[nrRuns] = nrPages;
    return nrRuns;
  }

  runsOfFlags(first: number, nrPages: number, place: number): number {
    const { runs } = this.columns;
    const flags = this.#flagsFrom(first);
    let nrRuns = 0;
    for (let page = 0; page < nrPages; page++)
      if (page === 0 || flags[page] !== flags[page - 1] || (page + place) % PAGEBLOCK_PAGES === 0)
        runs[nrRuns++] = page;
    runs[nrRuns] = nrPages;
    return nrRuns;
  }

  translateRuns(first: number, run: number, nrRuns: number, place: number): number {
    const { words, runs, translations, census, totals } = this.columns;
    const flags = this.#flagsFrom(first);
    for (; run < nrRuns; run++) {
      const [page, past] = [runs[run]!, runs[run + 1]!];
      const row = rowIn(translations, words[2 * page]!, words[2 * page + 1]!);
      if (row < 0) return run;
      const translated = translations[row + 2]!;
      flags.fill(translated, page, past);
      const column = ((page + place) >>> PAGEBLOCK_ORDER) * CENSUS_COLUMNS + translations[row + 3]!;
      census[column] = census[column]! + past - page;
      totals[0] = totals[0]! | translated;
    }
    return nrRuns;
  }

  countFlags(first: number, nrBlocks: number, mask: number, wanted: number): void {
    const { found } = this.columns;
    const flags = this.#flagsFrom(first);
    for (let block = 0, page = 0; block < nrBlocks; block++) {
      let nr = 0;
      for (const past = page + PAGEBLOCK_PAGES; page < past; page++) if (((flags[page]! ^ wanted) & mask) === 0) nr++;
      found[block] = nr;
    }
  }

  sortOutRuns(first: number, counted: number, run: number, nrRuns: number, wantsMapcounts: boolean): number {
    const { runs, sorts, kept, mapcounts, found, totals } = this.columns;
    const words = this.columns.words.subarray(2 * counted);
    const flags = this.#flagsFrom(first);
    let nrFound = totals[1]!;
    for (; run < nrRuns; run++) {
      const [page, past] = [runs[run]!, runs[run + 1]!];
      const row = rowIn(sorts, flags[page]!, 0);
      if (row < 0) break;
      const how = sorts[row + 3]!;
      kept.fill(sorts[row + 2]!, page, past);
      if (wantsMapcounts)
        for (let one = page; one < past; one++)
          mapcounts[one] = (how & IS_COUNTED) === 0 ? 0 : Math.min(words[2 * one]!, MAPCOUNT_MAX);
      if ((how & EXPLAIN_UNMAPPED) !== 0) {
        for (let one = page; one < past; one++) if (words[2 * one] === 0) found[nrFound++] = one;
      } else if ((how & EXPLAIN_ALL) !== 0) for (let one = page; one < past; one++) found[nrFound++] = one;
    }
    totals[1] = nrFound;
    return run;
  }

  tallyRuns(first: number, run: number, nrRuns: number): number {
    const { runs, looks, tallies, found, totals } = this.columns;
    const flags = this.#flagsFrom(first);
    let nrFound = totals[1]!;
    for (; run < nrRuns; run++) {
      const [page, past] = [runs[run]!, runs[run + 1]!];
      const row = rowIn(looks, flags[page]!, 0);
      if (row < 0) break;
      const number = looks[row + 3]!;
      tallies[number] = tallies[number]! + past - page;
      if (looks[row + 2] === 0) continue;
      looks[row + 2] = looks[row + 2]! - 1;
      found[nrFound++] = run;
    }
    totals[1] = nrFound;
    return run;
  }

  #flagsFrom(page: number): Uint32Array {
    return this.columns.flags.subarray(page);
  }
}
