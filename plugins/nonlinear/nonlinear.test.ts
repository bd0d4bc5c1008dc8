import { PG_ANON, PG_LRU, PG_NONLINEAR, PG_UPTODATE } from 'vacate/handler';
import { type Fixture, nonlinearFixture, openWorld, pageThatIs, pageTypeConformance } from 'vacate/testing';
import { PageEvents } from '../../src/events/page-events.js';
import type { PageType } from '../../src/handler/define-page-type.js';
import type { MigrationReport } from '../../src/migration/migration-report.js';
import { MigrationService } from '../../src/migration/migration-service.js';
import { MIGRATE_SYNC } from '../../src/mm/migrate-mode.js';
import { unmapVma, VM_NONLINEAR } from '../../src/sim/address-space.js';
import { SimHost } from '../../src/sim/sim-host.js';
import fileBacked from '../file-backed/index.js';
import nonlinear from './index.js';

/** Why a case that needs a page to move, or to be refused for something else, cannot pass here. */
const because = 'it refuses every page that it claims, before anybody looks for another reason, so none ever moves';
const skip = [
  'isolate takes a page off its list, with one reference',
  'isolate, then putback, leaves every byte of the machine as it was',
  'a locked page is refused, and nothing changes',
  'a locked page goes once it is unlocked',
  'a page under writeback is refused, and nothing changes',
  'a page under writeback goes once its write has completed',
  'a pinned page is refused, and nothing changes',
  'a pinned page goes once the pin is dropped',
  'a page off the LRU is refused, and nothing changes',
  'a page off the LRU goes once it is back on it',
  'a page that another migrator has in hand is refused, and nothing changes',
  'a page that another migrator has in hand goes once it is put back',
  'a page that has nowhere to go is refused, and nothing changes',
  'a page that has nowhere to go goes once there is room',
  'migrate leaves the old page free and every invariant whole',
  'migrate moves every mapping',
  'migrate moves all mappings of a page that several processes share',
  'migrate re-points the slot, and leaves its tags',
  'migrate carries every flag',
  'migrate carries every reference',
  'migrate copies the bytes',
  'migrate moves buffers',
  'migrate keeps the swap slot',
  'every CPU finds the new page, also one that knew the old',
  'a swap entry leads to the new page',
  'a dirty page can be written back from its new place',
  'a page goes there and back',
  'a page that is pinned at the last moment stays, as it was',
].map((name) => ({ name, because }));

describe('nonlinear', () => {
  for (const { name, run } of pageTypeConformance(nonlinear, { fixture: nonlinearFixture, skip })) it(name, run);

  it.each([
    ['a page of a file with a nonlinear mapping', PG_NONLINEAR | PG_LRU | PG_UPTODATE, true],
    ['a private copy of such a page', PG_NONLINEAR | PG_ANON | PG_LRU, false],
    ['a page of any other file', PG_LRU | PG_UPTODATE, false],
  ])('of %s: claims is right', (_page, flags, claimed) => {
    const { handler } = openWorld(nonlinear, nonlinearFixture());
    expect(handler.claims(flags)).toBe(claimed);
  });

  it('is asked before file-backed, wherever it stands in the list', () => {
    const fixture = nonlinearFixture();
    const pfn = pageThatIs('unmapped', fixture);
    for (const plugins of [[nonlinear, fileBacked], [fileBacked, nonlinear]]) // biome-ignore format: pairs
      expect(migrateWith(plugins, fixture, pfn).refused).toMatchObject([{ handler: 'nonlinear', kind: 'permanent' }]);
  });

  it('spares file-backed the attempt, which finds one mapping too few and cannot say why', () => {
    const fixture = nonlinearFixture();
    const pfn = pageThatIs('mapped elsewhere than reverse mapping looks', fixture);
    const report = migrateWith([fileBacked], fixture, pfn);
    expect(report.refused).toMatchObject([{ handler: 'core', reason: 'still-mapped', kind: 'retry' }]);
    expect(new SimHost(fixture.machine).validate()).toEqual([]);
  });

  it('hands the pages over to file-backed when the last nonlinear mapping is gone', () => {
    const fixture = nonlinearFixture();
    const { machine } = fixture;
    machine.vmaFlags.forEach((flags, vma) => {
      if ((flags & VM_NONLINEAR) !== 0) unmapVma(machine, 0, vma);
    });
    const pfn = pageThatIs('mapped by a linear mapping only', fixture);
    expect(migrateWith([nonlinear, fileBacked], fixture, pfn)).toMatchObject({ migrated: 1, refused: [] });
    expect(new SimHost(machine).validate()).toEqual([]);
  });
});

function migrateWith(plugins: readonly PageType[], { machine }: Fixture, pfn: number): MigrationReport {
  const service = new MigrationService(new SimHost(machine), plugins, new PageEvents());
  return service.migrate({ pfns: Uint32Array.of(pfn), mode: MIGRATE_SYNC, sparedOrder: 11 });
}
