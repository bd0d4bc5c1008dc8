import { inject, injectable } from 'inversify';
import { VacateError } from '../../../base/vacate-error.js';
import { RangeEvents } from '../../../events/range-events.js';
import type { RefusalCount } from '../../../migration/migration-report.js';
import { MigrationService } from '../../../migration/migration-service.js';
import { MIGRATE_SYNC } from '../../../mm/migrate-mode.js';
import { type PfnRange, rangeOf } from '../../../mm/pfn-range.js';
import { NO_PAGE, type Order, PAGEBLOCK_ORDER, type Pfn } from '../../../mm/units.js';
import { announced } from '../../announced.js';
import { labelOf } from '../../labels.js';
import type { HighOrderRequest, HighOrderResult, HighOrderStrategy, Job, Manner } from '../../strategy.js';
import { checkOrderRequest, OrderAccount } from '../order-account.js';
import { WHOLE } from './compact-control.js';
import {
  COMPACT_COMPLETE,
  COMPACT_CONTENDED,
  COMPACT_DEFERRED,
  COMPACT_SKIPPED,
  COMPACT_SUCCESS,
  type CompactResult,
} from './compact-result.js';
import { type CompactWork, compactZone } from './compact-zone.js';
import { CompactingAllocator } from './direct-compaction.js';
import { type KernelRules, nearestKernel, RULES } from './kernel-rules.js';
import { ZoneState } from './zone-state.js';

/** How a run is to go, as its manner says. */
interface Settings {
  readonly rules: KernelRules;
  readonly leavesUnevictable: boolean;
  readonly background: boolean;
  /** Zones that it is about; all if absent. */
  readonly zones: readonly number[] | undefined;
}

/**
 * Linux's compaction, mm/compaction.c, as of 6.1 and 6.12: two scanners that move pages from the lower end of each zone
 * into free pages at its upper end.
 *
 * All blocks that it can make: one write to /proc/sys/vm/compact_memory, over all zones whole, per-CPU lists left as they
 * are. A number of them: as many allocations of the order, each compacting memory until it has its block (`direct`), or
 * waking kcompactd and trying once more (`kcompactd`). The blocks are given back in the end. With zones named, only they
 * are compacted, and serve. It goes by the rules of the kernel that the machine has been captured from, or of the one
 * that a switch names.
 */
@injectable()
export class Compaction implements HighOrderStrategy {
  readonly name = 'compaction';
  readonly about = 'Linux today: a scanner that empties blocks from below and one that finds room from above';
  readonly modes = ['direct', 'kcompactd'];
  readonly switches = ['linux-6.1', 'linux-6.12', 'leave-unevictable'];
  readonly notes = {
    direct: 'each allocation compacts memory until it has its block',
    kcompactd: 'each allocation wakes the background thread once, and tries again',
    'linux-6.1': "by Linux 6.1's rules, whatever kernel the machine runs",
    'linux-6.12': "by Linux 6.12's rules, whatever kernel the machine runs",
    'leave-unevictable': 'mlocked pages stay where they are (vm.compact_unevictable_allowed = 0)',
  };
  /** Hints, cached positions and deferral outlive a run, as in a kernel. */
  #zones: readonly ZoneState[] | null = null;

  constructor(
    @inject(MigrationService) private readonly service: MigrationService,
    @inject(RangeEvents) private readonly events: RangeEvents,
  ) {}

  doesNotApply({ order, count }: HighOrderRequest): string | null {
    if (order > PAGEBLOCK_ORDER)
      return `compaction works within pageblocks: it makes blocks of up to order ${PAGEBLOCK_ORDER}, larger ones come by luck; ask for order ${PAGEBLOCK_ORDER} or less`;
    if (order === 0 && count !== 'all')
      return 'any free page is a block of order 0, so no allocation of it ever compacts; ask for a higher order';
    return null;
  }

  run(request: HighOrderRequest & Manner): Job<HighOrderResult> {
    checkOrderRequest(this.service, request);
    const obstacle = this.doesNotApply(request);
    if (obstacle !== null) throw new VacateError('usage', obstacle);
    const strategy = labelOf(this, request);
    return announced(this.events, { frontEnd: 'high-order', strategy, ranges: [] }, this.#compact(request, strategy));
  }

  *#compact(request: HighOrderRequest & Manner, strategy: string): Job<HighOrderResult> {
    const { host } = this.service;
    const settings = this.#settingsOf(request);
    yield { step: 'scanning', done: 0, total: host.layout.nrPfns };
    const account = new OrderAccount(this.service, request);
    const work: CompactWork = { reports: [], scanned: { migrate: 0, free: 0 } };
    if (request.count === 'all') {
      yield* this.#compactMemory(settings, work);
      return account.result({ strategy, reports: work.reports, ranges: [], scanned: work.scanned });
    }
    const { order, count } = request;
    const { ranges, refusals } = yield* this.#allocate({ order, count }, settings, work);
    return account.result({ strategy, reports: work.reports, ranges, scanned: work.scanned, refusals });
  }

