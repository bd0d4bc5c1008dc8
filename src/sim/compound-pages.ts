import { endOfCompound, headOfCompound } from '../mm/compound-page.js';
import { PG_HEAD, PG_HUGE, PG_TAIL, PG_THP } from '../mm/page-flags.js';
import type { Pfn } from '../mm/units.js';
import type { Machine } from './machine.js';

/**
 * Turns the compound page that has `pfn` into base pages (split_folio). Base pages keep their own counts here, so only
 * the flags that bind them go. Called before one of them takes a way of its own: freed, or swapped out.
 */
export function splitCompound(m: Machine, pfn: Pfn): void {
  const { flags } = m;
  const head = headOfCompound(flags, pfn);
  const end = endOfCompound(flags, head);
  flags[head] = flags[head]! & ~(PG_HEAD | PG_THP | PG_HUGE);
  for (let page = head + 1; page < end; page++) flags[page] = flags[page]! & ~(PG_TAIL | PG_THP | PG_HUGE);
}
