import type { MigrationReport } from '../../../migration/migration-report.js';
import type { MigrationService } from '../../../migration/migration-service.js';
import { MIGRATE_SYNC } from '../../../mm/migrate-mode.js';
import { FALLBACKS, MIGRATE_MOVABLE } from '../../../mm/migratetype.js';
import { MAX_PAGE_ORDER, type Order, PAGEBLOCK_ORDER } from '../../../mm/units.js';
import type { Job, PagesScanned } from '../../strategy.js';
import { alignedEnd, blockStart, CompactControl, type CompactRequest, WHOLE } from './compact-control.js';
import {
  COMPACT_COMPLETE,
  COMPACT_CONTENDED,
  COMPACT_CONTINUE,
  COMPACT_PARTIAL_SKIPPED,
  COMPACT_SUCCESS,
  type CompactResult,
} from './compact-result.js';
import { FreeStock } from './free-stock.js';
import type { KernelRules } from './kernel-rules.js';
import { isolateMigratePages } from './migrate-scanner.js';
import { allocationSuitability } from './suitability.js';
import type { ZoneState } from './zone-state.js';

/** All that was done, zone after zone. */
export interface CompactWork {
  readonly reports: MigrationReport[];
  readonly scanned: { -readonly [Key in keyof PagesScanned]: PagesScanned[Key] };
}

/**
 * Moves pages from the lower end of a zone into free pages at its upper end, until the scanners meet, an allocation would
 * succeed, or memory runs out (compact_zone). What it has in hand is given back whenever it ends.
 */
export function* compactZone(
  service: MigrationService,
  rules: KernelRules,
  state: ZoneState,
  request: CompactRequest,
  work: CompactWork,
): Job<CompactResult> {
  const { host } = service;
  if (request.order !== WHOLE) {
    const suitable = allocationSuitability(host, state.zone, request.order);
    if (suitable !== COMPACT_CONTINUE) return suitable;
    if (state.isRestarting(request.order)) state.resetIsolationSuitable();
  }
  const control = new CompactControl(host, rules, state, request);
  placeScanners(control);
  host.drainLru();
  const stock = new FreeStock(control);
  try {
    return yield* new Compaction(service, control, stock, work).run();
  } finally {
    const highest = stock.release();
    // Only back, not forward: it may have been reset to the end of the zone already.
    if (highest >= 0 && blockStart(highest) > state.cachedFreePfn) state.cachedFreePfn = blockStart(highest);
    work.scanned.migrate += control.migrateScanned;
    work.scanned.free += control.freeScanned;
  }
}

function placeScanners(control: CompactControl): void {
  const { state } = control;
  if (control.wholeZone) {
    control.migratePfn = state.start;
    control.freePfn = state.lastBlock;
    return;
  }
  const cached = state.cachedPositions(control.isSync);
  control.migratePfn = cached.migrate;
  control.freePfn = cached.free;
  if (control.migratePfn <= state.initMigratePfn) control.wholeZone = true;
}

/** The loop of compact_zone: choose a batch, move it, look whether that is enough. */
class Compaction {
  /** Where the last batch came from; 0 for nowhere. */
  #lastMigrated = 0;
  /** Cached positions of async and sync compaction go together until something was isolated. */
  #updatesCached: boolean;
  readonly #blocksBefore: number;

  constructor(
    private readonly service: MigrationService,
    private readonly control: CompactControl,
    private readonly stock: FreeStock,
    private readonly work: CompactWork,
  ) {
    const [async, sync] = control.state.cachedMigratePfn;
    this.#updatesCached = !control.isSync && async === sync;
    this.#blocksBefore = this.#blocksOfOrder();
  }

