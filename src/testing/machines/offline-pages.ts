import { MIGRATE_MOVABLE } from '../../mm/migratetype.js';
import { NO_PAGE, type Pfn } from '../../mm/units.js';
import { fillContents } from '../../sim/contents.js';
import { createUnplugger, type UnpluggedBy, unplugPage } from '../../sim/drivers/unplugged.js';
import { poisonFreePage } from '../../sim/memory-failure.js';
import { allocatePages } from '../../sim/page-allocator.js';
import { type PageTypeOptions } from '../page-types/page-type-conformance.js';
import { type Fixture } from '../page-types/world.js';
import { CPU, Pages } from './make-pages.js';
import { neverMove } from './never-move.js';
import { type Provoked, provoked } from './ready-made.js';
import { settle, smallMachine } from './small-machine.js';

const STOPPED = 'a migration that is stopped at any pause leaves nothing half done';
const NOBODY_NAMES_IT = 'nobody names it: the one reference that it has keeps it from being handed out';
const NOBODY_USES = 'it refuses every page that it claims: nobody may use them, so none ever moves';

/**
 * Pages that drivers have taken out of service, in both zones: virtio-mem's, and those of a balloon that does not listen.
 *
 * @example
 * for (const { pfn, state } of offlinePagesFixture().pages) console.log(formatPfn(pfn), state);
 */
export function offlinePagesFixture(): Fixture {
  const m = smallMachine();
  const pages = new Pages(m);
  const unplugged = (by: UnpluggedBy, highest: 'Normal' | 'Movable'): Pfn => {
    const pfn = allocatePages(m, CPU, { order: 0, type: MIGRATE_MOVABLE, node: 0, highest, mark: 'min' });
    if (pfn === NO_PAGE) throw new Error('no page for the driver');
    fillContents(m, pfn, pfn, 99);
    unplugPage(m, pfn, createUnplugger(m, by, 1), 0);
    return pfn;
  };
  const held = pages.add('unplugged by virtio-mem', unplugged('virtio-mem', 'Movable'));
  pages.add('unplugged by virtio-mem, in a kernel zone', unplugged('virtio-mem', 'Normal'));
  pages.add('held by a balloon that does not listen', unplugged('deaf-balloon', 'Movable'));
  settle(m);
  const isHeld = { pfn: held, from: 'refuses' as const, provoke: () => {} };
  return { machine: m, pages: pages.list, refusals: { held: isHeld } };
}

/**
 * For page types that claim pages which a driver has taken out of service. Cause: `held`, that the driver has it, which is so
 * from the start. Without an argument the plugin calls its refusal `logically-offline`.
 *
 * @example
 * import offline from 'vacate/plugins/offline-pages';
 *
 * const cases = pageTypeConformance(offline, offlinePages());
 * for (const { name, run } of cases) it(name, run);
 */
export function offlinePages(refusals: Provoked<'held'> = { 'logically-offline': 'held' }): PageTypeOptions {
  return { fixture: () => provoked(offlinePagesFixture(), refusals), skip: neverMove(NOBODY_USES) };
}

/**
 * Pages with a memory error, in both zones.
 *
 * @example
 * for (const { pfn, state } of poisonedFixture().pages) console.log(formatPfn(pfn), state);
 */
export function poisonedFixture(): Fixture {
  const m = smallMachine();
  const pages = new Pages(m);
  const { start, end } = m.spec.zones[1]!;
  const struck = (pfn: Pfn): Pfn => {
    if (!poisonFreePage(m, pfn)) throw new Error('the error strikes a page in use');
    return pfn;
  };
  const first = pages.add('poisoned, the first of its block', struck(start));
  pages.add('poisoned, in the midst of a block', struck((start + end) / 2 + 3));
  pages.add('poisoned, in a kernel zone', struck(start - 100));
  settle(m);
  const isDamaged = { pfn: first, from: 'refuses' as const, provoke: () => {} };
  return { machine: m, pages: pages.list, refusals: { damaged: isDamaged } };
}

/**
 * For page types that claim pages with a memory error. Cause: `damaged`, that the error was found, which is so from the
 * start. Without an argument the plugin calls its refusal `hwpoison`.
 *
 * @example
 * import hwpoison from 'vacate/plugins/hwpoison';
 *
 * const cases = pageTypeConformance(hwpoison, poisonedPages());
 * for (const { name, run } of cases) it(name, run);
 */
export function poisonedPages(refusals: Provoked<'damaged'> = { hwpoison: 'damaged' }): PageTypeOptions {
  const nameless = ['references agrees with the refcount identity', STOPPED];
  const skip = nameless.map((name) => ({ name, because: NOBODY_NAMES_IT }));
  return { fixture: () => provoked(poisonedFixture(), refusals), skip: [...skip, ...neverMove(NOBODY_USES)] };
}
