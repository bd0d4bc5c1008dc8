import type { FreeMemory } from '../../host/free-memory.js';
import { MAX_PAGE_ORDER, NO_PAGE, type Order, type Pfn } from '../../mm/units.js';

/** The free block of `order` or more that has the page, by its first page; NO_PAGE if there is none. */
export function freeBlockWith(free: FreeMemory, pfn: Pfn, order: Order): Pfn {
  for (let size = order; size <= MAX_PAGE_ORDER; size++) {
    const head = pfn - (pfn % 2 ** size);
    if (free.blockOrder(head) >= size) return head;
  }
  return NO_PAGE;
}

/** Free blocks taken out of buddy, so that nothing that moves later in a run breaks them. */
export class HeldBlocks {
  readonly #blocks: { readonly pfn: Pfn; readonly order: Order }[] = [];
  #pages = 0;

  constructor(private readonly free: FreeMemory) {}

  /** Ranges of the order that it holds. */
  ranges(order: Order): number {
    return this.#pages / 2 ** order;
  }

  /** Takes the free block that starts at the page, whole; a zone at its min watermark keeps it. */
  take(pfn: Pfn): void {
    const order = this.free.take(pfn);
    if (order < 0) return;
    this.#blocks.push({ pfn, order });
    this.#pages += 2 ** order;
  }

  /** Puts all of them back on the free lists. */
  release(): void {
    for (const { pfn, order } of this.#blocks) this.free.give(pfn, order);
    this.#blocks.length = 0;
    this.#pages = 0;
  }
}
