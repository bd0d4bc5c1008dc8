import { loadShippedPlugins } from 'vacate';
import { createJudge } from '../../../src/container/create-judge.js';
import type { BlockScan } from '../../../src/forecast/block-scan.js';
import { NR_CLASSES } from '../../../src/forecast/page-class.js';
import { scanAlike } from '../../../src/forecast/scan-alike.js';
import type { PageType } from '../../../src/handler/define-page-type.js';
import { ImageHost } from '../../../src/linux/host/image-host.js';
import type { MachineImage } from '../../../src/mm/machine-image.js';
import { formatFlags } from '../../../src/mm/page-flags.js';
import type { Benchmark, Contestant, Context } from '../framework/benchmark.js';
import { cProgram } from '../framework/c-program.js';
import { hashWords, repeated, repeatsFor, timed } from '../framework/timed.js';
import { BLOCK_PAGES, wordImage } from './word-image.js';

const OBJECTS_MAX = 2 ** 18;

export const classification: Benchmark = {
  name: 'classification',
  shows:
    'Sorting all pages of a captured machine by what they are to whoever wants them gone (they move, are locked, are ' +
    'slab, ...), counted for each memory block: the pass over all pages that a forecast makes.',
  doesNotShow:
    'File-system metadata, which looks at its neighbours; and runs: neighbours are all different here, where real ones ' +
    'are often alike. Ours asks the plugins, once for each kind of page, and names the first 16 pages of each; C has ' +
    'their rules built in, and names none.',
  sizes: [1, 16, 256, 1024],
  unit: 'page',
  goals: [{ contestant: 'vacate', growthAtMost: 1.5, fromGib: 16 }],
  async prepare({ nrPages }: Context) {
    const image = wordImage(nrPages);
    const inC = await cProgram({
      name: 'C -O3',
      source: 'classify.c',
      optimise: '-O3',
      args: [nrPages, BLOCK_PAGES],
      nrUnits: nrPages,
      result: RESULT,
      repeats: repeatsFor(nrPages),
    });
    return [inC, ofProduct(image, await loadShippedPlugins()), ofObjects(image.flags)];
  },
};

const RESULT = 'pages of each class in each memory block';

function ofProduct(image: MachineImage, plugins: readonly PageType[]): Contestant {
  const host = new ImageHost(image);
  const service = createJudge(host, plugins);
  let scans: readonly BlockScan[] = [];
  return repeated({
    name: 'vacate',
    nrUnits: image.nrPfns,
    result: RESULT,
    work() {
      scans = scanAlike(service, host, true, () => {}).scans;
    },
    hash: () =>
      scans.reduce(
        (hash, { counts, nrFree, holes }) =>
          hashWords([nrFree, holes], hashWords(counts.subarray(0, NR_CLASSES), hash)),
        0x811c9dc5,
      ),
    release() {
      scans = [];
    },
  });
}

/** An object a page with a set of names, and a Map of what there is. */
function ofObjects(flags: Uint32Array): Contestant {
  const nrUnits = Math.min(flags.length, OBJECTS_MAX);
  let pages: { readonly pfn: number; readonly flags: ReadonlySet<string> }[] = [];
  let counts = new Map<string, number>();
  return timed({
    name: 'an object a page',
    nrUnits,
    result: `pages of some classes, of ${nrUnits} pages`,
    reset() {
      pages = Array.from({ length: nrUnits }, (_, pfn) => ({
        pfn,
        flags: new Set(formatFlags(flags[pfn]!).split('|')),
      }));
    },
    work() {
      counts = new Map();
      for (const page of pages) {
        const name = nameOf(page.flags);
        counts.set(name, (counts.get(name) ?? 0) + 1);
      }
    },
    hash: () => hashWords([...counts.values()].sort((a, b) => a - b)),
    release() {
      pages = [];
    },
  });
}

function nameOf(flags: ReadonlySet<string>): string {
  if (flags.has('buddy') || flags.has('pcp')) return 'free';
  if (flags.has('nopage')) return 'hole';
  for (const name of ['reserved', 'slab', 'pgtable', 'locked', 'writeback']) if (flags.has(name)) return name;
  if (!flags.has('lru')) return flags.has('uptodate') ? 'in transit' : 'untyped';
  return flags.has('anon') && flags.has('referenced') && !flags.has('active') ? 'touched' : 'moves';
}
