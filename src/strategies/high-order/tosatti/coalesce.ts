import type { PfnRange } from '../../../mm/pfn-range.js';
import { NO_PAGE, type Order, type Pfn } from '../../../mm/units.js';
import type { Job } from '../../strategy.js';
import type { Attempt } from './attempt.js';
import { FREE, MOVABLE, movability, ON_PCP, type Verdict } from './movable.js';
import type { Deviations } from './switches.js';
import { Targets } from './targets.js';

/** So many orders below the one wanted a block may be to start from (the patch's constant). */
const MAX_ORDER_DEC = 3;
/** can_move_page() returns from these before its label `out`, where it enables preemption. */
const RETURNS_EARLY: readonly Verdict[] = ['locked', 'reserved', 'writeback'];

/** Orders of the blocks to start from, for a block of `order`. */
export function startingOrders(order: Order, on: Deviations): Order[] {
  if (on['order-underflow'] && order < MAX_ORDER_DEC) return [];
  const levels = on['two-levels-only'] ? MAX_ORDER_DEC - 1 : MAX_ORDER_DEC;
  return Array.from({ length: Math.min(levels, order) }, (_, i) => order - 1 - i);
}

/**
 * coalesce_memory(order, zone) of 1 October 2004: around each free block that is a little smaller, page by page backwards
 * and then forwards, every page must be free or go now; the first one that does not ends the walk. Nothing waits, and
 * nothing is looked at before pages move.
 */
export class Coalesce {
  readonly #targets: Targets;
  readonly #nrPfns: number;
  #freed = 0;
  /** What preempt_count() would be. */
  #preempt = 0;

  constructor(
    private readonly attempt: Attempt,
    readonly zone: number,
  ) {
    const { host, on, hazards } = attempt;
    this.#targets = new Targets(host, attempt.zone(zone).node, on, hazards);
    this.#nrPfns = host.layout.nrPfns;
  }

  /** One call. The block around which it says that there is one of the order now; NO_PAGE if it gives up. */
  *call(): Job<Pfn> {
    const { on, hazards, host, order } = this.attempt;
    this.#freed = 0;
    this.#preempt = 1;
    const block = yield* this.#search();
    const { start } = this.attempt.zone(this.zone);
    if (block === NO_PAGE || !on['preempt-imbalance']) this.#preempt--;
    if (on['preempt-imbalance'] && this.#preempt !== 0)
      hazards.add('preempt-imbalance', block === NO_PAGE ? start : block, Math.abs(this.#preempt));
    if (block !== NO_PAGE && !on['target-not-excluded']) host.drain();
    yield { step: 'scanning', done: order, total: order };
    return block;
  }

  *#search(): Job<Pfn> {
    const { host, on, order } = this.attempt;
    for (const torder of startingOrders(order, on))
      for (const block of host.free.blocks(this.zone, torder)) {
        if (!on['counter-never-reset']) this.#freed = 0;
        try {
          if (yield* this.#around(block, torder)) return block;
        } finally {
          this.#targets.release();
        }
      }
    return NO_PAGE;
  }

  *#around(block: Pfn, torder: Order): Job<boolean> {
    const { host, on, hazards, order } = this.attempt;
    if (host.free.blockOrder(block) !== torder) {
      if (!on['unlocked-list-walk']) return false;
      hazards.add('stale-list-entry', block);
    }
    const need = 2 ** order - 2 ** torder;
    const window = this.#windowOf(block, torder, need);
    if (window === null) return false;
    this.#targets.window = window;
    const tooShort = on['n-minus-one-cannot-succeed'];
    const first = Math.max(window.start, block - (tooShort ? need - 1 : need));
    if (yield* this.#walk(block - 1, first - 1, -1, need)) return true;
    const end = Math.min(window.end, block + (tooShort ? need : need + 2 ** torder));
    return yield* this.#walk(block + 2 ** torder, end, 1, need);
  }

  /** From a page on, in one direction, until enough are free in all (true), one does not go, or the walk is at its end. */
  *#walk(from: Pfn, until: Pfn, step: 1 | -1, need: number): Job<boolean> {
    const most = this.attempt.pagesAtOnce;
    const pending: Pfn[] = [];
    let goesOn = true;
    for (let pfn = from; goesOn && (until - pfn) * step > 0 && this.#freed < need; pfn += step) {
      const verdict = this.#look(pfn);
      if (verdict === MOVABLE) pending.push(pfn);
      else if (verdict !== FREE) {
        this.#refuse(verdict, pfn);
        break;
      }
      this.#freed++;
      if (pending.length === most) goesOn = yield* this.#move(pending);
    }
    if (pending.length > 0) yield* this.#move(pending);
    return this.#freed === need;
  }

  /** Where the walk may go: the aligned range that buddy can merge, inside the zone. Null if there is none. */
  #windowOf(block: Pfn, torder: Order, need: number): PfnRange | null {
    const { on, order } = this.attempt;
    const zone = this.attempt.zone(this.zone);
    if (on['no-alignment']) {
      const start = block - need;
      const end = block + 2 ** torder + need;
      return on['no-zone-check']
        ? { start, end }
        : { start: Math.max(start, zone.start), end: Math.min(end, zone.end) };
    }
    const start = block - (block % 2 ** order);
    const end = start + 2 ** order;
    if (on['no-zone-check'] || (start >= zone.start && end <= zone.end)) return { start, end };
    this.attempt.refuse('out-of-zone', start < zone.start ? zone.start - 1 : zone.end);
    return null;
  }

  #refuse(verdict: Exclude<Verdict, typeof FREE | typeof MOVABLE | typeof ON_PCP>, pfn: Pfn): void {
    this.attempt.refuse(verdict, pfn);
    if (!RETURNS_EARLY.includes(verdict)) this.#preempt--;
  }

  /** Moves pages that were counted as freed and takes those that do not go off the count. True if all went. */
  *#move(pending: Pfn[]): Job<boolean> {
    const pfns = Uint32Array.from(pending).sort();
    pending.length = 0;
    const { migrated, freed, refused } = yield* this.attempt.move(pfns, this.#targets);
    this.#freed -= pfns.length - migrated - freed;
    // The label redo_unmaps, reached when a mapping cannot be taken over, returns without passing `out`.
    for (const { pages, reason } of refused) if (reason !== 'still-mapped') this.#preempt -= pages;
    return migrated + freed === pfns.length;
  }

  #look(pfn: Pfn): Exclude<Verdict, typeof ON_PCP> {
    const { hazards, host, on } = this.attempt;
    if (on['no-zone-check']) {
      if (pfn < 0 || pfn >= this.#nrPfns) {
        hazards.add('outside-memory-map', Math.max(0, pfn));
        return 'out-of-zone';
      }
      if (host.zoneOf(pfn) !== this.zone) hazards.add('outside-zone', pfn);
    }
    let verdict = movability(host, on, pfn);
    if (verdict === ON_PCP) {
      if (on['pcp-counts-as-free']) {
        hazards.add('pcp-taken-as-free', pfn);
        return FREE;
      }
      host.drain();
      verdict = movability(host, on, pfn);
    }
    if (verdict === ON_PCP) return 'on-per-cpu-list';
    if (verdict === 'not-on-lru' && this.#targets.hasAside(pfn)) return FREE;
    if (verdict === FREE) host.stranded.delete(pfn);
    return host.stranded.has(pfn) ? 'not-on-lru' : verdict;
  }
}
