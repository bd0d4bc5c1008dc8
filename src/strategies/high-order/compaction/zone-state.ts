import type { MemoryHost } from '../../../host/memory-host.js';
import { endOfCompound, headOfCompound } from '../../../mm/compound-page.js';
import { MIGRATE_MOVABLE } from '../../../mm/migratetype.js';
import { PG_HEAD, PG_LRU, PG_TAIL } from '../../../mm/page-flags.js';
import { type Order, PAGEBLOCK_PAGES, type Pfn } from '../../../mm/units.js';

/** Every eighth page is looked at when skip hints are reset (1 << PAGE_ALLOC_COSTLY_ORDER). */
const SAMPLE_STRIDE = 8;
/** After so many failures the window of skipped attempts grows no more (COMPACT_MAX_DEFER_SHIFT). */
const MAX_DEFER_SHIFT = 6;

/** A position that was never set: outside every zone. */
const NOWHERE = -1;

/** What a zone remembers between two compactions (struct zone, mm/compaction.c), and its pageblocks' skip hints. */
export class ZoneState {
  readonly start: Pfn;
  readonly end: Pfn;
  /** Where the migrate scanner goes on, for async and for sync compaction. */
  readonly cachedMigratePfn: [Pfn, Pfn] = [NOWHERE, NOWHERE];
  cachedFreePfn: Pfn = NOWHERE;
  initMigratePfn: Pfn = 0;
  initFreePfn: Pfn = 0;
  /** The scanners have met: hints are to be reset when kswapd sleeps, or compaction restarts. */
  blockskipFlush = false;
  #considered = 0;
  #deferShift = 0;
  #orderFailed: Order = 0;
  readonly #skip: Uint8Array;

  constructor(
    private readonly host: MemoryHost,
    readonly zone: number,
  ) {
    const { start, end } = host.layout.zones[zone]!;
    this.start = start;
    this.end = end;
    this.#skip = new Uint8Array(Math.ceil((end - start) / PAGEBLOCK_PAGES));
  }

  /** First pfn of the zone's last pageblock. */
  get lastBlock(): Pfn {
    return this.end - PAGEBLOCK_PAGES;
  }

  getSkip(pfn: Pfn): boolean {
    return this.#skip[Math.floor((pfn - this.start) / PAGEBLOCK_PAGES)] === 1;
  }

  setSkip(pfn: Pfn): void {
    this.#skip[Math.floor((pfn - this.start) / PAGEBLOCK_PAGES)] = 1;
  }

  /** The next compaction starts anew (reset_cached_positions). */
  resetCachedPositions(): void {
    this.cachedMigratePfn.fill(this.start);
    this.cachedFreePfn = this.lastBlock;
  }

  /** Where the two scanners stand from last time, put right if they were never set. */
  cachedPositions(sync: boolean): { migrate: Pfn; free: Pfn } {
    const { start, end, cachedMigratePfn } = this;
    if (this.cachedFreePfn < start || this.cachedFreePfn >= end) this.cachedFreePfn = this.lastBlock;
    const migrate = cachedMigratePfn[sync ? 1 : 0];
    if (migrate < start || migrate >= end) cachedMigratePfn.fill(start);
    return { migrate: cachedMigratePfn[sync ? 1 : 0], free: this.cachedFreePfn };
  }

  /** The migrate scanner need not see this pageblock again (update_cached_migrate). */
  updateCachedMigrate(pfn: Pfn, sync: boolean): void {
    const next = Math.ceil((pfn + 1) / PAGEBLOCK_PAGES) * PAGEBLOCK_PAGES;
    const { cachedMigratePfn } = this;
    if (next > cachedMigratePfn[0]) cachedMigratePfn[0] = next;
    if (sync && next > cachedMigratePfn[1]) cachedMigratePfn[1] = next;
  }

  // --- deferral ---

