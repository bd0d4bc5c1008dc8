import type { PageView } from '../../../handler/page-view.js';
import type { FreeMemory } from '../../../host/free-memory.js';
import type { MemoryHost, MemoryLayout, RmapVisit, Room, SwapSpace } from '../../../host/memory-host.js';
import type { Reclaim } from '../../../host/reclaim.js';
import type { BlockState } from '../../../mm/memory-block.js';
import type { PageColumns } from '../../../mm/page-columns.js';
import type { PfnRange } from '../../../mm/pfn-range.js';
import type { BlockId, Order, Pfn } from '../../../mm/units.js';

/** A host that does everything as another one does; to be overridden where a machine deviates from the protocol. */
export class HostDecorator implements MemoryHost {
  readonly name: string;
  readonly layout: MemoryLayout;
  readonly columns: PageColumns;
  readonly pages: PageView;
  readonly free: FreeMemory;
  readonly reclaim: Reclaim;

  constructor(protected readonly host: MemoryHost) {
    this.name = host.name;
    this.layout = host.layout;
    this.columns = host.columns;
    this.pages = host.pages;
    this.free = host.free;
    this.reclaim = host.reclaim;
  }

  get swap(): SwapSpace {
    return this.host.swap;
  }

  blockState(block: BlockId): BlockState {
    return this.host.blockState(block);
  }

  reverseMap(pfn: Pfn): readonly RmapVisit[] {
    return this.host.reverseMap(pfn);
  }

  zoneOf(pfn: Pfn): number {
    return this.host.zoneOf(pfn);
  }

  isolateRange(range: PfnRange): void {
    this.host.isolateRange(range);
  }

  undoIsolateRange(range: PfnRange): void {
    this.host.undoIsolateRange(range);
  }

  drain(): void {
    this.host.drain();
  }

  drainLru(): void {
    this.host.drainLru();
  }

  allocateTarget(order: Order, source: Pfn, sparedOrder: Order): Pfn {
    return this.host.allocateTarget(order, source, sparedOrder);
  }

  freeTarget(pfn: Pfn, order: Order): void {
    this.host.freeTarget(pfn, order);
  }

  roomOutside(without: readonly PfnRange[]): Room {
    return this.host.roomOutside(without);
  }

  lock(pfn: Pfn): boolean {
    return this.host.lock(pfn);
  }

  unlock(pfn: Pfn): void {
    this.host.unlock(pfn);
  }

  freeze(pfn: Pfn, expected: number): boolean {
    return this.host.freeze(pfn, expected);
  }

  unfreeze(pfn: Pfn, references: number): void {
    this.host.unfreeze(pfn, references);
  }

  unmap(pfn: Pfn): boolean {
    return this.host.unmap(pfn);
  }

  shootdown(): void {
    this.host.shootdown();
  }

  remap(source: Pfn, target: Pfn): void {
    this.host.remap(source, target);
  }

  copy(sources: Uint32Array, targets: Uint32Array, nrPages: number): void {
    this.host.copy(sources, targets, nrPages);
  }

  carry(source: Pfn, target: Pfn): void {
    this.host.carry(source, target);
  }

  freeSource(pfn: Pfn): void {
    this.host.freeSource(pfn);
  }

  split(head: Pfn): boolean {
    return this.host.split(head);
  }

  waitForWriteback(pfn: Pfn): boolean {
    return this.host.waitForWriteback(pfn);
  }

  relax(): void {
    this.host.relax();
  }

  goingOffline(block: BlockId): void {
    this.host.goingOffline?.(block);
  }

  cancelOffline(block: BlockId): void {
    this.host.cancelOffline?.(block);
  }

  offlineBlock(block: BlockId): boolean {
    return this.host.offlineBlock(block);
  }

  onlineBlock(block: BlockId): void {
    this.host.onlineBlock(block);
  }

  validate(): string[] {
    return this.host.validate();
  }
}
