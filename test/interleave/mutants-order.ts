import type { Edit, Mutant } from './mutants.js';

const BATCH = 'src/migration/migrate-batch.js';
const RUN = 'src/migration/migration-run.js';

/** A phase at another place of its pass: taken out here, put in there. Its pause stays where it was. */
function phaseMoved(phase: string, before: string): Edit[] {
  return [
    { file: RUN, find: `${phase} yield`, put: 'yield' },
    { file: RUN, find: `${before} yield`, put: `${phase} ${before} yield` },
  ];
}

const COPY = 'copyPhase(context, ...this.#scratch);';
const FIRST_OF_COPY =
  'let nr = 0; for (let unit = 0; unit < batch.nrUnits; unit++) { if (batch.state[unit] !== MOVED) continue;';

/** The order of the steps. */
export const orderMutants: readonly Mutant[] = [
  {
    name: 'no-unmap',
    guard: 'a page that moves is mapped by nobody: who would write to it sleeps on a migration entry',
    kernel: 'mm/migrate.c migrate_folio_unmap, try_to_migrate',
    edits: [
      { file: BATCH, find: 'host.unmap(source + i) ? 0 : CORE_STILL_MAPPED', put: '0' },
      {
        file: BATCH,
        find: 'if (host.freeze(source + i, handler.references(source + i) + 1)) continue;',
        put: 'if (host.freeze(source + i, host.columns.mapcount[source + i] + handler.references(source + i) + 1)) continue;',
      },
      {
        file: BATCH,
        find: 'host.remap(batch.source[unit] + i, batch.target[unit] + i);',
        put: '{ host.columns.count[batch.source[unit] + i] += host.columns.mapcount[batch.source[unit] + i]; host.columns.index[batch.source[unit] + i] = host.columns.index[batch.target[unit] + i]; host.unmap(batch.source[unit] + i); host.columns.index[batch.source[unit] + i] = 0; host.remap(batch.source[unit] + i, batch.target[unit] + i); }',
      },
    ],
  },
  {
    name: 'no-shootdown',
    guard: 'a CPU that translated before the unmap would go on writing to the old page',
    kernel: 'mm/rmap.c try_to_migrate_one, flush_tlb_page; mm/migrate.c try_to_unmap_flush',
    edits: [{ file: BATCH, find: 'host.shootdown(); return;', put: 'return;' }],
  },
  {
    name: 'shootdown-before-unmap',
    guard: 'translations are flushed when no entry can bring them back',
    kernel: 'mm/migrate.c migrate_pages_batch: try_to_unmap_flush after the last try_to_migrate',
    edits: [
      {
        file: BATCH,
        find: 'if (batch.state[unit] === UNMAPPED) { host.shootdown();',
        put: 'if (batch.state[unit] === LOCKED) { host.shootdown();',
      },
      ...phaseMoved('shootdownPhase(context);', 'unmapPhase(context);'),
    ],
  },
  {
    name: 'shootdown-after-copy',
    guard: 'what is written through a stale translation is written before the copy',
    kernel: 'mm/migrate.c migrate_pages_batch: try_to_unmap_flush before migrate_folio_move',
    edits: [
      {
        file: BATCH,
        find: 'if (batch.state[unit] === UNMAPPED) { host.shootdown();',
        put: 'if (batch.state[unit] === MOVED) { host.shootdown();',
      },
      ...phaseMoved('shootdownPhase(context);', 'carryPhase(context);'),
    ],
  },
  {
    name: 'slot-before-target-references',
    guard: 'the new page has its references before anybody can find it in its slot',
    kernel: 'mm/migrate.c folio_migrate_mapping: folio_ref_add(newfolio) before xas_store',
    edits: [
      {
        file: BATCH,
        find: 'host.unfreeze(target + i, references + 1); const code = handler.migrate(source + i, target + i, mode);',
        put: 'const code = handler.migrate(source + i, target + i, mode); host.unfreeze(target + i, references + 1);',
      },
    ],
  },
  {
    name: 'no-copy',
    guard: 'contents travel',
    kernel: 'mm/migrate.c migrate_folio_extra, folio_copy',
    edits: [{ file: BATCH, find: 'if (nr > 0) host.copy(sources, targets, nr);', put: '' }],
  },
  {
    name: 'copy-before-unmap',
    guard: 'a page is copied when nobody can write to it any more (copy, then switch: 48 of 48 runs lost counts)',
    kernel: 'mm/migrate.c: migrate_folio_unmap before migrate_folio_move',
    edits: [
      { file: BATCH, find: FIRST_OF_COPY, put: FIRST_OF_COPY.replace('MOVED', 'LOCKED') },
      ...phaseMoved(COPY, 'unmapPhase(context);'),
    ],
  },
  {
    name: 're-point-before-copy-2004',
    guard: 'page tables name the new page only when it has the contents',
    kernel: 'active defragmentation, October 2004: entries were re-pointed, then the page was copied',
    edits: phaseMoved(COPY, 'finishPhase(context);'),
  },
  {
    name: 'unlock-before-copy',
    guard: 'who reads a file sleeps on the new page until it has the contents',
    kernel: 'mm/migrate.c migrate_folio_move: folio_unlock(dst) at the end',
    edits: [
      { file: BATCH, find: 'host.unlock(target); host.unlock(source); table', put: 'host.unlock(source); table' },
      {
        file: BATCH,
        find: 'host.unfreeze(source + i, 1); }',
        put: 'host.unfreeze(source + i, 1); host.unlock(target + i); }',
      },
    ],
  },
  {
    name: 'unlock-before-remap',
    guard: 'truncation and others that need the lock wait until the page is mapped again',
    kernel: 'mm/migrate.c migrate_folio_move: remove_migration_ptes before folio_unlock(dst)',
    edits: [
      { file: BATCH, find: 'host.unlock(target); host.unlock(source); table', put: 'table' },
      {
        file: BATCH,
        find: 'host.carry(batch.source[unit] + i, batch.target[unit] + i);',
        put: '{ host.carry(batch.source[unit] + i, batch.target[unit] + i); host.unlock(batch.target[unit] + i); host.unlock(batch.source[unit] + i); }',
      },
    ],
  },
  {
    name: 'put-back-before-unlock',
    guard: 'the new page is unlocked by whoever still holds a reference to it',
    kernel: 'mm/migrate.c migrate_folio_move: folio_unlock(dst) before folio_put',
    edits: [
      {
        file: BATCH,
        find: 'host.unlock(target); host.unlock(source); table.get(batch.handler[unit]).putback(target);',
        put: 'host.unlock(source); table.get(batch.handler[unit]).putback(target); host.unlock(target);',
      },
    ],
  },
  {
    name: 'slot-first-2004',
    guard: 'a page is unmapped, and its count frozen, before its slot moves',
    kernel: 'mmigrate_onepage of July 2004: slot first, then unmap, then wait until nobody else holds the page',
    edits: [
      ...phaseMoved('movePhase(context, mode);', 'unmapPhase(context);'),
      {
        file: BATCH,
        find: 'if (batch.state[unit] !== UNMAPPED) continue; const outcome = moveUnit',
        put: 'if (batch.state[unit] !== LOCKED) continue; const outcome = moveUnit',
      },
      {
        file: BATCH,
        find: 'if (host.freeze(source + i, handler.references(source + i) + 1)) continue;',
        put: 'if (host.columns.count[source + i] === host.columns.mapcount[source + i] + handler.references(source + i) + 1) continue;',
      },
      { file: BATCH, find: 'host.unfreeze(source + i, 1); }', put: 'host.columns.count[source + i] -= references; }' },
      {
        file: BATCH,
        find: 'if (batch.state[unit] !== LOCKED) continue; const source = batch.source[unit]; const nrPages = 2 ** batch.order[unit]; if (wasFreed(host, batch, unit)) { finishFreed(host, batch, unit); continue; } batch.state[unit] = UNMAPPED;',
        put: 'if (batch.state[unit] !== MOVED) continue; const source = batch.source[unit]; const nrPages = 2 ** batch.order[unit];',
      },
      { file: BATCH, find: 'const code = table.get(batch.handler[unit]).refuses(source + i);', put: 'const code = 0;' },
      {
        file: BATCH,
        find: 'if (batch.state[unit] === UNMAPPED) { host.shootdown();',
        put: 'if (batch.state[unit] === MOVED) { host.shootdown();',
      },
      // The old page kept its mapping until it was freed.
      {
        file: 'src/sim/mappings.js',
        find: 'm.index[target] = m.index[source]; m.index[source] = 0;',
        put: 'm.index[target] = m.index[source];',
      },
      {
        file: BATCH,
        find: 'host.freeSource(source);',
        put: '{ host.columns.index[source] = 0; host.freeSource(source); }',
      },
    ],
  },
];
