import 'reflect-metadata';
import { smpModule } from '../smp/smp-module.js';
import { Faults } from '../soak/faults.js';
import { FaultyHost } from '../soak/faulty-host.js';
import { faultyPageType } from '../soak/faulty-page-type.js';
import { attachRecentMoves } from '../soak/moves.js';
import { type Migrator, runMigrator } from '../soak/run-migrator.js';
import type { SoakTask } from '../soak/task.js';
import { createEvacuator } from './create-evacuator.js';
import { loadPlugins, loadShippedPlugins } from './load-plugins.js';

/** What a migrator has in common with threads that run processes. */
export type SharedWithAll = Pick<Migrator, 'cpu' | 'ledger' | 'residents' | 'counters' | 'control' | 'prng' | 'now'>;

/** A thread of a soak that moves pages, with an evacuator whose host and handlers fail when they are meant to. */
export async function migrate(task: SoakTask, shared: SharedWithAll, atQuiet: () => void): Promise<void> {
  const { migrator, thread, roster, quietEveryMs, rounds } = task;
  const { cpu, counters, prng } = shared;
  const faults = new Faults(migrator, task.faults, counters, prng.split(1));
  const shipped = await loadShippedPlugins();
  const added = await loadPlugins(task.plugins, task);
  const evacuator = createEvacuator({
    host: smpModule(cpu, (c) => new FaultyHost(c, faults)),
    plugins: [...shipped.map((pageType) => faultyPageType(pageType, faults)), ...added],
    // Listeners that are meant to fail do; they are counted where they fail.
    onListenerError: () => {},
  });
  const moves = attachRecentMoves(counters.shape.nrMigrators, task.moves);
  runMigrator({ ...shared, migrator, thread, roster, quietEveryMs, rounds, faults, evacuator, moves }, atQuiet);
}
