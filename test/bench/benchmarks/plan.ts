import type { MigrationService } from '../../../src/migration/migration-service.js';
import { PAGEBLOCK_ORDER, PAGEBLOCK_PAGES } from '../../../src/mm/units.js';
import { countPageblockUse } from '../../../src/simd/pageblock-use.js';
import { RangeGlance } from '../../../src/strategies/high-order/range-glance.js';
import type { Benchmark, Contestant, Context } from '../framework/benchmark.js';
import { cProgram } from '../framework/c-program.js';
import { hashWords, repeated, repeatsFor } from '../framework/timed.js';
import { fillPageWords } from './page-words.js';

const RESULT = 'all pageblocks that are not empty, cheapest first';

export const plan: Benchmark = {
  name: 'plan',
  shows:
    'Ranking all pageblocks by how many pages would have to move, the cheapest first: once with the use of each ' +
    'pageblock kept current, as a simulated machine does, once from the flags of all pages.',
  doesNotShow: 'Asking whether the pages of the best would go, and moving them (migrate-metadata).',
  sizes: [1, 16, 256, 1024],
  unit: 'page',
  goals: [
    { contestant: 'vacate, kept current', growthAtMost: 1.5, fromGib: 16 },
    { contestant: 'vacate, flag words', growthAtMost: 1.5, fromGib: 16 },
  ],
  async prepare({ nrPages }: Context) {
    const words = new Uint32Array(nrPages);
    fillPageWords(words);
    const use = new Uint16Array(nrPages / PAGEBLOCK_PAGES);
    countPageblockUse(words, use);
    const inC = (how: 'kept' | 'scan') =>
      cProgram({
        name: how === 'kept' ? 'C -O3, kept current' : 'C -O3, flag words',
        source: 'rank.c',
        optimise: '-O3',
        args: [how, nrPages],
        nrUnits: nrPages,
        result: RESULT,
        repeats: repeatsFor(nrPages),
      });
    const host = { columns: { flags: words }, layout: { nrPfns: nrPages }, zoneOf: () => 0 };
    return [
      await inC('kept'),
      await inC('scan'),
      ofProduct('vacate, kept current', { ...host, pageblockUse: use }),
      ofProduct('vacate, flag words', host),
      ofObjects(use, nrPages),
    ];
  },
};

/** What planners ask of a host, as far as they come here. */
interface BareHost {
  readonly columns: { readonly flags: Uint32Array };
  readonly layout: { readonly nrPfns: number };
  readonly pageblockUse?: Uint16Array;
  zoneOf(pfn: number): number;
}

function ofProduct(name: string, host: BareHost): Contestant {
  const service = { host } as unknown as MigrationService;
  const glance = new RangeGlance(service, PAGEBLOCK_ORDER);
  let ranked: Uint32Array = new Uint32Array();
  return repeated({
    name,
    nrUnits: host.layout.nrPfns,
    result: RESULT,
    work() {
      glance.look();
      ranked = glance.cheapestFirst();
    },
    hash: () => hashWords(ranked),
  });
}

/** An object a pageblock, sorted by comparing. */
function ofObjects(use: Uint16Array, nrPages: number): Contestant {
  let ranked: { readonly block: number; readonly pages: number }[] = [];
  return repeated({
    name: 'an object a pageblock',
    nrUnits: nrPages,
    result: RESULT,
    work() {
      ranked = Array.from(use, (pages, block) => ({ block, pages }))
        .filter(({ pages }) => pages > 0)
        .sort((a, b) => a.pages - b.pages || a.block - b.block);
    },
    hash: () => hashWords(ranked.map(({ block }) => block)),
    release() {
      ranked = [];
    },
  });
}
