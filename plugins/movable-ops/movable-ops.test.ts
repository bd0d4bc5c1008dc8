import { PG_ISOLATED, PG_LRU, PG_MOVABLE_OPS, PG_OFFLINE, PG_UPTODATE } from 'vacate/handler';
import {
  driverPages,
  firstDifference,
  isFree,
  movableOpsFixture,
  openWorld,
  pageThatIs,
  pageTypeConformance,
  runWith,
  snapshotOf,
} from 'vacate/testing';
import { putPage } from '../../src/sim/page-allocator.js';
import { removeFromCache } from '../../src/sim/page-cache.js';
import movableOps from './index.js';
import { RELEASED } from './refusals.js';

describe('movable-ops', () => {
  for (const { name, run } of pageTypeConformance(movableOps, { ...driverPages(), fixture: movableOpsFixture }))
    it(name, run);

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
