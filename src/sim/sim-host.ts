import type { MemoryHost, MemoryLayout, RmapVisit, Room } from '../host/memory-host.js';
import type { BlockState } from '../mm/memory-block.js';
import {
  PG_DIRTY,
  PG_HEAD,
  PG_HUGE,
  PG_ISOLATED,
  PG_LOCKED,
  PG_MOVABLE_OPS,
  PG_NONLINEAR,
  PG_THP,
} from '../mm/page-flags.js';
import type { PfnRange } from '../mm/pfn-range.js';
import type { BlockId, Order, Pfn } from '../mm/units.js';
import { SimBulkMover } from './bulk-mover.js';
import { CARRIED } from './carried-flags.js';
import { splitCompound } from './compound-pages.js';
import { copyContentsBatch } from './contents.js';
import { cancelOffline, goingOffline } from './drivers/notify.js';
import { SimFreeMemory } from './free-memory.js';
import { freeHugetlbTarget, hugetlbTarget } from './hugetlb.js';
import { noteMovedIntoPool } from './hugetlb-pool.js';
import { isolateRange, undoIsolateRange } from './isolation.js';
import { placeOnLru } from './lru.js';
import type { Machine } from './machine.js';
import { offlineBlock, onlineBlock } from './memory-blocks.js';
import { drainLruAdd, drainPcp, putPage } from './page-allocator.js';
import { refFreeze, refSet } from './page-ref.js';
import { SimPageView } from './page-view.js';
import { zoneOf } from './pageblocks.js';
import { remapFromMigration, reverseMap, unmapToMigration } from './rmap.js';
import { SimReclaim } from './sim-reclaim.js';
import { SimSwapSpace } from './swap-space.js';
import { allocateTarget, freeTarget, roomByZone } from './targets.js';
import { tlbFlushAll } from './tlb.js';
import { validateMachine } from './validate.js';
import { advance, waitForWriteback } from './writeback.js';

/** CPU on which the migrator runs. */
const CPU = 0;
/** Virtual time between two passes of retries: the kernel yields, other tasks run for about a tick. */
const RELAX_NS = 1_000_000;

/**
 * A simulated machine as a host of the migration service.
 *
 * @example
 * const simulated = new SimHost(machine);
 * simulated.layout.nrPfns === machine.spec.nrPfns; // true
 */
export class SimHost implements MemoryHost {
  readonly name: string;
  readonly layout: MemoryLayout;
  readonly columns: Machine;
  readonly pageblockUse: Uint16Array;
  readonly pages: SimPageView;
  readonly free: SimFreeMemory;
  readonly reclaim: SimReclaim;
  readonly swap: SimSwapSpace;
  readonly bulk: SimBulkMover | null;

  constructor(readonly machine: Machine) {
    this.name = machine.spec.name;
    this.layout = machine.spec;
    this.columns = machine;
    this.pageblockUse = machine.pageblockUse;
    this.pages = new SimPageView(machine);
    this.free = new SimFreeMemory(machine);
    this.reclaim = new SimReclaim(machine);
    this.swap = new SimSwapSpace(machine);
    // Threads that share a machine run between any two steps.
    this.bulk = machine.others === null ? new SimBulkMover(machine) : null;
  }

  /** As the machine has it. */
  blockState(block: BlockId): BlockState {
    return (this.machine.blockState[block] ?? 0) as BlockState;
  }

  reverseMap(pfn: Pfn): readonly RmapVisit[] {
    return reverseMap(this.machine, pfn);
  }

  zoneOf(pfn: Pfn): number {
    return zoneOf(this.machine, pfn);
  }

  isolateRange(range: PfnRange): void {
    isolateRange(this.machine, range);
  }

  undoIsolateRange(range: PfnRange): void {
    undoIsolateRange(this.machine, range);
  }

  drain(): void {
    drainLruAdd(this.machine);
    drainPcp(this.machine);
  }

  drainLru(): void {
    drainLruAdd(this.machine);
  }

