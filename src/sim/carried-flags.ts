import {
  PG_ACTIVE,
  PG_ANON,
  PG_DIRTY,
  PG_ERROR,
  PG_HEAD,
  PG_HUGE,
  PG_KSM,
  PG_MLOCKED,
  PG_MOVABLE_OPS,
  PG_OFFLINE,
  PG_REFERENCED,
  PG_SWAPBACKED,
  PG_SWAPCACHE,
  PG_TAIL,
  PG_THP,
  PG_UNEVICTABLE,
  PG_UPTODATE,
} from '../mm/page-flags.js';

/** Flags that a page has because of what it holds; they travel with the contents (folio_migrate_flags). */
export const CARRIED =
  PG_ERROR |
  PG_REFERENCED |
  PG_UPTODATE |
  PG_DIRTY |
  PG_ACTIVE |
  PG_ANON |
  PG_SWAPCACHE |
  PG_SWAPBACKED |
  PG_UNEVICTABLE |
  PG_MLOCKED |
  PG_KSM |
  PG_MOVABLE_OPS |
  PG_OFFLINE |
  PG_HEAD |
  PG_TAIL |
  PG_THP |
  PG_HUGE;
