import { MIGRATE_MOVABLE } from '../../mm/migratetype.js';
import { PG_MOVABLE_OPS, PG_OFFLINE } from '../../mm/page-flags.js';
import { NO_PAGE, type Pfn } from '../../mm/units.js';
import { fillContents } from '../../sim/contents.js';
import { addToBalloon, createBalloon } from '../../sim/drivers/balloon.js';
import { giveUpPage } from '../../sim/drivers/books.js';
import {
  DRIVER_DEVICE_REFUSES,
  DRIVER_LOCKED,
  DRIVER_PARTS_WITH_NONE,
  type DriverTrouble,
  setTrouble,
} from '../../sim/drivers/driver.js';
import { addToZspool, createZspool, zsMalloc } from '../../sim/drivers/zsmalloc.js';
import { addDriverPage, createDriverPool } from '../../sim/files.js';
import { pin } from '../../sim/holds.js';
import { allocatePages, putPage } from '../../sim/page-allocator.js';
import { removeFromCache } from '../../sim/page-cache.js';
import { unpin } from '../../sim/writeback.js';
import { type Skip } from '../conformance.js';
import { type PageTypeOptions } from '../page-types/page-type-conformance.js';
import { type Fixture, type Provocation } from '../page-types/world.js';
import { CPU, FOR_EVER, Pages } from './make-pages.js';
import { type Provoked, provoked } from './ready-made.js';
import { settle, smallMachine } from './small-machine.js';

/** A size class whose zspages have three pages. */
const THREE_PAGES = 1;
const NOT_ON_LRU = "no LRU ever has a driver's page";
const NOT_WRITTEN = "no disk and no swap stands behind a driver's page";
const NOT_MAPPED = "no page table maps a driver's page";
const CANNOT_BE: readonly Skip[] = [
  { name: 'a page off the LRU is refused, and nothing changes', because: NOT_ON_LRU },
  { name: 'a page off the LRU goes once it is back on it', because: NOT_ON_LRU },
  { name: 'a page under writeback is refused, and nothing changes', because: NOT_WRITTEN },
  { name: 'a page under writeback goes once its write has completed', because: NOT_WRITTEN },
  { name: 'a dirty page can be written back from its new place', because: NOT_WRITTEN },
  { name: 'migrate keeps the swap slot', because: NOT_WRITTEN },
  { name: 'a swap entry leads to the new page', because: NOT_WRITTEN },
  { name: 'migrate moves every mapping', because: NOT_MAPPED },
  { name: 'migrate moves all mappings of a page that several processes share', because: NOT_MAPPED },
  { name: 'every CPU finds the new page, also one that knew the old', because: NOT_MAPPED },
  { name: 'migrate moves buffers', because: 'buffers belong to filesystems' },
];

/**
 * Pages of a driver's pool, which no LRU and no page table has, in both zones, and one that a balloon gave away.
 *
 * @example
 * for (const { pfn, state } of movableOpsFixture().pages) console.log(formatPfn(pfn), state);
 */
export function movableOpsFixture(): Fixture {
  const m = smallMachine();
  const pages = new Pages(m);
  const pool = createDriverPool(m, 4);
  const inPool = (page: number, highest: 'Normal' | 'Movable', flags = PG_MOVABLE_OPS): Pfn => {
    const pfn = allocatePages(m, CPU, { order: 0, type: MIGRATE_MOVABLE, node: 0, highest, mark: 'min' });
    if (pfn === NO_PAGE) throw new Error('no page for the driver');
    fillContents(m, pfn, page, 99);
    addDriverPage(m, pfn, pool, page, flags);
    return pfn;
  };
  pages.add("in a driver's pool", inPool(0, 'Movable'));
  pages.add("in a driver's pool, in a kernel zone", inPool(1, 'Normal'));
  pages.add('given away by a balloon', inPool(3, 'Movable', PG_MOVABLE_OPS | PG_OFFLINE));
  const leaving = inPool(2, 'Movable');
  settle(m);
  const released: Provocation = {
    pfn: leaving,
    from: 'refuses',
    // The driver lets go of the page while somebody else still looks at it.
    provoke: () => {
      pin(m, leaving, FOR_EVER);
      for (let references = removeFromCache(m, leaving); references > 0; references--) putPage(m, CPU, leaving);
    },
    relieve: () => void unpin(m, CPU, leaving),
  };
  return { machine: m, pages: pages.list, refusals: { released } };
}

