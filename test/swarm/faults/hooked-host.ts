import type { Order, Pfn } from '../../../src/mm/units.js';
import type { Machine } from '../../../src/sim/machine.js';
import { SimPageView } from '../../../src/sim/page-view.js';
import { SimHost } from '../../../src/sim/sim-host.js';

/** Called before a verb: what other CPUs do in the midst of a phase, or the host's own failure, if it throws. */
export type Hook = (verb: string) => void;

/** What handlers may do with pages, with a moment before each step. */
class HookedPageView extends SimPageView {
  constructor(
    machine: Machine,
    private readonly before: Hook,
  ) {
    super(machine);
  }

  override isolateFromLru(pfn: Pfn, notOnLru: number): number {
    this.before('isolateFromLru');
    return super.isolateFromLru(pfn, notOnLru);
  }

  override putbackToLru(pfn: Pfn): void {
    this.before('putbackToLru');
    super.putbackToLru(pfn);
  }

  override isolateFromDriver(pfn: Pfn, letGo: number): number {
    this.before('isolateFromDriver');
    return super.isolateFromDriver(pfn, letGo);
  }

  override putbackToDriver(pfn: Pfn): void {
    this.before('putbackToDriver');
    super.putbackToDriver(pfn);
  }

  override moveSlot(source: Pfn, target: Pfn): boolean {
    this.before('moveSlot');
    return super.moveSlot(source, target);
  }
}

/** A simulated host with a moment before each verb of the protocol. */
export class HookedHost extends SimHost {
  hook: Hook | null = null;
  override readonly pages = new HookedPageView(this.machine, (verb) => this.hook?.(verb));

  override allocateTarget(order: Order, source: Pfn, sparedOrder: Order): Pfn {
    this.hook?.('allocateTarget');
    return super.allocateTarget(order, source, sparedOrder);
  }

  override freeTarget(pfn: Pfn, order: Order): void {
    this.hook?.('freeTarget');
    super.freeTarget(pfn, order);
  }

  override lock(pfn: Pfn): boolean {
    this.hook?.('lock');
    return super.lock(pfn);
  }

  override unlock(pfn: Pfn): void {
    this.hook?.('unlock');
    super.unlock(pfn);
  }

  override freeze(pfn: Pfn, expected: number): boolean {
    this.hook?.('freeze');
    return super.freeze(pfn, expected);
  }

  override unfreeze(pfn: Pfn, references: number): void {
    this.hook?.('unfreeze');
    super.unfreeze(pfn, references);
  }

  override unmap(pfn: Pfn): boolean {
    this.hook?.('unmap');
    return super.unmap(pfn);
  }

  override shootdown(): void {
    this.hook?.('shootdown');
    super.shootdown();
  }

  override remap(source: Pfn, target: Pfn): void {
    this.hook?.('remap');
    super.remap(source, target);
  }

  override copy(sources: Uint32Array, targets: Uint32Array, nrPages: number): void {
    this.hook?.('copy');
    super.copy(sources, targets, nrPages);
  }

  override carry(source: Pfn, target: Pfn): void {
    this.hook?.('carry');
    super.carry(source, target);
  }

  override freeSource(pfn: Pfn): void {
    this.hook?.('freeSource');
    super.freeSource(pfn);
  }

  override split(head: Pfn): boolean {
    this.hook?.('split');
    return super.split(head);
  }

  override waitForWriteback(pfn: Pfn): boolean {
    this.hook?.('waitForWriteback');
    return super.waitForWriteback(pfn);
  }

  override relax(): void {
    this.hook?.('relax');
    super.relax();
  }
}
