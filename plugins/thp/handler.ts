import {
  type PageTypeHandler,
  type PageView,
  type Pfn,
  PG_ANON,
  PG_HUGE,
  PG_HWPOISON,
  PG_MOVABLE_OPS,
  PG_OFFLINE,
  PG_PRIVATE,
  PG_SWAPBACKED,
  PG_SWAPCACHE,
  PG_TAIL,
  PG_THP,
  PG_UPTODATE,
  PG_WRITEBACK,
} from 'vacate/handler';
import { MAPPING_GONE, OFF_LRU, SPLIT_REFUSED, TRUNCATED } from './refusals.js';

/** Pages that may look like a huge page's and are in somebody else's hands. */
const OTHERS = PG_HUGE | PG_MOVABLE_OPS | PG_HWPOISON | PG_OFFLINE;
const OWNED = PG_ANON | PG_SWAPBACKED | PG_UPTODATE;

/** Transparent huge pages, anonymous or of a file: whole if there is room, else split, unless they cannot be. */
export class ThpHandler implements PageTypeHandler {
  constructor(private readonly pages: PageView) {}

  claims(flags: number): boolean {
    return (flags & (PG_THP | OTHERS)) === PG_THP && (flags & OWNED) !== 0;
  }

  refuses(page: Pfn): number {
    if (this.hasSlot(page)) return this.pages.inCache(page) ? 0 : TRUNCATED;
    return this.pages.hasMapping(page) ? 0 : MAPPING_GONE;
  }

  /** The cache's, and one more for buffers; none of an anonymous page. */
  references(page: Pfn): number {
    if (!this.hasSlot(page)) return 0;
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

  /** Whoever writes a page of it, or keeps buffers on it, keeps the whole together. */
  refusesSplit(head: Pfn): number {
    let flags = this.pages.flags(head);
    for (let page = head + 1; (flags & (PG_WRITEBACK | PG_PRIVATE)) === 0; page++) {
      flags = this.pages.flags(page);
      if ((flags & PG_TAIL) === 0) return 0;
    }
    return SPLIT_REFUSED;
  }

  private hasSlot(page: Pfn): boolean {
    return (this.pages.flags(page) & (PG_ANON | PG_SWAPCACHE)) !== PG_ANON;
  }
}
