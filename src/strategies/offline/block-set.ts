import type { RangeEvents } from '../../events/range-events.js';
import {
  type MigrationReport,
  mergeRefusals,
  type RefusalCount,
  type RefusalTally,
} from '../../migration/migration-report.js';
import type { MigrationService } from '../../migration/migration-service.js';
import { blockRange } from '../../mm/memory-block.js';
import { MIGRATE_SYNC } from '../../mm/migrate-mode.js';
import { contains, type PfnRange } from '../../mm/pfn-range.js';
import { type BlockId, formatPages, MAX_PAGE_ORDER } from '../../mm/units.js';
import { announced } from '../announced.js';
import type { StrategyTools } from '../define-strategy.js';
import { migrateList, usedPages } from '../evacuate.js';
import { nrInUse, nrNotFree } from '../pages-in-use.js';
import type { Job, OfflineRequest, OfflineResult } from '../strategy.js';
import { askRange } from './ask-range.js';
import { checkedBlocks } from './check-blocks.js';
import { offlineResult } from './offline-result.js';
import { isVacated, leavingPages, tellDrivers, tellDriversOfTheRest } from './staying.js';

/**
 * The job of a strategy that takes the blocks of a request together, in its own way.
 *
 * @throws VacateError kind 'range'.
 */
export function together(
  strategy: string,
  { service, events }: StrategyTools,
  request: OfflineRequest,
  takeOffline: (set: BlockSet) => Job<OfflineResult>,
): Job<OfflineResult> {
  const set = new BlockSet(service, events, strategy, checkedBlocks(service.host, request.blocks));
  return announced(events, { frontEnd: 'offline', strategy, ranges: set.ranges }, set.notifying(takeOffline(set)));
}

/** Memory blocks that go offline together or not at all. */
export class BlockSet {
  readonly ranges: readonly PfnRange[];
  readonly #reports: MigrationReport[] = [];
  readonly #isolated: PfnRange[] = [];
  readonly #reclaimedBefore: number;
  /** Pages that need not leave, as of the last look: mostly none, and then nobody looks for them again. */
  #staying = 0;

  constructor(
    private readonly service: MigrationService,
    private readonly events: RangeEvents,
    private readonly strategy: string,
    private readonly blocks: readonly BlockId[],
  ) {
    this.ranges = blocks.map((block) => blockRange(block, service.host.layout.blockPages));
    this.#reclaimedBefore = service.host.reclaim.counters.reclaimed;
  }

  /** Runs a job between telling drivers that the blocks are to go, and telling them that they have not gone after all. */
  *notifying(job: Job<OfflineResult>): Job<OfflineResult> {
    const { host } = this.service;
    tellDrivers(host, this.blocks);
    try {
      return yield* job;
    } finally {
      tellDriversOfTheRest(host, this.blocks);
    }
  }

  /** Asks every page whether it would go now, or need not; a tally a block. */
  *ask(): Job<RefusalTally[]> {
    const tallies: RefusalTally[] = [];
    this.#staying = 0;
    for (const range of this.ranges) {
      const { refused, staying } = askRange(this.service, range);
      this.#staying += staying;
      tallies.push(refused);
      yield { step: 'scanning', done: tallies.length, total: this.ranges.length };
    }
    return tallies;
  }

  /** Pages that have to move and have no room outside. */
  get pagesWithoutRoom(): number {
    const { host } = this.service;
    return Math.max(0, this.#pagesToMove - host.roomOutside(this.ranges).pages);
  }

  get #pagesToMove(): number {
    const inUse = this.ranges.reduce((pages, range) => pages + nrInUse(this.service.host, range), 0);
    return inUse - this.#staying;
  }

  /** From now on nobody gets a page of the blocks. */
  *isolate(): Job<void> {
    for (const range of this.ranges) {
      this.service.host.isolateRange(range);
      this.#isolated.push(range);
      this.events.emit({ kind: 'range-isolated', range });
    }
    yield { step: 'isolating', done: this.ranges.length, total: this.ranges.length };
  }

  /** Moves what stands in the blocks, each page once; true if they are empty then. */
  *evacuate(): Job<boolean> {
    const { service, ranges } = this;
    const { host } = service;
    const pfns = this.#staying === 0 ? usedPages(host, ranges) : leavingPages(service, ranges);
    this.#reports.push(yield* migrateList(service, { pfns, mode: MIGRATE_SYNC, sparedOrder: MAX_PAGE_ORDER + 1 }));
    host.drain();
    if (this.#staying > 0) return ranges.every((range) => isVacated(service, range));
    return ranges.every((range) => nrNotFree(host, range.start, range.end) === 0);
  }

  /** Pages that the last evacuation moved or found freed. */
  get lastProgress(): number {
    const last = this.#reports.at(-1);
    return last === undefined ? 0 : last.migrated + last.freed;
  }

  /** Gives the blocks back. */
  undo(): void {
    for (const range of this.#isolated.splice(0).reverse()) {
      this.service.host.undoIsolateRange(range);
      this.events.emit({ kind: 'range-isolation-undone', range });
    }
  }

  /**
   * Takes the empty blocks offline; the job is done. If the host says of a block that it is not, all stay: a page type let
   * pages stay that nobody else lets go along.
   */
  goOffline(): OfflineResult {
    const { host } = this.service;
    const refusing = this.blocks.findIndex((block) => !host.offlineBlock(block));
    if (refusing >= 0) {
      for (const block of this.blocks.slice(0, refusing)) host.onlineBlock(block);
      this.undo();
      return this.refusedByRest();
    }
    for (const block of this.blocks) {
      this.events.emit({ kind: 'block-state', block, state: host.blockState(block) });
    }
    return this.#result([], []);
  }

  /** Refused for what pages said before anything moved. */
  refusedByPages(tallies: readonly RefusalTally[]): OfflineResult {
    return this.#refused(
      tallies.map((tally) => tally.counts(this.service.handlers)),
      [],
    );
  }

  /** Refused because so many pages have nowhere to go. */
  refusedForRoom(missing: number): OfflineResult {
    const toMove = this.#pagesToMove;
    const because =
      `${toMove} pages (${formatPages(toMove)}) must move and ${toMove - missing} free pages lie outside the range: ` +
      `${missing} (${formatPages(missing)}) are missing; free that much, add swap, or take fewer blocks`;
    return this.#refused(
      [],
      [{ handler: 'core', reason: 'no-room', kind: 'retry', because, pages: missing, pfns: [] }],
    );
  }

  /** Refused for what still stands in the blocks, by block; what the service was told comes first. */
  refusedByRest(): OfflineResult {
    const told = mergeRefusals(this.#reports.slice(-1).map((report) => report.refused));
    const byBlock = this.ranges.map((range) => {
      const here = told
        .map((count) => ({ ...count, pfns: count.pfns.filter((pfn) => contains(range, pfn)) }))
        .filter((count) => count.pfns.length > 0);
      return here.length > 0 ? here : askRange(this.service, range).refused.counts(this.service.handlers);
    });
    return this.#refused(byBlock, []);
  }

  #refused(byBlock: readonly RefusalCount[][], overall: readonly RefusalCount[]): OfflineResult {
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
