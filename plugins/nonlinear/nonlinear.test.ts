import { PG_ANON, PG_LRU, PG_NONLINEAR, PG_UPTODATE } from 'vacate/handler';
import { type Fixture, neverMove, nonlinearFixture, openWorld, pageThatIs, pageTypeConformance } from 'vacate/testing';
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
const skip = neverMove(
  'it refuses every page that it claims, before anybody looks for another reason, so none ever moves',
);

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
