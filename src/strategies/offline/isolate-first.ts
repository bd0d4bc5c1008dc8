import { inject, injectable } from 'inversify';
import { RangeEvents } from '../../events/range-events.js';
import type { RefusalTally } from '../../migration/migration-report.js';
import { MigrationService } from '../../migration/migration-service.js';
import { NR_MAX_MIGRATE_PASSES } from '../../mm/migrate-mode.js';
import type { Job, OfflineRequest, OfflineResult, OfflineStrategy } from '../strategy.js';
import { type BlockSet, together } from './block-set.js';

/**
 * Takes memory blocks offline, all or none. Every page is asked before anything moves; the whole range is isolated before
 * the first move, so no page lands where it would have to move again; a refusal that only shows on the way undoes the
 * isolation. Pages that had moved by then stay where they are: they are not lost, and moving them back would be the
 * second move that this strategy rules out.
 */
@injectable()
export class IsolateFirst implements OfflineStrategy {
  readonly name = 'isolate-first';
  readonly about = 'all blocks isolated before the first move, each page moved once, all blocks or none';

  constructor(
    @inject(MigrationService) private readonly service: MigrationService,
    @inject(RangeEvents) private readonly events: RangeEvents,
  ) {}

  run(request: OfflineRequest): Job<OfflineResult> {
    const { service, events, name } = this;
    return together(name, { service, events }, request, (set) => this.#takeOffline(set));
  }

  *#takeOffline(set: BlockSet): Job<OfflineResult> {
    this.service.host.drain();
    const tallies = yield* this.#ask(set);
    if (tallies.some(({ pages }) => pages > 0)) return set.refusedByPages(tallies);
    const missing = set.pagesWithoutRoom;
    if (missing > 0) return set.refusedForRoom(missing);
    let vacated = false;
    try {
      yield* set.isolate();
      vacated = yield* set.evacuate();
    } finally {
      if (!vacated) set.undo();
    }
    return vacated ? set.goOffline() : set.refusedByRest();
  }

  /** What may go away by itself (a lock, a write, a pin) is given as many chances as a migration would give it. */
  *#ask(set: BlockSet): Job<RefusalTally[]> {
    const { host, handlers } = this.service;
    for (let pass = 1; ; pass++) {
      const tallies = yield* set.ask();
      const hopeless = tallies.some((tally) => tally.hasPermanent(handlers));
      if (tallies.every(({ pages }) => pages === 0) || hopeless || pass === NR_MAX_MIGRATE_PASSES) return tallies;
      host.relax();
      host.drain();
      yield { step: 'waiting', done: pass, total: NR_MAX_MIGRATE_PASSES };
    }
  }
}
