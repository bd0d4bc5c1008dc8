import { HandlerTable } from '../../src/migration/handler-table.js';
import type { MigrationReport } from '../../src/migration/migration-report.js';
import { MigrationRun, type Progress } from '../../src/migration/migration-run.js';
import { MIGRATE_ASYNC } from '../../src/mm/migrate-mode.js';
import { SimHost } from '../../src/sim/sim-host.js';
import type { StateKey } from './state-key.js';
import { DONE, type Step, type StepResult, Violation } from './step.js';
import { SHIPPED, type World } from './world.js';

/** Passes of the second migrator. */
const PASSES = 2;

/**
 * A second migrator that has the same list. It goes on by whole phases, while the first one is let in between any two
 * verbs: whoever of the two is meant, the other one's phases come at every place.
 */
export class Rival {
  readonly #host: SimHost;
  readonly #table: HandlerTable;
  #run!: MigrationRun;
  #steps!: Generator<Progress, MigrationReport>;
  #pauses = 0;
  #report: MigrationReport | null = null;

  constructor(private readonly world: World) {
    this.#host = new SimHost(world.machine);
    this.#table = new HandlerTable(SHIPPED, this.#host.pages);
    this.begin();
  }

  /** Back to the beginning, as the world is. */
  begin(): void {
    const request = { pfns: this.world.pfns, mode: MIGRATE_ASYNC, passes: PASSES } as const;
    this.#run = new MigrationRun(this.#host, this.#table, this.world.events, request);
    this.#steps = this.#run.steps();
    this.#pauses = 0;
    this.#report = null;
  }

  get isDone(): boolean {
    return this.#report !== null;
  }

  addTo(key: StateKey): void {
    key.addBatch(this.#run.batch);
    key.add(this.isDone ? -1 : this.#pauses);
  }

  /** Its next phase, as a step of the last CPU. */
  step(id: number): Step {
    return {
      id,
      name: 'the other migrator goes on',
      cpu: this.world.spec.cpus - 1,
      page: -1,
      slot: -1,
      touches: 'everything',
      begins: false,
      again: false,
      enabled: () => !this.isDone,
      perform: () => this.#goOn(),
    };
  }

  #goOn(): StepResult {
    const { done, value } = this.#steps.next();
    this.#pauses++;
    if (done !== true) return DONE;
    this.#report = value;
    const refused = value.refused.reduce((sum, { pages }) => sum + pages, 0);
    if (value.migrated + value.freed + refused !== value.asked)
      throw new Violation('the report of the other migrator does not add up');
    return DONE;
  }
}
