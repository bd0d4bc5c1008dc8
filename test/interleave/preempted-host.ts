import { PG_LOCKED } from '../../src/mm/page-flags.js';
import type { PfnRange } from '../../src/mm/pfn-range.js';
import { type BlockId, formatPfn, type Order, type Pfn } from '../../src/mm/units.js';
import type { Machine } from '../../src/sim/machine.js';
import { SimPageView } from '../../src/sim/page-view.js';
import { SimHost } from '../../src/sim/sim-host.js';
import { Violation } from './step.js';
import * as verb from './verbs.js';

/** Who decides what the other CPUs do, and when. */
export interface Scheduler {
  /** The migrator is about to do this: now the others may run. Throws to end the run. */
  before(verb: number, a: number, b: number): void;
  /** What it got. */
  after(result: number): void;
}

/**
 * The simulated machine, with the other CPUs let in before every verb of the migrator: the finest grain that the
 * contract of the port promises ("between two calls other CPUs may do what they like").
 */
export class PreemptedHost extends SimHost {
  override readonly pages: PreemptedPageView;

  constructor(
    machine: Machine,
    private readonly scheduler: Scheduler,
  ) {
    super(machine);
    this.pages = new PreemptedPageView(machine, scheduler);
  }

  override isolateRange(range: PfnRange): void {
    this.scheduler.before(verb.ISOLATE_RANGE, range.start, range.end);
    super.isolateRange(range);
  }

  override undoIsolateRange(range: PfnRange): void {
    this.scheduler.before(verb.UNDO_ISOLATE_RANGE, range.start, range.end);
    super.undoIsolateRange(range);
  }

  override drain(): void {
    this.scheduler.before(verb.DRAIN, verb.NONE, verb.NONE);
    super.drain();
  }

  override drainLru(): void {
    this.scheduler.before(verb.DRAIN_LRU, verb.NONE, verb.NONE);
    super.drainLru();
  }

  override allocateTarget(order: Order, source: Pfn, sparedOrder: Order): Pfn {
    this.scheduler.before(verb.ALLOCATE_TARGET, source, verb.NONE);
    const pfn = super.allocateTarget(order, source, sparedOrder);
    this.scheduler.after(pfn);
    return pfn;
  }

  override freeTarget(pfn: Pfn, order: Order): void {
    this.scheduler.before(verb.FREE_TARGET, pfn, verb.NONE);
    super.freeTarget(pfn, order);
  }

  override lock(pfn: Pfn): boolean {
    this.scheduler.before(verb.LOCK, pfn, verb.NONE);
    return this.#answer(super.lock(pfn));
  }

  override unlock(pfn: Pfn): void {
    this.scheduler.before(verb.UNLOCK, pfn, verb.NONE);
    if ((this.machine.flags[pfn]! & PG_LOCKED) === 0)
      throw new Violation(`${formatPfn(pfn)} is unlocked, and was not locked`);
    super.unlock(pfn);
  }

  override freeze(pfn: Pfn, expected: number): boolean {
    this.scheduler.before(verb.FREEZE, pfn, expected);
    return this.#answer(super.freeze(pfn, expected));
  }

  override unfreeze(pfn: Pfn, references: number): void {
    this.scheduler.before(verb.UNFREEZE, pfn, references);
    super.unfreeze(pfn, references);
  }

  override unmap(pfn: Pfn): boolean {
    this.scheduler.before(verb.UNMAP, pfn, verb.NONE);
    return this.#answer(super.unmap(pfn));
  }

  override shootdown(): void {
    this.scheduler.before(verb.SHOOTDOWN, verb.NONE, verb.NONE);
    super.shootdown();
  }

  override remap(source: Pfn, target: Pfn): void {
    this.scheduler.before(verb.REMAP, source, target);
    super.remap(source, target);
  }

  /** Page by page, for a copy takes its time. */
  override copy(sources: Uint32Array, targets: Uint32Array, nrPages: number): void {
    for (let i = 0; i < nrPages; i++) {
      this.scheduler.before(verb.COPY, sources[i]!, targets[i]!);
      super.copy(sources.subarray(i, i + 1), targets.subarray(i, i + 1), 1);
    }
  }

  override carry(source: Pfn, target: Pfn): void {
    this.scheduler.before(verb.CARRY, source, target);
    super.carry(source, target);
  }

  override freeSource(pfn: Pfn): void {
    this.scheduler.before(verb.FREE_SOURCE, pfn, verb.NONE);
    if (this.machine.count[pfn] === 1 && (this.machine.flags[pfn]! & PG_LOCKED) !== 0)
      throw new Violation(`${formatPfn(pfn)} is freed while it is locked`);
    super.freeSource(pfn);
  }

  override split(head: Pfn): boolean {
    this.scheduler.before(verb.SPLIT, head, verb.NONE);
    return this.#answer(super.split(head));
  }

  override waitForWriteback(pfn: Pfn): boolean {
    this.scheduler.before(verb.WAIT_WRITEBACK, pfn, verb.NONE);
    return this.#answer(super.waitForWriteback(pfn));
  }

  override relax(): void {
    this.scheduler.before(verb.RELAX, verb.NONE, verb.NONE);
    super.relax();
  }

  override offlineBlock(block: BlockId): boolean {
    this.scheduler.before(verb.OFFLINE_BLOCK, block, verb.NONE);
    return this.#answer(super.offlineBlock(block));
  }

  override onlineBlock(block: BlockId): void {
    this.scheduler.before(verb.ONLINE_BLOCK, block, verb.NONE);
    super.onlineBlock(block);
  }

  #answer(yes: boolean): boolean {
    this.scheduler.after(yes ? 1 : 0);
    return yes;
  }
}

/** The verbs that handlers have. */
class PreemptedPageView extends SimPageView {
  constructor(
    machine: Machine,
    private readonly scheduler: Scheduler,
  ) {
    super(machine);
  }

  override isolateFromLru(pfn: Pfn, notOnLru: number): number {
    this.scheduler.before(verb.ISOLATE_LRU, pfn, verb.NONE);
    const code = super.isolateFromLru(pfn, notOnLru);
    this.scheduler.after(code);
    return code;
  }

  override putbackToLru(pfn: Pfn): void {
    this.scheduler.before(verb.PUTBACK_LRU, pfn, verb.NONE);
    super.putbackToLru(pfn);
  }

  override isolateFromDriver(pfn: Pfn, letGo: number): number {
    this.scheduler.before(verb.ISOLATE_DRIVER, pfn, verb.NONE);
    const code = super.isolateFromDriver(pfn, letGo);
    this.scheduler.after(code);
    return code;
  }

  override putbackToDriver(pfn: Pfn): void {
    this.scheduler.before(verb.PUTBACK_DRIVER, pfn, verb.NONE);
    super.putbackToDriver(pfn);
  }

  override moveSlot(source: Pfn, target: Pfn): boolean {
    this.scheduler.before(verb.MOVE_SLOT, source, target);
    const moved = super.moveSlot(source, target);
    this.scheduler.after(moved ? 1 : 0);
    return moved;
  }

  override moveBuffers(source: Pfn, target: Pfn): void {
    this.scheduler.before(verb.MOVE_BUFFERS, source, target);
    super.moveBuffers(source, target);
  }
}
