import { inject, injectable } from 'inversify';
import { VacateError } from '../../base/vacate-error.js';
import { RangeEvents } from '../../events/range-events.js';
import type { FreeMemory } from '../../host/free-memory.js';
import type { MigrationReport } from '../../migration/migration-report.js';
import { MigrationService } from '../../migration/migration-service.js';
import type { TargetSource } from '../../migration/target-source.js';
import { MIGRATE_SYNC } from '../../mm/migrate-mode.js';
import { MIGRATE_ISOLATE } from '../../mm/migratetype.js';
import {
  FREE_FLAGS,
  PG_ANON,
  PG_HEAD,
  PG_HUGE,
  PG_LRU,
  PG_NOPAGE,
  PG_PGTABLE,
  PG_RESERVED,
  PG_SLAB,
  PG_SWAPCACHE,
  PG_TAIL,
} from '../../mm/page-flags.js';
import { type PfnRange, rangeOf } from '../../mm/pfn-range.js';
import { MAX_PAGE_ORDER, NO_PAGE, type Order, type Pfn } from '../../mm/units.js';
import { announced } from '../announced.js';
import { migrateList } from '../evacuate.js';
import { labelOf } from '../labels.js';
import { ordinaryPages } from '../ordinary-targets.js';
import { nrInUse } from '../pages-in-use.js';
import type { HighOrderRequest, HighOrderResult, HighOrderStrategy, Job, Manner } from '../strategy.js';
import { freeBlockWith, HeldBlocks } from './held-blocks.js';
import { checkOrderRequest, OrderAccount } from './order-account.js';
import { PageTally, type Reasons } from './page-tally.js';

/** A slot is swept again so often while pages of it are on no LRU list (retry_count in sweepout_pages). */
const MAX_RETRIES = 20;

/** Pages that no slot may have: is_page_freeable() as the patch has it, and page tables, which are kernel memory. */
const UNFREEABLE = PG_RESERVED | PG_NOPAGE | PG_SLAB | PG_PGTABLE | PG_HEAD | PG_TAIL | PG_HUGE;

const REASONS = {
  'not-freeable': {
    kind: 'permanent',
    because: 'reserved, compound, slab, or of nobody who could be asked: its slot cannot be booked',
  },
  'off-lru': { kind: 'retry', because: `on no LRU list, ${MAX_RETRIES} rounds long` },
  'no-swap': {
    kind: 'retry',
    because: 'anonymous, and no swap slot is free: without one it is in no radix tree, and only from there it moves',
  },
  'false-success': { kind: 'permanent', because: 'success was reported for a slot in which pages were left' },
} satisfies Reasons<string>;
type Reason = keyof typeof REASONS;

const NOTES = {
  'takes-any-block': 'any free block of the order is taken once a slot is swept, be it that slot or not',
  'off-lru-still-success':
    'a page that never gets to an LRU list is forgotten after 20 rounds, and the slot taken for swept',
} as const;
type Switch = keyof typeof NOTES;
const SWITCHES = Object.keys(NOTES) as Switch[];

/**
 * Hirokazu Takahashi's "dynamic allocation of huge continuous pages" of 8 January 2004: an aligned slot is booked, so that
 * nothing free in it is handed out; its pages are swept out; what is left is a free block. The ancestor of
 * alloc_contig_range. Two of its faults are switches: it takes any free block of the order once a slot is swept, and a
 * page that never gets to an LRU list is forgotten after 20 rounds.
 */
@injectable()
export class Booking implements HighOrderStrategy {
  readonly name = 'booking';
  readonly about = 'Hirokazu Takahashi, January 2004: books aligned slots one after the other and sweeps each out';
  readonly switches = SWITCHES;
  readonly notes = NOTES;
  /** Where the next search begins, by zone (contig_pages_alloc_hint). */
  readonly #hints = new Map<number, Pfn>();

  constructor(
    @inject(MigrationService) private readonly service: MigrationService,
    @inject(RangeEvents) private readonly events: RangeEvents,
  ) {}

  doesNotApply({ order }: HighOrderRequest): string | null {
    if (order >= 1 && order <= MAX_PAGE_ORDER) return null;
    return order < 1
      ? 'a single page needs no booking: the allocator comes here for order 1 and above'
      : `it takes its block from buddy, which keeps none of order ${order}; ask for 1 to ${MAX_PAGE_ORDER}`;
  }