  *run(): Job<CompactResult> {
    const { control } = this;
    for (;;) {
      const finished = this.#finished();
      if (finished !== COMPACT_CONTINUE) return finished;
      const from = control.migratePfn;
      control.finishPageblock = blockStart(this.#lastMigrated) === blockStart(from);
      let isAborted = false;
      do {
        if (!isolateMigratePages(control)) {
          if (this.#updatesCached) control.state.cachedMigratePfn[1] = control.state.cachedMigratePfn[0];
          break;
        }
        this.#updatesCached = false;
        this.#lastMigrated = control.rules.remembersEndOfBatch
          ? Math.max(control.state.start, blockStart(control.migratePfn - 1))
          : from;
        const hasFailed = yield* this.#moveBatch();
        if (!hasFailed) break;
        isAborted = this.stock.isExhausted && !control.haveScannersMet;
      } while (!isAborted && this.#finishesBlockNow());
      if (isAborted) return COMPACT_CONTENDED;
      this.#drainIfMovedOn();
      if (this.#hasCaptured()) return COMPACT_SUCCESS;
    }
  }

  /** Moves what the scanner has chosen; true if something of it stayed. */
  *#moveBatch(): Job<boolean> {
    const { control, service, stock, work } = this;
    stock.isExhausted = false;
    const pfns = control.batch.slice(0, control.nrBatch);
    const steps = service.steps({ pfns, mode: control.request.mode, targets: stock });
    const { start, end } = control.state;
    try {
      for (;;) {
        const step = steps.next();
        if (step.done === true) {
          work.reports.push(step.value);
          return step.value.refused.length > 0;
        }
        yield { step: 'migrating', done: control.migratePfn - start, total: end - start };
      }
    } finally {
      steps.return(undefined as never);
      control.nrMigratePages = 0;
      control.nrBatch = 0;
    }
  }

  /** After a failure: Linux 6.12 finishes the pageblock, so that it is marked; 6.1 gives up the aligned block. */
  #finishesBlockNow(): boolean {
    const { control } = this;
    const { ignoreSkipHint, mode, order } = control.request;
    if (!control.rules.finishesAfterFailure) {
      if (control.isOptimistic) {
        control.migratePfn = alignedEnd(control.migratePfn - 1, order);
        this.#lastMigrated = 0;
      }
      return false;
    }
    if (ignoreSkipHint || control.finishPageblock || mode >= MIGRATE_SYNC) return false;
    if (blockStart(control.migratePfn) === control.migratePfn) return false;
    control.finishPageblock = true;
    // Draining does not make the block whole any more.
    if (order === PAGEBLOCK_ORDER) this.#lastMigrated = 0;
    return true;
  }

  /** Once the scanner has left the aligned block, what was freed in it may merge: off this CPU's list with it. */
  #drainIfMovedOn(): void {
    const { host, migratePfn, request, state } = this.control;
    if (request.order <= 0 || this.#lastMigrated === 0) return;
    if (this.#lastMigrated >= migratePfn - (migratePfn % 2 ** request.order)) return;
    host.drainLru();
    host.free.drainLocal(state.zone);
    this.#lastMigrated = 0;
  }

  /** A freed page that completes a block of the order goes to the allocation that waits for it (compaction_capture). */
  #hasCaptured(): boolean {
    return this.control.request.direct && this.#blocksOfOrder() > this.#blocksBefore;
  }

  #blocksOfOrder(): number {
    const { host, request, state } = this.control;
    let nr = 0;
    for (let order = Math.max(0, request.order); order <= MAX_PAGE_ORDER; order++)
      nr += host.free.nrBlocks(state.zone, order);
    return nr;
  }

  /** compact_finished. */
  #finished(): CompactResult {
    const { control } = this;
    const { state, request, migratePfn } = control;
    if (control.haveScannersMet) {
      state.resetCachedPositions();
      if (request.direct) state.blockskipFlush = true;
      return control.wholeZone ? COMPACT_COMPLETE : COMPACT_PARTIAL_SKIPPED;
    }
    if (request.order === WHOLE) return COMPACT_CONTINUE;
    // A pageblock once begun is finished, so that fewer types mix later.
    if (blockStart(migratePfn) !== migratePfn) return COMPACT_CONTINUE;
    for (let order = request.order; order <= MAX_PAGE_ORDER; order++)
      if (this.#couldServe(order)) return COMPACT_SUCCESS;
    return COMPACT_CONTINUE;
  }

  /** A free block for a movable allocation: of its own type, or one that it may steal (find_suitable_fallback). */
  #couldServe(order: Order): boolean {
    const { host, state } = this.control;
    if (host.free.nrBlocks(state.zone, order, MIGRATE_MOVABLE) > 0) return true;
    if (order < PAGEBLOCK_ORDER >> 1) return false;
    return FALLBACKS[MIGRATE_MOVABLE]!.some((type) => host.free.nrBlocks(state.zone, order, type) > 0);
  }
}
