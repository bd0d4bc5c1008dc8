import type { MigrationService } from '../../../src/migration/migration-service.js';
import { FREE_FLAGS } from '../../../src/mm/page-flags.js';
import { PAGEBLOCK_ORDER, PAGEBLOCK_PAGES } from '../../../src/mm/units.js';
import { createPageBytes } from '../../../src/simd/page-bytes.js';
import { countPageblockUse } from '../../../src/simd/pageblock-use.js';
import { RangeGlance } from '../../../src/strategies/high-order/range-glance.js';
import type { Benchmark, Context } from '../framework/benchmark.js';
import { cProgram } from '../framework/c-program.js';
import { hashWords, repeated, repeatsFor, timed } from '../framework/timed.js';
import { fillPageWords } from './page-words.js';

const KEPT_CURRENT = 'vacate, kept current';
/** An object a page does not fit a terabyte: that form is shown what it can hold. */
const OBJECTS_MAX = 2 ** 22;

export const cheapestRange: Benchmark = {
  name: 'cheapest-range',
  shows: 'Finding the aligned range of 512 pages with the fewest pages in use, from the flags of all pages.',
  doesNotShow:
    'Whether the pages in it would move: that is asked of the cheapest ones only. C reads a byte a page, and so may ' +
    'we; the columns of a machine have a word a page, four times as much to read. A simulated machine keeps the use ' +
    'of its pageblocks current: what that costs is in the buddy benchmark.',
  sizes: [1, 16, 256, 1024],
  unit: 'page',
  goals: [
    { contestant: 'vacate, bytes', against: 'C -O3, bytes', speedAtLeast: 1, fromGib: 1024 },
    { contestant: 'vacate, flag words', against: 'C -O3, words', speedAtLeast: 1, fromGib: 1024 },
    { contestant: KEPT_CURRENT, against: 'vacate, bytes', speedAtLeast: 10, fromGib: 1024 },
    { contestant: 'vacate, bytes', growthAtMost: 1.5, fromGib: 16 },
    { contestant: 'vacate, flag words', growthAtMost: 1.5, fromGib: 16 },
    { contestant: KEPT_CURRENT, growthAtMost: 1.5, fromGib: 16 },
  ],
  async prepare({ nrPages }: Context) {
    const result = 'pages in use per range, and the cheapest';
    const words = new Uint32Array(nrPages);
    fillPageWords(words);
    const inC = (over: 'bytes' | 'words') =>
      cProgram({
        name: `C -O3, ${over}`,
        source: 'cheapest-range.c',
        optimise: '-O3',
        args: [over, nrPages],
        nrUnits: nrPages,
        result,
        repeats: repeatsFor(nrPages),
      });
    return [
      await inC('bytes'),
      await inC('words'),
      ofBytes(words, result),
      ofProduct('vacate, flag words', words, result),
      ofProduct(KEPT_CURRENT, words, result),
      ofObjects(words, result),
    ];
  },
};

/** The same bytes as C has, from which nothing but the use of pageblocks can be read. */
function ofBytes(words: Uint32Array, result: string) {
  const pages = createPageBytes(words.length);
  for (let pfn = 0; pfn < words.length; pfn++) pages.bytes[pfn] = (words[pfn]! & FREE_FLAGS) === 0 ? 1 : 0;
  let used: Uint16Array = new Uint16Array();
  let cheapest = 0;
  return repeated({
    name: 'vacate, bytes',
    nrUnits: words.length,
    result,
    work() {
      used = pages.countByPageblock();
      cheapest = cheapestOf(used);
    },
    hash: () => hashWords([cheapest], hashWords(used)),
  });
}

/** What planners of high orders ask first, of a host that keeps the use of its pageblocks or does not. */
function ofProduct(name: string, words: Uint32Array, result: string) {
  const host = { columns: { flags: words }, layout: { nrPfns: words.length }, zoneOf: () => 0 };
  const pageblockUse = new Uint16Array(words.length / PAGEBLOCK_PAGES);
  countPageblockUse(words, pageblockUse);
  const service = { host: name === KEPT_CURRENT ? { ...host, pageblockUse } : host } as unknown as MigrationService;
  const glance = new RangeGlance(service, PAGEBLOCK_ORDER);
  let used: Uint32Array = new Uint32Array();
  let cheapest = 0;
  return repeated({
    name,
    nrUnits: words.length,
    result,
    work() {
      used = glance.look();
      cheapest = glance.cheapest();
    },
    hash: () => hashWords([cheapest], hashWords(used)),
  });
}

function cheapestOf(used: Uint16Array): number {
  let cheapest = 0;
  let least = PAGEBLOCK_PAGES + 1;
  for (let range = 0; range < used.length; range++) {
    const nr = used[range]!;
    if (nr === 0 || nr >= least) continue;
    least = nr;
    cheapest = range;
  }
  return cheapest;
}

/** An object a page, and what is said of them in the words of arrays. */
function ofObjects(words: Uint32Array, result: string) {
  const nrPages = Math.min(words.length, OBJECTS_MAX);
  let pages: { readonly pfn: number; readonly isFree: boolean }[] = [];
  let used: number[] = [];
  let cheapest = 0;
  return timed({
    name: 'an object a page',
    nrUnits: nrPages,
    result: nrPages === words.length ? result : `${result}, of the first ${nrPages} pages`,
    reset() {
      pages = Array.from({ length: nrPages }, (_, pfn) => ({ pfn, isFree: (words[pfn]! & FREE_FLAGS) !== 0 }));
    },
    work() {
      used = [];
      for (let start = 0; start < nrPages; start += PAGEBLOCK_PAGES)
        used.push(pages.slice(start, start + PAGEBLOCK_PAGES).filter(({ isFree }) => !isFree).length);
      cheapest = used.indexOf(Math.min(...used.filter((nr) => nr > 0)));
    },
    hash: () => hashWords([cheapest], hashWords(used)),
    release() {
      pages = [];
    },
  });
}
