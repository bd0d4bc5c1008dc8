import { type PageTypeHandler, type PageView, type Pfn, PG_HWPOISON, PG_MOVABLE_OPS, PG_OFFLINE } from 'vacate/handler';
import { LOGICALLY_OFFLINE } from './refusals.js';

/** Pages that a driver has taken out of service: they hold nothing, and only their driver can let go of them. */
export class OfflinePagesHandler implements PageTypeHandler {
  constructor(private readonly pages: PageView) {}

  claims(flags: number): boolean {
    return (flags & (PG_OFFLINE | PG_MOVABLE_OPS | PG_HWPOISON)) === PG_OFFLINE;
  }

  refuses(): number {
    return LOGICALLY_OFFLINE;
  }

  /** The driver's; none once it has let go. */
  references(page: Pfn): number {
    return this.pages.inCache(page) ? 1 : 0;
  }

  isolate(): number {
    return LOGICALLY_OFFLINE;
  }

  migrate(): number {
    return LOGICALLY_OFFLINE;
  }

  putback(): void {
    // Nothing is ever isolated.
  }

  /** Once its driver has dropped the last reference: it was told that the block goes, and lets the page go along. */
  staysWhenOffline(page: Pfn): boolean {
    return this.pages.count(page) === 0;
  }
}
