import { PageEvents } from '../../events/page-events.js';
import type { PageType } from '../../handler/define-page-type.js';
import type { PageTypeHandler } from '../../handler/page-type-handler.js';
import type { MigrationReport } from '../../migration/migration-report.js';
import type { Phase } from '../../migration/migration-run.js';
import { MigrationService } from '../../migration/migration-service.js';
import { endOfCompound } from '../../mm/compound-page.js';
import { MIGRATE_ASYNC, MIGRATE_SYNC, type MigrateMode } from '../../mm/migrate-mode.js';
import { PG_HEAD } from '../../mm/page-flags.js';
import { formatPfn, MAX_PAGE_ORDER, type Pfn } from '../../mm/units.js';
import type { Machine } from '../../sim/machine.js';
import { SimHost } from '../../sim/sim-host.js';
import { type ConformanceCase, check, checkSame } from '../conformance.js';
import { differences, EVERYTHING, type PageRecord, recordOf } from './page-record.js';
import type { PageTypeRule } from './rules.js';

/** A case of the kit for page types. */
export type PageTypeCase = ConformanceCase<PageTypeRule>;

/**
 * A machine at rest, and what the cases need to know of it.
 *
 * @example
 * const small: Fixture = { ...anonymousFixture(), refusals: {} };
 * const options: PageTypeOptions = { fixture: () => small, operations: 100, seed: 7 };
 */
export interface Fixture {
  readonly machine: Machine;
  /**
   * Pages that the plugin claims and that go as they come, in whatever order: one in each state that a page of the type
   * can be in; a compound page by its first. A page that is refused as it comes is none of them: `refusals` make those.
   */
  readonly pages: readonly FixturePage[];
  /** How to provoke each refusal of the plugin's own table, by its id. */
  readonly refusals: Readonly<Record<string, Provocation>>;
}

/** A page of the type, and what is special about it. */
export interface FixturePage {
  readonly pfn: Pfn;
  /** In words that follow "the page that is", for messages and for `pageThatIs`: "shared by fork". */
  readonly state: string;
}

/** How one of its refusals is brought about. */
export interface Provocation {
  readonly pfn: Pfn;
  /**
   * The verb that is to say so. What `refuses` says is asked before anything moves, `migrate` in the midst of it, and
   * `refusesSplit` when a compound page finds no room as large. Absent: `refuses`, or `isolate` if that says nothing, or
   * `migrate` if neither does.
   */
  readonly from?: 'refuses' | 'isolate' | 'migrate' | 'refusesSplit';
  /** Brings the cause about. */
  provoke(): void;
  /** Takes the cause away again. A refusal of kind 'permanent' needs none. */
  relieve?(): void;
}

/** A fixture with a service over it that knows one plugin only, and this plugin's handler. */
export interface World extends Fixture {
  readonly plugin: PageType;
  readonly host: SimHost;
  readonly service: MigrationService;
  readonly handler: PageTypeHandler;
}

export type Open = () => World;

/** Index of the one plugin in the service's handler table. */
export const ITS_HANDLER = 1;

/**
 * A fixture's machine under a migration service that has this page type alone.
 *
 * @example
 * import anonymous from 'vacate/plugins/anonymous';
 *
 * const world: World = openWorld(anonymous, anonymousFixture());
 * const [page] = world.pages;
 * world.service.judge(page!.pfn); // 0
 */
export function openWorld(plugin: PageType, fixture: Fixture): World {
  check(fixture.pages.length > 0, 'the fixture has no pages, so there is nothing to find out');
  const host = new SimHost(fixture.machine);
  const service = new MigrationService(host, [plugin], new PageEvents());
  return { ...fixture, plugin, host, service, handler: service.handlers.get(ITS_HANDLER) };
}

export function checkWhole({ host }: World): void {
  const [first] = host.validate();
  check(first === undefined, `an invariant is broken: ${first}`);
}

export const called = ({ pfn, state }: FixturePage) => `the page that is ${state} (${formatPfn(pfn)})`;

