import { PG_ISOLATED, PG_LRU, PG_MOVABLE_OPS, PG_OFFLINE, PG_UPTODATE } from 'vacate/handler';
import {
  driversFixture,
  driversPages,
  firstDifference,
  isFree,
  movableOpsFixture,
  openWorld,
  pageThatIs,
  pageTypeConformance,
  runWith,
  snapshotOf,
} from 'vacate/testing';
import { deflate, inflate } from '../../src/sim/drivers/balloon.js';
import { DRIVER_PARTS_WITH_NONE, driverOf, setTrouble } from '../../src/sim/drivers/driver.js';
import { wordOfObject, zsMap, zsUnmap } from '../../src/sim/drivers/zsmalloc.js';
import type { Machine } from '../../src/sim/machine.js';
import { putPage } from '../../src/sim/page-allocator.js';
import { diskPlaceOf, removeFromCache, replaceInSlot } from '../../src/sim/page-cache.js';
import movableOps from './index.js';
import { DRIVER_BUSY, RELEASED } from './refusals.js';

describe('movable-ops', () => {
  const refusals = { released: 'released', 'driver-busy': 'busy', 'driver-refuses': 'device-refuses' } as const;
  for (const { name, run } of pageTypeConformance(movableOps, driversPages(refusals))) it(name, run);

  it('moves pages of a driver that only keeps a table of them', () => {
    const world = openWorld(movableOps, movableOpsFixture());
    for (const { pfn } of world.pages) expect(runWith(world, [pfn], 'isolate', () => {}).migrated).toBe(1);
    expect(world.host.validate()).toEqual([]);
  });

  it('tells the host of a balloon which page it has now', () => {
    const world = openWorld(movableOps, driversFixture());
    const { host, machine } = world;
    const pfn = pageThatIs('given away by a balloon', world);
    const at = machine.index[pfn]!;
    expect(diskPlaceOf(machine, at)).toBe(pfn + 1);
    const { targets } = runWith(world, [pfn], 'isolate', () => {});
    expect(diskPlaceOf(machine, at)).toBe(targets[0]! + 1);
    replaceInSlot(machine, targets[0]!, pfn);
    const said = expect.stringMatching(/the host has pfn:0x[0-9a-f]+, and the balloon pfn:0x/);
    expect(host.validate()).toContainEqual(said);
  });

  it('leaves every handle leading to its object, also one that lies across two pages', () => {
    const world = openWorld(movableOps, driversFixture());
    const { machine } = world;
    const zspage = world.pages.filter(({ state }) => state.includes('zspage')).map(({ pfn }) => pfn);
    const pool = driverOf(machine, zspage[0]!);
    const handles = [0, 1, 2, 3];
    const wordsOf = () => handles.map((handle) => wordOf(machine, pool, handle));
    const before = wordsOf();
    const places = handles.map((handle) => whereIs(machine, pool, handle));
    const { migrated } = runWith(world, zspage, 'isolate', () => {});
    expect(migrated).toBe(3);
    expect(wordsOf()).toEqual(before);
    expect(handles.map((handle) => whereIs(machine, pool, handle)).some((pfn, i) => pfn === places[i])).toBe(false);
    expect(world.host.validate()).toEqual([]);
  });

  it.each([
    ['the page in which it begins', 1, 'the first of a zspage'],
    ['the page in which it ends', 1, 'the second of a zspage, in a kernel zone'],
  ])('waits while somebody has an object mapped, for %s', (_where, handle, state) => {
    const world = openWorld(movableOps, driversFixture());
    const { machine, host } = world;
    const pfn = pageThatIs(state, world);
    const pool = driverOf(machine, pfn);
    zsMap(machine, pool, handle);
    expect(runWith(world, [pfn], 'isolate', () => {}).refused).toMatchObject([
      { reason: 'driver-busy', kind: 'retry' },
    ]);
    zsUnmap(machine, pool, handle);
    expect(runWith(world, [pfn], 'isolate', () => {}).migrated).toBe(1);
    expect(host.validate()).toEqual([]);
  });

  it('leaves a page where it is that its driver does not part with', () => {
    const world = openWorld(movableOps, driversFixture());
    const { machine, handler, host } = world;
    const pfn = pageThatIs('given away by a balloon', world);
    setTrouble(machine, driverOf(machine, pfn), DRIVER_PARTS_WITH_NONE, true);
    const before = snapshotOf(machine);
    expect(handler.isolate(pfn)).toBe(DRIVER_BUSY);
    expect(firstDifference(machine, before)).toBeNull();
    expect(host.validate()).toEqual([]);
  });

  it('is no hindrance to a balloon, which inflates and deflates around a page in hand', () => {
    const world = openWorld(movableOps, driversFixture());
    const { machine, host } = world;
    const pfn = pageThatIs('given away by a balloon', world);
    const balloon = driverOf(machine, pfn);
    const report = runWith(world, [pfn], 'isolate', () => {
      expect(inflate(machine, 1, balloon, 9)).toBe(2);
      expect(deflate(machine, 1, balloon, 9)).toBe(3);
    });
    expect(report).toMatchObject({ migrated: 1, refused: [] });
    expect(deflate(machine, 1, balloon, 9)).toBe(1);
    expect(host.validate()).toEqual([]);
  });

  it.each([
    ['a page that its driver can move', PG_MOVABLE_OPS, true],
    ['the same, isolated', PG_MOVABLE_OPS | PG_ISOLATED, true],
    ['a page that a balloon holds and nobody can move', PG_OFFLINE, false],
    ['a page of a file', PG_LRU | PG_UPTODATE, false],
  ])('of %s: claims is right', (_page, flags, claimed) => {
    const { handler } = openWorld(movableOps, movableOpsFixture());
    expect(handler.claims(flags)).toBe(claimed);
  });

  it('frees a page that its driver lets go of while it is in hand, and copies nothing', () => {
    const world = openWorld(movableOps, movableOpsFixture());
    const { host, machine } = world;
    const pfn = pageThatIs("in a driver's pool", world);
    const report = runWith(world, [pfn], 'isolate', () => {
      removeFromCache(machine, pfn);
      putPage(machine, 1, pfn);
    });
    expect(report).toMatchObject({ migrated: 0, freed: 1, refused: [] });
    expect(isFree(machine, pfn)).toBe(true);
    expect(host.validate()).toEqual([]);
  });

  it('changes nothing when the driver turns out to have let go', () => {
    const { handler, host, machine, ...fixture } = openWorld(movableOps, movableOpsFixture());
    const pfn = pageThatIs("in a driver's pool", { machine, ...fixture });
    const target = host.allocateTarget(0, pfn, 11);
    removeFromCache(machine, pfn);
    const before = snapshotOf(machine);
    expect(handler.migrate(pfn, target, 0)).toBe(RELEASED);
    expect(firstDifference(machine, before)).toBeNull();
  });
});

/** The page in which an object begins, as its handle says. */
function whereIs(m: Machine, pool: number, handle: number): number {
  const pfn = zsMap(m, pool, handle);
  zsUnmap(m, pool, handle);
  return pfn;
}

/** What stands at the beginning of an object. */
function wordOf(m: Machine, pool: number, handle: number): number {
  return m.contents[whereIs(m, pool, handle) * m.contentWords + wordOfObject(m, pool, handle)]!;
}
