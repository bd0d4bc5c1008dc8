/** The migrator's verbs, in the kernel's words; a pfn, or two, says to what. */
export const VERBS = [
  'cond_resched',
  'alloc_migration_target',
  'free_migration_target',
  'folio_trylock',
  'folio_unlock',
  'folio_ref_freeze',
  'folio_ref_unfreeze',
  'try_to_migrate',
  'try_to_unmap_flush',
  'remove_migration_ptes',
  'folio_copy',
  'folio_migrate_flags',
  'folio_put',
  'split_folio',
  'folio_wait_writeback',
  'schedule',
  'folio_isolate_lru',
  'folio_putback_lru',
  'isolate_movable_page',
  'putback_movable_page',
  'folio_migrate_mapping',
  'buffer_migrate_folio',
  'start_isolate_page_range',
  'undo_isolate_page_range',
  'drain_all_pages',
  'lru_add_drain_all',
  'offline_pages',
  'online_pages',
] as const;
export type VerbName = (typeof VERBS)[number];

const number = Object.fromEntries(VERBS.map((name, at) => [name, at])) as Record<VerbName, number>;

/** Between two phases, at the generator's own pauses. */
export const PAUSE = number.cond_resched;
export const ALLOCATE_TARGET = number.alloc_migration_target;
export const FREE_TARGET = number.free_migration_target;
export const LOCK = number.folio_trylock;
export const UNLOCK = number.folio_unlock;
export const FREEZE = number.folio_ref_freeze;
export const UNFREEZE = number.folio_ref_unfreeze;
export const UNMAP = number.try_to_migrate;
export const SHOOTDOWN = number.try_to_unmap_flush;
export const REMAP = number.remove_migration_ptes;
export const COPY = number.folio_copy;
export const CARRY = number.folio_migrate_flags;
export const FREE_SOURCE = number.folio_put;
export const SPLIT = number.split_folio;
export const WAIT_WRITEBACK = number.folio_wait_writeback;
export const RELAX = number.schedule;
export const ISOLATE_LRU = number.folio_isolate_lru;
export const PUTBACK_LRU = number.folio_putback_lru;
export const ISOLATE_DRIVER = number.isolate_movable_page;
export const PUTBACK_DRIVER = number.putback_movable_page;
export const MOVE_SLOT = number.folio_migrate_mapping;
export const MOVE_BUFFERS = number.buffer_migrate_folio;
export const ISOLATE_RANGE = number.start_isolate_page_range;
export const UNDO_ISOLATE_RANGE = number.undo_isolate_page_range;
export const DRAIN = number.drain_all_pages;
export const DRAIN_LRU = number.lru_add_drain_all;
export const OFFLINE_BLOCK = number.offline_pages;
export const ONLINE_BLOCK = number.online_pages;

/** No page, or no second one. */
export const NONE = -1;

/** True if the verb is about two pages, and not about a page and a number. */
export function takesTwoPfns(verb: number): boolean {
  return verb === REMAP || verb === COPY || verb === CARRY || verb === MOVE_SLOT || verb === MOVE_BUFFERS;
}

/** A verb as a trace has it: "remove_migration_ptes(pfn 0x1e0, pfn 0x1e4)". */
export function describeVerb(verb: number, a: number, b: number): string {
  const pfn = (n: number) => `pfn 0x${n.toString(16)}`;
  if (verb === PAUSE) return `${VERBS[verb]}()`;
  const second = b === NONE ? [] : [takesTwoPfns(verb) ? pfn(b) : String(b)];
  return `${VERBS[verb]}(${[...(a === NONE ? [] : [pfn(a)]), ...second].join(', ')})`;
}
