import type { Edit, Mutant } from './mutants.js';

const BATCH = 'src/migration/migrate-batch.js';
const RUN = 'src/migration/migration-run.js';

const PASS = {
  unmap: "yield this.#do('unmap', () => unmapPhase(context));",
  shootdown: "yield this.#do('shootdown', () => shootdownPhase(context));",
  move: "yield this.#do('move', () => movePhase(context, mode));",
  copy: "yield this.#do('copy', () => copyPhase(context, ...this.#scratch));",
  carry: "yield this.#do('carry', () => carryPhase(context));",
  finish: "yield this.#do('finish', () => finishPhase(context));",
};
type PhaseName = keyof typeof PASS;

/** A phase at another place of its pass: taken out here, put in there. */
function phaseMoved(phase: PhaseName, before: PhaseName): Edit[] {
  return [
    { file: RUN, find: PASS[phase], put: '' },
    { file: RUN, find: PASS[before], put: `${PASS[phase]} ${PASS[before]}` },
  ];
}

/** A phase takes the units that are in one state; at another place of the pass they are in another. */
function taking(find: string, state: string): Edit {
  return { file: BATCH, find, put: find.replace(/\b(UNMAPPED|MOVED|COPIED|LOCKED)\b/, state) };
}

const FIRST_OF_SHOOTDOWN = 'if (batch.state[unit] === UNMAPPED) { host.shootdown();';
const FIRST_OF_COPY =
  'let nr = 0; for (let unit = 0; unit < batch.nrUnits; unit++) { if (batch.state[unit] !== MOVED) continue;';
const FIRST_OF_CARRY = 'if (batch.state[unit] !== COPIED) continue;';
const LAST_OF_COPY = 'if (batch.state[unit] === MOVED) batch.state[unit] = COPIED;';
const FREEZE = '&& host.freeze(source + i, references[i])) continue;';
const LAST_OF_MOVE = 'host.unfreeze(source + i, 1); } return 0;';
const UNLOCK = 'unlockPages(host, source, nrPages); unlockPages(host, target, nrPages);';

