import { inject, injectable } from 'inversify';
import { RangeEvents } from '../../events/range-events.js';
import type { MigrationReport, RefusalCount } from '../../migration/migration-report.js';
import { MigrationService } from '../../migration/migration-service.js';
import type { PfnRange } from '../../mm/pfn-range.js';
import { ordinaryTargets } from '../ordinary-targets.js';
import type { Job, Manner, OfflineRequest, OfflineResult, OfflineStrategy } from '../strategy.js';
import { lruPages } from './lru-pages.js';
import { type BlockMethod, oneByOne } from './one-by-one.js';
import { isVacated } from './staying.js';
import { TwoPassMigration } from './two-pass-migration.js';
import { whatStayed } from './what-stayed.js';

/**
 * Rounds of drain, grab, migrate and sleep before a section is given back. The timeout of the tree is not on record; that
 * of its nearest kin is, twenty sweeps over a booked range (Takahashi, January 2004).
 */
export const CAPTURE_ROUNDS_MAX = 20;

/**
 * IBM's page capture (Hansen and others, the "-mhp" tree of 2004): section after section is marked, so that what is free in
 * it and what is freed in it is diverted, and its pages are migrated round after round until none is left or the time is
 * up. Only the section in hand is marked: pages move into sections that are to go later, and then move again.
 *
 * Mode `swap` is the tree as of the summer, whose migration code sent anonymous pages through the swap cache;
 * `migration-cache` is that of October, which needs no swap.
 */
@injectable()
export class PageCapture implements OfflineStrategy {
  readonly name = 'capture';
  readonly about = 'IBM, 2004: sections under capture, one after the other; what is freed in one stays free';
  readonly modes = ['migration-cache', 'swap'];
  readonly notes = {
    'migration-cache': 'the tree of October 2004: anonymous pages need no swap to move',
    swap: 'the tree of the summer of 2004: anonymous pages go through the swap cache',
  };

  constructor(
    @inject(MigrationService) private readonly service: MigrationService,
    @inject(RangeEvents) private readonly events: RangeEvents,
  ) {}

  run(request: OfflineRequest & Manner): Job<OfflineResult> {
    const { service, events } = this;
    return oneByOne(this, { service, events }, request, new Capture(service, events, request.mode === 'swap'));
  }
}

/** capture_page_range: one section, marked already. */
class Capture implements BlockMethod {
  readonly #migration: TwoPassMigration;

  constructor(
    private readonly service: MigrationService,
    events: RangeEvents,
    throughSwap: boolean,
  ) {
    const targets = ordinaryTargets(service.host, { ownNode: true, highest: () => 'Movable' });
    this.#migration = new TwoPassMigration(service, events, { targets, throughSwap });
  }

  get reports(): readonly MigrationReport[] {
    return this.#migration.reports;
  }

  get overall(): readonly RefusalCount[] {
    return this.#migration.rolledBack;
  }

  *empty(range: PfnRange): Job<readonly RefusalCount[]> {
    let told: readonly RefusalCount[] | null = null;
    this.#migration.startOver();
    try {
      told = yield* this.#rounds(range);
      return told;
    } finally {
      if (told === null) this.#migration.undo();
    }
  }

  *#rounds(range: PfnRange): Job<readonly RefusalCount[]> {
    const { host } = this.service;
    const { flags } = host.columns;
    for (let round = 1; ; round++) {
      host.drain();
      const grabbed = lruPages(flags, [range]);
      if (grabbed.length > 0) yield* this.#migration.run(grabbed);
      host.drain();
      if (isVacated(this.service, range)) return [];
      if (round === CAPTURE_ROUNDS_MAX) return whatStayed(this.service, range, (pfn) => this.#migration.whyNot(pfn));
      host.relax();
      yield { step: 'waiting', done: round, total: CAPTURE_ROUNDS_MAX };
    }
  }
}