  run(request: HighOrderRequest & Manner): Job<HighOrderResult> {
    checkOrderRequest(this.service, request);
    const inapplicable = this.doesNotApply(request);
    if (inapplicable !== null) throw new VacateError('usage', `booking: ${inapplicable}`);
    const switches: readonly string[] = SWITCHES;
    for (const asked of request.switches ?? [])
      if (!switches.includes(asked))
        throw new VacateError('usage', `booking has no switch "${asked}"; it has ${switches.join(' and ')}`);
    const strategy = labelOf(this, request);
    const on = (name: Switch): boolean => (request.switches ?? []).includes(name);
    const run = new Run(this.service, this.events, request, this.#hints, {
      takesAnyBlock: on('takes-any-block'),
      forgetsOffLru: on('off-lru-still-success'),
    });
    return announced(this.events, { frontEnd: 'high-order', strategy, ranges: [] }, run.steps(strategy));
  }
}

interface Faults {
  readonly takesAnyBlock: boolean;
  readonly forgetsOffLru: boolean;
}

class Run {
  readonly #reports: MigrationReport[] = [];
  readonly #ranges: PfnRange[] = [];
  readonly #tally = new PageTally<Reason>('booking', REASONS);
  readonly #held: HeldBlocks;
  readonly #refused = new Set<Pfn>();
  readonly #size: number;

  constructor(
    private readonly service: MigrationService,
    private readonly events: RangeEvents,
    private readonly request: HighOrderRequest,
    private readonly hints: Map<number, Pfn>,
    private readonly faults: Faults,
  ) {
    this.#held = new HeldBlocks(service.host.free);
    this.#size = 2 ** request.order;
  }

  *steps(strategy: string): Job<HighOrderResult> {
    const { host } = this.service;
    host.drain();
    yield { step: 'scanning', done: 0, total: host.layout.nrPfns };
    const account = new OrderAccount(this.service, this.request);
    try {
      for (const zone of this.request.zones ?? host.layout.zones.keys()) yield* this.#inZone(zone, account);
    } finally {
      this.#held.release();
    }
    return account.result({
      strategy,
      reports: this.#reports,
      ranges: this.#ranges,
      refusals: this.#tally.counts(),
    });
  }

  /** Every slot of the zone once, from the hint on and round to the start (force_alloc_pages, book_pages). */
  *#inZone(zone: number, account: OrderAccount): Job<void> {
    const { order } = this.request;
    const size = this.#size;
    const { start, end } = this.service.host.layout.zones[zone]!;
    const first = Math.ceil(start / size);
    const nrSlots = Math.max(0, Math.floor(end / size) - first);
    const from = Math.ceil((this.hints.get(zone) ?? start) / size) - first;
    for (let i = 0; i < nrSlots && account.made + this.#held.ranges(order) < account.wanted; i++) {
      const slot = rangeOf((first + ((from + i) % nrSlots)) * size, size);
      yield { step: 'scanning', done: i, total: nrSlots };
      // In the kernel nobody comes here while there is a block of the order.
      if (freeBlockWith(this.service.host.free, slot.start, order) !== NO_PAGE || !this.#isFreeable(slot)) continue;
      this.hints.set(zone, slot.end);
      if (yield* this.#bookAndSweep(slot, zone)) this.#take(slot, zone);
      else this.events.emit({ kind: 'refused', range: slot, reason: 'some of its pages stayed' });
    }
  }

  /** try_to_book_pages(): every page is free, or somebody's who can be asked. */
  #isFreeable({ start, end }: PfnRange): boolean {
    const { columns, free, pages } = this.service.host;
    const { count, flags, mapcount } = columns;
    for (let pfn = start; pfn < end; pfn++) {
      const owned = count[pfn] === 0 || mapcount[pfn] !== 0 || pages.hasMapping(pfn);
      if (owned && (flags[pfn]! & UNFREEABLE) === 0 && free.migratetype(pfn) !== MIGRATE_ISOLATE) continue;
      this.#refuse('not-freeable', pfn);
      return false;
    }
    return true;
  }

