import {
  type PageTypeHandler,
  type PageView,
  type Pfn,
  PG_ANON,
  PG_KSM,
  PG_SWAPCACHE,
  PG_UNEVICTABLE,
} from 'vacate/handler';
import { OFF_LRU, STABLE_NODE_GONE } from './refusals.js';

/** Pages in the swap cache, and mlocked ones, are for those who know about slots and locks. */
const OTHERS = PG_SWAPCACHE | PG_UNEVICTABLE;

/** One page for all who hold the same: its stable node leads to every mapping, in whatever anon_vma, and moves along. */
export class KsmHandler implements PageTypeHandler {
  constructor(private readonly pages: PageView) {}

  claims(flags: number): boolean {
    return (flags & (PG_KSM | PG_ANON | OTHERS)) >>> 0 === (PG_KSM | PG_ANON);
  }

  refuses(page: Pfn): number {
    return this.pages.hasMapping(page) ? 0 : STABLE_NODE_GONE;
  }

  /** The stable node holds none. A swap-cache page, which it may become on its way, has its slot's. */
  references(page: Pfn): number {
    return (this.pages.flags(page) & PG_SWAPCACHE) === 0 ? 0 : 1;
  }

  isolate(page: Pfn): number {
    return this.pages.isolateFromLru(page, OFF_LRU);
  }

  migrate(source: Pfn, target: Pfn): number {
    return this.pages.moveSlot(source, target) ? 0 : STABLE_NODE_GONE;
  }

  putback(page: Pfn): void {
    this.pages.putbackToLru(page);
  }
}
