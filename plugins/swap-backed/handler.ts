import { type PageTypeHandler, type PageView, type Pfn, PG_SWAPCACHE } from 'vacate/handler';
import { OFF_LRU, SLOT_TAKEN } from './refusals.js';

/** Pages of the swap cache: the swap entry follows the page, and the cache's slot is re-pointed. */
export class SwapBackedHandler implements PageTypeHandler {
  constructor(private readonly pages: PageView) {}

  claims(flags: number): boolean {
    return (flags & PG_SWAPCACHE) !== 0;
  }

  refuses(page: Pfn): number {
    return this.pages.inCache(page) ? 0 : SLOT_TAKEN;
  }

  /** The swap cache's. */
  references(): number {
    return 1;
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
}
