import {
  PG_DIRTY,
  PG_ISOLATED,
  PG_LOCKED,
  PG_MLOCKED,
  PG_MOVABLE_OPS,
  PG_SWAPBACKED,
  PG_SWAPCACHE,
  PG_UNEVICTABLE,
} from '../../src/mm/page-flags.js';
import type { Edit, Mutant } from './mutants.js';

const RMAP = 'src/sim/rmap.js';
const HOST = 'src/sim/sim-host.js';
const VIEW = 'src/sim/page-view.js';
const CACHE = 'src/sim/page-cache.js';

function notCarried(flags: number): Edit[] {
  return [
    {
      file: HOST,
      find: 'const flags = m.flags[source]; if ((flags & m.flags[target]',
      put: `const flags = m.flags[source] & ~(${flags}); if ((flags & m.flags[target]`,
    },
  ];
}

/** The verbs of the host: what each has to do completely. */
export const hostMutants: readonly Mutant[] = [
  {
    name: 'no-isolation-reference',
    guard: 'isolation holds a reference, so that the page is not freed and used anew while it is in hand',
    kernel: 'mm/vmscan.c folio_isolate_lru, folio_get',
    edits: [
      {
        file: VIEW,
        find: 'm.flags[pfn] = ((flags & ~PG_LRU) | PG_ISOLATED) >>> 0; getPage(m, pfn);',
        put: 'm.flags[pfn] = ((flags & ~PG_LRU) | PG_ISOLATED) >>> 0;',
      },
    ],
    world: 'anon/0',
  },
  {
    name: 'isolated-page-stays-on-the-lru',
    guard: 'an isolated page is off its list: reclaim does not come by it',
    kernel: 'mm/vmscan.c folio_isolate_lru, folio_test_clear_lru',
    edits: [{ file: VIEW, find: '((flags & ~PG_LRU) | PG_ISOLATED)', put: '(flags | PG_ISOLATED)' }],
    world: 'anon/1',
  },
  {
    name: 'partial-unmap-counted-whole',
    guard: 'a page is unmapped only if every mapping was found, and if not, none is taken away',
    kernel: 'mm/rmap.c try_to_migrate, and folio_mapped after it',
    edits: [
      {
        file: RMAP,
        find: 'm.mapcount[pfn] = left; refSub(m, pfn, replaced); if (left === 0) return true;',
        put: 'refSub(m, pfn, m.mapcount[pfn]); m.mapcount[pfn] = 0; return true;',
      },
    ],
    world: 'file-beside/2',
  },
  {
    name: 'migration-entry-without-dirty',
    guard: 'a migration entry remembers that the page was written to through it',
    kernel: 'include/linux/swapops.h SWP_MIG_DIRTY',
    edits: [{ file: RMAP, find: 'migrationPte(takePte(m, at, 0))', put: 'migrationPte(takePte(m, at, 0) & ~4)' }],
    world: 'file-redirtied/1',
  },
  {
    name: 'entry-writable-again',
    guard: 'an entry gets write permission back only if it had it: a shared page must be copied first',
    kernel: 'mm/migrate.c remove_migration_pte, is_writable_migration_entry',
    edits: [{ file: RMAP, find: 'pteBits(pte & ~PTE_MIGRATION)', put: 'pteBits(pte & ~PTE_MIGRATION) | 6' }],
    world: 'anon-forked/1',
  },
  {
    name: 'any-migration-entry',
    guard: 'only entries that wait for this page are turned into entries for its target',
    kernel: 'mm/migrate.c remove_migration_pte, rmap_walk with folio == old',
    edits: [{ file: RMAP, find: '!isMigration(pte) || ptePayload(pte) !== source', put: '!isMigration(pte)' }],
    world: 'anon-copied/0',
  },
  {
    name: 'present-entry-of-another-page',
    guard: 'at the address where a page would be mapped there may be another one by now, after a copy on write',
    kernel: 'mm/page_vma_mapped.c check_pte',
    edits: [
      {
        file: RMAP,
        find: 'if (at === 0 || !isPresent(pte) || ptePayload(pte) !== pfn) return false; setPte',
        put: 'if (at === 0 || !isPresent(pte)) return false; setPte',
      },
    ],
    world: 'anon-forked/1',
  },
  {
    name: 'no-remap',
    guard: 'migration entries become entries for the new page',
    kernel: 'mm/migrate.c remove_migration_ptes',
    edits: [
      {
        file: HOST,
        find: 'remapFromMigration(this.machine, source, target);',
        put: 'if (source === target) remapFromMigration(this.machine, source, target);',
      },
    ],
    world: 'anon/0',
  },
  {
    name: 'remap-without-references',
    guard: 'each entry that names the new page holds a reference to it',
    kernel: 'mm/migrate.c remove_migration_pte, folio_get',
    edits: [{ file: RMAP, find: 'refAdd(m, target, restored);', put: '' }],
    world: 'anon/0',
  },
  {
    name: 'other-mappings-forgotten',
    guard: 'mappings that were not taken away are still counted when the rest come back',
    kernel: 'mm/rmap.c folio_add_anon_rmap_pte: counts up from what is there',
    edits: [{ file: RMAP, find: 'm.mapcount[target] = others + restored;', put: 'm.mapcount[target] = restored;' }],
    world: 'file-beside/2',
  },
  {
    name: 'mlock-passed-over',
    guard: 'mlock finds a migration entry and passes over it: what it said is made good at the remap',
    kernel: 'mm/migrate.c remove_migration_pte, VM_LOCKED: mlock_drain_local',
    edits: [{ file: RMAP, find: 'if (locked) mlockPage(m, target); else', put: 'if (!locked)' }],
    world: 'anon/1',
  },
  {
    name: 'no-flags-carried',
    guard: 'what flags say of the contents goes with them',
    kernel: 'mm/migrate.c folio_migrate_flags',
    edits: notCarried(~(PG_LOCKED | PG_ISOLATED | PG_MOVABLE_OPS)),
    world: 'swapcache/0',
  },
  {
    name: 'dirty-not-carried',
    guard: 'a dirty page stays dirty, or its contents are never written and dropped by reclaim',
    kernel: 'mm/migrate.c folio_migrate_mapping, folio_set_dirty(newfolio)',
    edits: notCarried(PG_DIRTY),
    world: 'file-dirty/0',
  },
  {
    name: 'swap-cache-not-carried',
    guard: 'the new page knows that it is in the swap cache',
    kernel: 'mm/migrate.c folio_migrate_mapping, folio_set_swapcache',
    edits: notCarried(PG_SWAPCACHE),
    world: 'swapcache/0',
  },
  {
    name: 'swap-backed-not-carried',
    guard: 'reclaim sends the new page where it sent the old one, to swap or to its file',
    kernel: 'mm/migrate.c folio_migrate_mapping, __folio_set_swapbacked',
    edits: notCarried(PG_SWAPBACKED),
    world: 'shmem/0',
  },
  {
    name: 'mlock-not-carried',
    guard: 'memory that a process has locked stays resident',
    kernel: 'mm/migrate.c folio_migrate_flags, folio_set_unevictable; remove_migration_pte, VM_LOCKED',
    edits: [
      ...notCarried(PG_MLOCKED | PG_UNEVICTABLE),
      { file: RMAP, find: 'if (locked) mlockPage(m, target); else', put: 'if (!locked)' },
    ],
    world: 'mlocked/0',
  },
  {
    name: 'old-page-keeps-its-flags',
    guard: 'the old page forgets what it was: it has no slot in swap, and nothing to write back',
    kernel: 'mm/migrate.c folio_migrate_flags, folio_clear_swapcache, folio_clear_private',
    edits: [{ file: HOST, find: 'm.flags[source] = (flags & (PG_LOCKED | PG_ISOLATED)) >>> 0;', put: '' }],
    harmless: 'nobody can find the old page any more, and freeing it clears them',
  },
  {
    name: 'nonlinear-mark-carried',
    guard: 'whether a file has nonlinear mappings is asked of the file: it may have changed since the slot moved',
    kernel: 'mm/fremap.c sys_remap_file_pages (before 4.0): i_mmap_nonlinear is the file’s',
    edits: [
      {
        file: HOST,
        find: 'const nonlinear = this.pages.hasNonlinearMappings(target) ? PG_NONLINEAR : 0;',
        put: 'const nonlinear = flags & PG_NONLINEAR;',
      },
    ],
    harmless: 'a page with a stale mark is refused when it is unmapped, or once too often',
  },
  {
    name: 'no-place-on-the-lru',
    guard: 'the new page has a place on its list, or reclaim never comes by it',
    kernel: 'mm/migrate.c migrate_folio_move, folio_add_lru',
    edits: [{ file: HOST, find: 'if ((flags & (PG_MOVABLE_OPS | PG_HUGE)) === 0) placeOnLru(m, target);', put: '' }],
    world: 'anon/0',
  },
  {
    name: 'slot-not-re-pointed',
    guard: 'the page cache’s slot names the new page',
    kernel: 'mm/migrate.c folio_migrate_mapping, xas_store',
    edits: [{ file: VIEW, find: 'replaceInSlot(m, source, target);', put: '' }],
    world: 'file-shared/0',
  },
  {
    name: 'tags-of-the-slot-lost',
    guard: 'the tags dirty and writeback stay with the slot',
    kernel: 'mm/migrate.c folio_migrate_mapping: PAGECACHE_TAG_DIRTY stays in the tree',
    edits: [{ file: CACHE, find: '((m.leafSlots[at] & ~SLOT_PFN) | (target + 1))', put: '(target + 1)' }],
    world: 'file-dirty/0',
  },
  {
    name: 'mapping-not-handed-over',
    guard: 'the new page knows its mapping and its index, so that reverse mapping finds its entries',
    kernel: 'mm/migrate.c folio_migrate_mapping, newfolio->mapping and ->index',
    edits: [
      { file: VIEW, find: 'handOverIndex(m, source, target);', put: '' },
      { file: 'src/migration/guarded-handler.js', find: 'if (moved) return 0; throw', put: 'return 0; throw' },
    ],
    world: 'anon/0',
  },
  {
    name: 'buffers-on-both',
    guard: 'the old page has no buffers any more',
    kernel: 'mm/migrate.c buffer_migrate_folio, folio_detach_private',
    edits: [{ file: VIEW, find: 'm.flags[source] = m.flags[source] & ~PG_PRIVATE;', put: 'if (true) return;' }],
    world: 'file-dirty/0',
  },
  {
    name: 'target-from-the-isolated-range',
    guard: 'a page does not move to where it would have to leave again',
    kernel: 'mm/page_isolation.c: MIGRATE_ISOLATE lists are nobody’s fallback',
    edits: [
      {
        file: 'src/sim/targets.js',
        find: 'const BY_PREFERENCE = [MIGRATE_MOVABLE,',
        put: 'const BY_PREFERENCE = [3, MIGRATE_MOVABLE,',
      },
    ],
    world: 'anon-vacated/0',
  },
  {
    name: 'freed-into-the-isolated-range',
    guard: 'what is freed in an isolated range stays there',
    kernel: 'mm/page_alloc.c free_unref_page, is_migrate_isolate',
    edits: [{ file: 'src/sim/page-allocator.js', find: 'if (order > 0 || isIsolated(m, pfn))', put: 'if (order > 0)' }],
    world: 'anon-vacated/0',
  },
];
