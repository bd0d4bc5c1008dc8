import { describe, expect, it } from '@jest/globals';
import { PageEvents } from '../../../src/events/page-events.js';
import { HandlerTable } from '../../../src/migration/handler-table.js';
import type { MigrationReport } from '../../../src/migration/migration-report.js';
import { MigrationRun, type Progress } from '../../../src/migration/migration-run.js';
import { MIGRATE_SYNC } from '../../../src/mm/migrate-mode.js';
import { unmapVma } from '../../../src/sim/address-space.js';
import { tlbLookup } from '../../../src/sim/tlb.js';
import { PreemptedHost } from '../../interleave/preempted-host.js';
import { VERBS, type VerbName } from '../../interleave/verbs.js';
import { SHIPPED } from '../../interleave/world.js';
import { expectSound, serviceOf, settle, smallMachine } from '../sim/small-machine.js';
import { CAST, expectContents, N, releaseDriverPage, type World } from './cast.js';

/*
 * What the explorer (test/interleave) has found between two verbs of a migration, each with the shortest path to it.
 */

/** What others do; what it returns, they do when the migration is over. */
type Meanwhile = (world: World) => (() => void) | undefined;

/** A world of pages, and its migration with `meanwhile` before the first of the verbs of that name. */
function migrateWith(name: string, before: VerbName, meanwhile: Meanwhile): [World, MigrationReport] {
  const m = smallMachine({ pages: 1024, swap: 64, cpus: 2 });
  const world = CAST[name]!(m);
  // Read by CPU 1, which has its translations from then on.
  expectContents(world);
  settle(m);
  let waiting = true;
  let afterwards: (() => void) | undefined;
  const host = new PreemptedHost(m, {
    before: (verb) => {
      if (!waiting || VERBS[verb] !== before) return;
      waiting = false;
      afterwards = meanwhile(world);
    },
    after: () => {},
  });
  const request = { pfns: Uint32Array.from(world.frames).sort(), mode: MIGRATE_SYNC } as const;
  const steps = new MigrationRun(host, new HandlerTable(SHIPPED, host.pages), new PageEvents(), request).steps();
  for (;;) {
    const step = steps.next();
    if (step.done !== true) continue;
    expect(waiting).toBe(false);
    afterwards?.();
    settle(m);
    expectSound(m);
    return [world, step.value];
  }
}

describe('isolate', () => {
  it('leaves a page alone that its driver has freed since it was asked about', () => {
    // CPU0 cond_resched(); CPU1 driver_free(page 0); CPU0 isolate_movable_page(page 0)
    const [, report] = migrateWith('driver pages', 'isolate_movable_page', (world) => {
      releaseDriverPage(world, 0);
      return undefined;
    });
    expect(report.migrated).toBe(N - 1);
  });

  it('leaves a driver’s page alone that another migrator has taken since it was asked about', () => {
    // CPU1 the other migrator, up to folio_migrate_mapping(page 0); CPU0 isolate_movable_page(page 0)
    const [world, report] = migrateWith('driver pages', 'isolate_movable_page', ({ m, frames }) => {
      const other = serviceOf(m).service.steps({ pfns: Uint32Array.from(frames).sort(), mode: MIGRATE_SYNC });
      for (let phase = ''; phase !== 'move'; ) phase = (other.next().value as Progress).phase;
      return () => {
        while (other.next().done !== true);
      };
    });
    expect(report.migrated).toBe(0);
    expectContents(world);
  });
});

describe('unmap', () => {
  it('leaves no translation of what is unmapped for good before the shootdown', () => {
    // CPU0 try_to_migrate(page 0); CPU1 munmap(page 0); CPU1 load(page 0)
    migrateWith('anonymous, one mapping', 'try_to_unmap_flush', ({ m, tasks }) => {
      const { mm, vma, start } = tasks[0]!;
      expect(tlbLookup(m, 1, mm, start)).not.toBe(0);
      unmapVma(m, 1, vma);
      for (let page = 0; page < N; page++) expect(tlbLookup(m, 1, mm, start + page)).toBe(0);
      return undefined;
    });
  });
});
