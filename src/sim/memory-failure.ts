import { PG_BUDDY, PG_HWPOISON, PG_PCP } from '../mm/page-flags.js';
import type { Pfn } from '../mm/units.js';
import type { Machine } from './machine.js';
import { drainPcp } from './page-allocator.js';
import { refSet } from './page-ref.js';
import { removeFreeRange } from './relink-free.js';

/**
 * An error that memory cannot correct strikes a free page: it leaves the allocator for good (memory_failure,
 * take_page_off_buddy). False, with nothing changed, for a page in use: who owns it would have to lose it first.
 */
export function poisonFreePage(m: Machine, pfn: Pfn): boolean {
  if ((m.flags[pfn]! & PG_PCP) !== 0) drainPcp(m);
  if ((m.flags[pfn]! & PG_BUDDY) === 0) return false;
  removeFreeRange(m, pfn, pfn + 1);
  m.flags[pfn] = PG_HWPOISON;
  m.mapcount[pfn] = 0;
  m.index[pfn] = 0;
  refSet(m, pfn, 1);
  return true;
}
