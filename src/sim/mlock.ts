import { PG_MLOCKED, PG_UNEVICTABLE } from '../mm/page-flags.js';
import type { Pfn } from '../mm/units.js';
import { changeLruFlags } from './lru.js';
import type { Machine } from './machine.js';

/** Keeps a page resident: reclaim never looks at it (mlock_folio). */
export function mlockPage(m: Machine, pfn: Pfn): void {
  changeLruFlags(m, pfn, PG_MLOCKED | PG_UNEVICTABLE, 0);
}

/** Reclaim may have it again. Whether somebody else still has it locked is for the caller to know. */
export function munlockPage(m: Machine, pfn: Pfn): void {
  changeLruFlags(m, pfn, 0, PG_MLOCKED | PG_UNEVICTABLE);
}
