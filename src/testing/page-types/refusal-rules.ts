import { outcomeOf } from '../../events/page-events.js';
import type { PageType } from '../../handler/define-page-type.js';
import type { Refusal } from '../../handler/refusal.js';
import { MIGRATE_ASYNC, MIGRATE_SYNC, type MigrateMode } from '../../mm/migrate-mode.js';
import { formatPfn, MAX_PAGE_ORDER, type Pfn } from '../../mm/units.js';
import { check, checkSame } from '../conformance.js';
import { CORE_CAUSES, type CoreCause } from './core-causes.js';
import { differences, EVERYTHING, isFree, recordOf } from './page-record.js';
import { firstDifference, snapshotOf } from './snapshot.js';
import {
  called,
  calledAt,
  checkWhole,
  type FixturePage,
  ITS_HANDLER,
  migrate,
  move,
  nrTogether,
  type Open,
  on,
  type PageTypeCase,
  type Provocation,
  refusedInTheMidst,
  type World,
} from './world.js';

/** Time passes while the service retries, and it is the only thing that a refused page leaves behind. */
const TIME = ['clock'];

type Reason = Pick<Refusal, 'id' | 'kind'>;

/** What keeps any page, whatever its type. */
export function coreRules(open: Open): PageTypeCase[] {
  return CORE_CAUSES.flatMap((cause) => [
    on(open, 'refused-pages-stay', `${cause.page} is refused, and nothing changes`, (world) =>
      eachBefallen(world, cause, ({ pfn }) => {
        isRefusedWithoutTrace(world, pfn, 'core', cause, MIGRATE_ASYNC);
        cause.relieve(world, pfn);
      }),
    ),
    cause.kind === 'permanent'
      ? on(open, 'permanent-stays', `${cause.page} stays refused, however often it is asked`, (world) =>
          eachBefallen(world, cause, ({ pfn }) => {
            staysRefused(world, pfn, 'core', cause);
            cause.relieve(world, pfn);
          }),
        )
      : on(open, 'retry-ends', `${cause.page} goes once ${cause.end}`, (world) =>
          eachBefallen(world, cause, (page) => {
            isRefused(world, page.pfn, 'core', cause, MIGRATE_ASYNC);
            cause.relieve(world, page.pfn);
            move(world, page);
          }),
        ),
  ]);
}

/** Each page in turn falls under the cause; `look` tries it, and relieves it. */
function eachBefallen(world: World, cause: CoreCause, look: (page: FixturePage) => void): void {
  let nr = 0;
  for (const page of world.pages) {
    if (!cause.befall(world, page.pfn)) continue;
    nr++;
    look(page);
    checkWhole(world);
  }
  check(nr > 0, `no page of the fixture can become ${cause.page}; say why with "skip"`);
}

/** The service refuses the page, for this reason. */
function isRefused(world: World, pfn: Pfn, handler: string, { id, kind }: Reason, mode: MigrateMode): void {
  const [refusal] = migrate(world, [pfn], mode).refused;
  check(refusal !== undefined, `${calledAt(world, pfn)} went, although it is ${id}`);
  checkSame(`${refusal.handler}: ${refusal.reason}`, `${handler}: ${id}`, `the refusal of ${calledAt(world, pfn)}`);
  checkSame(refusal.kind, kind, `the kind of "${id}"`);
}

/** The same, and every byte of the machine but the clock stays. */
function isRefusedWithoutTrace(world: World, pfn: Pfn, handler: string, reason: Reason, mode: MigrateMode): void {
  const before = snapshotOf(world.machine);
  isRefused(world, pfn, handler, reason, mode);
  const difference = firstDifference(world.machine, before, TIME);
  check(difference === null, `${calledAt(world, pfn)} was refused ("${reason.id}"), yet ${difference}`);
}

function staysRefused(world: World, pfn: Pfn, handler: string, reason: Reason): void {
  for (const mode of [MIGRATE_ASYNC, MIGRATE_SYNC, MIGRATE_SYNC] as const) {
    world.host.relax();
    world.host.drain();
    isRefusedWithoutTrace(world, pfn, handler, reason, mode);
  }
}

/** The same of a refusal that is found when the page is in hand: it had a target by then, which has been free since. */
function staysRefusedInHand(world: World, pfn: Pfn, handler: string, reason: Reason): void {
  for (const mode of [MIGRATE_ASYNC, MIGRATE_SYNC, MIGRATE_SYNC] as const) {
    const before = recordOf(world.machine, pfn);
    isRefused(world, pfn, handler, reason, mode);
    const lost = differences(before, recordOf(world.machine, pfn), EVERYTHING);
    check(lost.length === 0, `${calledAt(world, pfn)} was refused ("${reason.id}"), yet ${lost.join('; ')}`);
    checkWhole(world);
  }
}