/** The order of the steps. */
export const orderMutants: readonly Mutant[] = [
  {
    name: 'no-unmap',
    guard: 'a page that moves is mapped by nobody: who would write to it sleeps on a migration entry',
    kernel: 'mm/migrate.c migrate_folio_unmap, try_to_migrate',
    edits: [
      { file: BATCH, find: 'host.unmap(pfn) ? 0 : CORE_STILL_MAPPED', put: '0' },
      {
        file: BATCH,
        find: FREEZE,
        put: '&& host.freeze(source + i, host.columns.mapcount[source + i] + references[i])) continue;',
      },
      // Entries are exchanged one for one at the end, as in copy, then switch.
      {
        file: BATCH,
        find: 'remapPage(host, handler, batch.source[unit] + i, batch.target[unit] + i);',
        put: '{ const { count, index, mapcount } = host.columns; const from = batch.source[unit] + i; const to = batch.target[unit] + i; count[from] += mapcount[from]; index[from] = index[to]; host.unmap(from); index[from] = 0; host.remap(from, to); }',
      },
    ],
    world: 'anon/1',
  },
  {
    name: 'no-shootdown',
    guard: 'a CPU that translated before the unmap would go on reading and writing the old page',
    kernel: 'mm/rmap.c try_to_migrate_one, flush_tlb_page; mm/migrate.c try_to_unmap_flush',
    edits: [{ file: BATCH, find: 'host.shootdown(); return;', put: 'return;' }],
    world: 'anon/1',
  },
  {
    name: 'shootdown-before-unmap',
    guard: 'translations are flushed when no entry can bring them back',
    kernel: 'mm/migrate.c migrate_pages_batch: try_to_unmap_flush after the last try_to_migrate',
    edits: [taking(FIRST_OF_SHOOTDOWN, 'LOCKED'), ...phaseMoved('shootdown', 'unmap')],
    world: 'anon/1',
  },
  {
    name: 'shootdown-after-copy',
    guard: 'what is written through a stale translation is written before the copy',
    kernel: 'mm/migrate.c migrate_pages_batch: try_to_unmap_flush before migrate_folio_move',
    edits: [taking(FIRST_OF_SHOOTDOWN, 'COPIED'), ...phaseMoved('shootdown', 'carry')],
    world: 'anon/1',
  },
  {
    name: 'target-not-frozen',
    guard:
      'who finds the new page, in its slot or as what it was long ago, gets no reference that is forgotten when its count is set',
    kernel: 'mm/migrate.c folio_migrate_mapping: folio_ref_add(newfolio), which forgets none',
    edits: [{ file: BATCH, find: 'host.freeze(target + i, 1) && ', put: '' }],
    world: 'anon-moved-before/1',
  },
  {
    name: 'slot-empty-meanwhile-2004',
    guard:
      'the slot goes from the old page to the new one in one step: who finds it empty reads the file from its device',
    kernel: 'active defragmentation, October 2004: remove_from_page_cache, then add_to_page_cache',
    edits: [
      {
        file: BATCH,
        find: FREEZE,
        put: '&& host.freeze(source + i, references[i])) { var slot = -1; const m = host.machine; const index = m.index[source + i]; if (host.pages.inCache(source + i) && host.pages.swapSlot(source + i) < 0) slot = m.extentLeaf[index >>> 6] * 64 + (index & 63); var page = slot < 0 ? 0 : m.leafSlots[slot]; if (slot >= 0) m.leafSlots[slot] = 0; host.relax(); continue; }',
      },
      {
        file: BATCH,
        find: 'const code = handler.migrate(source + i, target + i, mode);',
        put: 'if (slot >= 0) host.machine.leafSlots[slot] = page; const code = handler.migrate(source + i, target + i, mode);',
      },
    ],
    world: 'file-shared/1',
  },
  {
    name: 'no-copy',
    guard: 'contents travel',
    kernel: 'mm/migrate.c migrate_folio_extra, folio_copy',
    edits: [{ file: BATCH, find: 'if (nr > 0) host.copy(sources, targets, nr);', put: '' }],
    world: 'anon/0',
  },
  {
    name: 'copy-before-unmap',
    guard: 'a page is copied when nobody can write to it any more',
    kernel: 'mm/migrate.c: migrate_folio_unmap before migrate_folio_move',
    edits: [taking(FIRST_OF_COPY, 'LOCKED'), taking(FIRST_OF_CARRY, 'MOVED'), ...phaseMoved('copy', 'unmap')],
    world: 'anon/1',
  },
  {
    name: 're-point-before-copy-2004',
    guard: 'page tables name the new page only when it has the contents',
    kernel: 'active defragmentation, October 2004: entries were re-pointed, then the page was copied',
    edits: [
      taking(FIRST_OF_COPY, 'REMAPPED'),
      { file: BATCH, find: LAST_OF_COPY, put: ';' },
      taking(FIRST_OF_CARRY, 'MOVED'),
      ...phaseMoved('copy', 'finish'),
    ],
    world: 'anon/1',
  },
  {
    name: 'unlock-before-copy',
    guard: 'who reads a file sleeps on the new page until it has the contents',
    kernel: 'mm/migrate.c migrate_folio_move: folio_unlock(dst) at the end',
    edits: [
      { file: BATCH, find: UNLOCK, put: 'unlockPages(host, source, nrPages);' },
      { file: BATCH, find: LAST_OF_MOVE, put: `host.unlock(target + i); ${LAST_OF_MOVE}` },
    ],
    world: 'swapcache-unmapped/1',
  },
  {
    name: 'unlock-before-remap',
    guard: 'truncation, and whoever else needs the lock, waits until the page is mapped again',
    kernel: 'mm/migrate.c migrate_folio_move: remove_migration_ptes before folio_unlock(dst)',
    edits: [
      { file: BATCH, find: UNLOCK, put: '' },
      {
        file: BATCH,
        find: 'batch.state[unit] = CARRIED;',
        put: 'unlockPages(host, batch.source[unit], 2 ** batch.order[unit]); unlockPages(host, batch.target[unit], 2 ** batch.order[unit]); batch.state[unit] = CARRIED;',
      },
    ],
    world: 'file-shared/1',
  },
  {
    name: 'put-back-before-unlock',
    guard: 'the new page is unlocked by somebody who still holds a reference to it',
    kernel: 'mm/migrate.c migrate_folio_move: folio_unlock(dst) before folio_put',
    edits: [
      { file: BATCH, find: UNLOCK, put: 'unlockPages(host, source, nrPages);' },
      {
        file: BATCH,
        find: 'batch.state[unit] = ARRIVED;',
        put: 'unlockPages(host, batch.target[unit], 2 ** batch.order[unit]); batch.state[unit] = ARRIVED;',
      },
    ],
    world: 'anon/1',
  },
  {
    name: 'slot-first-2004',
    guard: 'a page is unmapped, and its count frozen, before its slot moves',
    kernel: 'remap_onepage, January 2004: slot first, then unmap, and the count was never frozen',
    edits: [
      ...phaseMoved('move', 'unmap'),
      taking('if (batch.state[unit] !== UNMAPPED) continue; batch.state[unit] = FROZEN;', 'LOCKED'),
      {
        file: BATCH,
        find: FREEZE,
        put: '&& host.columns.count[source + i] === host.columns.mapcount[source + i] + references[i]) continue;',
      },
      {
        file: BATCH,
        find: LAST_OF_MOVE,
        put: 'host.columns.count[source + i] -= references[i] - 1; } return 0;',
      },
      {
        file: BATCH,
        find: 'if (batch.state[unit] !== LOCKED) continue; const source = batch.source[unit]; const nrPages = 2 ** batch.order[unit]; if (wasFreed(host, batch, unit)) { finishFreed(host, batch, unit); continue; } batch.state[unit] = UNMAPPED;',
        put: 'if (batch.state[unit] !== MOVED) continue; const source = batch.source[unit]; const nrPages = 2 ** batch.order[unit];',
      },
      { file: BATCH, find: 'const code = handler.refuses(source + i);', put: 'const code = 0;' },
      taking(FIRST_OF_SHOOTDOWN, 'MOVED'),
      // The old page kept its mapping until it was freed.
      {
        file: 'src/sim/mappings.js',
        find: 'm.index[target] = m.index[source]; m.index[source] = 0;',
        put: 'm.index[target] = m.index[source];',
      },
      {
        file: BATCH,
        find: 'host.freeSource(pfn); batch.state[unit] = DONE;',
        put: '{ host.columns.index[pfn] = 0; host.freeSource(pfn); } batch.state[unit] = DONE;',
      },
    ],
    world: 'file-shared/1',
  },
];