  /** True if this attempt is to be left out, because the last ones failed (compaction_deferred). */
  isDeferred(order: Order): boolean {
    if (order < this.#orderFailed) return false;
    const limit = 2 ** this.#deferShift;
    if (++this.#considered < limit) return true;
    this.#considered = limit;
    return false;
  }

  /** An attempt failed: twice as many are left out next (defer_compaction). */
  defer(order: Order): void {
    this.#considered = 0;
    this.#deferShift = Math.min(this.#deferShift + 1, MAX_DEFER_SHIFT);
    if (order < this.#orderFailed) this.#orderFailed = order;
  }

  /** An allocation succeeded, or will (compaction_defer_reset). */
  resetDeferral(order: Order, hasSucceeded: boolean): void {
    if (hasSucceeded) {
      this.#considered = 0;
      this.#deferShift = 0;
    }
    if (order >= this.#orderFailed) this.#orderFailed = order + 1;
  }

  /** True if compaction starts again after it was deferred as long as can be (compaction_restarting). */
  isRestarting(order: Order): boolean {
    if (order < this.#orderFailed) return false;
    return this.#deferShift === MAX_DEFER_SHIFT && this.#considered >= 2 ** MAX_DEFER_SHIFT;
  }

  // --- skip hints ---

  /**
   * Clears the hints of pageblocks in which a sample finds a page on the LRU (for the migrate scanner) or a free one
   * (for the free scanner), from both ends towards the middle, and lets the scanners start at the outermost of them
   * (__reset_isolation_suitable).
   */
  resetIsolationSuitable(): void {
    if (!this.blockskipFlush) return;
    this.blockskipFlush = false;
    let migratePfn = this.start;
    let freePfn = this.end - 1;
    let source = freePfn;
    let target = migratePfn;
    let isSourceSet = false;
    let isTargetSet = false;
    for (; migratePfn < freePfn; migratePfn += PAGEBLOCK_PAGES, freePfn -= PAGEBLOCK_PAGES) {
      if (this.#resetIsolation(migratePfn, true, isSourceSet) && migratePfn < source) {
        isSourceSet = true;
        source = migratePfn;
        this.initMigratePfn = source;
        this.cachedMigratePfn.fill(source);
      }
      if (this.#resetIsolation(freePfn, isTargetSet, true) && freePfn > target) {
        isTargetSet = true;
        target = freePfn;
        this.initFreePfn = target;
        this.cachedFreePfn = target;
      }
    }
    if (source < target) return;
    this.cachedMigratePfn.fill(migratePfn);
    this.cachedFreePfn = freePfn;
  }

  /** __reset_isolation_pfn. */
  #resetIsolation(pfn: Pfn, asSource: boolean, asTarget: boolean): boolean {
    const { columns, free } = this.host;
    const { flags } = columns;
    if (isSkippedForGood(flags, pfn)) return false;
    if (asSource && asTarget && !this.getSkip(pfn)) return true;
    if (!asSource && asTarget && free.migratetype(pfn) !== MIGRATE_MOVABLE) return false;
    const start = pfn - (pfn % PAGEBLOCK_PAGES);
    for (let page = start; page < start + PAGEBLOCK_PAGES; page += SAMPLE_STRIDE) {
      const isSource = asSource && (flags[page]! & PG_LRU) !== 0;
      if (!isSource && !(asTarget && free.blockOrder(page) >= 0)) continue;
      this.#skip[(start - this.start) / PAGEBLOCK_PAGES] = 0;
      return true;
    }
    return false;
  }
}

/** A compound page that fills a pageblock is passed over until it is freed (pageblock_skip_persistent). */
export function isSkippedForGood(flags: Uint32Array, pfn: Pfn): boolean {
  if ((flags[pfn]! & (PG_HEAD | PG_TAIL)) === 0) return false;
  const head = headOfCompound(flags, pfn);
  return endOfCompound(flags, head) - head >= PAGEBLOCK_PAGES;
}
