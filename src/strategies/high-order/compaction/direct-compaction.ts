import type { MigrationService } from '../../../migration/migration-service.js';
import { MIGRATE_ASYNC, MIGRATE_SYNC_LIGHT } from '../../../mm/migrate-mode.js';
import { NO_PAGE, type Order, type Pfn } from '../../../mm/units.js';
import { ZONE_KINDS } from '../../../mm/zone.js';
import type { Job } from '../../strategy.js';
import { allocateBlock, nodeOf } from '../allocate-block.js';
import { type CompactRequest, PAGE_ALLOC_COSTLY_ORDER } from './compact-control.js';
import {
  COMPACT_COMPLETE,
  COMPACT_DEFERRED,
  COMPACT_PARTIAL_SKIPPED,
  COMPACT_SKIPPED,
  COMPACT_SUCCESS,
  type CompactResult,
} from './compact-result.js';
import { type CompactWork, compactZone } from './compact-zone.js';
import type { KernelRules } from './kernel-rules.js';
import type { ZoneState } from './zone-state.js';

/** How hard compaction tries for an allocation; lower is harder (enum compact_priority). */
export const COMPACT_PRIO_SYNC_FULL = 0;
export const COMPACT_PRIO_SYNC_LIGHT = 1;
export const COMPACT_PRIO_ASYNC = 2;
export type CompactPriority = 0 | 1 | 2;

/** So often an allocation tries again at one priority after compaction said that it should succeed. */
export const MAX_COMPACT_RETRIES = 16;

/** Allocations of one order that compact memory when there is no block (the slow path of mm/page_alloc.c). */
export class CompactingAllocator {
  /** How the last compaction ended. */
  lastResult: CompactResult = COMPACT_SUCCESS;
  readonly #zonelist: readonly number[];
  /** Node on which the allocations are made. */
  readonly #node: number;

  constructor(
    private readonly service: MigrationService,
    private readonly rules: KernelRules,
    private readonly zones: readonly ZoneState[],
    private readonly work: CompactWork,
    private readonly settings: {
      readonly order: Order;
      readonly leavesUnevictable: boolean;
      readonly zones: readonly number[] | undefined;
    },
  ) {
    this.#node = nodeOf(service.host, settings.zones);
    this.#zonelist = zonelist(service, this.#node).filter((zone) => settings.zones?.includes(zone) !== false);
  }

  /** A free block as it lies about, above the min watermark; NO_PAGE if there is none. */
  fromFreeLists(): Pfn {
    return allocateBlock(this.service.host, this.settings.order, this.settings.zones);
  }

  /**
   * A block of the order, with direct compaction where there is none (__alloc_pages_slowpath): costly orders try async
   * first; then sync-light, and harder after each failure, as far as the order may go. What the kernel does besides,
   * reclaim, is another strategy's. NO_PAGE if compaction cannot help, see `lastResult`.
   */
  *direct(): Job<Pfn> {
    const { order } = this.settings;
    let pfn = this.fromFreeLists();
    if (pfn !== NO_PAGE) return pfn;
    if (order > PAGE_ALLOC_COSTLY_ORDER) {
      pfn = yield* this.#compactAndAllocate(COMPACT_PRIO_ASYNC);
      if (pfn !== NO_PAGE) return pfn;
    }
    let priority: CompactPriority = COMPACT_PRIO_SYNC_LIGHT;
    for (let retries = 0; ; ) {
      pfn = yield* this.#compactAndAllocate(priority);
      if (pfn !== NO_PAGE) return pfn;
      // Too few free pages: only reclaim can help.
      if (this.lastResult === COMPACT_SKIPPED) return NO_PAGE;
      if (this.lastResult === COMPACT_SUCCESS && ++retries <= maxRetries(order)) continue;
      if (priority <= minPriority(order)) return NO_PAGE;
      priority = (priority - 1) as CompactPriority;
      retries = 0;
    }
  }

