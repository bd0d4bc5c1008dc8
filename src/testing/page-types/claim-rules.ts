import { Prng } from '../../base/prng.js';
import { MIGRATE_SYNC } from '../../mm/migrate-mode.js';
import { formatFlags, PG_ISOLATED, PG_LRU } from '../../mm/page-flags.js';
import { formatPfn, MAX_PAGE_ORDER, type Pfn } from '../../mm/units.js';
import { goesAlong } from '../../sim/drivers/notify.js';
import { pin } from '../../sim/holds.js';
import { unpin } from '../../sim/writeback.js';
import { check, checkSame } from '../conformance.js';
import { CORE_CAUSES } from './core-causes.js';
import { isFree, recordsOf } from './page-record.js';
import { firstDifference, snapshotOf } from './snapshot.js';
import { called, nrTogether, type Open, on, type PageTypeCase, type World } from './world.js';

/** What a handler answers when it is asked, and that asking is all it is. */
export function claimRules(open: Open): PageTypeCase[] {
  return [
    on(open, 'claims-its-pages', 'claims its pages, and no page that is free', (world) => {
      for (const page of world.pages)
        for (let pfn = page.pfn; pfn < page.pfn + nrTogether(world.machine, page.pfn); pfn++)
          check(world.handler.claims(world.machine.flags[pfn]!), `${called({ ...page, pfn })} is not claimed`);
      for (let pfn = 0; pfn < world.host.layout.nrPfns; pfn++)
        if (isFree(world.machine, pfn))
          check(!world.handler.claims(world.machine.flags[pfn]!), `${formatPfn(pfn)} is free, and claimed`);
    }),
    { name: 'claims is pure', rule: 'claims-is-pure', run: () => claimsIsPure(open(), open()) },
    on(open, 'codes-are-in-the-table', 'refusal codes are in the table', codesAreInTheTable),
    on(open, 'stays-as-the-host-says', 'staysWhenOffline says yes of no page that keeps its block', staysAsTheHostSays),
    on(open, 'references-add-up', 'references agrees with the refcount identity', referencesAgree),
  ];
}

/** Before drivers are told that the blocks go, afterwards, and when they do not go after all. */
function staysAsTheHostSays(world: World): void {
  const { host, machine, service, pages } = world;
  const nrBlocks = Math.ceil(host.layout.nrPfns / host.layout.blockPages);
  const blocks = Array.from({ length: nrBlocks }, (_, block) => block);
  const atRest = snapshotOf(machine);
  const ask = (when: string): void => {
    const before = snapshotOf(machine);
    for (const page of pages) {
      const may = goesAlong(machine, page.pfn);
      const said = service.staysWhenOffline(page.pfn);
      const truth = may ? 'its block could go offline with it' : 'no block goes offline with it';
      check(said === may, `${when}, staysWhenOffline says ${said} of ${called(page)}, yet ${truth}`);
    }
    const difference = firstDifference(machine, before);
    check(difference === null, `staysWhenOffline changes the machine: ${difference}`);
  };
  ask('at rest');
  for (const block of blocks) host.goingOffline(block);
  ask('once drivers have been told that blocks go offline');
  for (const block of blocks) host.cancelOffline(block);
  const difference = firstDifference(machine, atRest);
  check(difference === null, `drivers were told that blocks go, and that they do not, yet ${difference}`);
}

/** The same answers from two handlers, in whatever order and however often they are asked, and no trace of the asking. */
function claimsIsPure(one: World, other: World): void {
  const words = one.pages.map(({ pfn }) => one.machine.flags[pfn]!);
  for (let bit = 0; bit < 32; bit++)
    for (let second = bit; second < 32; second++) words.push(((1 << bit) | (1 << second)) >>> 0);
  const prng = new Prng(1);
  for (let i = 0; i < 2000; i++) words.push(prng.uint32());
  const before = snapshotOf(one.machine);
  const answers = words.map((flags) => one.handler.claims(flags));
  check(
    answers.every((answer) => typeof answer === 'boolean'),
    'claims answers with something other than a boolean',
  );
  for (const page of one.pages) one.handler.refuses(page.pfn);
  for (const page of one.pages) one.handler.refusesSplit?.(page.pfn);
  for (let i = words.length - 1; i >= 0; i--) {
    const flags = words[i]!;
    const same = one.handler.claims(flags) === answers[i] && other.handler.claims(flags) === answers[i];
    check(
      same,
      `claims of a page with flags ${formatFlags(flags)} (0x${flags.toString(16)}) is not always ${answers[i]}`,
    );
  }
  const difference = firstDifference(one.machine, before);
  check(difference === null, `claims, refuses or refusesSplit changes the machine: ${difference}`);
}

