import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadShippedPlugins } from '../../../src/container/load-plugins.js';
import { PageEvents } from '../../../src/events/page-events.js';
import type { Pauses } from '../../../src/migration/migration-run.js';
import { MigrationService } from '../../../src/migration/migration-service.js';
import { MIGRATE_SYNC } from '../../../src/mm/migrate-mode.js';
import type { Machine } from '../../../src/sim/machine.js';
import { SimHost } from '../../../src/sim/sim-host.js';
import type { Benchmark, Contestant, Context } from '../framework/benchmark.js';
import { cProgram } from '../framework/c-program.js';
import { hashWords, timed } from '../framework/timed.js';
import { hashState, type MachineImage, machineOf, restore, writeImage } from '../migration/machine-image.js';
import { machineToEmpty } from '../migration/machine-to-empty.js';
import { MachineOfObjects } from '../migration/page-objects.js';

/** An object a page does not fit larger machines. */
const OBJECTS_MAX = 2 ** 22;
const OBJECTS = 'an object a page';
const RESULT = 'every byte of the machine, and where pages went';

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
    const { image, pfns } = machineInFiles(nrPages, folder);
    const inC = (how: 'plain' | 'prefetch') =>
      cProgram({
        name: how === 'plain' ? 'C -O2' : 'C -O2, prefetch',
        source: 'migration.c',
        optimise: '-O2',
        args: [image.image, image.layout, pagesFile(folder), how],
        nrUnits: pfns.length,
        result: RESULT,
      });
    return [
      await inC('plain'),
      await inC('prefetch'),
      await ofProduct('vacate', image, pfns, 'batch'),
      await ofProduct('vacate, phase by phase', image, pfns, 'phase'),
      nrPages <= OBJECTS_MAX
        ? await ofObjects(image, pfns)
        : { name: OBJECTS, skipped: 'it would take gigabytes of objects' },
    ];
  },
};

const pagesFile = (folder: string) => join(folder, 'pages');

/** What the machine was built with is garbage when this returns. */
function machineInFiles(nrPages: number, folder: string): { image: MachineImage; pfns: Uint32Array } {
  const { machine, pfns } = machineToEmpty({ nrPages, nrProcesses: 8, contents: 'token', order: 'random', seed: 1 });
  writeFileSync(pagesFile(folder), pfns);
  return { image: writeImage(machine, folder), pfns };
}

/** The migration service, on a machine of its own. */
async function ofProduct(name: string, image: MachineImage, pfns: Uint32Array, pauses: Pauses): Promise<Contestant> {
  const machine = machineOf(image);
  const migrate = await migrationOf(machine, pfns, pauses);
  let targets: Uint32Array = new Uint32Array();
  return timed({
    name,
    nrUnits: pfns.length,
    result: RESULT,
    reset: () => restore(machine, image),
    work() {
      targets = migrate();
    },
    hash: () => hashWords(targets, hashState(machine)),
  });
}

/** Where the pages went. */
async function migrationOf(machine: Machine, pfns: Uint32Array, pauses: Pauses): Promise<() => Uint32Array> {
  const service = new MigrationService(new SimHost(machine), await loadShippedPlugins(), new PageEvents(), pauses);
  return () => {
    const { migrated, targets } = service.migrate({ pfns, mode: MIGRATE_SYNC });
    if (migrated !== pfns.length) throw new Error(`${pfns.length - migrated} pages did not move`);
    return targets;
  };
}

/** Where pages go is what it has in common with the others. */
async function ofObjects(image: MachineImage, pfns: Uint32Array): Promise<Contestant> {
  const machine = machineOf(image);
  restore(machine, image);
  const expected = hashWords((await migrationOf(machine, pfns, 'batch'))());
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
