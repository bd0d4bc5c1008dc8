import type { Mutant } from './mutants.js';

const ACCESS = 'src/sim/access.js';
const SPACE = 'src/sim/address-space.js';

/** What everybody else has to keep to while pages move. */
export const othersMutants: readonly Mutant[] = [
  {
    name: 'fault-ignores-migration-entry',
    guard: 'a fault that meets a migration entry sleeps until the page has arrived',
    kernel: 'mm/memory.c do_swap_page, migration_entry_wait',
    edits: [{ file: ACCESS, find: 'if (isMigration(pte)) return ACCESS_BLOCKED;', put: '' }],
    world: 'anon/1',
  },
  {
    name: 'fault-ignores-lock',
    guard: 'a fault that finds a locked page in the cache sleeps on its lock',
    kernel: 'mm/filemap.c filemap_fault, lock_folio_maybe_drop_mmap',
    edits: [
      {
        file: ACCESS,
        find: 'if ((m.flags[pfn] & (PG_LOCKED | PG_SWAPCACHE)) !== 0) return ACCESS_BLOCKED; const shared',
        put: 'if ((m.flags[pfn] & PG_SWAPCACHE) !== 0) return ACCESS_BLOCKED; const shared',
      },
    ],
    world: 'file-dirty/2',
  },
  {
    name: 'swap-in-ignores-lock',
    guard: 'a swap-in that finds a locked page in the swap cache sleeps on its lock',
    kernel: 'mm/memory.c do_swap_page, folio_lock_or_retry',
    edits: [
      { file: ACCESS, find: 'if (pfn >= 0 && (m.flags[pfn] & PG_LOCKED) !== 0) return ACCESS_BLOCKED;', put: '' },
    ],
    world: 'swapcache-unmapped/1',
  },
  {
    name: 'read-ignores-lock',
    guard: 'read(2) sleeps on a locked page: it is in its slot before its contents are',
    kernel: 'mm/filemap.c filemap_update_page',
    edits: [
      {
        file: ACCESS,
        find: 'if ((m.flags[pfn] & (PG_LOCKED | PG_SWAPCACHE)) !== 0) return ACCESS_BLOCKED; m.flags[pfn] = m.flags[pfn] | PG_REFERENCED;',
        put: 'if ((m.flags[pfn] & PG_SWAPCACHE) !== 0) return ACCESS_BLOCKED; m.flags[pfn] = m.flags[pfn] | PG_REFERENCED;',
      },
    ],
    world: 'file-shared/1',
  },
  {
    name: 'write-ignores-lock',
    guard: 'write(2) sleeps on a locked page, or the copy overwrites what it wrote',
    kernel: 'mm/filemap.c __filemap_get_folio, FGP_LOCK',
    edits: [
      {
        file: ACCESS,
        find: 'if ((m.flags[pfn] & (PG_LOCKED | PG_SWAPCACHE)) !== 0) return ACCESS_BLOCKED; fillContents',
        put: 'if ((m.flags[pfn] & PG_SWAPCACHE) !== 0) return ACCESS_BLOCKED; fillContents',
      },
    ],
    world: 'file-shared/1',
  },
  {
    name: 'truncate-ignores-lock',
    guard: 'truncation sleeps on a locked page: its entries are migration entries, which nobody would find again',
    kernel: 'mm/truncate.c truncate_inode_pages_range, folio_lock',
    edits: [{ file: 'src/sim/files.js', find: 'if ((m.flags[pfn] & PG_LOCKED) !== 0) return false;', put: '' }],
    world: 'file-shared/1',
  },
  {
    name: 'writeback-ignores-lock',
    guard: 'no write to a device begins on a locked page',
    kernel: 'mm/page-writeback.c write_cache_pages, folio_lock',
    edits: [
      {
        file: 'src/sim/writeback.js',
        find: '(flags & (PG_LOCKED | PG_WRITEBACK)) !== 0',
        put: '(flags & PG_WRITEBACK) !== 0',
      },
      // The explorer's own flusher does not come that far.
      {
        file: 'test/interleave/operations.js',
        find: 'if ((flags() & PG_LOCKED) !== 0) return SLEEPS; startWriteback',
        put: 'startWriteback',
      },
    ],
    world: 'file-dirty/2',
  },
  {
    name: 'reclaim-ignores-lock',
    guard: 'reclaim passes a locked page over',
    kernel: 'mm/vmscan.c shrink_folio_list, folio_trylock',
    edits: [
      {
        file: 'src/sim/pageout.js',
        find: '(flags & (PG_LOCKED | PG_WRITEBACK)) !== 0',
        put: '(flags & PG_WRITEBACK) !== 0',
      },
    ],
    harmless:
      'what migrates is off the LRU, where reclaim does not come by it, and whoever else locks a page holds a reference',
  },
  {
    name: 'freed-swap-ignores-lock',
    guard: 'a page whose swap entry nobody names any more leaves the swap cache only if it is not locked',
    kernel: 'mm/swapfile.c __try_to_reclaim_swap, folio_trylock',
    edits: [{ file: SPACE, find: '(flags & (PG_WRITEBACK | PG_LOCKED)) !== 0', put: '(flags & PG_WRITEBACK) !== 0' }],
    world: 'swapcache-unmapped/1',
  },
  {
    name: 'reuse-ignores-lock',
    guard: 'a write that has a page for itself takes it out of the swap cache only if it is not locked',
    kernel: 'mm/memory.c wp_can_reuse_anon_folio, folio_trylock',
    edits: [{ file: ACCESS, find: '(flags & (PG_WRITEBACK | PG_LOCKED)) !== 0', put: '(flags & PG_WRITEBACK) !== 0' }],
    harmless:
      'who may write has the page mapped, so it is not yet unmapped, or has arrived; references are counted at the freeze',
  },
  {
    name: 'fork-keeps-write-in-migration-entries',
    guard: 'fork write-protects what it shares, migration entries too',
    kernel: 'mm/memory.c copy_nonpresent_pte, make_readable_migration_entry',
    edits: [
      { file: SPACE, find: 'const moves = isPresent(pte) || isMigration(pte);', put: 'const moves = isPresent(pte);' },
    ],
    world: 'anon/2',
  },
  {
    name: 'fork-without-flush',
    guard: 'the parent forgets its writable translations before the child runs',
    kernel: 'mm/memory.c copy_page_range; kernel/fork.c dup_mmap, flush_tlb_mm',
    edits: [{ file: SPACE, find: 'tlbFlushMm(m, parent); return child;', put: 'return child;' }],
    world: 'anon-forked/1',
  },
  {
    name: 'zap-drops-a-reference-of-a-migration-entry',
    guard: 'a migration entry holds no reference: munmap has none to drop',
    kernel: 'mm/memory.c zap_nonpresent_ptes, is_migration_entry',
    edits: [
      {
        file: SPACE,
        find: 'if (!isPresent(pte)) return; const pfn',
        put: 'if (!isPresent(pte) && !isMigration(pte)) return; const pfn',
      },
    ],
    world: 'anon/1',
  },
  {
    name: 'zap-without-flush',
    guard: 'a page is freed when no CPU can reach it any more',
    kernel: 'mm/mmu_gather.c tlb_flush_mmu: flush, then free',
    edits: [
      {
        file: SPACE,
        find: 'tlbFlushPage(m, mm, vpn); dropCleared(m, cpu, vma, pte);',
        put: 'dropCleared(m, cpu, vma, pte);',
      },
    ],
    world: 'file-shared/2',
  },
  {
    name: 'pending-flush-not-awaited',
    guard: 'munmap of a migration entry flushes what its shootdown, which comes once for a batch, has not flushed yet',
    kernel: 'mm/rmap.c flush_tlb_batched_pending',
    edits: [
      {
        file: SPACE,
        find: 'return isPresent(pte) || isMigration(pte) ? pte : 0;',
        put: 'return isPresent(pte) ? pte : 0;',
      },
    ],
    world: 'anon/2',
  },
  {
    name: 'reclaim-without-flush',
    guard: 'reclaim writes and frees a page when no CPU can write to it any more',
    kernel: 'mm/rmap.c try_to_unmap_one, flush_tlb_page',
    edits: [
      {
        file: 'src/sim/rmap.js',
        find: 'noteDirty(m, pfn, takePte(m, at, replacement)); tlbFlushPage(m, mm, vpn);',
        put: 'noteDirty(m, pfn, takePte(m, at, replacement));',
      },
    ],
    world: 'file-shared/2',
  },
  {
    name: 'dirty-bit-dropped',
    guard: 'what was written through an entry is known when the entry goes',
    kernel: 'mm/rmap.c try_to_unmap_one, folio_mark_dirty',
    edits: [
      {
        file: 'src/sim/rmap.js',
        find: 'noteDirty(m, pfn, takePte(m, at, replacement));',
        put: 'takePte(m, at, replacement);',
      },
    ],
    world: 'file-redirtied/1',
  },
  {
    name: 'munmap-forgets-what-was-dirty',
    guard: 'what was written through an entry is known when its migration entry goes',
    kernel: 'mm/rmap.c try_to_migrate_one, folio_mark_dirty',
    edits: [{ file: SPACE, find: 'noteDirtyOnItsWay(m, vma, vpn, pte);', put: '' }],
    world: 'file-redirtied/2',
  },
  {
    name: 'dirty-meanwhile-not-kept',
    guard: 'a new page that was marked dirty before its flags came stays dirty',
    kernel: 'mm/migrate.c folio_migrate_flags, which sets flags and clears none',
    edits: [
      { file: 'src/sim/sim-host.js', find: '(~(CARRIED | PG_NONLINEAR) | PG_DIRTY)', put: '~(CARRIED | PG_NONLINEAR)' },
    ],
    world: 'file-redirtied/2',
  },
  {
    name: 'unused-target-freed-under-a-reference',
    guard: 'a target that nothing moved to is freed by whoever drops the last reference',
    kernel: 'mm/page_alloc.c __free_pages, put_page_testzero',
    edits: [
      {
        file: 'src/sim/page-allocator.js',
        find: 'if (refSub(m, page, 1) !== 0) held++;',
        put: 'm.count[page] = 0;',
      },
    ],
    world: 'anon-moved-before/2',
  },
  {
    name: 'get-of-a-frozen-page',
    guard: 'a reference without a lock is not given while the count is frozen',
    kernel: 'include/linux/page_ref.h page_ref_add_unless(page, 1, 0)',
    edits: [{ file: 'src/sim/page-ref.js', find: 'count !== 0;)', put: ';)' }],
    world: 'anon/1',
  },
];
