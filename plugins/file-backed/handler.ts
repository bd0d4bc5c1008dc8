import {
  type PageTypeHandler,
  type PageView,
  type Pfn,
  PG_ANON,
  PG_HUGE,
  PG_HWPOISON,
  PG_ISOLATED,
  PG_LRU,
  PG_MOVABLE_OPS,
  PG_OFFLINE,
  PG_PRIVATE,
  PG_SWAPBACKED,
  PG_UPTODATE,
} from 'vacate/handler';
import { OFF_LRU, TRUNCATED } from './refusals.js';

/** Pages that may look like a cache's and are in somebody else's hands. */
const OTHERS = PG_ANON | PG_MOVABLE_OPS | PG_HUGE | PG_HWPOISON | PG_OFFLINE;
/** No flag says "page cache": a page that is not yet, or not just now, on the LRU shows it by having been read. */
const CACHED = PG_LRU | PG_SWAPBACKED | PG_UPTODATE | PG_ISOLATED;

/** The page cache, mapped or not, shared memory included: slot, tags and buffers move with the page. */
export class FileBackedHandler implements PageTypeHandler {
  constructor(private readonly pages: PageView) {}

  claims(flags: number): boolean {
    return (flags & OTHERS) === 0 && (flags & CACHED) !== 0;
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
