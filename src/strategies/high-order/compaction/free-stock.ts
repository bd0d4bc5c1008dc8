import type { TargetSource } from '../../../migration/target-source.js';
import { NO_PAGE, NR_PAGE_ORDERS, type Order, type Pfn } from '../../../mm/units.js';
import type { CompactControl } from './compact-control.js';
import { fastIsolateFreePages } from './fast-search.js';
import { isolateFreePages } from './free-scanner.js';

/**
 * Free memory that the free scanner has isolated, and from which pages to move get their targets (cc->freepages,
 * compaction_alloc, compaction_free). When it is used up, the scanner goes on.
 */
export class FreeStock implements TargetSource {
  /** By order; the last entry is the next to be used. */
  readonly #blocks: Pfn[][] = Array.from({ length: NR_PAGE_ORDERS }, () => []);
  /** Somebody asked and there was nothing left. */
  isExhausted = false;

  constructor(private readonly control: CompactControl) {}

  /** A block that the free scanner has taken. */
  add(pfn: Pfn, order: Order): void {
    const { control } = this;
    control.nrFreePages += 2 ** order;
    if (control.rules.keepsOrders) {
      this.#blocks[order]!.unshift(pfn);
      return;
    }
    const pages = this.#blocks[0]!;
    for (let page = pfn; page < pfn + 2 ** order; page++) pages.push(page);
  }

  get(order: Order): Pfn {
    const { control } = this;
    let size = this.#smallest(order);
    if (size < 0) {
      // A small search of the free lists first.
      fastIsolateFreePages(control, this);
      if (control.nrFreePages === 0) isolateFreePages(control, this);
      size = this.#smallest(order);
    }
    if (size < 0) {
      this.isExhausted = true;
      return NO_PAGE;
    }
    const pfn = this.#blocks[size]!.pop()!;
    while (size > order) this.#blocks[--size]!.push(pfn + 2 ** size);
    this.#count(-(2 ** order));
    return pfn;
  }

  put(pfn: Pfn, order: Order): void {
    this.#blocks[order]!.push(pfn);
    this.#count(2 ** order);
  }

  #smallest(order: Order): number {
    for (let size = order; size < NR_PAGE_ORDERS; size++) if (this.#blocks[size]!.length > 0) return size;
    return -1;
  }

  #count(nrPages: number): void {
    const { control } = this;
    control.nrFreePages += nrPages;
    if (control.rules.countsDownBatch) control.nrMigratePages += nrPages;
  }

  /** Gives back what is left; the highest pfn of it, -1 if there was none (release_freepages). */
  release(): Pfn {
    const { control } = this;
    let highest = -1;
    for (const [order, blocks] of this.#blocks.entries()) {
      for (const pfn of blocks.reverse()) {
        control.host.free.free(pfn, order);
        highest = Math.max(highest, pfn);
      }
      blocks.length = 0;
    }
    control.nrFreePages = 0;
    return highest;
  }
}
