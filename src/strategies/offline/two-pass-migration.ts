import type { RangeEvents } from '../../events/range-events.js';
import { CORE_NO_TARGET, coreRefusals, type RefusalCode } from '../../handler/refusal.js';
import { type MigrationReport, mergeRefusals, type RefusalCount } from '../../migration/migration-report.js';
import type { MigrationService } from '../../migration/migration-service.js';
import type { TargetSource } from '../../migration/target-source.js';
import { MIGRATE_ASYNC, MIGRATE_SYNC, type MigrateMode } from '../../mm/migrate-mode.js';
import {
  FREE_FLAGS,
  PG_ANON,
  PG_DIRTY,
  PG_HEAD,
  PG_LOCKED,
  PG_LRU,
  PG_PRIVATE,
  PG_SWAPCACHE,
  PG_TAIL,
  PG_WRITEBACK,
} from '../../mm/page-flags.js';
import type { Pfn } from '../../mm/units.js';
import { migrateList } from '../evacuate.js';
import type { Job } from '../strategy.js';
import type { Reason } from './what-stayed.js';

/** Pages that are tried together, SWAP_CLUSTER_MAX; the original took them one by one. */
const CHUNK = 32;
/** The fast pass ends when so many pages have failed in it. */
export const FAST_FAILURES_MAX = 100;
/**
 * Tries that a page gets in the slow pass, a millisecond apart. The original had ten seconds of them: whatever holds a page
 * for more than a tenth of one holds it for good.
 */
export const SLOW_PASSES = 100;
/** Refusals of pages whose slot named the new page already, so that it had to be put back. */
const AFTER_THE_SLOT = ['pinned', 'still-mapped'];

export interface TwoPassOptions {
  readonly targets: TargetSource;
  /** Anonymous pages go by way of the swap cache, so each needs a free slot and keeps it (before the migration cache). */
  readonly throughSwap: boolean;
}

/**
 * try_to_migrate_pages of Iwamoto and Takahashi (mmigrate.c, 2004): a fast pass that waits for nothing, and a slow one over
 * what failed in it.
 *
 * The original re-points the page's slot first and waits then for its users to go; if they do not, the slot is put back
 * and whoever looked the new page up meanwhile must look again (PG_again). Here pages move by today's protocol, which
 * checks first; the pages for which the original would have had to put a slot back are counted as `rolled-back`.
 */
export class TwoPassMigration {
  readonly reports: MigrationReport[] = [];
  readonly #rolledBack: RefusalCount[] = [];
  #pass = 0;
  /** Of the last list: pages that got no slot, and pages that could not be written. */
  readonly #noSlot = new Set<Pfn>();
  readonly #unwritten = new Set<Pfn>();
  /** Pages of this range that were given a swap slot. */
  readonly #entered = new Set<Pfn>();
  #outOfTargets = false;

  constructor(
    private readonly service: MigrationService,
    private readonly events: RangeEvents,
    private readonly options: TwoPassOptions,
  ) {}

