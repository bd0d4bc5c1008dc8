import type { MachineImage } from '../../mm/machine-image.js';
import { MIGRATE_MOVABLE, MIGRATE_UNMOVABLE, type Migratetype } from '../../mm/migratetype.js';
import { FREE_FLAGS, PG_BUDDY, PG_NOPAGE } from '../../mm/page-flags.js';
import { contains, type PfnRange } from '../../mm/pfn-range.js';
import {
  MAX_PAGE_ORDER,
  NR_PAGE_ORDERS,
  type Order,
  PAGEBLOCK_ORDER,
  PAGEBLOCK_PAGES,
  type Pfn,
} from '../../mm/units.js';
import { FreeMemoryAsRead } from './free-memory-as-read.js';
import { isOwned } from './host-columns.js';
import type { ImageTally } from './image-tally.js';

const LARGEST = 2 ** MAX_PAGE_ORDER;

/**
 * Free memory of a machine as it was read: it may be looked at, and not taken. Where one free block ends and the next begins
 * is not shown: the largest that fit are taken, as the allocator would have merged them.
 */
export class ImageFreeMemory extends FreeMemoryAsRead {
  /** Blocks by zone and order; null until somebody asks. */
  #counts: readonly Uint32Array[] | null = null;
  /** Whole pageblocks and pairs of them, by zone and order. */
  readonly #whole = new Map<string, number>();

  protected readonly zones: MachineImage['zones'];

  constructor(
    private readonly image: MachineImage,
    private readonly tally: ImageTally,
  ) {
    super();
    this.zones = image.zones;
  }

  override blockOrder(pfn: Pfn): number {
    const { flags, zones } = this.image;
    if ((flags[pfn]! & PG_BUDDY) === 0) return -1;
    if (pfn % PAGEBLOCK_PAGES === 0 && this.#isFree(pfn)) return this.#wholeOrder(pfn);
    const zone = zones.find((each) => contains(each, pfn));
    for (let order = 0; order < MAX_PAGE_ORDER; order++) {
      const buddy = pfn % 2 ** (order + 1) === 0 ? pfn + 2 ** order : pfn - 2 ** order;
      if (
        zone === undefined ||
        buddy < zone.start ||
        !isFree(flags, buddy, Math.min(buddy + 2 ** order, zone.end), order)
      )
        return order;
      if (buddy < pfn) return -1;
    }
    return MAX_PAGE_ORDER;
  }

  /** Where nothing is known of migratetypes: a pageblock with kernel pages was, most likely, an unmovable one. */
  override migratetype(pfn: Pfn): Migratetype {
    const { flags, migratetypes = null } = this.image;
    if (migratetypes !== null) return migratetypes[pfn >>> PAGEBLOCK_ORDER] ?? MIGRATE_MOVABLE;
    const start = pfn - (pfn % PAGEBLOCK_PAGES);
    const end = Math.min(start + PAGEBLOCK_PAGES, flags.length);
    for (let page = start; page < end; page++) {
      const word = flags[page]!;
      if ((word & (FREE_FLAGS | PG_NOPAGE)) === 0 && !isOwned(word)) return MIGRATE_UNMOVABLE;
    }
    return MIGRATE_MOVABLE;
  }

  override nrPages(zone: number): number {
    const { start, end } = this.image.zones[zone]!;
    let nr = 0;
    for (let pfn = start; pfn < end; pfn += PAGEBLOCK_PAGES) nr += this.tally.freeIn[pfn >>> PAGEBLOCK_ORDER]!;
    return nr;
  }

  override nrBlocks(zone: number, order: Order, type?: Migratetype): number {
    if (type === undefined && order >= PAGEBLOCK_ORDER) {
      const known = this.#whole.get(`${zone} ${order}`) ?? this.#nrWhole(zone, order);
      this.#whole.set(`${zone} ${order}`, known);
      return known;
    }
    if (type === undefined) return this.#countsOf(zone)[order]!;
    return this.blocks(zone, order).filter((pfn) => this.migratetype(pfn) === type).length;
  }

  override blocks(zone: number, order: Order): Uint32Array {
    const found: Pfn[] = [];
    const { start, end } = this.image.zones[zone]!;
    for (let pfn = start; pfn < end; pfn += 2 ** order) if (this.blockOrder(pfn) === order) found.push(pfn);
    return Uint32Array.from(found);
  }

  /** True if the pageblock that begins there is. */
  #isFree(pfn: Pfn): boolean {
    return this.tally.freeIn[pfn >>> PAGEBLOCK_ORDER] === PAGEBLOCK_PAGES;
  }

  /** Order of the free block that a free pageblock is, or is the first half of; -1 if it is the second half of one. */
  #wholeOrder(pfn: Pfn): number {
    const buddy = pfn ^ PAGEBLOCK_PAGES;
    const zone = this.image.zones.find((each) => contains(each, pfn));
    if (zone === undefined || !contains(zone, buddy) || !this.#isFree(buddy)) return PAGEBLOCK_ORDER;
    return buddy > pfn ? MAX_PAGE_ORDER : -1;
  }

  #nrWhole(zone: number, order: Order): number {
    const { start, end } = this.image.zones[zone]!;
    let nr = 0;
    for (let pfn = start; pfn < end; pfn += PAGEBLOCK_PAGES)
      if (this.#isFree(pfn) && this.#wholeOrder(pfn) === order) nr++;
    return nr;
  }

  #countsOf(zone: number): Uint32Array {
    this.#counts ??= this.image.zones.map((range) => countBlocks(this.image.flags, range));
    return this.#counts[zone]!;
  }
}

/** Free blocks by order, run of free pages by run. */
function countBlocks(flags: Uint32Array, { start, end }: PfnRange): Uint32Array {
  const counts = new Uint32Array(NR_PAGE_ORDERS);
  for (let pfn = start; pfn < end; pfn++) {
    if ((flags[pfn]! & PG_BUDDY) === 0) continue;
    let past = pfn + 1;
    while (past < end && (flags[past]! & PG_BUDDY) !== 0) past++;
    while (pfn < past) {
      const most = Math.min(LARGEST, past - pfn);
      const order = 31 - Math.clz32(pfn === 0 ? most : Math.min(most, pfn & -pfn));
      counts[order] = counts[order]! + 1;
      pfn += 2 ** order;
    }
  }
  return counts;
}

/** True if all of a buddy is there and free. */
function isFree(flags: Uint32Array, start: Pfn, end: Pfn, order: Order): boolean {
  if (end - start < 2 ** order) return false;
  for (let pfn = start; pfn < end; pfn++) if ((flags[pfn]! & PG_BUDDY) === 0) return false;
  return true;
}
