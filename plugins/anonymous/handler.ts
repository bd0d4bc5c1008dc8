import { type PageTypeHandler, type PageView, type Pfn, PG_ANON, PG_HUGE, PG_SWAPCACHE } from 'vacate/handler';
import { ANON_VMA_GONE, OFF_LRU } from './refusals.js';

/** Memory of processes that no cache holds: nothing but page tables name it, so there is no slot to move. */
export class AnonymousHandler implements PageTypeHandler {
  constructor(private readonly pages: PageView) {}

  /** A hugetlb page may be anonymous too, but it has no LRU, and no handler moves it yet. */
  claims(flags: number): boolean {
    return (flags & (PG_ANON | PG_SWAPCACHE | PG_HUGE)) === PG_ANON;
  }

  refuses(page: Pfn): number {
    return this.pages.hasMapping(page) ? 0 : ANON_VMA_GONE;
  }

  references(): number {
    return 0;
  }

  isolate(page: Pfn): number {
    return this.pages.isolateFromLru(page, OFF_LRU);
  }

  migrate(source: Pfn, target: Pfn): number {
    return this.pages.moveSlot(source, target) ? 0 : ANON_VMA_GONE;
  }

  putback(page: Pfn): void {
    this.pages.putbackToLru(page);
  }
}
