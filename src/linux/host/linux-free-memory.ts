import { MIGRATE_MOVABLE, type Migratetype } from '../../mm/migratetype.js';
import type { PageColumns } from '../../mm/page-columns.js';
import { PG_BUDDY } from '../../mm/page-flags.js';
import type { PfnRange } from '../../mm/pfn-range.js';
import { NR_PAGE_ORDERS, type Order, PAGEBLOCK_ORDER, type Pfn } from '../../mm/units.js';
import type { ZoneShape } from '../../mm/zone.js';
import { FreeMemoryAsRead } from './free-memory-as-read.js';

/** A host's free memory as it was read: it may be looked at, and not taken. Lists are in the order of addresses. */
export class LinuxFreeMemory extends FreeMemoryAsRead {
  /** First pages of free blocks, by zone and order; null until somebody asks. */
  #blocks: Uint32Array[][] | null = null;

  constructor(
    private readonly columns: PageColumns,
    protected readonly zones: readonly ZoneShape[],
    private readonly migratetypes: readonly Migratetype[] | null,
  ) {
    super();
  }

  override blockOrder(pfn: Pfn): number {
    return (this.columns.flags[pfn]! & PG_BUDDY) === 0 ? -1 : this.columns.mapcount[pfn]! - 1;
  }

  override migratetype(pfn: Pfn): Migratetype {
    return this.migratetypes?.[pfn >>> PAGEBLOCK_ORDER] ?? MIGRATE_MOVABLE;
  }

  override nrPages(zone: number): number {
    return this.#lists(zone).reduce((sum, blocks, order) => sum + blocks.length * 2 ** order, 0);
  }

  override nrBlocks(zone: number, order: Order, type?: Migratetype): number {
    const blocks = this.#lists(zone)[order]!;
    return type === undefined ? blocks.length : blocks.filter((pfn) => this.migratetype(pfn) === type).length;
  }

  override blocks(zone: number, order: Order): Uint32Array {
    return this.#lists(zone)[order]!.slice();
  }

  /** The columns are no longer what they were. */
  forget(): void {
    this.#blocks = null;
  }

  #lists(zone: number): Uint32Array[] {
    this.#blocks ??= this.zones.map((own) => blocksIn(this.columns, own));
    return this.#blocks[zone]!;
  }
}

function blocksIn({ flags, mapcount }: PageColumns, { start, end }: PfnRange): Uint32Array[] {
  const found: Pfn[][] = Array.from({ length: NR_PAGE_ORDERS }, () => []);
  for (let pfn = start; pfn < end; ) {
    if ((flags[pfn]! & PG_BUDDY) === 0) {
      pfn++;
      continue;
    }
    const order = mapcount[pfn]! - 1;
    found[order]!.push(pfn);
    pfn += 2 ** order;
  }
  return found.map((pfns) => Uint32Array.from(pfns));
}
