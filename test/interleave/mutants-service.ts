import type { Mutant } from './mutants.js';

const BATCH = 'src/migration/migrate-batch.js';
const REST = 'src/migration/bring-to-rest.js';
const JUDGE = 'src/migration/judge.js';
const FILE_BACKED = 'plugins/file-backed/handler.js';
const SWAP_BACKED = 'plugins/swap-backed/handler.js';
const GUARDED = 'src/migration/guarded-handler.js';
const VIEW = 'src/sim/page-view.js';
const NONLINEAR = 'plugins/nonlinear/handler.js';

/** Guards of the migration service and of the shipped handlers: what is checked, locked, counted, undone. */
export const serviceMutants: readonly Mutant[] = [
  {
    name: 'isolate-twice',
    guard: 'a page that another migrator has isolated is his until he puts it back',
    kernel: 'mm/migrate.c isolate_movable_page, PageIsolated',
    edits: [
      { file: JUDGE, find: 'if ((flags & PG_ISOLATED) !== 0) return CORE_ISOLATED;', put: '' },
      { file: VIEW, find: '|| (m.flags[pfn] & PG_ISOLATED) !== 0', put: '' },
    ],
    world: 'rival-driver/0',
  },
  {
    name: 'isolate-a-freed-page',
    guard: 'a page that its driver has freed since it was asked about is not isolated',
    kernel: 'mm/migrate.c isolate_movable_page, folio_get_nontail_page',
    edits: [{ file: VIEW, find: 'm.count[pfn] === 0 ||', put: '' }],
    world: 'driver/1',
  },
  {
    name: 'isolate-off-the-lru',
    guard: 'a page that is on no list cannot be taken off one: it is on its way to the LRU, or in use by its owner',
    kernel: 'mm/vmscan.c folio_isolate_lru, PageLRU',
    edits: [
      {
        file: JUDGE,
        find: 'if ((flags & (PG_LRU | PG_MOVABLE_OPS | PG_HUGE)) === 0) return CORE_NOT_ON_LRU;',
        put: '',
      },
      { file: VIEW, find: 'if ((flags & PG_LRU) === 0) return notOnLru;', put: '' },
    ],
    world: 'anon/1',
  },
  {
    name: 'steal-the-lock',
    guard: 'a page is left to whoever holds its lock',
    kernel: 'mm/migrate.c migrate_folio_unmap, folio_trylock',
    edits: [
      { file: BATCH, find: 'if ((flags[pfn] & PG_LOCKED) !== 0) return CORE_LOCKED;', put: '' },
      {
        file: BATCH,
        find: 'if (!host.lock(pfn)) return CORE_LOCKED; batch.progress',
        put: 'host.lock(pfn); batch.progress',
      },
    ],
    world: 'anon/1',
  },
  {
    name: 'no-source-lock',
    guard: 'the lock keeps truncation, writeback, swap-in and other migrators off the page from unmap to remap',
    kernel: 'mm/migrate.c migrate_folio_unmap, folio_lock',
    edits: [
      {
        file: BATCH,
        find: 'if (!host.lock(pfn)) return CORE_LOCKED; batch.progress',
        put: 'if ((flags[pfn] & PG_LOCKED) !== 0) return CORE_LOCKED; batch.progress',
      },
      { file: BATCH, find: 'host.unlock(batch.source[unit] + batch.progress[unit] - 1);', put: '' },
      {
        file: BATCH,
        find: 'unlockPages(host, source, nrPages); } batch.state[unit] = LEAVING;',
        put: '} batch.state[unit] = LEAVING;',
      },
      {
        file: BATCH,
        find: 'unlockPages(host, source, nrPages); batch.state[unit] = ISOLATED;',
        put: 'batch.state[unit] = ISOLATED;',
      },
      {
        file: BATCH,
        find: 'unlockPages(host, source, nrPages); unlockPages(host, target, nrPages);',
        put: 'unlockPages(host, target, nrPages);',
      },
    ],
    world: 'file-shared/1',
  },
  {
    name: 'no-target-lock',
    guard: 'who finds the new page in its slot sleeps on its lock until its contents are there',
    kernel: 'mm/migrate.c migrate_folio_unmap, folio_trylock(dst)',
    edits: [
      { file: BATCH, find: 'if (!host.lock(pfn)) return CORE_LOCKED; flags[pfn]', put: 'flags[pfn]' },
      {
        file: BATCH,
        find: 'host.unlock(pfn); flags[pfn] = flags[pfn] & ~PG_ISOLATED;',
        put: 'flags[pfn] = flags[pfn] & ~PG_ISOLATED;',
      },
      {
        file: BATCH,
        find: 'unlockPages(host, source, nrPages); unlockPages(host, target, nrPages);',
        put: 'unlockPages(host, source, nrPages);',
      },
    ],
    world: 'swapcache-unmapped/1',
  },
  {
    name: 'no-writeback-check',
    guard: 'a device reads the frame until the write has ended: the page must not move before',
    kernel: 'mm/migrate.c migrate_folio_unmap, folio_test_writeback',
    edits: [
      { file: BATCH, find: 'if ((flags[pfn] & PG_WRITEBACK) !== 0 && mode !== MIGRATE_SYNC)', put: 'if (false)' },
      { file: BATCH, find: 'if ((flags[pfn] & PG_WRITEBACK) === 0) continue;', put: 'continue;' },
    ],
    world: 'writeback/1',
  },
  {
    name: 'writeback-checked-before-lock',
    guard: 'writeback is looked for when the lock is held, since it may begin until then',
    kernel: 'mm/migrate.c migrate_folio_unmap: folio_lock, then folio_test_writeback',
    edits: [
      {
        file: BATCH,
        find: 'if (!host.lock(pfn)) return CORE_LOCKED; batch.progress[unit] = batch.progress[unit] + 1; if ((flags[pfn] & PG_WRITEBACK) === 0) continue;',
        put: 'const isWritten = (flags[pfn] & PG_WRITEBACK) === 0; if (!host.lock(pfn)) return CORE_LOCKED; batch.progress[unit] = batch.progress[unit] + 1; if (isWritten) continue;',
      },
    ],
    world: 'file-dirty/2',
  },
  {
    name: 'no-last-reference-check',
    guard: 'a page of which only the isolation holds a reference has been freed by its owner: there is nothing to move',
    kernel: 'mm/migrate.c migrate_folio_unmap, folio_ref_count(src) == 1',
    edits: [
      {
        file: BATCH,
        find: 'if (count[pfn] !== 1) return false; return true;',
        put: 'return false;',
      },
    ],
    harmless: 'the page is moved for nothing, and freed where it arrives',
  },
  {
    name: 'freed-page-kept',
    guard: 'the isolation’s reference is the last one of a page that its owner freed, and has to be dropped',
    kernel: 'mm/migrate.c migrate_folio_done',
    edits: [
      {
        file: BATCH,
        find: 'if ((flags[pfn] & PG_ISOLATED) !== 0) host.freeSource(pfn); batch.state[unit] = FREED;',
        put: '; batch.state[unit] = FREED;',
      },
    ],
    world: 'anon/1',
  },
  {
    name: 'freed-page-locked',
    guard: 'a page is unlocked before its last reference goes',
    kernel: 'mm/migrate.c migrate_folio_unmap, out: folio_unlock',
    edits: [
      {
        file: BATCH,
        find: 'unlockPages(host, source, nrPages); } batch.state[unit] = LEAVING;',
        put: '} batch.state[unit] = LEAVING;',
      },
    ],
    world: 'anon/1',
  },
  {
    name: 'target-leaked',
    guard: 'a target that nothing moved to is given back',
    kernel: 'mm/migrate.c migrate_folio_undo_dst, put_new_folio',
    edits: [{ file: BATCH, find: 'targets.put(batch.target[unit], batch.order[unit]);', put: '' }],
    world: 'anon/1',
  },
  {
    name: 'pinned-page-moved',
    guard: 'who holds a reference that nothing explains may use the frame: its page stays',
    kernel: 'mm/migrate.c folio_migrate_mapping, folio_ref_freeze fails',
    edits: [
      {
        file: BATCH,
        find: 'if (count[pfn] !== mapcount[pfn] + handler.references(pfn) + 1) return CORE_PINNED;',
        put: '',
      },
      {
        file: BATCH,
        find: '&& host.freeze(source + i, references[i])) continue;',
        put: ') { host.unfreeze(source + i, 0); continue; }',
      },
    ],
    world: 'anon/1',
  },
  {
    name: 'freeze-is-check-then-set',
    guard: 'the count is compared and frozen in one step, so that no reference is taken in between',
    kernel: 'include/linux/page_ref.h page_ref_freeze, atomic_cmpxchg',
    edits: [
      {
        file: BATCH,
        find: '&& host.freeze(source + i, references[i])) continue;',
        put: '&& host.columns.count[source + i] === references[i]) { host.unfreeze(source + i, 0); continue; }',
      },
    ],
    world: 'anon/1',
  },
  {
    name: 'count-not-frozen',
    guard: 'from the check of the count until the slot names the new page nobody may take a reference',
    kernel: 'include/linux/page_ref.h page_ref_freeze: the count is 0 meanwhile',
    edits: [
      {
        file: BATCH,
        find: '&& host.freeze(source + i, references[i])) continue;',
        put: '&& host.columns.count[source + i] === references[i]) continue;',
      },
    ],
    world: 'anon/1',
  },
  {
    name: 'refused-page-stays-frozen',
    guard: 'a page whose slot did not move has its references again',
    kernel: 'mm/migrate.c folio_migrate_mapping, folio_ref_unfreeze',
    edits: [
      { file: BATCH, find: 'const code = handler.refuses(source + i);', put: 'const code = 0;' },
      { file: BATCH, find: 'if (count[source + i] === 0) host.unfreeze(source + i, batch.references[i]);', put: '' },
    ],
    world: 'file-shared/2',
  },
  {
    name: 'old-page-stays-frozen',
    guard: 'the old page keeps the isolation’s reference, by which it is freed',
    kernel: 'mm/migrate.c folio_migrate_mapping, folio_ref_unfreeze(src)',
    edits: [{ file: BATCH, find: 'host.unfreeze(source + i, 1); }', put: '}' }],
    world: 'anon/0',
  },
  {
    name: 'target-without-references',
    guard: 'the new page has the references of the slot and of the buffers that it takes over',
    kernel: 'mm/migrate.c folio_migrate_mapping, folio_ref_add(newfolio)',
    edits: [{ file: BATCH, find: 'host.unfreeze(target + i, references[i]);', put: 'host.unfreeze(target + i, 1);' }],
    world: 'swapcache/0',
  },
  {
    name: 'truncated-page-moved',
    guard: 'a page that has left its slot, but is alive, is not put back into it',
    kernel: 'mm/migrate.c folio_migrate_mapping: the slot must hold the page',
    edits: [
      { file: BATCH, find: 'const code = handler.refuses(source + i);', put: 'const code = 0;' },
      { file: VIEW, find: 'if (!isInItsSlot(m, source)) return false;', put: '' },
      { file: GUARDED, find: 'if (moved) return 0; throw', put: 'return 0; throw' },
    ],
    world: 'file-shared/2',
  },
  {
    name: 'slot-not-moved',
    guard: 'the page cache names the new page',
    kernel: 'mm/migrate.c folio_migrate_mapping, xas_store',
    edits: [
      { file: FILE_BACKED, find: 'if (!this.pages.moveSlot(source, target)) return TRUNCATED;', put: '' },
      { file: GUARDED, find: 'if (moved) return 0; throw', put: 'return 0; throw' },
    ],
    world: 'file-shared/0',
  },
  {
    name: 'swap-slot-not-moved',
    guard: 'the swap cache names the new page, which has the swap entry',
    kernel: 'mm/migrate.c folio_migrate_mapping, newfolio->swap',
    edits: [
      { file: SWAP_BACKED, find: 'return this.pages.moveSlot(source, target) ? 0 : SLOT_TAKEN;', put: 'return 0;' },
      { file: GUARDED, find: 'if (moved) return 0; throw', put: 'return 0; throw' },
    ],
    world: 'swapcache/0',
  },
  {
    name: 'buffers-not-moved',
    guard: 'the filesystem’s buffers, and the reference that they hold, go with the page',
    kernel: 'mm/migrate.c buffer_migrate_folio',
    edits: [{ file: FILE_BACKED, find: 'this.pages.moveBuffers(source, target);', put: '' }],
    world: 'file-dirty/0',
  },
  {
    name: 'partly-mapped-page-moved',
    guard: 'a page of which some mapping could not be found (a nonlinear VMA has it) stays',
    kernel: 'mm/migrate.c migrate_folio_unmap, folio_mapped(src) after try_to_migrate',
    edits: [
      { file: BATCH, find: 'host.unmap(pfn) ? 0 : CORE_STILL_MAPPED', put: '(host.unmap(pfn), 0)' },
      {
        file: BATCH,
        find: '&& host.freeze(source + i, references[i])) continue;',
        put: '&& host.freeze(source + i, host.columns.mapcount[source + i] + references[i])) continue;',
      },
    ],
    world: 'file-beside/2',
  },
  {
    name: 'refused-page-stays-unmapped',
    guard: 'a page that does not move has its mappings back',
    kernel: 'mm/migrate.c migrate_folio_undo_src, remove_migration_ptes(src, src)',
    edits: [{ file: BATCH, find: 'remapPage(host, handler, source + i, source + i);', put: ';' }],
    world: 'anon/1',
  },
  {
    name: 'refused-page-stays-locked',
    guard: 'a page that does not move is unlocked',
    kernel: 'mm/migrate.c migrate_folio_undo_src, folio_unlock',
    edits: [
      {
        file: BATCH,
        find: 'unlockPages(host, source, nrPages); batch.state[unit] = ISOLATED;',
        put: 'batch.state[unit] = ISOLATED;',
      },
    ],
    world: 'anon/1',
  },
  {
    name: 'refused-page-stays-isolated',
    guard: 'a page that does not move goes back onto its list, and its reference is dropped',
    kernel: 'mm/migrate.c putback_movable_pages',
    edits: [
      {
        file: BATCH,
        find: 'putBackPages(table.get(batch.handler[unit]), host.columns.flags, batch.source[unit], 2 ** batch.order[unit]);',
        put: '',
      },
    ],
    world: 'anon/1',
  },
  {
    name: 'moved-page-stays-isolated',
    guard: 'the new page goes onto its list, and the reference of its allocation is dropped',
    kernel: 'mm/migrate.c migrate_folio_move, folio_add_lru and folio_put',
    edits: [
      {
        file: BATCH,
        find: 'putBackPages(handler, host.columns.flags, batch.target[unit], 2 ** batch.order[unit]);',
        put: '',
      },
    ],
    world: 'anon/0',
  },
  {
    name: 'moved-page-stays-locked',
    guard: 'the new page is unlocked, or whoever sleeps on it sleeps for ever',
    kernel: 'mm/migrate.c migrate_folio_move, folio_unlock(dst)',
    edits: [
      {
        file: BATCH,
        find: 'unlockPages(host, source, nrPages); unlockPages(host, target, nrPages);',
        put: 'unlockPages(host, source, nrPages);',
      },
    ],
    world: 'anon/0',
  },
  {
    name: 'old-page-freed-locked',
    guard: 'the old page is unlocked before it is freed, and never after',
    kernel: 'mm/migrate.c migrate_folio_move, migrate_folio_undo_src: folio_unlock(src), then folio_put(src)',
    edits: [
      {
        file: BATCH,
        find: 'unlockPages(host, source, nrPages); unlockPages(host, target, nrPages);',
        put: 'unlockPages(host, target, nrPages);',
      },
      {
        file: BATCH,
        find: 'host.freeSource(pfn); batch.state[unit] = DONE;',
        put: '{ host.freeSource(pfn); host.unlock(pfn); } batch.state[unit] = DONE;',
      },
    ],
    world: 'anon/0',
  },
  {
    name: 'old-page-not-freed',
    guard: 'the old page is freed',
    kernel: 'mm/migrate.c migrate_folio_done, folio_put(src)',
    edits: [
      { file: BATCH, find: 'host.freeSource(pfn); batch.state[unit] = DONE;', put: '; batch.state[unit] = DONE;' },
    ],
    world: 'anon/0',
  },
  {
    name: 'old-page-freed-twice',
    guard: 'the old page is freed once',
    kernel: 'mm/migrate.c migrate_folio_done, folio_put(src)',
    edits: [
      {
        file: BATCH,
        find: 'host.freeSource(pfn); batch.state[unit] = DONE;',
        put: '{ host.freeSource(pfn); host.freeSource(pfn); } batch.state[unit] = DONE;',
      },
    ],
    world: 'anon/0',
  },
  {
    name: 'freed-page-put-back',
    guard: 'a page that its owner freed is reported as freed, not as refused, and not put back',
    kernel: 'mm/migrate.c migrate_pages_batch, stats->nr_succeeded of freed folios',
    edits: [
      {
        file: REST,
        find: 'if (isHeld && wasFreed(host, batch, unit)) finishFreed(host, batch, unit); else putBackUnit',
        put: 'putBackUnit',
      },
    ],
    harmless: 'its last reference goes when it is put back; it is only not counted as freed',
  },
  {
    name: 'no-early-look',
    guard: 'a page that visibly cannot go gets no target, so that a refusal leaves no trace in the allocator',
    kernel: 'mm/compaction.c isolate_migratepages_block looks before it isolates',
    edits: [{ file: BATCH, find: 'batch.outcome[unit] = obstacle(context, unit, mode);', put: '' }],
    harmless: 'the lock, the writeback check and the freeze see the same later; a target was taken for nothing',
  },
  {
    name: 'early-last-reference-not-seen',
    guard: 'a page that its owner has freed gets no target',
    kernel: 'mm/migrate.c migrate_folio_unmap, folio_ref_count(src) == 1 before the allocation',
    edits: [
      {
        file: BATCH,
        find: 'if (wasFreed(host, batch, unit)) { finishFreed(host, batch, unit); continue; } batch.outcome[unit] = obstacle',
        put: 'batch.outcome[unit] = obstacle',
      },
    ],
    harmless: 'it is seen when the lock is held; a target was taken for nothing',
  },
  {
    name: 'handler-not-asked-again',
    guard: 'a page that has become another type while it was in hand goes to the handler that claims it now',
    kernel: 'mm/migrate.c move_to_new_folio: mapping->a_ops is looked up when it is called',
    edits: [
      { file: BATCH, find: 'if (batch.outcome[unit] !== 0 && hasChangedHands(context, unit)) continue;', put: '' },
    ],
    harmless: 'its old handler refuses, or moves it as well: handlers look at the page as it is',
  },
  {
    name: 'nonlinear-not-refused',
    guard: 'a page of a file with nonlinear mappings is refused before it is isolated',
    kernel: 'mm/rmap.c try_to_unmap_file (before 4.0): i_mmap_nonlinear is searched in vain',
    edits: [
      {
        file: NONLINEAR,
        find: 'return (flags & PG_NONLINEAR) !== 0 && (flags & PG_ANON) === 0;',
        put: 'return false;',
      },
    ],
    world: 'file-nonlinear',
    harmless: 'not every mapping is found, and the page is refused when it is unmapped',
  },
];
