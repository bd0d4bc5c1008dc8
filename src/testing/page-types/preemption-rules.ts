import { PageEvents } from '../../events/page-events.js';
import { MigrationService } from '../../migration/migration-service.js';
import { MIGRATE_ASYNC } from '../../mm/migrate-mode.js';
import { FREE_FLAGS, PG_ISOLATED, PG_LOCKED } from '../../mm/page-flags.js';
import { formatPfn } from '../../mm/units.js';
import { findHold, HOLD_LOCK } from '../../sim/holds.js';
import type { Machine } from '../../sim/machine.js';
import { ConformanceFailure, check, checkSame } from '../conformance.js';
import { DEEDS, type Deed, type Place, placeOf, whereIs } from './others.js';
import { preempted } from './preempted-host.js';
import { snapshotOf } from './snapshot.js';
import { called, type Open, type PageTypeCase, type World } from './world.js';

/** So many verbs a migration of one page never has; one that does goes round in circles. */
const VERBS_MAX = 2000;

/**
 * Every page of the fixture moves by itself, and before each single verb of the migrator each single thing that another
 * CPU may do happens: every schedule with one preemption. More than one at a time is what the explorer in the sources of
 * vacate is for (test/interleave), which knows the shipped page types only.
 */
export function preemptionRules(open: Open): PageTypeCase[] {
  return DEEDS.map((deed) => ({
    name: `a page moves or stays as a whole, though ${deed.words} between any two steps`,
    rule: 'others-may-run' as const,
    run: () => tryEverywhere(open, deed),
  }));
}

function tryEverywhere(open: Open, deed: Deed): void {
  const world = open();
  const { machine } = world;
  const state = new Uint32Array(machine.buffer);
  const kept = snapshotOf(machine);
  for (const page of world.pages) {
    state.set(kept);
    const place = placeOf(world, page);
    for (let at = 0; ; at++) {
      if (deed.changes) state.set(kept);
      const nrVerbs = tryAt(place, deed, at);
      if (nrVerbs <= at) break;
    }
    checkSound(world, `after ${deed.words}, for ${called(page)}`);
  }
}

/** The deed is done before verb number `at`; returns how many verbs there were. */
function tryAt(place: Place, deed: Deed, at: number): number {
  const { world, page } = place;
  const pfn = whereIs(place);
  if (pfn < 0 || world.handler.refuses(pfn) !== 0) return 0;
  const nrUsed = pagesInUse(world.machine);
  let nrVerbs = 0;
  let when = '';
  let end: (() => void) | null = null;
  const before = (verb: string): void => {
    check(nrVerbs < VERBS_MAX, `${called(page)} is tried for ever, though ${deed.words}`);
    if (nrVerbs++ !== at) return;
    when = `before ${verb}, ${deed.words}: `;
    end = deed.act(place);
  };
  try {
    const service = new MigrationService(preempted(world.host, before), [world.plugin], new PageEvents());
    const report = service.migrate({ pfns: Uint32Array.of(pfn), mode: MIGRATE_ASYNC });
    const refused = report.refused.reduce((sum, { pages }) => sum + pages, 0);
    checkSame(report.migrated + report.freed + refused, report.asked, `what is said to have become of ${called(page)}`);
    (end as (() => void) | null)?.();
    world.host.drain();
    if (!deed.changes) checkSame(pagesInUse(world.machine), nrUsed, `with ${called(page)}, the number of pages in use`);
    else if (end !== null) checkSound(world, called(page));
  } catch (error) {
    throw error instanceof ConformanceFailure ? new ConformanceFailure(`${when}${error.because}`) : error;
  }
  return nrVerbs;
}

function pagesInUse({ flags }: Machine): number {
  return flags.reduce((nr, has) => ((has & FREE_FLAGS) === 0 ? nr + 1 : nr), 0);
}

/** Every invariant holds, and nobody has a page in hand. */
function checkSound({ host, machine }: World, where: string): void {
  const [first] = host.validate();
  check(first === undefined, `${where}, an invariant is broken: ${first}`);
  for (let pfn = 0; pfn < machine.spec.nrPfns; pfn++) {
    const flags = machine.flags[pfn]!;
    check((flags & PG_ISOLATED) === 0, `${where}, ${formatPfn(pfn)} stays isolated`);
    check(
      (flags & PG_LOCKED) === 0 || findHold(machine, pfn, HOLD_LOCK) >= 0,
      `${where}, ${formatPfn(pfn)} stays locked`,
    );
  }
}