/** Asks every verb of every page in every state, and looks up whatever it answers. */
function codesAreInTheTable(world: World): void {
  const { handler, plugin, pages } = world;
  const inTable = (verb: string, code: number, state: string): void => {
    const known = Number.isInteger(code) && code >= 0 && code < plugin.refusals.length;
    check(known, `${verb} of a page that is ${state} answers ${code}, which is not in the table`);
  };
  const ask = (pfn: Pfn, state: string): void => {
    inTable('refuses', handler.refuses(pfn), state);
    inTable('refusesSplit', handler.refusesSplit?.(pfn) ?? 0, state);
    const code = handler.isolate(pfn);
    inTable('isolate', code, state);
    if (code === 0) handler.putback(pfn);
  };
  for (const page of pages) {
    ask(page.pfn, page.state);
    for (const cause of CORE_CAUSES) {
      if (cause.id === 'isolated' || !cause.befall(world, page.pfn)) continue;
      ask(page.pfn, `${page.state} and ${cause.id}`);
      cause.relieve(world, page.pfn);
    }
  }
  for (const provocation of Object.values(world.refusals)) {
    if (provocation.from === 'migrate') continue;
    provocation.provoke();
    ask(provocation.pfn, 'in a state that is to be refused');
    provocation.relieve?.();
  }
  const source = pages.find(({ pfn }) => handler.refuses(pfn) === 0 && !isFree(world.machine, pfn));
  if (source === undefined) return;
  const target = world.host.allocateTarget(0, source.pfn, MAX_PAGE_ORDER + 1);
  inTable('migrate', handler.migrate(source.pfn, target, MIGRATE_SYNC), source.state);
}

/** count = mappings + what the handler says + isolation + pins, and what it says is what names the page. */
function referencesAgree({ machine, handler, pages }: World): void {
  const { count, mapcount } = machine;
  for (const [i, record] of recordsOf(
    machine,
    pages.map(({ pfn }) => pfn),
  ).entries()) {
    const page = pages[i]!;
    const { pfn } = page;
    const owners = record.slots.length + (record.hasBuffers ? 1 : 0);
    checkSame(handler.references(pfn), owners, `references of ${called(page)}, which has ${owners} owner(s),`);
    checkSame(count[pfn], mapcount[pfn]! + handler.references(pfn), `the count of ${called(page)}`);
    pin(machine, pfn, Number.POSITIVE_INFINITY);
    checkSame(handler.references(pfn), owners, `references of ${called(page)}, once pinned,`);
    unpin(machine, 0, pfn);
    if (handler.isolate(pfn) !== 0) continue;
    checkSame(handler.references(pfn), owners, `references of ${called(page)}, once isolated,`);
    checkSame(count[pfn], mapcount[pfn]! + owners + 1, `the count of ${called(page)}, once isolated,`);
    handler.putback(pfn);
  }
}

/** Isolation and its exact undoing. */
export function isolationRules(open: Open): PageTypeCase[] {
  return [
    on(
      open,
      'isolate-takes-one-reference',
      'isolate takes a page off its list, with one reference',
      ({ handler, machine, pages }) => {
        for (const page of pages) {
          const count = machine.count[page.pfn]!;
          checkSame(handler.isolate(page.pfn), 0, `isolate of ${called(page)}`);
          checkSame(machine.count[page.pfn]!, count + 1, `the count of ${called(page)}, once isolated,`);
          const flags = machine.flags[page.pfn]!;
          check((flags & (PG_ISOLATED | PG_LRU)) === PG_ISOLATED, `${called(page)} is not off its list`);
          check(handler.claims(flags), `${called(page)} is not claimed any more, once isolated`);
        }
      },
    ),
    on(
      open,
      'putback-undoes-isolate',
      'isolate, then putback, leaves every byte of the machine as it was',
      ({ handler, machine, pages }) => {
        const before = snapshotOf(machine);
        const same = (after: string): void => {
          const difference = firstDifference(machine, before);
          check(difference === null, `after ${after}, ${difference}`);
        };
        for (const page of pages) {
          checkSame(handler.isolate(page.pfn), 0, `isolate of ${called(page)}`);
          handler.putback(page.pfn);
          same(`isolate and putback of ${called(page)}`);
        }
        for (const { pfn } of pages) handler.isolate(pfn);
        for (const { pfn } of pages) handler.putback(pfn);
        same('isolate of all pages, then putback of all');
      },
    ),
  ];
}
