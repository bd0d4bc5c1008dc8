import type { FreeMemory } from '../../host/free-memory.js';
import { MIGRATE_MOVABLE, type Migratetype } from '../../mm/migratetype.js';
import type { Order, Pfn } from '../../mm/units.js';
import type { ZoneKind, ZoneShape } from '../../mm/zone.js';
import { cannotAsk } from './host-verbs.js';

/** Free memory as it was read: it may be looked at, and not taken. */
export abstract class FreeMemoryAsRead implements FreeMemory {
  protected abstract readonly zones: readonly ZoneShape[];

  abstract blockOrder(pfn: Pfn): number;
  abstract migratetype(pfn: Pfn): Migratetype;
  abstract nrPages(zone: number): number;
  abstract nrBlocks(zone: number, order: Order, type?: Migratetype): number;
  abstract blocks(zone: number, order: Order): Uint32Array;

  atEnd(zone: number, order: Order, end: 'first' | 'last', most: number): Uint32Array {
    const found = this.blocks(zone, order).filter((pfn) => this.migratetype(pfn) === MIGRATE_MOVABLE);
    return end === 'first' ? found.slice(0, most) : found.reverse().slice(0, most);
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
}
