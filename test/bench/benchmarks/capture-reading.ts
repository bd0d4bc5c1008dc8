import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CaptureFiles } from '../../../src/capture/capture-files.js';
import { PageTable } from '../../../src/capture/page-table.js';
import { readWhole } from '../../../src/capture/read-capture.js';
import type { Benchmark, Contestant, Context } from '../framework/benchmark.js';
import { hashWords, timed } from '../framework/timed.js';
import { captureIn, DECODED, plainReadInC } from './plain-read.js';

/** A BigInt and an object a page are shown what they can hold. */
const OBJECTS_MAX = 2 ** 22;

export const captureReading: Benchmark = {
  name: 'capture-reading',
  shows: 'Reading the kpageflags file of a capture, as /proc has it, and decoding it into the flags of all pages.',
  doesNotShow:
    'Reading /proc itself, where the kernel is the limit (node dist/test/bench/capture.js shows that), disks (the file ' +
    'is in the page cache), and gzip.',
  sizes: [1, 16, 256, 1024],
  unit: 'page',
  goals: [{ contestant: 'vacate', growthAtMost: 1.5, fromGib: 16 }],
  async prepare(context: Context) {
    const directory = captureIn(context);
    return [
      await plainReadInC(context, directory, 'fresh'),
      await plainReadInC(context, directory, 'touched'),
      ofProduct(directory, context.nrPages),
      ofObjects(directory, context.nrPages),
    ];
  },
};

function ofProduct(directory: string, nrPages: number): Contestant {
  let flags: Uint32Array = new Uint32Array();
  return timed({
    name: 'vacate',
    nrUnits: nrPages,
    result: DECODED,
    work() {
      const table = new PageTable(new CaptureFiles(directory), () => {});
      readWhole(new CaptureFiles(directory), table);
      flags = table.flagsOf(nrPages);
    },
    hash: () => hashWords(flags),
    release() {
      flags = new Uint32Array();
    },
  });
}

/** The file in one piece, a BigInt a word, an object a page with a name for each of its flags. */
function ofObjects(directory: string, nrPages: number): Contestant {
  const nrUnits = Math.min(nrPages, OBJECTS_MAX);
  const names = ['locked', 'error', 'referenced', 'uptodate', 'dirty', 'lru', 'active', 'slab', 'writeback', 'reclaim'];
  let pages: { readonly pfn: number; readonly flags: ReadonlySet<string> }[] = [];
  return timed({
    name: 'an object a page',
    nrUnits,
    result: `ten flags of ${nrUnits} pages, by name`,
    work() {
      const file = readFileSync(join(directory, 'kpageflags')).subarray(0, nrUnits * 8);
      const words = new BigUint64Array(file.buffer, file.byteOffset, nrUnits);
      pages = Array.from(words, (word, pfn) => ({
        pfn,
        flags: new Set(names.filter((_, bit) => (word & (1n << BigInt(bit))) !== 0n)),
      }));
    },
    hash: () => pages.reduce((hash, { flags }) => hashWords([flags.size], hash), 0x811c9dc5),
    release() {
      pages = [];
    },
  });
}
