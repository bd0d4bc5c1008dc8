import type { PageView } from '../../handler/page-view.js';
import type { PageColumns } from '../../mm/page-columns.js';
import { PG_ANON, PG_NONLINEAR, PG_SWAPCACHE } from '../../mm/page-flags.js';
import type { Pfn } from '../../mm/units.js';
import { isOwned } from './host-columns.js';
import { cannotAsk } from './host-verbs.js';

/** The swap slot of a page is not shown; every page of the swap cache gets this. */
const SOME_SLOT = 0;

/** A host's pages as handlers see them: they may be judged, and not moved. */
export class LinuxPageView implements PageView {
  constructor(private readonly columns: PageColumns) {}

  flags(pfn: Pfn): number {
    return this.columns.flags[pfn]!;
  }

  count(pfn: Pfn): number {
    return this.columns.count[pfn]!;
  }

  mapcount(pfn: Pfn): number {
    return this.columns.mapcount[pfn]!;
  }

  /** A file page that was truncated while it is still in use looks like any other: it counts as one that was not. */
  inCache(pfn: Pfn): boolean {
    const flags = this.flags(pfn);
    return isOwned(flags) && ((flags & PG_ANON) === 0 || (flags & PG_SWAPCACHE) !== 0);
  }

  swapSlot(pfn: Pfn): number {
    return (this.flags(pfn) & PG_SWAPCACHE) === 0 ? -1 : SOME_SLOT;
  }

  hasMapping(pfn: Pfn): boolean {
    return isOwned(this.flags(pfn));
  }

  /** No kernel since 4.0 has any. */
  hasNonlinearMappings(pfn: Pfn): boolean {
    return (this.flags(pfn) & PG_NONLINEAR) !== 0;
  }

  isolateFromLru(): never {
    return cannotAsk('pages.isolateFromLru');
  }

  putbackToLru(): never {
    return cannotAsk('pages.putbackToLru');
  }

  isolateFromDriver(): never {
    return cannotAsk('pages.isolateFromDriver');
  }

  putbackToDriver(): never {
    return cannotAsk('pages.putbackToDriver');
  }

  moveSlot(): never {
    return cannotAsk('pages.moveSlot');
  }

  moveBuffers(): never {
    return cannotAsk('pages.moveBuffers');
  }
}