  allocateTarget(order: Order, source: Pfn, sparedOrder: Order): Pfn {
    const isHugetlb = order > 0 && (this.machine.flags[source]! & PG_HUGE) !== 0;
    return isHugetlb
      ? hugetlbTarget(this.machine, order, source)
      : allocateTarget(this.machine, order, source, sparedOrder);
  }

  freeTarget(pfn: Pfn, order: Order): void {
    if ((this.machine.flags[pfn]! & PG_HUGE) !== 0) freeHugetlbTarget(this.machine, pfn);
    else freeTarget(this.machine, pfn, order);
  }

  roomOutside(without: readonly PfnRange[]): Room {
    const byZone = roomByZone(this.machine, without);
    return { pages: byZone.reduce((sum, pages) => sum + pages, 0), byZone };
  }

  lock(pfn: Pfn): boolean {
    const { flags } = this.machine;
    if ((flags[pfn]! & PG_LOCKED) !== 0) return false;
    flags[pfn] = flags[pfn]! | PG_LOCKED;
    return true;
  }

  /** Gives the lock back (unlock_page). */
  unlock(pfn: Pfn): void {
    this.machine.flags[pfn] = this.machine.flags[pfn]! & ~PG_LOCKED;
  }

  freeze(pfn: Pfn, expected: number): boolean {
    return refFreeze(this.machine, pfn, expected);
  }

  unfreeze(pfn: Pfn, references: number): void {
    refSet(this.machine, pfn, references);
  }

  unmap(pfn: Pfn): boolean {
    return unmapToMigration(this.machine, pfn);
  }

  shootdown(): void {
    tlbFlushAll(this.machine);
  }

  remap(source: Pfn, target: Pfn): void {
    remapFromMigration(this.machine, source, target);
  }

  copy(sources: Uint32Array, targets: Uint32Array, nrPages: number): void {
    copyContentsBatch(this.machine, sources, targets, nrPages);
  }

  carry(source: Pfn, target: Pfn): void {
    const m = this.machine;
    const flags = m.flags[source]!;
    if ((flags & m.flags[target]! & (PG_HUGE | PG_HEAD)) === (PG_HUGE | PG_HEAD)) noteMovedIntoPool(m, source);
    // Whether the file has nonlinear mappings is the file's to say: it may have changed since the slot moved.
    const nonlinear = this.pages.hasNonlinearMappings(target) ? PG_NONLINEAR : 0;
    // An entry may have gone meanwhile that knew the page was dirty: then its new frame has been told.
    const own = m.flags[target]! & (~(CARRIED | PG_NONLINEAR) | PG_DIRTY);
    m.flags[target] = (own | (flags & CARRIED) | nonlinear) >>> 0;
    m.flags[source] = (flags & (PG_LOCKED | PG_ISOLATED)) >>> 0;
    if ((flags & (PG_MOVABLE_OPS | PG_HUGE)) === 0) placeOnLru(m, target);
  }

  freeSource(pfn: Pfn): void {
    this.machine.flags[pfn] = this.machine.flags[pfn]! & ~PG_ISOLATED;
    putPage(this.machine, CPU, pfn);
  }

  split(head: Pfn): boolean {
    const compound = PG_HEAD | PG_THP;
    if ((this.machine.flags[head]! & compound) !== compound) return false;
    splitCompound(this.machine, head);
    return true;
  }

  waitForWriteback(pfn: Pfn): boolean {
    return waitForWriteback(this.machine, CPU, pfn);
  }

  relax(): void {
    advance(this.machine, CPU, RELAX_NS);
  }

  goingOffline(block: BlockId): void {
    goingOffline(this.machine, block);
  }

  cancelOffline(block: BlockId): void {
    cancelOffline(this.machine, block);
  }

  offlineBlock(block: BlockId): boolean {
    return offlineBlock(this.machine, block);
  }

  onlineBlock(block: BlockId): void {
    onlineBlock(this.machine, block);
  }

  validate(): string[] {
    return validateMachine(this.machine);
  }
}