/**
 * Pages of drivers with books of their own: a balloon, and a pool of zspages, in both zones, with objects in them.
 *
 * @example
 * for (const { pfn, state } of driversFixture().pages) console.log(formatPfn(pfn), state);
 */
export function driversFixture(): Fixture {
  const m = smallMachine();
  const pages = new Pages(m);
  const taken = (highest: 'Normal' | 'Movable'): Pfn => {
    const pfn = allocatePages(m, CPU, { order: 0, type: MIGRATE_MOVABLE, node: 0, highest, mark: 'min' });
    if (pfn === NO_PAGE) throw new Error('no page for the driver');
    fillContents(m, pfn, pfn, 99);
    return pfn;
  };
  const add = (state: string, put: typeof addToBalloon, driver: number, page: number, zone: 'Normal' | 'Movable') => {
    const pfn = taken(zone);
    put(m, pfn, driver, page);
    return pages.add(state, pfn);
  };
  const balloon = createBalloon(m, 4);
  add('given away by a balloon', addToBalloon, balloon, 0, 'Movable');
  add('given away by a balloon, in a kernel zone', addToBalloon, balloon, 1, 'Normal');
  const pool = createZspool(m, 3, THREE_PAGES);
  add('the first of a zspage', addToZspool, pool, 0, 'Movable');
  add('the second of a zspage, in a kernel zone', addToZspool, pool, 1, 'Normal');
  add('the last of a zspage', addToZspool, pool, 2, 'Movable');
  while (zsMalloc(m, pool) >= 0);
  const other = createBalloon(m, 2);
  const leaving = taken('Movable');
  addToBalloon(m, leaving, other, 0);
  const kept = taken('Movable');
  addToBalloon(m, kept, other, 1);
  settle(m);
  const troubled = (trouble: DriverTrouble): Provocation => ({
    pfn: kept,
    provoke: () => setTrouble(m, other, trouble, true),
    relieve: () => setTrouble(m, other, trouble, false),
  });
  const released: Provocation = {
    pfn: leaving,
    from: 'refuses',
    provoke: () => {
      pin(m, leaving, FOR_EVER);
      giveUpPage(m, CPU, leaving);
    },
    relieve: () => void unpin(m, CPU, leaving),
  };
  const refusals = {
    released,
    busy: troubled(DRIVER_LOCKED),
    keeps: troubled(DRIVER_PARTS_WITH_NONE),
    'device-refuses': troubled(DRIVER_DEVICE_REFUSES),
  };
  return { machine: m, pages: pages.list, refusals };
}

/**
 * For page types that move drivers' pages by the drivers' own callbacks (PageView.movableOps). Causes: `released`; `busy`,
 * somebody has the driver's lock; `keeps`, the driver does not part with its pages; `device-refuses`, its device does not
 * take another page, now or later.
 *
 * @example
 * const causes: Provoked<'released' | 'busy'> = { gone: 'released', later: 'busy' };
 * const options = driversPages(causes);
 * options.fixture().pages.length > 0; // true
 */
export function driversPages(refusals: Provoked<'released' | 'busy' | 'keeps' | 'device-refuses'>): PageTypeOptions {
  return { fixture: () => provoked(driversFixture(), refusals), skip: CANNOT_BE };
}

/**
 * For page types that claim pages of a driver. Cause: `released`, the driver lets go of a page while somebody else still
 * looks at it.
 *
 * @example
 * import movableOps from 'vacate/plugins/movable-ops';
 *
 * const cases = pageTypeConformance(movableOps, driverPages());
 * for (const { name, run } of cases) it(name, run);
 */
export function driverPages(refusals: Provoked<'released'> = { released: 'released' }): PageTypeOptions {
  return { fixture: () => provoked(movableOpsFixture(), refusals), skip: CANNOT_BE };
}
