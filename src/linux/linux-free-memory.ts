import type { FreeMemory } from '../host/free-memory.js';
import { MIGRATE_MOVABLE, type Migratetype } from '../mm/migratetype.js';
import type { PageColumns } from '../mm/page-columns.js';
import { PG_BUDDY } from '../mm/page-flags.js';
import { type Order, PAGEBLOCK_ORDER, type Pfn } from '../mm/units.js';
import type { ZoneKind, ZoneShape } from '../mm/zone.js';
import { cannotAsk } from './host-verbs.js';

/** A host's free memory as it was read: it may be looked at, and not taken. Lists are in the order of addresses. */
export class LinuxFreeMemory implements FreeMemory {
  constructor(
    private readonly columns: PageColumns,
    private readonly zones: readonly ZoneShape[],
    private readonly migratetypes: readonly Migratetype[] | null,
  ) {}

  blockOrder(pfn: Pfn): number {
    return (this.columns.flags[pfn]! & PG_BUDDY) === 0 ? -1 : this.columns.mapcount[pfn]! - 1;
  }

  migratetype(pfn: Pfn): Migratetype {
    return this.migratetypes?.[pfn >>> PAGEBLOCK_ORDER] ?? MIGRATE_MOVABLE;
  }

  nrPages(zone: number): number {
    const { flags } = this.columns;
    const { start, end } = this.zones[zone]!;
    let nr = 0;
    for (let pfn = start; pfn < end; pfn++) if ((flags[pfn]! & PG_BUDDY) !== 0) nr++;
    return nr;
  }

  nrBlocks(zone: number, order: Order, type?: Migratetype): number {
    return this.#find(zone, order, type).length;
  }

  blocks(zone: number, order: Order): Uint32Array {
    return Uint32Array.from(this.#find(zone, order));
  }

  atEnd(zone: number, order: Order, end: 'first' | 'last', most: number): Uint32Array {
    const found = this.#find(zone, order, MIGRATE_MOVABLE);
    return Uint32Array.from(end === 'first' ? found.slice(0, most) : found.reverse().slice(0, most));
  }

  watermark(zone: number, mark: 'min' | 'low' | 'high', highest: ZoneKind): number {
    const { watermarks, lowmemReserve } = this.zones[zone]!;
    return watermarks[mark] + lowmemReserve[highest];
  }

  take(): never {
    return cannotAsk('free.take');
  }

  allocate(): never {
    return cannotAsk('free.allocate');
  }

  give(): never {
    return cannotAsk('free.give');
  }

  free(): never {
    return cannotAsk('free.free');
  }

  rotate(): never {
    return cannotAsk('free.rotate');
  }

  drainLocal(): never {
    return cannotAsk('free.drainLocal');
  }

  #find(zone: number, order: Order, type?: Migratetype): Pfn[] {
    const { flags, mapcount } = this.columns;
    const { start, end } = this.zones[zone]!;
    const found: Pfn[] = [];
    for (let pfn = start; pfn < end; ) {
      if ((flags[pfn]! & PG_BUDDY) === 0) {
        pfn++;
        continue;
      }
      const own = mapcount[pfn]! - 1;
      if (own === order && (type === undefined || this.migratetype(pfn) === type)) found.push(pfn);
      pfn += 2 ** own;
    }
    return found;
  }
}
