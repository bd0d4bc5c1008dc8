import { type PageTypeHandler, type PageView, type Pfn, PG_HUGE, PG_HWPOISON, PG_ISOLATED } from 'vacate/handler';
import { GIGANTIC, NO_POOL, RELEASED, RESERVED } from './refusals.js';

/** Huge pages of hugetlb: unused ones are given back, used ones move, whole, to another huge page. */
export class HugetlbHandler implements PageTypeHandler {
  constructor(private readonly pages: PageView) {}

  claims(flags: number): boolean {
    return (flags & (PG_HUGE | PG_HWPOISON)) === PG_HUGE;
  }

  refuses(page: Pfn): number {
    const { hugePool } = this.pages;
    if (hugePool === undefined) return 0;
    if (this.pages.count(page) === 0) return hugePool.available(page) > 0 ? 0 : RESERVED;
    if (!this.pages.inCache(page)) return hugePool.owns(page) ? RELEASED : NO_POOL;
    // One that is on its way has its target already.
    if ((this.pages.flags(page) & PG_ISOLATED) !== 0) return 0;
    return hugePool.isGigantic(page) && !hugePool.hasTarget(page) ? GIGANTIC : 0;
  }

  /** Its file's. Where pools are not shown, who holds a page is not either. */
  references(page: Pfn): number {
    return this.pages.hugePool === undefined || this.pages.inCache(page) ? 1 : 0;
  }

  isolate(page: Pfn): number {
    return this.pages.isolateFromDriver(page, RELEASED);
  }

  migrate(source: Pfn, target: Pfn): number {
    return this.pages.moveSlot(source, target) ? 0 : RELEASED;
  }

  putback(page: Pfn): void {
    this.pages.putbackToDriver(page);
  }

  /** It is one page to its owner: nobody can use a part of it. */
  dissolve(head: Pfn): number {
    return this.pages.hugePool?.dissolve(head, RESERVED) ?? RESERVED;
  }
}
