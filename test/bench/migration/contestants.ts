import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadShippedPlugins } from '../../../src/container/load-plugins.js';
import { PageEvents } from '../../../src/events/page-events.js';
import type { Pauses } from '../../../src/migration/migration-run.js';
import { MigrationService } from '../../../src/migration/migration-service.js';
import { MIGRATE_SYNC } from '../../../src/mm/migrate-mode.js';
import type { Machine } from '../../../src/sim/machine.js';
import { SimHost } from '../../../src/sim/sim-host.js';
import type { Contestant, Entrant } from '../framework/benchmark.js';
import { cProgram } from '../framework/c-program.js';
import { hashWords, timed } from '../framework/timed.js';
import { hashState, type MachineImage, machineOf, restore, writeImage } from './machine-image.js';
import { type MachineWish, machineToEmpty } from './machine-to-empty.js';

const RESULT = 'every byte of the machine, and where pages went';

/** What all contestants begin with: a machine in files, and the pages that are to go. */
export interface Input {
  readonly image: MachineImage;
  readonly pfns: Uint32Array;
  /** The same for programs in C, as machine words. */
  readonly pagesFile: string;
  readonly folder: string;
}

/** What the machine was built with is garbage when this returns. */
export function inputFor(wish: MachineWish, folder: string): Input {
  const { machine, pfns } = machineToEmpty(wish);
  const pagesFile = join(folder, 'pages');
  writeFileSync(pagesFile, pfns);
  return { image: writeImage(machine, folder), pfns, pagesFile, folder };
}

/** The whole migration in C; with 'prefetch', about what the machine can do. */
export function inC(how: 'plain' | 'prefetch', { image, pfns, pagesFile }: Input): Promise<Entrant> {
  return cProgram({
    name: how === 'plain' ? 'C -O2' : 'C -O2, prefetch',
    source: 'migration.c',
    optimise: '-O2',
    args: [image.image, image.layout, pagesFile, how],
    nrUnits: pfns.length,
    result: RESULT,
  });
}

/** Nothing but the contents, page after page, from and to where we move them. */
export async function memcpyInC(input: Input): Promise<Entrant> {
  const { image, pfns, pagesFile, folder } = input;
  const targetsFile = join(folder, 'targets');
  writeFileSync(targetsFile, await targetsOf(input));
  return cProgram({
    name: 'C memcpy',
    source: 'migration.c',
    optimise: '-O2',
    args: [image.image, image.layout, pagesFile, 'copy', targetsFile],
    nrUnits: pfns.length,
    result: 'contents of the pages that move',
  });
}

/** The migration service, on a machine of its own. */
export async function ofProduct(name: string, { image, pfns }: Input, pauses: Pauses): Promise<Contestant> {
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

/** Where the pages go. */
export async function targetsOf({ image, pfns }: Input): Promise<Uint32Array> {
  const machine = machineOf(image);
  restore(machine, image);
  return (await migrationOf(machine, pfns, 'batch'))();
}

async function migrationOf(machine: Machine, pfns: Uint32Array, pauses: Pauses): Promise<() => Uint32Array> {
  const service = new MigrationService(new SimHost(machine), await loadShippedPlugins(), new PageEvents(), pauses);
  return () => {
    const { migrated, targets } = service.migrate({ pfns, mode: MIGRATE_SYNC });
    if (migrated !== pfns.length) throw new Error(`${pfns.length - migrated} pages did not move`);
    return targets;
  };
}
