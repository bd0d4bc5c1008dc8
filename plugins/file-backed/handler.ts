import {
  type PageTypeHandler,
  type PageView,
  type Pfn,
  PG_ANON,
  PG_LRU,
  PG_PRIVATE,
  PG_SWAPBACKED,
} from 'vacate/handler';
import { OFF_LRU, TRUNCATED } from './refusals.js';

/** The page cache, mapped or not, shared memory included: slot, tags and buffers move with the page. */
export class FileBackedHandler implements PageTypeHandler {
  constructor(private readonly pages: PageView) {}

  claims(flags: number): boolean {
    return (flags & PG_ANON) === 0 && (flags & (PG_LRU | PG_SWAPBACKED)) !== 0;
  }

  refuses(page: Pfn): number {
    return this.pages.inCache(page) ? 0 : TRUNCATED;
  }

  /** The page cache's, and one more for buffers. */
  references(page: Pfn): number {
    return (this.pages.flags(page) & PG_PRIVATE) === 0 ? 1 : 2;
  }

  isolate(page: Pfn): number {
    return this.pages.isolateFromLru(page, OFF_LRU);
  }

  migrate(source: Pfn, target: Pfn): number {
    if (!this.pages.moveSlot(source, target)) return TRUNCATED;
    this.pages.moveBuffers(source, target);
    return 0;
  }

  putback(page: Pfn): void {
    this.pages.putbackToLru(page);
  }
}