  *#bookAndSweep(slot: PfnRange, zone: number): Job<boolean> {
    const { host } = this.service;
    host.isolateRange(slot);
    this.events.emit({ kind: 'range-isolated', range: slot });
    try {
      return yield* this.#sweep(slot, zone);
    } finally {
      host.undoIsolateRange(slot);
      this.events.emit({ kind: 'range-isolation-undone', range: slot });
    }
  }

  /** sweepout_pages(): a page that fails once has spoilt the slot; those off the LRU are waited for. True if none failed. */
  *#sweep(slot: PfnRange, zone: number): Job<boolean> {
    const { host } = this.service;
    const targets = this.#targetsOf(zone);
    let swapLeft = host.swap.slots - host.swap.used;
    let failed = false;
    for (let round = 0; ; round++) {
      host.drain();
      const { pfns, offLru, needSwap, noSwap } = this.#sort(slot, swapLeft);
      swapLeft -= needSwap;
      const report = yield* migrateList(this.service, { pfns, mode: MIGRATE_SYNC, targets });
      this.#reports.push(report);
      for (const pfn of noSwap) this.#refuse('no-swap', pfn);
      if (noSwap.length > 0 || report.refused.length > 0) failed = true;
      if (offLru.length === 0) break;
      if (round < MAX_RETRIES) {
        // A sleep of HZ/4 that sets no task state, so it is over at once.
        host.relax();
        yield { step: 'waiting', done: round + 1, total: MAX_RETRIES };
        continue;
      }
      for (const pfn of offLru) this.#refuse('off-lru', pfn);
      if (!this.faults.forgetsOffLru) failed = true;
      break;
    }
    host.drain();
    return !failed;
  }

  #targetsOf(zone: number): TargetSource {
    const { free, layout } = this.service.host;
    const { node } = layout.zones[zone]!;
    return { get: ordinaryPages(free, node), put: (pfn, order) => free.give(pfn, order) };
  }

  /**
   * What a slot still has: pages that can be moved, of which `needSwap` take a swap slot each; anonymous ones for which
   * none is left; and those that are on no LRU list.
   */
  #sort(slot: PfnRange, swapLeft: number): { pfns: Uint32Array; offLru: Pfn[]; needSwap: number; noSwap: Pfn[] } {
    const { flags } = this.service.host.columns;
    const pfns: Pfn[] = [];
    const offLru: Pfn[] = [];
    const noSwap: Pfn[] = [];
    let needSwap = 0;
    for (let pfn = slot.start; pfn < slot.end; pfn++) {
      const has = flags[pfn]!;
      if ((has & FREE_FLAGS) !== 0) continue;
      if ((has & PG_LRU) === 0) offLru.push(pfn);
      else if ((has & (PG_ANON | PG_SWAPCACHE)) !== PG_ANON) pfns.push(pfn);
      else if (needSwap < swapLeft) {
        needSwap++;
        pfns.push(pfn);
      } else noSwap.push(pfn);
    }
    return { pfns: Uint32Array.from(pfns), offLru, needSwap, noSwap };
  }

  /** Counts a page once for a run. */
  #refuse(reason: Reason, pfn: Pfn): void {
    if (this.#refused.has(pfn)) return;
    this.#refused.add(pfn);
    this.#tally.add(reason, pfn);
  }

  /** The slot's own block; as posted, whichever the free lists come up with (__rmqueue). */
  #take(slot: PfnRange, zone: number): void {
    const { order } = this.request;
    const { free } = this.service.host;
    const own = freeBlockWith(free, slot.start, order);
    if (own === NO_PAGE) {
      const left = nrInUse(this.service.host, slot);
      this.#tally.add('false-success', slot.start, left);
    }
    const head = this.faults.takesAnyBlock ? firstBlock(free, zone, order) : own;
    if (head === NO_PAGE) return;
    const range = this.faults.takesAnyBlock ? rangeOf(head, this.#size) : slot;
    this.#held.take(head);
    this.#ranges.push(range);
    this.events.emit({ kind: 'block-made', range });
  }
}

function firstBlock(free: FreeMemory, zone: number, order: Order): Pfn {
  for (let size = order; size <= MAX_PAGE_ORDER; size++) {
    const [first] = free.blocks(zone, size);
    if (first !== undefined) return first;
  }
  return NO_PAGE;
}
