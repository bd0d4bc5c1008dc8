import { type Outcome, outcomeOf } from '../events/page-events.js';
import {
  CORE_BEING_FREED,
  CORE_ISOLATED,
  CORE_LOCKED,
  CORE_NO_HANDLER,
  CORE_NOT_ON_LRU,
  CORE_OUTSIDE_MEMORY,
  CORE_PINNED,
  CORE_RESERVED,
  CORE_UNMOVABLE,
  CORE_WRITEBACK,
} from '../handler/refusal.js';
import type { PageColumns } from '../mm/page-columns.js';
import {
  PG_HUGE,
  PG_HWPOISON,
  PG_ISOLATED,
  PG_LOCKED,
  PG_LRU,
  PG_MOVABLE_OPS,
  PG_NOPAGE,
  PG_OFFLINE,
  PG_RESERVED,
  PG_WRITEBACK,
} from '../mm/page-flags.js';
import type { Pfn } from '../mm/units.js';
import { type HandlerTable, NO_HANDLER } from './handler-table.js';

/** Pages that are in use by somebody who could be known, but for whom no handler may exist. */
const SOMEBODYS = PG_HUGE | PG_HWPOISON | PG_OFFLINE | PG_LRU;

/**
 * Would this page go, and if not, why? Changes nothing. This is the kernel's has_unmovable_pages and the checks that
 * isolation makes, once for all page types; what is special about a type is asked of its handler. The page is not free.
 */
export function judge(columns: PageColumns, table: HandlerTable, pfn: Pfn): Outcome {
  const flags = columns.flags[pfn]!;
  if ((flags & PG_NOPAGE) !== 0) return CORE_OUTSIDE_MEMORY;
  if ((flags & PG_RESERVED) !== 0) return CORE_RESERVED;
  const handler = table.handlerFor(flags);
  if (handler === NO_HANDLER) return (flags & SOMEBODYS) !== 0 ? CORE_NO_HANDLER : CORE_UNMOVABLE;
  if ((flags & PG_ISOLATED) !== 0) return CORE_ISOLATED;
  const code = table.get(handler).refuses(pfn);
  if (code !== 0) return outcomeOf(handler, code);
  if ((flags & PG_LOCKED) !== 0) return CORE_LOCKED;
  if ((flags & PG_WRITEBACK) !== 0) return CORE_WRITEBACK;
  if (columns.count[pfn] === 0) return table.get(handler).dissolve === undefined ? CORE_BEING_FREED : 0;
  if ((flags & (PG_LRU | PG_MOVABLE_OPS | PG_HUGE)) === 0) return CORE_NOT_ON_LRU;
  const explained = columns.mapcount[pfn]! + table.get(handler).references(pfn);
  return columns.count[pfn] === explained ? 0 : CORE_PINNED;
}
