import { PG_HWPOISON, PG_MOVABLE_OPS, PG_OFFLINE } from 'vacate/handler';
import {
  firstDifference,
  offlinePages,
  offlinePagesFixture,
  openWorld,
  pageThatIs,
  pageTypeConformance,
  snapshotOf,
} from 'vacate/testing';
import { pin } from '../../src/sim/holds.js';
import offlinePagesType from './index.js';

const NORMAL = 0;
const MOVABLE = 1;

describe('offline-pages', () => {
  for (const { name, run } of pageTypeConformance(offlinePagesType, offlinePages())) it(name, run);

  it.each([
    ['a page that is out of service', PG_OFFLINE, true],
    ["a balloon's that it can move", PG_OFFLINE | PG_MOVABLE_OPS, false],
    ['one with a memory error', PG_OFFLINE | PG_HWPOISON, false],
  ])('of %s: claims is right', (_page, flags, claimed) => {
    const { handler } = openWorld(offlinePagesType, offlinePagesFixture());
    expect(handler.claims(flags)).toBe(claimed);
  });

  it('may stay once its driver was told and has let go, and not before', () => {
    const world = openWorld(offlinePagesType, offlinePagesFixture());
    const { host, machine, service } = world;
    const [virtioMem, balloon] = ['unplugged by virtio-mem', 'held by a balloon that does not listen'].map((state) =>
      pageThatIs(state, world),
    );
    const before = snapshotOf(machine);
    expect(service.staysWhenOffline(virtioMem!)).toBe(false);
    host.goingOffline(MOVABLE);
    expect([virtioMem, balloon].map((pfn) => service.staysWhenOffline(pfn!))).toEqual([true, false]);
    expect(host.validate()).toEqual([]);
    host.isolateRange({ start: 512, end: 1024 });
    expect(host.offlineBlock(MOVABLE)).toBe(false);
    host.undoIsolateRange({ start: 512, end: 1024 });
    host.cancelOffline(MOVABLE);
    expect(firstDifference(machine, before)).toBeNull();
  });

  it('stays its driver’s when somebody else holds it besides', () => {
    const world = openWorld(offlinePagesType, offlinePagesFixture());
    const { host, machine, service } = world;
    const pfn = pageThatIs('unplugged by virtio-mem', world);
    pin(machine, pfn, Number.POSITIVE_INFINITY);
    host.goingOffline(MOVABLE);
    expect([machine.count[pfn], service.staysWhenOffline(pfn)]).toEqual([2, false]);
    expect(host.validate()).toEqual([]);
  });

  it('goes offline with its block, and is its driver’s again when that is back', () => {
    const world = openWorld(offlinePagesType, offlinePagesFixture());
    const { host, machine, service } = world;
    const pfn = pageThatIs('unplugged by virtio-mem, in a kernel zone', world);
    host.goingOffline(NORMAL);
    host.isolateRange({ start: 0, end: 512 });
    expect(host.offlineBlock(NORMAL)).toBe(true);
    expect(host.validate()).toEqual([]);
    host.onlineBlock(NORMAL);
    expect([machine.flags[pfn], machine.count[pfn], host.pages.inCache(pfn)]).toEqual([PG_OFFLINE, 1, true]);
    expect(service.handlers.refusal(service.judge(pfn)).id).toBe('logically-offline');
    expect(host.validate()).toEqual([]);
  });
});
