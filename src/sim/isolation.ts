import { VacateError } from '../base/vacate-error.js';
import type { PfnRange } from '../mm/pfn-range.js';
import { formatPfn, NO_PAGE, PAGEBLOCK_PAGES, type Pfn } from '../mm/units.js';
import type { Machine } from './machine.js';
import { drainPcp } from './page-allocator.js';
import { book, isIsolated, isPartlyBooked, setPageblockIsolated, settleBooking, unbook } from './pageblocks.js';
import { relinkFree } from './relink-free.js';

/**
 * Isolates a range (start_isolate_page_range): its free pages move to the isolate list, and so will all that is freed in
 * it. Whole pageblocks are marked by their type, what sticks out at either end page by page (booking).
 *
 * @throws VacateError kind 'range', with nothing changed, if a page of it is isolated already.
 */
export function isolateRange(m: Machine, range: PfnRange): void {
  const taken = firstIsolated(m, range);
  if (taken !== NO_PAGE)
    throw new VacateError('range', `another job has ${formatPfn(taken)} in hand; ask again when it has ended`);
  relinkFree(m, range.start, range.end, (start, end) => mark(m, start, end, true));
  // Pages on per-CPU lists would be handed out from there without anybody looking at the pageblock.
  drainPcp(m);
}

function firstIsolated(m: Machine, { start, end }: PfnRange): Pfn {
  for (let pfn = start; pfn < end; )
    if (isIsolated(m, pfn)) return pfn;
    else pfn += isPartlyBooked(m, pfn) ? 1 : PAGEBLOCK_PAGES - (pfn % PAGEBLOCK_PAGES);
  return NO_PAGE;
}

export function undoIsolateRange(m: Machine, range: PfnRange): void {
  relinkFree(m, range.start, range.end, (start, end) => mark(m, start, end, false));
}

function mark(m: Machine, start: Pfn, end: Pfn, isolated: boolean): void {
  for (let block = start - (start % PAGEBLOCK_PAGES); block < end; block += PAGEBLOCK_PAGES) {
    if (block >= start && block + PAGEBLOCK_PAGES <= end) {
      setPageblockIsolated(m, block, isolated);
      continue;
    }
    for (let pfn = Math.max(block, start); pfn < Math.min(block + PAGEBLOCK_PAGES, end); pfn++) {
      if (isolated) book(m, pfn);
      else unbook(m, pfn);
    }
    if (!isolated) settleBooking(m, block);
  }
}
