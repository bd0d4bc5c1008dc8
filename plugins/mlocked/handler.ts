import {
  type PageTypeHandler,
  type PageView,
  type Pfn,
  PG_ANON,
  PG_HUGE,
  PG_HWPOISON,
  PG_MOVABLE_OPS,
  PG_NONLINEAR,
  PG_OFFLINE,
  PG_PRIVATE,
  PG_SWAPCACHE,
  PG_THP,
  PG_UNEVICTABLE,
} from 'vacate/handler';
import { OFF_LRU, OWNER_GONE } from './refusals.js';

/** Unevictable pages that are somebody else's all the same: a lock does not change how these move, or that they do not. */
const OTHERS = PG_NONLINEAR | PG_MOVABLE_OPS | PG_HUGE | PG_THP | PG_HWPOISON | PG_OFFLINE;

/** Pages that must stay in memory, anonymous or of a file: in memory they may be anywhere. */
export class MlockedHandler implements PageTypeHandler {
  constructor(private readonly pages: PageView) {}

  claims(flags: number): boolean {
    return (flags & (PG_UNEVICTABLE | OTHERS)) >>> 0 === PG_UNEVICTABLE;
  }

  refuses(page: Pfn): number {
    const isThere = this.isCached(page) ? this.pages.inCache(page) : this.pages.hasMapping(page);
    return isThere ? 0 : OWNER_GONE;
  }

  /** A cache's, if one has it, and one more for buffers. */
  references(page: Pfn): number {
    const cache = this.isCached(page) ? 1 : 0;
    return (this.pages.flags(page) & PG_PRIVATE) === 0 ? cache : cache + 1;
  }

  isolate(page: Pfn): number {
    return this.pages.isolateFromLru(page, OFF_LRU);
  }

  migrate(source: Pfn, target: Pfn): number {
    if (!this.pages.moveSlot(source, target)) return OWNER_GONE;
    this.pages.moveBuffers(source, target);
    return 0;
  }

  putback(page: Pfn): void {
    this.pages.putbackToLru(page);
  }

  /** Only anonymous pages outside the swap cache are in none. */
  private isCached(page: Pfn): boolean {
    return (this.pages.flags(page) & (PG_ANON | PG_SWAPCACHE)) !== PG_ANON;
  }
}
