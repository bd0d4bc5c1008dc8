import { VacateError } from '../../base/vacate-error.js';
import type { MemoryHost, MemoryLayout, Room, SwapSpace } from '../../host/memory-host.js';
import type { Reclaim } from '../../host/reclaim.js';
import { isMetadata } from '../../mm/buffer-cache.js';
import type { MachineImage } from '../../mm/machine-image.js';
import { BLOCK_ABSENT, type BlockState } from '../../mm/memory-block.js';
import type { PageColumns } from '../../mm/page-columns.js';
import { PG_BUDDY, PG_DIRTY } from '../../mm/page-flags.js';
import { mergeRanges, type PfnRange } from '../../mm/pfn-range.js';
import { type BlockId, PAGEBLOCK_ORDER, PAGEBLOCK_PAGES, type Pfn } from '../../mm/units.js';
import { countReferences } from './host-columns.js';
import { cannotAsk } from './host-verbs.js';
import { ImageFreeMemory } from './image-free-memory.js';
import { ImageSwapSpace } from './image-swap-space.js';
import { tallyImage } from './image-tally.js';
import { KernelOnlyVerbs } from './kernel-only-verbs.js';
import { LinuxPageView } from './linux-page-view.js';

/** What is known of the journals that may hold the metadata of a pageblock. */
const UNKNOWN = 0;
const AT_REST = 1;
const AT_WORK = 2;

/**
 * A machine as it was read, for whoever only asks what its pages would do: they can be judged, and nothing can be done to
 * them. The image's own flags are used, not copied, and references are worked out for the pages that are shown, so that
 * a terabyte costs no more than its image. How pages look decides what they would do: the same flags, and for metadata
 * the same company in the pageblock, have the same answer.
 */
export class ImageHost extends KernelOnlyVerbs implements MemoryHost {
  readonly name: string;
  readonly layout: MemoryLayout;
  /** References and mappings are 0 until the page is shown; no page has an index or a place on the LRU. */
  readonly columns: PageColumns;
  readonly pages: LinuxPageView;
  readonly free: ImageFreeMemory;
  readonly swap: SwapSpace;
  readonly reclaim: Reclaim = {
    counters: { scanned: 0, reclaimed: 0, swappedOut: 0 },
    shrinkZone: () => cannotAsk('reclaim.shrinkZone'),
    pageout: () => cannotAsk('reclaim.pageout'),
  };
  readonly #image: MachineImage;
  readonly #states: ReadonlyMap<BlockId, BlockState>;
  /** By pageblock. */
  readonly #journals: Uint8Array;

  constructor(image: MachineImage) {
    super();
    const { name, nrPfns, nrCpus, blockPages, zones, dimms, kernel = null, flags } = image;
    this.#image = image;
    this.name = name;
    this.layout = { nrPfns, nrCpus, kernel, blockPages, zones, dimms };
    this.columns = {
      flags,
      count: new Uint16Array(nrPfns),
      mapcount: new Uint16Array(nrPfns),
      index: new Uint32Array(0),
      lruEpoch: new Uint8Array(0),
    };
    this.pages = new LinuxPageView(this.columns);
    const tally = tallyImage(image);
    this.free = new ImageFreeMemory(image, tally);
    this.swap = new ImageSwapSpace(image, tally);
    this.#states = new Map(image.blocks.map(({ block, state }) => [block, state]));
    this.#journals = new Uint8Array(Math.ceil(nrPfns / PAGEBLOCK_PAGES));
  }

  /** Works out the references of pages, which can be judged from then on. */
  show({ start, end }: PfnRange): void {
    const { flags, count, mapcount } = this.columns;
    mapcount.set(this.#image.mapcounts.subarray(start, end), start);
    countReferences(this.columns, start, end);
    for (let pfn = start; pfn < end; pfn++)
      if (isMetadata(flags[pfn]!) && this.isBesideDirty(pfn)) count[pfn] = count[pfn]! + 1;
  }

  /** True if the page's pageblock has dirty metadata: a journal is taken to be at work on all that it has (`journalledPages`). */
  isBesideDirty(pfn: Pfn): boolean {
    const pageblock = pfn >>> PAGEBLOCK_ORDER;
    if (this.#journals[pageblock] === UNKNOWN)
      this.#journals[pageblock] = this.#hasDirty(pageblock) ? AT_WORK : AT_REST;
    return this.#journals[pageblock] === AT_WORK;
  }

  blockState(block: BlockId): BlockState {
    return this.#states.get(block) ?? BLOCK_ABSENT;
  }

  zoneOf(pfn: Pfn): number {
    return this.layout.zones.findIndex(({ start, end }) => pfn >= start && pfn < end);
  }

  /** What `free` has outside the ranges, above the min watermarks. */
  roomOutside(without: readonly PfnRange[]): Room {
    const excluded = mergeRanges(without);
    const byZone = this.layout.zones.map((zone, index) => {
      let nrFree = this.free.nrPages(index);
      for (const { start, end } of excluded)
        nrFree -= this.#nrFreeIn(Math.max(start, zone.start), Math.min(end, zone.end));
      return Math.max(0, nrFree - this.free.watermark(index, 'min', 'Movable'));
    });
    return { pages: byZone.reduce((sum, pages) => sum + pages, 0), byZone };
  }

  offlineBlock(): never {
    throw this.#isPast();
  }

  onlineBlock(): never {
    throw this.#isPast();
  }

  /** An image was checked when it was made. */
  validate(): string[] {
    return [];
  }

  #isPast(): VacateError {
    const because = `${this.name} is shown as it was read, and cannot be changed`;
    return new VacateError('host', `${because}: work on a simulated copy of it, or on the host itself.`);
  }

  #nrFreeIn(start: Pfn, end: Pfn): number {
    const { flags } = this.columns;
    let nr = 0;
    for (let pfn = start; pfn < end; pfn++) if ((flags[pfn]! & PG_BUDDY) !== 0) nr++;
    return nr;
  }

  #hasDirty(pageblock: number): boolean {
    const { flags } = this.columns;
    const end = Math.min((pageblock + 1) * PAGEBLOCK_PAGES, flags.length);
    for (let pfn = pageblock * PAGEBLOCK_PAGES; pfn < end; pfn++) {
      const word = flags[pfn]!;
      if ((word & PG_DIRTY) !== 0 && isMetadata(word)) return true;
    }
    return false;
  }
}
