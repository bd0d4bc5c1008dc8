import type { Benchmark, Contestant, Context } from '../framework/benchmark.js';
import { hashWords, timed } from '../framework/timed.js';
import { type Input, inC, inputFor, ofProduct, targetsOf } from '../migration/contestants.js';
import { machineOf, restore } from '../migration/machine-image.js';
import { MachineOfObjects } from '../migration/page-objects.js';

/** An object a page does not fit larger machines. */
const OBJECTS_MAX = 2 ** 18;
const OBJECTS = 'an object a page';

export const migrateMetadata: Benchmark = {
  name: 'migrate-metadata',
  shows:
    'Moving every page out of the upper 3/8 of a machine that is half in use: anonymous pages of 8 processes, virtual ' +
    'pages anywhere in memory, holes in any order; contents are tokens of 64 bits. C does the same to the same columns.',
  doesNotShow:
    'File pages, shared pages, refusals and retries; and planning: the list of pages is given. All of memory is in ' +
    'pages of 4 KiB, for us as for C: with huge pages both are faster.',
  sizes: [0.25, 1, 16, 64],
  unit: 'page',
  goals: [
    { contestant: 'vacate', against: 'C -O2', speedAtLeast: 2, fromGib: 64 },
    { contestant: 'vacate', growthAtMost: 1.5, fromGib: 16 },
  ],
  async prepare({ nrPages, folder }: Context) {
    const wish = { nrPages, nrProcesses: 8, contents: 'token', order: 'random', seed: 1 } as const;
    const input = inputFor(wish, folder);
    return [
      await inC('plain', input),
      await inC('prefetch', input),
      await ofProduct('vacate', input, 'batch'),
      await ofProduct('vacate, phase by phase', input, 'phase'),
      nrPages <= OBJECTS_MAX ? await ofObjects(input) : { name: OBJECTS, skipped: 'it takes kilobytes a page' },
    ];
  },
};

/** Where pages go is what it has in common with the others. */
async function ofObjects(input: Input): Promise<Contestant> {
  const { image, pfns } = input;
  const expected = hashWords(await targetsOf(input));
  const machine = machineOf(image);
  let naive: MachineOfObjects;
  let targets: number[] = [];
  return timed({
    name: OBJECTS,
    nrUnits: pfns.length,
    result: 'where pages went',
    reset() {
      restore(machine, image);
      naive = new MachineOfObjects(machine);
    },
    work() {
      targets = naive.migrate(pfns);
    },
    hash() {
      if (hashWords(targets) !== expected) throw new Error('objects have gone elsewhere than pages');
      return expected;
    },
  });
}