  /** A block of the order after kcompactd was woken once for it (kcompactd_do_work). */
  *background(): Job<Pfn> {
    const { order } = this.settings;
    const { host } = this.service;
    const pfn = this.fromFreeLists();
    if (pfn !== NO_PAGE) return pfn;
    this.lastResult = COMPACT_SKIPPED;
    for (const zone of [...this.#zonelist].reverse()) {
      const state = this.zones[zone]!;
      if (host.layout.zones[zone]!.node !== this.#node) continue;
      if (state.isDeferred(order)) {
        this.#note(COMPACT_DEFERRED);
        continue;
      }
      const status = yield* this.#compact(state, COMPACT_PRIO_SYNC_LIGHT, false);
      this.#note(status);
      if (status === COMPACT_SUCCESS) state.resetDeferral(order, false);
      else if (hasGoneOver(status)) {
        host.drain();
        state.defer(order);
      }
    }
    return this.#taken();
  }

  /** __alloc_pages_direct_compact. */
  *#compactAndAllocate(priority: CompactPriority): Job<Pfn> {
    yield* this.#tryToCompact(priority);
    return this.lastResult === COMPACT_SKIPPED ? NO_PAGE : this.#taken();
  }

  /** A block, now that memory was compacted: its zone is not deferred any more. */
  #taken(): Pfn {
    const pfn = this.fromFreeLists();
    if (pfn === NO_PAGE) return pfn;
    const state = this.zones[this.service.host.zoneOf(pfn)]!;
    state.blockskipFlush = false;
    state.resetDeferral(this.settings.order, true);
    return pfn;
  }

  /** Zone after zone, until one should be able to serve (try_to_compact_pages). */
  *#tryToCompact(priority: CompactPriority): Job<void> {
    const { order } = this.settings;
    this.lastResult = COMPACT_SKIPPED;
    for (const zone of this.#zonelist) {
      const state = this.zones[zone]!;
      if (priority > COMPACT_PRIO_SYNC_FULL && state.isDeferred(order)) {
        this.#note(COMPACT_DEFERRED);
        continue;
      }
      const status = yield* this.#compact(state, priority, true);
      this.#note(status);
      if (status === COMPACT_SUCCESS) {
        state.resetDeferral(order, false);
        return;
      }
      if (priority !== COMPACT_PRIO_ASYNC && hasGoneOver(status)) state.defer(order);
    }
  }

  #note(status: CompactResult): void {
    if (status > this.lastResult) this.lastResult = status;
  }

  #compact(state: ZoneState, priority: CompactPriority, direct: boolean): Job<CompactResult> {
    const { order, leavesUnevictable } = this.settings;
    const isFull = priority === COMPACT_PRIO_SYNC_FULL;
    const request: CompactRequest = {
      order,
      mode: priority === COMPACT_PRIO_ASYNC ? MIGRATE_ASYNC : MIGRATE_SYNC_LIGHT,
      direct,
      wholeZone: isFull,
      ignoreSkipHint: isFull,
      ignoreBlockSuitable: isFull,
      leavesUnevictable,
    };
    return compactZone(this.service, this.rules, state, request, this.work);
  }
}

function hasGoneOver(status: CompactResult): boolean {
  return status === COMPACT_COMPLETE || status === COMPACT_PARTIAL_SKIPPED;
}

/** Large blocks are a luxury: a quarter of the tries. */
function maxRetries(order: Order): number {
  return order > PAGE_ALLOC_COSTLY_ORDER ? MAX_COMPACT_RETRIES / 4 : MAX_COMPACT_RETRIES;
}

/** For them nobody ignores hints and block types either (MIN_COMPACT_COSTLY_PRIORITY). */
function minPriority(order: Order): CompactPriority {
  return order > PAGE_ALLOC_COSTLY_ORDER ? COMPACT_PRIO_SYNC_LIGHT : COMPACT_PRIO_SYNC_FULL;
}

/** Zones with memory in the order in which an allocation of user memory on the node tries them. */
function zonelist({ host }: MigrationService, node: number): number[] {
  const { zones } = host.layout;
  const rank = (zone: number) => ZONE_KINDS.indexOf(zones[zone]!.kind);
  const distance = (zone: number) => Math.abs(zones[zone]!.node - node);
  return [...zones.keys()].sort((a, b) => distance(a) - distance(b) || rank(b) - rank(a));
}
