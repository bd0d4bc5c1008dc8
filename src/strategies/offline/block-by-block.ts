import { inject, injectable } from 'inversify';
import { RangeEvents } from '../../events/range-events.js';
import type { MemoryHost } from '../../host/memory-host.js';
import { MAX_NAMED_PFNS, type MigrationReport, type RefusalCount } from '../../migration/migration-report.js';
import { MigrationService } from '../../migration/migration-service.js';
import type { TargetSource } from '../../migration/target-source.js';
import { MIGRATE_SYNC } from '../../mm/migrate-mode.js';
import type { PfnRange } from '../../mm/pfn-range.js';
import type { BlockId } from '../../mm/units.js';
import { migrateList } from '../evacuate.js';
import { ordinaryTargets } from '../ordinary-targets.js';
import type { Job, Manner, OfflineRequest, OfflineResult, OfflineStrategy } from '../strategy.js';
import { type BlockMethod, oneByOne } from './one-by-one.js';
import { nodesWithMemory } from './online-memory.js';
import { leavingPages } from './staying.js';

/**
 * Passes in a row that move nothing before a block is given up. This limit is ours: the kernel has none and goes on until
 * a signal comes (admin-guide/mm/memory-hotplug.rst). Each of them tries every page ten times, over some 10 ms.
 */
export const FRUITLESS_PASSES_MAX = 10;

/** Orders in which tools hand blocks to the kernel. */
const ORDERS: Readonly<Record<string, (a: BlockId, b: BlockId) => number>> = {
  ascending: (a, b) => a - b,
  // chmem and daxctl take the highest block first.
  'highest-first': (a, b) => b - a,
  // A shell's memory*, as in mem-on-off-test.sh: memory100 comes before memory32.
  'by-name': (a, b) => (`memory${a}` < `memory${b}` ? -1 : 1),
};

/**
 * Linux as it is (offline_pages, mm/memory_hotplug.c, 6.12), driven by a loop over sysfs: each block is isolated, emptied
 * and taken offline for itself, so the pages of one may land in the next and move again. `ascending` is by number;
 * `by-name` differs from it only where numbers differ in length.
 */
@injectable()
export class BlockByBlock implements OfflineStrategy {
  readonly name = 'block-by-block';
  readonly about = 'Linux today: one memory block at a time, for as long as it takes';
  readonly modes = Object.keys(ORDERS);
  readonly notes = {
    ascending: 'the lowest block first',
    'highest-first': 'the highest block first, as chmem and daxctl do',
    'by-name': "in the order of a shell's memory*: memory100 before memory32",
  };

  constructor(
    @inject(MigrationService) private readonly service: MigrationService,
    @inject(RangeEvents) private readonly events: RangeEvents,
  ) {}

  run(request: OfflineRequest & Manner): Job<OfflineResult> {
    const { service, events } = this;
    const order = ORDERS[request.mode ?? 'ascending'];
    return oneByOne(this, { service, events }, request, new OfflinePages(service, events), order);
  }
}

/** The loop of offline_pages: scan_movable_pages, and do_migrate_range over the rest of the block, until none is left. */
class OfflinePages implements BlockMethod {
  readonly reports: MigrationReport[] = [];

  constructor(
    private readonly service: MigrationService,
    private readonly events: RangeEvents,
  ) {}

  *empty(range: PfnRange): Job<readonly RefusalCount[]> {
    const { service, events } = this;
    const { host } = service;
    const targets = hotplugTargets(host);
    let fruitless = 0;
    for (let pass = 1; ; pass++) {
      // The kernel keeps per-CPU lists and LRU batches switched off while it does this.
      host.drain();
      const pfns = leavingPages(service, [range]);
      if (pfns.length === 0) return [];
      events.emit({ kind: 'pass-started', pass, mode: MIGRATE_SYNC, pages: pfns.length });
      const report = yield* migrateList(service, { pfns, mode: MIGRATE_SYNC, targets });
      this.reports.push(report);
      const moved = report.migrated + report.freed > 0;
      fruitless = moved ? 0 : fruitless + 1;
      if (fruitless === FRUITLESS_PASSES_MAX) return [...report.refused, endless(pfns)];
      if (moved) continue;
      host.relax();
      yield { step: 'waiting', done: fruitless, total: FRUITLESS_PASSES_MAX };
    }
  }
}

/**
 * alloc_migration_target as do_migrate_range asks it: any node but the page's own, if there is another with memory; and
 * what does not come from zone Movable may not go there.
 */
function hotplugTargets(host: MemoryHost): TargetSource {
  const ownNode = nodesWithMemory(host).length === 1;
  return ordinaryTargets(host, { ownNode, highest: ({ kind }) => (kind === 'Movable' ? kind : 'Normal') });
}

function endless(left: Uint32Array): RefusalCount {
  return {
    handler: 'core',
    reason: 'endless',
    kind: 'retry',
    because:
      `${FRUITLESS_PASSES_MAX} passes in a row moved none of ${left.length} pages; ` +
      'the kernel would go on until a signal stops it',
    pages: left.length,
    pfns: [...left.subarray(0, MAX_NAMED_PFNS)],
  };
}
