import { PageEvents } from '../../src/events/page-events.js';
import type { PageType } from '../../src/handler/define-page-type.js';
import { MigrationService } from '../../src/migration/migration-service.js';
import { MIGRATE_SYNC } from '../../src/mm/migrate-mode.js';
import { firstDifference, snapshotOf } from './snapshot.js';
import { type ConformanceCase, called, check, checkWhole, type Open, on } from './world.js';

export const IN_BULK = 'a page that is moved in bulk arrives as one that the handler moved, to the byte';

/** A type that says it is plain must be: what a host does for many such pages at a time is what its handler does for each. */
export function bulkCases({ plain }: PageType, open: Open): ConformanceCase[] {
  if (plain === undefined) return [];
  return [
    on(open, IN_BULK, (first) => {
      for (const [at, page] of first.pages.entries()) {
        const world = open();
        const reference = open();
        const pfns = Uint32Array.of(world.pages[at]!.pfn);
        const { host, plugin } = world;
        const inBulk = new MigrationService(host, [plugin], new PageEvents(), 'batch');
        const reports = [inBulk, reference.service].map((service) => service.migrate({ pfns, mode: MIGRATE_SYNC }));
        check(reports[0]!.migrated === reports[1]!.migrated, `only one of both ways moves ${called(page)}`);
        const difference = firstDifference(world.machine, snapshotOf(reference.machine));
        check(difference === null, `both ways leave ${called(page)} differently behind: ${difference}`);
        checkWhole(world);
      }
    }),
  ];
}
