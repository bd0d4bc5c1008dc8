import type { FreeMemory, PlainAllocation } from '../host/free-memory.js';
import {
  MIGRATE_ISOLATE,
  MIGRATE_MOVABLE,
  MIGRATE_RECLAIMABLE,
  MIGRATE_UNMOVABLE,
  type Migratetype,
} from '../mm/migratetype.js';
import type { Order, Pfn } from '../mm/units.js';
import type { ZoneKind } from '../mm/zone.js';
import { freeBlockOrder, freeListAt, takeFrom } from './buddy.js';
import type { Machine } from './machine.js';
import { allocatePages, freePages, prepareNewPages, reserveOf } from './page-allocator.js';
import { freeListType, isIsolated, zoneOf } from './pageblocks.js';
import { freeTarget } from './targets.js';

/** CPU on which algorithms run. */
const CPU = 0;
const TYPES: readonly Migratetype[] = [MIGRATE_MOVABLE, MIGRATE_RECLAIMABLE, MIGRATE_UNMOVABLE];

/** The simulated machine's buddy allocator, for algorithms that look for free memory themselves. */
export class SimFreeMemory implements FreeMemory {
  constructor(private readonly machine: Machine) {}

  blockOrder(pfn: Pfn): number {
    return isIsolated(this.machine, pfn) ? -1 : freeBlockOrder(this.machine, pfn);
  }

  migratetype(pfn: Pfn): Migratetype {
    return freeListType(this.machine, pfn);
  }

  nrPages(zone: number): number {
    return this.machine.nrFree[zone]!;
  }

  nrBlocks(zone: number, order: Order): number {
    let nr = 0;
    for (const type of TYPES) nr += this.machine.freeBlocks[freeListAt(zone, type, order)]!;
    return nr;
  }

  blocks(zone: number, order: Order): Uint32Array {
    const { freeHead, index } = this.machine;
    const found = new Uint32Array(this.nrBlocks(zone, order));
    let nr = 0;
    for (const type of TYPES)
      for (let link = freeHead[freeListAt(zone, type, order)]!; link !== 0; link = index[link - 1]!)
        found[nr++] = link - 1;
    return found;
  }

  watermark(zone: number, mark: 'min' | 'low' | 'high', highest: ZoneKind): number {
    return reserveOf(this.machine, zone, mark, highest);
  }

  take(pfn: Pfn): number {
    const m = this.machine;
    const order = freeBlockOrder(m, pfn);
    if (order < 0) return -1;
    const type = freeListType(m, pfn);
    const zone = zoneOf(m, pfn);
    if (type === MIGRATE_ISOLATE || m.nrFree[zone]! - 2 ** order < m.watermarkMin[zone]!) return -1;
    takeFrom(m, pfn, zone, type, order, order);
    prepareNewPages(m, pfn, order);
    return order;
  }

  allocate({ order, node, ownNode, mark, highest }: PlainAllocation): Pfn {
    const { machine } = this;
    return allocatePages(machine, CPU, { order, type: MIGRATE_MOVABLE, node, highest, mark, ownNode });
  }

  give(pfn: Pfn, order: Order): void {
    freeTarget(this.machine, pfn, order);
  }

  free(pfn: Pfn, order: Order): void {
    const m = this.machine;
    for (let page = pfn; page < pfn + 2 ** order; page++) m.count[page] = 0;
    freePages(m, CPU, pfn, order);
  }
}