/** What keeps pages of this type only: the plugin's own table. */
export function ownRules(plugin: PageType, open: Open): PageTypeCase[] {
  return plugin.refusals.flatMap((refusal, code) => {
    if (refusal === null) return [];
    const { id, kind } = refusal;
    const said = on(open, 'refused-pages-stay', `"${id}" is said, and nothing changes`, (world) => {
      isSaid(world, provocationOf(world, id), refusal, code);
    });
    const after =
      kind === 'retry'
        ? on(open, 'retry-ends', `"${id}": it goes, or is gone, once its cause is`, (world) =>
            goesAtLast(world, provocationOf(world, id), refusal),
          )
        : on(open, 'permanent-stays', `"${id}": it stays refused, however often it is asked`, (world) => {
            const provocation = provocationOf(world, id);
            const { pfn } = provocation;
            provocation.provoke();
            if (sayer(world, provocation) === 'migrate') staysRefusedInHand(world, pfn, plugin.name, refusal);
            else staysRefused(world, pfn, plugin.name, refusal);
          });
    return [said, after];
  });
}

function provocationOf({ refusals }: World, id: string): Provocation {
  const provocation = refusals[id];
  check(provocation !== undefined, `the fixture does not provoke "${id}"; let it, or say why with "skip"`);
  return provocation;
}

function isSaid(world: World, provocation: Provocation, refusal: Refusal, code: number): void {
  const { machine, handler, service, plugin } = world;
  const { pfn } = provocation;
  if (provocation.from === 'migrate') {
    refusedInTheMidst(world, provocation, `${plugin.name}: ${refusal.id}`);
    return;
  }
  provocation.provoke();
  const from = sayer(world, provocation);
  if (from === 'migrate') {
    isSaidInHand(world, pfn, refusal, code);
    return;
  }
  const before = snapshotOf(machine);
  checkSame(handler[from]?.(pfn), code, `what ${from} says of ${calledAt(world, pfn)}`);
  if (from === 'refuses') {
    checkSame(service.judge(pfn), outcomeOf(ITS_HANDLER, code), `the verdict on ${calledAt(world, pfn)}`);
    isRefused(world, pfn, plugin.name, refusal, MIGRATE_ASYNC);
  }
  const difference = firstDifference(machine, before, TIME);
  check(difference === null, `${from} said "${refusal.id}" of ${calledAt(world, pfn)}, yet ${difference}`);
}

function goesAtLast(world: World, provocation: Provocation, { id }: Refusal): void {
  const { pfn, provoke, relieve } = provocation;
  check(relieve !== undefined, `the fixture does not say how the cause of "${id}" ends`);
  if (provocation.from === 'migrate') refusedInTheMidst(world, provocation, `${world.plugin.name}: ${id}`);
  else {
    provoke();
    if (sayer(world, provocation) === 'refuses')
      checkSame(migrate(world, [pfn], MIGRATE_ASYNC).migrated, 0, `the number of pages that went as "${id}"`);
    relieve();
  }
  if (isFree(world.machine, pfn)) return;
  goesOrIsGiven(world, { pfn, state: `no longer "${id}"` });
  checkWhole(world);
}

/** A page that nobody uses is given back instead of moved, if its handler has a verb for that. */
function goesOrIsGiven(world: World, page: FixturePage): void {
  const { machine, handler } = world;
  if (handler.dissolve === undefined || machine.count[page.pfn] !== 0) {
    move(world, page);
    return;
  }
  const nrPages = nrTogether(machine, page.pfn);
  checkSame(
    migrate(world, [page.pfn], MIGRATE_SYNC).freed,
    nrPages,
    `the number of pages given back with ${called(page)}`,
  );
  for (let pfn = page.pfn; pfn < page.pfn + nrPages; pfn++)
    check(isFree(machine, pfn), `${formatPfn(pfn)} was given back with ${called(page)}, and is not free`);
}

/** The verb that has to say so, now that the cause is there; the last one, if those before it do not. */
function sayer({ handler }: World, { pfn, from }: Provocation): NonNullable<Provocation['from']> {
  if (from !== undefined) return from;
  if (handler.refuses(pfn) !== 0) return 'refuses';
  if (handler.isolate(pfn) !== 0) return 'isolate';
  handler.putback(pfn);
  return 'migrate';
}

/** It lets itself be isolated, and says so when it is to be moved. */
function isSaidInHand(world: World, pfn: Pfn, { id }: Refusal, code: number): void {
  const { machine, handler, host } = world;
  const target = host.allocateTarget(0, pfn, MAX_PAGE_ORDER + 1);
  const before = snapshotOf(machine);
  checkSame(handler.isolate(pfn), 0, `what isolate says of ${calledAt(world, pfn)}`);
  const said = handler.migrate(pfn, target, MIGRATE_SYNC);
  check(said === code, `neither refuses nor isolate nor migrate says of ${calledAt(world, pfn)} that it is "${id}"`);
  handler.putback(pfn);
  const difference = firstDifference(machine, before);
  check(difference === null, `migrate said "${id}" of ${calledAt(world, pfn)}, yet ${difference}`);
}
