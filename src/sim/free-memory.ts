import type { FreeMemory, PlainAllocation } from '../host/free-memory.js';
import {
  MIGRATE_ISOLATE,
  MIGRATE_MOVABLE,
  MIGRATE_RECLAIMABLE,
  MIGRATE_UNMOVABLE,
  type Migratetype,
} from '../mm/migratetype.js';
import { type Order, PAGEBLOCK_ORDER, PAGEBLOCK_PAGES, type Pfn } from '../mm/units.js';
import type { ZoneKind } from '../mm/zone.js';
import { freeBlockOrder, freeListAt, takeFrom } from './buddy.js';
import { linkBack, setLinkBack } from './contents.js';
import type { Machine } from './machine.js';
import { allocatePages, drainPcpOf, freePages, prepareNewPages, putPages, reserveOf } from './page-allocator.js';
import { freeListType, isIsolated, pageblockType, setPageblockType, zoneOf } from './pageblocks.js';
import { relinkFree } from './relink-free.js';
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

  nrBlocks(zone: number, order: Order, only?: Migratetype): number {
    if (only !== undefined) return this.machine.freeBlocks[freeListAt(zone, only, order)]!;
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
    // As if an order-0 allocation of kernel memory had raised the mark by the block: it must stay above, not at it.
    if (type === MIGRATE_ISOLATE || m.nrFree[zone]! <= m.watermarkMin[zone]! + 2 ** order) return -1;
    takeFrom(m, pfn, zone, type, order, order);
    prepareNewPages(m, pfn, order);
    if (order >= PAGEBLOCK_ORDER - 1) becomeMovable(m, pfn, order);
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
    putPages(this.machine, pfn, order, toLists);
  }

  atEnd(zone: number, order: Order, end: 'first' | 'last', most: number): Uint32Array {
    const m = this.machine;
    const list = freeListAt(zone, MIGRATE_MOVABLE, order);
    const found = new Uint32Array(Math.min(most, m.freeBlocks[list]!));
    let link = end === 'first' ? m.freeHead[list]! : m.freeTail[list]!;
    for (let at = 0; at < found.length; at++) {
      found[at] = link - 1;
      link = end === 'first' ? m.index[link - 1]! : linkBack(m, link - 1);
    }
    return found;
  }

  rotate(pfn: Pfn, to: 'first' | 'last'): void {
    const m = this.machine;
    const { freeHead, freeTail, index } = m;
    const list = freeListAt(zoneOf(m, pfn), freeListType(m, pfn), freeBlockOrder(m, pfn));
    // The block that is to be last has its successor first.
    const first = to === 'first' ? pfn + 1 : index[pfn]!;
    if (first === 0 || first === freeHead[list]) return;
    const last = linkBack(m, first - 1);
    index[freeTail[list]! - 1] = freeHead[list]!;
    setLinkBack(m, freeHead[list]! - 1, freeTail[list]!);
    index[last - 1] = 0;
    setLinkBack(m, first - 1, 0);
    freeHead[list] = first;
    freeTail[list] = last;
  }

  drainLocal(zone: number): void {
    drainPcpOf(this.machine, CPU, zone);
  }
}

function toLists(m: Machine, pfn: Pfn, order: Order): void {
  freePages(m, CPU, pfn, order);
}

/** Pageblocks of which half or more was taken for movable memory are movable from now on (__isolate_free_page). */
function becomeMovable(m: Machine, pfn: Pfn, order: Order): void {
  for (let block = pfn - (pfn % PAGEBLOCK_PAGES); block < pfn + 2 ** order; block += PAGEBLOCK_PAGES) {
    if (pageblockType(m, block) === MIGRATE_MOVABLE) continue;
    relinkFree(m, block, block + PAGEBLOCK_PAGES, () => setPageblockType(m, block, MIGRATE_MOVABLE));
  }
}
