import type { MemoryHost } from '../../../host/memory-host.js';
import { MIGRATE_ASYNC, type MigrateMode } from '../../../mm/migrate-mode.js';
import { PG_NOPAGE } from '../../../mm/page-flags.js';
import { type Order, PAGEBLOCK_PAGES, type Pfn } from '../../../mm/units.js';
import type { KernelRules } from './kernel-rules.js';
import type { ZoneState } from './zone-state.js';

/** Pages isolated and moved at a time, unless a pageblock is being finished. */
export const COMPACT_CLUSTER_MAX = 32;
/** The order of `echo 1 > compact_memory`: compact all there is (is_via_compact_memory). */
export const WHOLE = -1;
/** Up to this order a failed allocation is not an option (PAGE_ALLOC_COSTLY_ORDER). */
export const PAGE_ALLOC_COSTLY_ORDER = 3;
/** The scan for a fast start is over: no more of them (ULONG_MAX in fast_start_pfn). */
export const NO_FAST_START = -1;

/** What a compaction is for, and how far it may go (the fields that callers of compact_zone fill in). */
export interface CompactRequest {
  /** WHOLE, or the order that an allocation wants. */
  readonly order: Order;
  readonly mode: MigrateMode;
  /** An allocation waits for it. */
  readonly direct: boolean;
  /** From one end of the zone to the other, wherever the scanners stood last time. */
  readonly wholeZone: boolean;
  readonly ignoreSkipHint: boolean;
  /** Pageblocks of all types serve as targets. */
  readonly ignoreBlockSuitable: boolean;
  /** Unevictable pages are left alone (vm.compact_unevictable_allowed = 0). */
  readonly leavesUnevictable: boolean;
}

/** One compaction of one zone on its way (struct compact_control). */
export class CompactControl {
  migratePfn: Pfn = 0;
  freePfn: Pfn = 0;
  fastStartPfn: Pfn = 0;
  /** Pages that the migrate scanner has chosen and nobody has moved yet. */
  nrMigratePages = 0;
  /** Free pages that the free scanner has isolated and nobody has taken yet. */
  nrFreePages = 0;
  /** The pageblock is gone over to its end, without stopping at a batch. */
  finishPageblock = false;
  wholeZone: boolean;
  searchOrder: Order;
  fastSearchFail = 0;
  migrateScanned = 0;
  freeScanned = 0;
  /** The batch: heads of the folios that the migrate scanner has chosen, ascending. */
  readonly batch = new Uint32Array(COMPACT_CLUSTER_MAX + PAGEBLOCK_PAGES);
  nrBatch = 0;

  constructor(
    readonly host: MemoryHost,
    readonly rules: KernelRules,
    readonly state: ZoneState,
    readonly request: CompactRequest,
  ) {
    this.wholeZone = request.wholeZone;
    this.searchOrder = request.order;
  }

  get isSync(): boolean {
    return this.request.mode !== MIGRATE_ASYNC;
  }

  /** Direct and async: it looks for the least work that could do. */
  get isOptimistic(): boolean {
    return this.request.direct && !this.isSync;
  }

  /** True once the free scanner is in the migrate scanner's pageblock, or below it (compact_scanners_met). */
  get haveScannersMet(): boolean {
    return blockStart(this.freePfn) <= blockStart(this.migratePfn);
  }

  /** The pageblock may be scanned, as far as hints go (isolation_suitable). */
  isIsolationSuitable(pfn: Pfn): boolean {
    return this.request.ignoreSkipHint || !this.state.getSkip(pfn);
  }

  /** Sets the hint; true if it was set already (test_and_set_skip). */
  testAndSetSkip(pfn: Pfn): boolean {
    if (this.request.ignoreSkipHint || (!this.rules.marksByAnyPage && pfn !== blockStart(pfn))) return false;
    const wasSet = this.state.getSkip(pfn);
    this.state.setSkip(pfn);
    return wasSet;
  }

  /** Entries of a free list that a fast search looks at: fewer after each failure (freelist_scan_limit). */
  get freelistScanLimit(): number {
    return (COMPACT_CLUSTER_MAX >> Math.min(this.fastSearchFail, 31)) + 1;
  }
}

export function blockStart(pfn: Pfn): Pfn {
  return pfn - (pfn % PAGEBLOCK_PAGES);
}

export function blockEnd(pfn: Pfn): Pfn {
  return blockStart(pfn) + PAGEBLOCK_PAGES;
}

/** End of the aligned block of 2^order pages that has the page (block_end_pfn). */
export function alignedEnd(pfn: Pfn, order: Order): Pfn {
  return pfn - (pfn % 2 ** order) + 2 ** order;
}

/** A pageblock with memory behind it (pageblock_pfn_to_page); at the edges of a zone, with some. */
export function isBlockThere(flags: Uint32Array, start: Pfn): boolean {
  return (flags[start]! & flags[start + PAGEBLOCK_PAGES - 1]! & PG_NOPAGE) === 0;
}
