import { MAX_PAGE_ORDER, type Order, type Pfn } from '../../../src/mm/units.js';

interface FreeBlock {
  readonly pfn: Pfn;
  readonly order: Order;
}

/** A buddy allocator as one writes it first: free blocks are objects, found by their first page, and listed by order. */
export class MapBuddy {
  readonly #blocks = new Map<Pfn, FreeBlock>();
  readonly #lists = Array.from({ length: MAX_PAGE_ORDER + 1 }, () => new Set<FreeBlock>());

  constructor(nrPages: number) {
    for (let pfn = 0; pfn < nrPages; pfn += 2 ** MAX_PAGE_ORDER) this.#add({ pfn, order: MAX_PAGE_ORDER });
  }

  take(order: Order): Pfn | null {
    for (let size = order; size <= MAX_PAGE_ORDER; size++) {
      const [block] = this.#lists[size]!;
      if (block === undefined) continue;
      this.#remove(block);
      for (let half = size - 1; half >= order; half--) this.#add({ pfn: block.pfn + 2 ** half, order: half });
      return block.pfn;
    }
    return null;
  }

  free(pfn: Pfn, order: Order): void {
    let start = pfn;
    let size = order;
    while (size < MAX_PAGE_ORDER) {
      const buddy = this.#blocks.get(start ^ (2 ** size));
      if (buddy === undefined || buddy.order !== size) break;
      this.#remove(buddy);
      start = Math.min(start, buddy.pfn);
      size++;
    }
    this.#add({ pfn: start, order: size });
  }

  #add(block: FreeBlock): void {
    this.#blocks.set(block.pfn, block);
    this.#lists[block.order]!.add(block);
  }

  #remove(block: FreeBlock): void {
    this.#blocks.delete(block.pfn);
    this.#lists[block.order]!.delete(block);
  }
}
