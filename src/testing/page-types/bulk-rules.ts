import { PageEvents } from '../../events/page-events.js';
import type { PageType } from '../../handler/define-page-type.js';
import { MigrationService } from '../../migration/migration-service.js';
import { MIGRATE_SYNC } from '../../mm/migrate-mode.js';
import { check } from '../conformance.js';
import { firstDifference, snapshotOf } from './snapshot.js';
import { called, checkWhole, type Open, on, type PageTypeCase } from './world.js';

const IN_BULK = 'a page that is moved in bulk arrives as one that the handler moved, to the byte';

/** A type that says it is plain must be: what a host does for many such pages at a time is what its handler does for each. */
export function bulkRules({ plain }: PageType, open: Open): PageTypeCase[] {
  if (plain === undefined) return [];
  return [
    on(open, 'plain-is-plain', IN_BULK, (first) => {
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
