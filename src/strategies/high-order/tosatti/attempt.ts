import type { MigrationReport } from '../../../migration/migration-report.js';
import type { MigrationRequest } from '../../../migration/migration-run.js';
import type { MigrationService } from '../../../migration/migration-service.js';
import type { TargetSource } from '../../../migration/target-source.js';
import { MIGRATE_ASYNC } from '../../../mm/migrate-mode.js';
import type { Order, Pfn } from '../../../mm/units.js';
import type { ZoneShape } from '../../../mm/zone.js';
import type { Job } from '../../strategy.js';
import { PageTally } from '../page-tally.js';
import { HazardReport } from './hazards.js';
import { REASONS, type Reason } from './movable.js';
import { PostedHost } from './posted-host.js';
import type { Deviations } from './switches.js';

/** Pages that are dealt with together, include/linux/swap.h. */
const SWAP_CLUSTER_MAX = 32;

/** What the calls of one run share, whichever zone they are for. */
export class Attempt {
  readonly hazards = new HazardReport();
  readonly refusals = new PageTally<Reason>('tosatti', REASONS);
  readonly reports: MigrationReport[] = [];
  readonly host: PostedHost;
  /** Null if moves go as the protocol has them. */
  readonly #deviating: PostedHost | null;
  readonly #refused = new Set<Pfn>();

  constructor(
    readonly service: MigrationService,
    readonly order: Order,
    readonly on: Deviations,
  ) {
    this.host = new PostedHost(service.host, on, this.hazards);
    this.#deviating = Object.values(on).some(Boolean) ? this.host : null;
  }

  zone(zone: number): ZoneShape {
    return this.host.layout.zones[zone]!;
  }

  /** Counts a page once, however often it stands in the way. */
  refuse(reason: Reason, pfn: Pfn): void {
    if (this.#refused.has(pfn)) return;
    this.#refused.add(pfn);
    this.refusals.add(reason, pfn);
  }

  /**
   * So many pages are looked at before they are moved. As posted, each moves before the next one is looked at, and what
   * goes wrong often does so because of that; without a switch it makes no difference, and is quicker.
   */
  get pagesAtOnce(): number {
    return this.#deviating === null ? SWAP_CLUSTER_MAX : 1;
  }

  /** Moves pages, ascending: one pass, nothing is waited for. The report says what came of them. */
  *move(pfns: Uint32Array, targets: TargetSource): Job<MigrationReport> {
    const { service } = this;
    const request: MigrationRequest = { pfns, mode: MIGRATE_ASYNC, passes: 1, targets };
    const steps = service.steps(request, this.#deviating ?? service.host);
    try {
      for (;;) {
        const step = steps.next();
        if (step.done === true) {
          this.reports.push(step.value);
          return step.value;
        }
        yield { step: 'migrating', done: step.value.settled, total: pfns.length };
      }
    } finally {
      steps.return(undefined as never);
    }
  }
}