/** The same by its number: with its state, if the fixture has it. */
export function calledAt({ pages }: Pick<Fixture, 'pages'>, pfn: Pfn): string {
  const page = pages.find((each) => each.pfn === pfn);
  return page === undefined ? `the page ${formatPfn(pfn)}` : called(page);
}

export function migrate({ service }: World, pfns: readonly Pfn[], mode: MigrateMode): MigrationReport {
  const ascending = Uint32Array.from(pfns).sort();
  return service.migrate({ pfns: ascending, mode, sparedOrder: MAX_PAGE_ORDER + 1 });
}

/** Pages that go together with the one at `pfn`: 1, or those of the compound page that begins there. */
export function nrTogether({ flags }: Machine, pfn: Pfn): number {
  return (flags[pfn]! & PG_HEAD) === 0 ? 1 : endOfCompound(flags, pfn) - pfn;
}

/**
 * Moves a page, whole if it is compound, and says where to.
 *
 * @example
 * import anonymous from 'vacate/plugins/anonymous';
 *
 * const world = openWorld(anonymous, anonymousFixture());
 * const page: FixturePage = world.pages[0]!;
 * move(world, page) !== page.pfn; // true
 */
export function move(world: World, page: FixturePage): Pfn {
  const nrPages = nrTogether(world.machine, page.pfn);
  const report = migrate(world, [page.pfn], MIGRATE_SYNC);
  const [refusal] = report.refused;
  check(refusal === undefined, `${called(page)} did not go: ${refusal?.because}`);
  checkSame(report.migrated, nrPages, `the number of pages that went with ${called(page)}`);
  return report.targets[0]!;
}

/** Every page moves; `look` compares what it was with what it is. */
export function moveEach(world: World, look: (page: FixturePage, before: PageRecord, after: PageRecord) => void): void {
  for (const page of world.pages) {
    const before = recordOf(world.machine, page.pfn);
    const target = move(world, page);
    look(page, before, recordOf(world.machine, target));
  }
}

/** A case on a world of its own. */
export const on = (open: Open, rule: PageTypeRule, name: string, run: (world: World) => void): PageTypeCase => ({
  name,
  rule,
  run: () => run(open()),
});

/**
 * Something happens when the page is unmapped already, just before the handler is to move it.
 *
 * @example
 * import anonymous from 'vacate/plugins/anonymous';
 *
 * const world = openWorld(anonymous, anonymousFixture());
 * const { count } = world.machine;
 * const { pfn } = world.pages[0]!;
 * const pin: Provocation = { pfn, provoke: () => count[pfn]!++, relieve: () => count[pfn]!-- };
 * refusedInTheMidst(world, pin, 'core: pinned');
 */
export function refusedInTheMidst(world: World, { pfn, provoke, relieve }: Provocation, expected: string): void {
  const before = recordOf(world.machine, pfn);
  const report = runWith(world, [pfn], 'shootdown', provoke);
  const refusal = report.refused[0];
  checkSame(refusal && `${refusal.handler}: ${refusal.reason}`, expected, `the refusal of ${calledAt(world, pfn)}`);
  relieve?.();
  const lost = differences(before, recordOf(world.machine, pfn), EVERYTHING);
  check(lost.length === 0, `${calledAt(world, pfn)} was refused, but not put back: ${lost.join('; ')}`);
  checkWhole(world);
}

/**
 * Runs a migration to its end; when it first pauses after `phase`, something else happens.
 *
 * @example
 * import anonymous from 'vacate/plugins/anonymous';
 *
 * const world = openWorld(anonymous, anonymousFixture());
 * const phase: Phase = 'unmap';
 * const { migrated } = runWith(world, [world.pages[0]!.pfn], phase, () => validateMachine(world.machine));
 * migrated; // 1
 */
export function runWith({ service }: World, pfns: readonly Pfn[], phase: Phase, happen: () => void): MigrationReport {
  const ascending = Uint32Array.from(pfns).sort();
  const steps = service.steps({ pfns: ascending, mode: MIGRATE_ASYNC, sparedOrder: MAX_PAGE_ORDER + 1 });
  let happened = false;
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    if (happened || step.value.phase !== phase) continue;
    happened = true;
    happen();
  }
}
