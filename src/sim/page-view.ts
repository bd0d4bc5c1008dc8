import type { MovableOperations } from '../handler/movable-operations.js';
import type { PageView } from '../handler/page-view.js';
import { PG_ANON, PG_ISOLATED, PG_KSM, PG_LRU, PG_PRIVATE, PG_SWAPCACHE } from '../mm/page-flags.js';
import type { Pfn } from '../mm/units.js';
import { driverOf } from './drivers/driver.js';
import { moveDriverPage, SimMovableOperations } from './drivers/operations.js';
import { isLongtermPinned } from './gup.js';
import { SimHugePool } from './huge-pool-view.js';
import type { Machine } from './machine.js';
import { handOverIndex, mappingOfPage } from './mappings.js';
import { putPage } from './page-allocator.js';
import { isInItsSlot, replaceInSlot } from './page-cache.js';
import { SimPageEntries } from './page-entries.js';
import { getPage } from './page-ref.js';
import { moveStableNode } from './stable-nodes.js';
import { moveInSwapCache, swapSlotOf } from './swap.js';

/** CPU on which the migrator runs. */
const MIGRATOR_CPU = 0;

/** A machine's pages as handlers see them; see handler/page-view.ts for what each verb promises. */
export class SimPageView implements PageView {
  readonly entries: SimPageEntries;
  readonly #drivers: SimMovableOperations;
  readonly hugePool: SimHugePool;

  constructor(private readonly machine: Machine) {
    this.#drivers = new SimMovableOperations(machine);
    this.entries = new SimPageEntries(machine);
    this.hugePool = new SimHugePool(machine);
  }

  flags(pfn: Pfn): number {
    return this.machine.flags[pfn]!;
  }

  count(pfn: Pfn): number {
    return this.machine.count[pfn]!;
  }

  mapcount(pfn: Pfn): number {
    return this.machine.mapcount[pfn]!;
  }

  inCache(pfn: Pfn): boolean {
    const flags = this.machine.flags[pfn]!;
    if ((flags & PG_SWAPCACHE) !== 0) return swapSlotOf(this.machine, pfn) >= 0;
    return (flags & PG_ANON) === 0 && isInItsSlot(this.machine, pfn);
  }

  swapSlot(pfn: Pfn): number {
    return (this.machine.flags[pfn]! & PG_SWAPCACHE) !== 0 ? swapSlotOf(this.machine, pfn) : -1;
  }

  hasMapping(pfn: Pfn): boolean {
    // Shared memory that is being swapped belongs to swap alone (folio_mapping of a swap-cache folio).
    return this.machine.index[pfn] !== 0 || swapSlotOf(this.machine, pfn) >= 0;
  }

  hasNonlinearMappings(pfn: Pfn): boolean {
    const mapping = mappingOfPage(this.machine, pfn);
    return mapping !== 0 && this.machine.mapNonlinear[mapping] !== 0;
  }

  longtermPinned(pfn: Pfn): boolean {
    return isLongtermPinned(this.machine, pfn);
  }

  isolateFromLru(pfn: Pfn, notOnLru: number): number {
    const m = this.machine;
    const flags = m.flags[pfn]!;
    if ((flags & PG_LRU) === 0) return notOnLru;
    m.flags[pfn] = ((flags & ~PG_LRU) | PG_ISOLATED) >>> 0;
    getPage(m, pfn);
    return 0;
  }

  putbackToLru(pfn: Pfn): void {
    const m = this.machine;
    m.flags[pfn] = ((m.flags[pfn]! & ~PG_ISOLATED) | PG_LRU) >>> 0;
    putPage(m, MIGRATOR_CPU, pfn);
  }

  isolateFromDriver(pfn: Pfn, letGo: number): number {
    const m = this.machine;
    if (m.count[pfn] === 0 || (m.flags[pfn]! & PG_ISOLATED) !== 0) return letGo;
    m.flags[pfn] = m.flags[pfn]! | PG_ISOLATED;
    getPage(m, pfn);
    return 0;
  }

  putbackToDriver(pfn: Pfn): void {
    const m = this.machine;
    m.flags[pfn] = m.flags[pfn]! & ~PG_ISOLATED;
    putPage(m, MIGRATOR_CPU, pfn);
  }

  moveSlot(source: Pfn, target: Pfn): boolean {
    const m = this.machine;
    const flags = m.flags[source]!;
    if ((flags & PG_SWAPCACHE) !== 0) {
      const slot = swapSlotOf(m, source);
      if (slot < 0) return false;
      moveInSwapCache(m, slot, source, target);
    } else if ((flags & PG_ANON) === 0) {
      if (!isInItsSlot(m, source)) return false;
      const driver = driverOf(m, source);
      if (driver !== 0) {
        moveDriverPage(m, driver, target, source);
        return true;
      }
      replaceInSlot(m, source, target);
    }
    if ((flags & PG_KSM) !== 0) moveStableNode(m, source, target);
    handOverIndex(m, source, target);
    return true;
  }

  movableOps(pfn: Pfn): MovableOperations | null {
    return this.#drivers.of(pfn);
  }

  moveBuffers(source: Pfn, target: Pfn): void {
    const m = this.machine;
    if ((m.flags[source]! & PG_PRIVATE) === 0) return;
    m.flags[source] = m.flags[source]! & ~PG_PRIVATE;
    m.flags[target] = m.flags[target]! | PG_PRIVATE;
  }
}