  /** Slots put back, over all lists, also for pages that went later; none if there were none. */
  get rolledBack(): readonly RefusalCount[] {
    const [all] = mergeRefusals([this.#rolledBack]);
    return all === undefined ? [] : [all];
  }

  /** Counts passes from 1 again: what follows is another range. */
  startOver(): void {
    this.#pass = 0;
    this.#entered.clear();
    this.#forget();
  }

  /**
   * Moves pages, in the order of the list; a compound page goes by its first page. False if some of those that it tried
   * stayed; pages behind the hundredth failure are not tried.
   */
  *run(pages: Uint32Array): Job<boolean> {
    this.#forget();
    const failed = new Uint32Array(pages.length);
    let nrFailed = 0;
    this.#announce(MIGRATE_ASYNC, pages.length);
    for (let next = 0; next < pages.length && nrFailed < FAST_FAILURES_MAX; next += CHUNK) {
      const chunk = pages.slice(next, next + CHUNK).sort();
      yield* this.#migrate(chunk, MIGRATE_ASYNC);
      for (const pfn of chunk) if (this.#isInUse(pfn)) failed[nrFailed++] = pfn;
    }
    this.#forget();
    if (nrFailed > 0) this.#announce(MIGRATE_SYNC, nrFailed);
    let allWent = true;
    for (let at = 0; at < nrFailed; at += CHUNK) {
      const chunk = failed.slice(at, Math.min(at + CHUNK, nrFailed)).sort();
      yield* this.#write(chunk);
      yield* this.#migrate(chunk, MIGRATE_SYNC);
      for (const pfn of chunk) if (this.#isInUse(pfn)) allWent = false;
    }
    return allWent;
  }

  /**
   * For a range whose job was stopped: pages that were given a swap slot and have not moved give it back. A job that goes
   * on to its end leaves it to them, as the original does, and those that have moved keep it anyway.
   */
  undo(): void {
    for (const pfn of this.#entered) this.service.host.swap.remove(pfn);
    this.#entered.clear();
  }

  /** Why a page that would go has not gone. */
  whyNot(pfn: Pfn): Reason {
    if (this.#noSlot.has(pfn)) return NO_SWAP;
    if (this.#unwritten.has(pfn)) return BUFFERS;
    return this.#outOfTargets ? NO_TARGET : UNTRIED;
  }

  #forget(): void {
    this.#noSlot.clear();
    this.#unwritten.clear();
    this.#outOfTargets = false;
  }

  #announce(mode: MigrateMode, pages: number): void {
    this.events.emit({ kind: 'pass-started', pass: ++this.#pass, mode, pages });
  }

  #isInUse(pfn: Pfn): boolean {
    return (this.service.host.columns.flags[pfn]! & FREE_FLAGS) === 0;
  }

  *#migrate(chunk: Uint32Array, mode: MigrateMode): Job<void> {
    const { targets, throughSwap } = this.options;
    const pfns = chunk.filter((pfn) => {
      if (this.#mustBeWritten(pfn)) this.#unwritten.add(pfn);
      else if (throughSwap && !this.#enterSwapCache(pfn)) this.#noSlot.add(pfn);
      else return true;
      return false;
    });
    const passes = mode === MIGRATE_ASYNC ? 1 : SLOW_PASSES;
    const report = yield* migrateList(this.service, { pfns, mode, passes, targets });
    this.reports.push(report);
    for (const { handler, reason, pages, pfns } of report.refused) {
      if (handler !== 'core') continue;
      if (AFTER_THE_SLOT.includes(reason)) this.#rolledBack.push(rolledBack(pages, pfns));
      if (reason === NO_TARGET.reason) this.#outOfTargets = true;
    }
  }

  /** Buffers are not moved but given up, and for that they must be clean. */
  #mustBeWritten(pfn: Pfn): boolean {
    const dirtyBuffers = PG_DIRTY | PG_PRIVATE;
    return (this.service.host.columns.flags[pfn]! & dirtyBuffers) === dirtyBuffers;
  }

  /** Writes what must be written, and lets the writes come to their end. */
  *#write(chunk: Uint32Array): Job<void> {
    const { host } = this.service;
    const written = chunk.filter((pfn) => this.#mustBeWritten(pfn));
    for (const pfn of written) host.reclaim.pageout(pfn);
    for (const pfn of written)
      if ((host.columns.flags[pfn]! & PG_WRITEBACK) !== 0 && !host.waitForWriteback(pfn)) host.relax();
    if (written.length > 0) yield { step: 'waiting', done: written.length, total: written.length };
  }

  /** False if the page needs a swap slot and there is none. What cannot move anyway is not given one. */
  #enterSwapCache(pfn: Pfn): boolean {
    const { host } = this.service;
    const { flags } = host.columns;
    // 2.6 had no compound pages but those of hugetlb, so there is no slot for one.
    if ((flags[pfn]! & (PG_HEAD | PG_TAIL)) !== 0) host.split(pfn);
    const kind = flags[pfn]! & (PG_ANON | PG_SWAPCACHE | PG_LRU | PG_LOCKED | PG_HEAD | PG_TAIL);
    if (kind !== (PG_ANON | PG_LRU)) return true;
    if (!host.swap.add(pfn)) return false;
    this.#entered.add(pfn);
    return true;
  }
}

function rolledBack(pages: number, pfns: readonly Pfn[]): RefusalCount {
  const because = 'its slot named the new page already and was put back: whoever had looked it up must look again';
  return { handler: 'core', reason: 'rolled-back', kind: 'retry', because, pages, pfns };
}

const NO_SWAP: Reason = {
  reason: 'no-swap',
  kind: 'retry',
  because: 'anonymous, and no swap slot is free, through which it would have to go; add swap',
};
const BUFFERS: Reason = {
  reason: 'buffers',
  kind: 'retry',
  because: 'its buffers are dirty, and could not be written',
};
const NO_TARGET: Reason = coreReason(CORE_NO_TARGET);
const UNTRIED: Reason = {
  reason: 'untried',
  kind: 'retry',
  because: 'too many others had failed before its turn came',
};

function coreReason(code: RefusalCode): Reason {
  const { id, kind, because } = coreRefusals[code]!;
  return { reason: id, kind, because };
}
