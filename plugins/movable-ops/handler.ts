import { type PageTypeHandler, type PageView, type Pfn, PG_MOVABLE_OPS } from 'vacate/handler';
import { RELEASED } from './refusals.js';

/** Pages of drivers that can move them (zsmalloc, balloon): no LRU has them, the driver's table names them. */
export class MovableOpsHandler implements PageTypeHandler {
  constructor(private readonly pages: PageView) {}

  claims(flags: number): boolean {
    return (flags & PG_MOVABLE_OPS) !== 0;
  }

  refuses(page: Pfn): number {
    return this.pages.inCache(page) ? 0 : RELEASED;
  }

  /** The driver's. */
  references(): number {
    return 1;
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
}
