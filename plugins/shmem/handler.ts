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
  PG_SWAPBACKED,
  PG_SWAPCACHE,
  PG_THP,
  PG_UNEVICTABLE,
} from 'vacate/handler';
import { OFF_LRU, SLOT_TAKEN, TRUNCATED } from './refusals.js';

/** Pages that are swap-backed too, and in somebody else's hands. */
const OTHERS = PG_ANON | PG_NONLINEAR | PG_UNEVICTABLE | PG_MOVABLE_OPS | PG_HUGE | PG_THP | PG_HWPOISON | PG_OFFLINE;

/** tmpfs and shared memory: a page of the page cache, or, while it is swapped out or in, of the swap cache; never of both. */
export class ShmemHandler implements PageTypeHandler {
  constructor(private readonly pages: PageView) {}

  claims(flags: number): boolean {
    return (flags & (PG_SWAPBACKED | OTHERS)) >>> 0 === PG_SWAPBACKED;
  }

  refuses(page: Pfn): number {
    return this.pages.inCache(page) ? 0 : this.lost(page);
  }

  /** That of whichever cache has it. tmpfs has no buffers. */
  references(): number {
    return 1;
  }

  isolate(page: Pfn): number {
    return this.pages.isolateFromLru(page, OFF_LRU);
  }

  migrate(source: Pfn, target: Pfn): number {
    return this.pages.moveSlot(source, target) ? 0 : this.lost(source);
  }

  putback(page: Pfn): void {
    this.pages.putbackToLru(page);
  }

  private lost(page: Pfn): number {
    return (this.pages.flags(page) & PG_SWAPCACHE) === 0 ? TRUNCATED : SLOT_TAKEN;
  }
}
