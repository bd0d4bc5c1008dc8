import { type PageTypeHandler, type PageView, type Pfn, PG_SWAPCACHE } from 'vacate/handler';
import { OFF_LRU, SLOT_TAKEN } from './refusals.js';

/** Pages of the swap cache: the swap entry follows the page, and the cache's slot is re-pointed. */
export class SwapBackedHandler implements PageTypeHandler {
  constructor(private readonly pages: PageView) {}

  claims(flags: number): boolean {
    return (flags & PG_SWAPCACHE) !== 0;
  }

  refuses(page: Pfn): number {
    return this.hasSlot(page) && !this.pages.inCache(page) ? SLOT_TAKEN : 0;
  }

  /** The swap cache's. */
  references(page: Pfn): number {
    return this.hasSlot(page) ? 1 : 0;
  }

  isolate(page: Pfn): number {
    return this.pages.isolateFromLru(page, OFF_LRU);
  }

  migrate(source: Pfn, target: Pfn): number {
    return this.pages.moveSlot(source, target) ? 0 : SLOT_TAKEN;
  }

  putback(page: Pfn): void {
    this.pages.putbackToLru(page);
  }

  /** A write by its only owner takes a page out of the swap cache, also while it is isolated; it then goes without. */
  private hasSlot(page: Pfn): boolean {
    return (this.pages.flags(page) & PG_SWAPCACHE) !== 0;
  }
}
