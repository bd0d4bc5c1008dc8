import type { Benchmark, Context } from '../framework/benchmark.js';
import { inC, inputFor, memcpyInC, ofProduct } from '../migration/contestants.js';
import type { MachineWish } from '../migration/machine-to-empty.js';

/** Pages of 4 KiB of real bytes, from and to anywhere: what the copy costs shows, and what hides behind it. */
export const migrateContents = contentsIn('random', 'migrate-contents', 'holes in any order');
/** The same as compaction does it: from one end of memory to the other. */
export const migrateContentsAscending = contentsIn(
  'ascending',
  'migrate-contents-ascending',
  'holes in ascending order',
);

function contentsIn(order: MachineWish['order'], name: string, holes: string): Benchmark {
  return {
    name,
    shows:
      `The same as migrate-metadata with 4 KiB of real bytes in every page, ${holes}: beside memcpy in C of the same ` +
      'pages from and to the same places and nothing else, and beside the whole migration in C.',
    doesNotShow: 'More memory than a WebAssembly memory holds, 4 GiB: beyond that pages are copied by copyWithin.',
    sizes: [0.125, 2],
    unit: 'page',
    goals: [{ contestant: 'vacate', against: 'C memcpy', speedAtLeast: 0.95, fromGib: 2 }],
    async prepare({ nrPages, folder }: Context) {
      const input = inputFor({ nrPages, nrProcesses: 8, contents: 'bytes', order, seed: 1 }, folder);
      return [await memcpyInC(input), await inC('plain', input), await ofProduct('vacate', input, 'batch')];
    },
  };
}