  #settingsOf({ mode = 'direct', switches = [], zones }: HighOrderRequest & Manner): Settings {
    const named = switches.find((name) => name.startsWith('linux-'))?.slice('linux-'.length) ?? null;
    return {
      rules: RULES[nearestKernel(named ?? this.service.host.layout.kernel ?? null)],
      leavesUnevictable:
        switches.includes('leave-unevictable') || this.service.host.layout.compactUnevictableAllowed === false,
      background: mode === 'kcompactd',
      zones,
    };
  }

  #zoneStates(): readonly ZoneState[] {
    this.#zones ??= this.service.host.layout.zones.map((_, zone) => new ZoneState(this.service.host, zone));
    return this.#zones;
  }

  /** echo 1 > /proc/sys/vm/compact_memory (compact_nodes); of one node's zones, > nodeN/compact (compact_node). */
  *#compactMemory({ rules, leavesUnevictable, zones }: Settings, work: CompactWork): Job<void> {
    this.service.host.drainLru();
    for (const [zone, state] of this.#zoneStates().entries()) {
      if (zones?.includes(zone) === false) continue;
      const request = {
        order: WHOLE,
        mode: MIGRATE_SYNC,
        direct: false,
        wholeZone: true,
        ignoreSkipHint: true,
        ignoreBlockSuitable: false,
        leavesUnevictable,
      } as const;
      yield* compactZone(this.service, rules, state, request, work);
    }
  }

  /**
   * Takes every block that lies about already, as far as watermarks and reserves let an allocation have them, then as
   * many more as are wanted; all go back in the end.
   */
  *#allocate(
    { order, count }: { readonly order: Order; readonly count: number },
    { rules, leavesUnevictable, background, zones }: Settings,
    work: CompactWork,
  ): Job<{ ranges: PfnRange[]; refusals: RefusalCount[] }> {
    const settings = { order, leavesUnevictable, zones };
    const allocator = new CompactingAllocator(this.service, rules, this.#zoneStates(), work, settings);
    const held: Pfn[] = [];
    const ranges: PfnRange[] = [];
    try {
      for (let pfn = allocator.fromFreeLists(); pfn !== NO_PAGE; pfn = allocator.fromFreeLists()) held.push(pfn);
      while (ranges.length < count) {
        const pfn = yield* background ? allocator.background() : allocator.direct();
        if (pfn === NO_PAGE) break;
        held.push(pfn);
        const range = rangeOf(pfn, 2 ** order);
        ranges.push(range);
        this.events.emit({ kind: 'block-made', range });
      }
    } finally {
      for (const pfn of held) this.service.host.free.give(pfn, order);
    }
    const missing = count - ranges.length;
    return { ranges, refusals: missing > 0 ? [shortage(allocator.lastResult, order, missing)] : [] };
  }
}

const BECAUSE: Partial<Record<CompactResult, string>> = {
  [COMPACT_SKIPPED]:
    'compaction was not tried: too few pages are free above the watermarks, or lack of memory rather than fragmentation is why no block is free; free memory first',
  [COMPACT_DEFERRED]: 'compaction failed too often of late and is put off in every zone; run it again',
  [COMPACT_CONTENDED]: 'compaction ran out of free pages to move to, above the min watermark; free memory first',
  [COMPACT_COMPLETE]:
    'the scanners have met everywhere and no block has become free: what is left cannot move, or was not wanted as a target',
  [COMPACT_SUCCESS]:
    'blocks became free, but taking one would leave their zone below its min watermark; free memory first',
};

/** Why fewer blocks were made than asked for. */
function shortage(result: CompactResult, order: Order, missing: number): RefusalCount {
  const because = BECAUSE[result] ?? BECAUSE[COMPACT_COMPLETE]!;
  const reason =
    result === COMPACT_SKIPPED ? 'compaction-skipped' : result === COMPACT_DEFERRED ? 'deferred' : 'no-block';
  return { handler: 'core', reason, kind: 'retry', because, pages: missing * 2 ** order, pfns: [] };
}
