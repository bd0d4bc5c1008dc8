import { inject, injectable } from 'inversify';
import { RangeEvents } from '../../events/range-events.js';
import {
  type MigrationReport,
  mergeRefusals,
  type RefusalCount,
  RefusalTally,
} from '../../migration/migration-report.js';
import { MigrationService } from '../../migration/migration-service.js';
import { blockRange } from '../../mm/memory-block.js';
import { NR_MAX_MIGRATE_PASSES } from '../../mm/migrate-mode.js';
import { contains, type PfnRange } from '../../mm/pfn-range.js';
import { type BlockId, formatPages, MAX_PAGE_ORDER } from '../../mm/units.js';
import { announced } from '../announced.js';
import { evacuate, isVacant, usedPages } from '../evacuate.js';
import type { Job, OfflineRequest, OfflineResult, OfflineStrategy } from '../strategy.js';
import { askRange } from './ask-range.js';
import { checkedBlocks } from './check-blocks.js';
import { offlineResult } from './offline-result.js';

/**
 * Takes memory blocks offline, all or none. Every page is asked before anything moves; the whole range is isolated before
 * the first move, so no page lands where it would have to move again; a refusal that only shows on the way undoes the
 * isolation. Pages that had moved by then stay where they are: they are not lost, and moving them back would be the
 * second move that this strategy rules out.
 */
@injectable()
export class IsolateFirst implements OfflineStrategy {
  readonly name = 'isolate-first';

  constructor(
    @inject(MigrationService) private readonly service: MigrationService,
    @inject(RangeEvents) private readonly events: RangeEvents,
  ) {}

  run({ blocks }: OfflineRequest): Job<OfflineResult> {
    const { service, events } = this;
    const { blockPages } = service.host.layout;
    const ascending = checkedBlocks(service.host, blocks);
    const ranges = ascending.map((block) => blockRange(block, blockPages));
    const attempt = new Attempt(service, events, this.name, ascending, ranges);
    return announced(events, { frontEnd: 'offline', strategy: this.name, ranges }, attempt.run());
  }
}

/** One run over one set of blocks. */
class Attempt {
  readonly #reports: MigrationReport[] = [];
  readonly #isolated: PfnRange[] = [];
  readonly #reclaimedBefore: number;

  constructor(
    private readonly service: MigrationService,
    private readonly events: RangeEvents,
    private readonly strategy: string,
    private readonly blocks: readonly BlockId[],
    private readonly ranges: readonly PfnRange[],
  ) {
    this.#reclaimedBefore = service.host.reclaim.counters.reclaimed;
  }

  *run(): Job<OfflineResult> {
    const { host } = this.service;
    host.drain();
    const early = yield* this.#ask();
    if (early.pages > 0) return this.#refused(this.#tallyOf(early.tallies));
    const missing = this.#missingRoom();
    if (missing !== null) return this.#refused(this.#tallyOf([]), [missing]);
    let vacated = false;
    try {
      this.#isolate();
      yield { step: 'isolating', done: this.ranges.length, total: this.ranges.length };
      this.#reports.push(yield* evacuate(this.service, this.ranges, MAX_PAGE_ORDER + 1));
      host.drain();
      vacated = this.ranges.every((range) => isVacant(host.columns.flags, range));
    } finally {
      if (!vacated) this.#undo();
    }
    if (!vacated) return this.#refused(this.#stayed());
    for (const block of this.blocks) {
      host.offlineBlock(block);
      this.events.emit({ kind: 'block-state', block, state: host.blockState(block) });
    }
    return this.#result([], []);
  }

  /**
   * Asks every page whether it would go. What may go away by itself (a lock, a write, a pin) is given as many chances as
   * a migration would give it; nothing has been touched meanwhile.
   */
  *#ask(): Job<{ pages: number; tallies: RefusalTally[] }> {
    const { host, handlers } = this.service;
    const total = this.ranges.length;
    for (let pass = 1; ; pass++) {
      const tallies: RefusalTally[] = [];
      for (const range of this.ranges) {
        tallies.push(askRange(this.service, range));
        yield { step: 'scanning', done: tallies.length, total };
      }
      const pages = tallies.reduce((sum, tally) => sum + tally.pages, 0);
      const hopeless = tallies.some((tally) => tally.hasPermanent(handlers));
      if (pages === 0 || hopeless || pass === NR_MAX_MIGRATE_PASSES) return { pages, tallies };
      host.relax();
      host.drain();
      yield { step: 'waiting', done: pass, total: NR_MAX_MIGRATE_PASSES };
    }
  }

  /** Null if everything has room outside the ranges; else how many pages are missing. */
  #missingRoom(): RefusalCount | null {
    const { host } = this.service;
    const toMove = usedPages(host.columns.flags, this.ranges).length;
    const room = host.roomOutside(this.ranges).pages;
    if (toMove <= room) return null;
    const missing = toMove - room;
    return {
      handler: 'core',
      reason: 'no-room',
      kind: 'retry',
      because:
        `${toMove} pages (${formatPages(toMove)}) must move and ${room} free pages lie outside the range: ` +
        `${missing} (${formatPages(missing)}) are missing; free that much, add swap, or take fewer blocks`,
      pages: missing,
      pfns: [],
    };
  }

  #isolate(): void {
    for (const range of this.ranges) {
      this.service.host.isolateRange(range);
      this.#isolated.push(range);
      this.events.emit({ kind: 'range-isolated', range });
    }
  }

  #undo(): void {
    for (const range of this.#isolated.reverse()) {
      this.service.host.undoIsolateRange(range);
      this.events.emit({ kind: 'range-isolation-undone', range });
    }
  }

  /** What stands in the ranges after a run that did not empty them, by block; what the service was told comes first. */
  #stayed(): RefusalCount[][] {
    const told = mergeRefusals(this.#reports.map((report) => report.refused));
    return this.ranges.map((range) => {
      const here = told
        .map((count) => ({ ...count, pfns: count.pfns.filter((pfn) => contains(range, pfn)) }))
        .filter((count) => count.pfns.length > 0);
      return here.length > 0 ? here : askRange(this.service, range).counts(this.service.handlers);
    });
  }

  #tallyOf(tallies: readonly RefusalTally[]): RefusalCount[][] {
    return this.blocks.map((_, i) => tallies[i]?.counts(this.service.handlers) ?? []);
  }

  #refused(byBlock: readonly RefusalCount[][], overall: readonly RefusalCount[] = []): OfflineResult {
    for (const [i, range] of this.ranges.entries()) {
      const because = [...(byBlock[i] ?? []), ...overall][0]?.because;
      if (because !== undefined) this.events.emit({ kind: 'refused', range, reason: because });
    }
    return this.#result(byBlock, overall);
  }

  #result(byBlock: readonly RefusalCount[][], overall: readonly RefusalCount[]): OfflineResult {
    return offlineResult(this.service.host, {
      strategy: this.strategy,
      blocks: this.blocks,
      reports: this.#reports,
      refusals: new Map(this.blocks.map((block, i) => [block, byBlock[i] ?? []])),
      overall,
      reclaimedBefore: this.#reclaimedBefore,
    });
  }
}
