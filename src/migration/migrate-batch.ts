import { VacateError } from '../base/vacate-error.js';
import { type Outcome, outcomeOf } from '../events/page-events.js';
import type { PageTypeHandler } from '../handler/page-type-handler.js';
import {
  CORE_BEING_FREED,
  CORE_LOCKED,
  CORE_NO_TARGET,
  CORE_PINNED,
  CORE_STILL_MAPPED,
  CORE_WRITEBACK,
} from '../handler/refusal.js';
import type { MemoryHost } from '../host/memory-host.js';
import { MIGRATE_SYNC, type MigrateMode } from '../mm/migrate-mode.js';
import { FREE_FLAGS, PG_ISOLATED, PG_LOCKED, PG_WRITEBACK } from '../mm/page-flags.js';
import { formatPfn, NO_PAGE, type Pfn } from '../mm/units.js';
import {
  ARRIVED,
  type Batch,
  type BatchContext,
  CARRIED,
  COPIED,
  DONE,
  FREED,
  FROZEN,
  ISOLATED,
  LEAVING,
  LOCKED,
  LOCKING,
  MOVED,
  REFUSED,
  REMAPPED,
  UNLOCKED,
  UNMAPPED,
  WAITING,
} from './batch.js';
import type { GuardedHandler } from './guarded-handler.js';
import { NO_HANDLER } from './handler-table.js';
import { judge } from './judge.js';
import type { TargetSource } from './target-source.js';

/**
 * The phases of migrating a batch, mm/migrate.c migrate_pages_batch. A phase is one loop over the batch's units, and takes
 * those that are in its state and no others (batch.ts). Between two phases other CPUs may do anything.
 */
/** Takes every unit off its lists, with a reference a page; a unit that may not go is refused, unchanged. */
export function isolatePhase(context: BatchContext): void {
  const { batch } = context;
  for (let unit = 0; unit < batch.nrUnits; unit++) {
    if (dissolveUnit(context, unit)) continue;
    const outcome = isolateUnit(context, unit);
    batch.outcome[unit] = outcome;
    batch.state[unit] = outcome === 0 ? ISOLATED : REFUSED;
  }
}

/** A unit that its owner keeps unused is given back instead, if its handler knows how. True if it is such a one. */
function dissolveUnit({ host, table, batch }: BatchContext, unit: number): boolean {
  const { columns } = host;
  const head = batch.source[unit]!;
  const handler = columns.count[head] === 0 ? table.handlerFor(columns.flags[head]!) : NO_HANDLER;
  if (handler === NO_HANDLER || table.get(handler).dissolve === undefined) return false;
  batch.handler[unit] = handler;
  const outcome = judge(columns, table, head);
  const code = outcome === 0 ? table.get(handler).dissolve!(head) : 0;
  batch.outcome[unit] = code === 0 ? outcome : outcomeOf(handler, code);
  batch.state[unit] = batch.outcome[unit] === 0 ? FREED : REFUSED;
  return true;
}

function isolateUnit({ host, table, batch }: BatchContext, unit: number): Outcome {
  const head = batch.source[unit]!;
  const end = head + 2 ** batch.order[unit]!;
  const { flags } = host.columns;
  const handler = table.handlerFor(flags[head]!);
  batch.handler[unit] = handler;
  for (let pfn = head; pfn < end; pfn++) {
    const outcome = (flags[pfn]! & FREE_FLAGS) !== 0 ? CORE_BEING_FREED : judge(host.columns, table, pfn);
    // Locks, writebacks and pins may end while the page is in hand.
    if (outcome !== 0 && outcome !== CORE_LOCKED && outcome !== CORE_WRITEBACK && outcome !== CORE_PINNED)
      return outcome;
  }
  for (let pfn = head; pfn < end; pfn++) {
    const code = table.get(handler).isolate(pfn);
    if (code !== 0) {
      undoIsolation(table.get(handler), batch, unit);
      return outcomeOf(handler, code);
    }
    batch.progress[unit] = batch.progress[unit]! + 1;
  }
  batch.progress[unit] = 0;
  return 0;
}

/** All pages of a unit are isolated or none: puts back those that have been. */
export function undoIsolation(handler: PageTypeHandler, batch: Batch, unit: number): void {
  const head = batch.source[unit]!;
  while (batch.progress[unit] !== 0) {
    handler.putback(head + batch.progress[unit]! - 1);
    batch.progress[unit] = batch.progress[unit]! - 1;
  }
}

/**
 * Finds a free page, or a free block as large, for every isolated unit that has none yet. A unit that visibly cannot go
 * in this pass gets none, so that what is refused leaves no trace in the allocator either.
 */
export function targetPhase(context: BatchContext, mode: MigrateMode): void {
  const { batch, host, targets } = context;
  for (let unit = 0; unit < batch.nrUnits; unit++) {
    if (batch.state[unit] !== ISOLATED || batch.target[unit] !== NO_PAGE) continue;
    if (batch.outcome[unit] !== 0 && hasChangedHands(context, unit)) continue;
    if (wasFreed(host, batch, unit)) {
      finishFreed(host, batch, unit);
      continue;
    }
    batch.outcome[unit] = obstacle(context, unit, mode);
    if (batch.outcome[unit] !== 0) continue;
    batch.target[unit] = targets.get(batch.order[unit]!, batch.source[unit]!);
    if (batch.target[unit] === NO_PAGE) batch.outcome[unit] = CORE_NO_TARGET;
  }
}

/** What can be seen, without touching the unit, to stand in its way. */
function obstacle({ batch, host, table }: BatchContext, unit: number, mode: MigrateMode): Outcome {
  const { count, flags, mapcount } = host.columns;
  const handler = table.get(batch.handler[unit]!);
  const head = batch.source[unit]!;
  for (let pfn = head; pfn < head + 2 ** batch.order[unit]!; pfn++) {
    if ((flags[pfn]! & PG_LOCKED) !== 0) return CORE_LOCKED;
    if ((flags[pfn]! & PG_WRITEBACK) !== 0 && mode !== MIGRATE_SYNC) return CORE_WRITEBACK;
    if (count[pfn] !== mapcount[pfn]! + handler.references(pfn) + 1) return CORE_PINNED;
  }
  return 0;
}

/**
 * A page that was refused may be another type by now (written to, it left the swap cache): it goes back to its old
 * handler and to whoever claims it now. True if nobody could take it; it has been put back then.
 */
function hasChangedHands(context: BatchContext, unit: number): boolean {
  const { batch, host, table } = context;
  const source = batch.source[unit]!;
  const old = batch.handler[unit]!;
  if (batch.order[unit] !== 0 || table.handlerFor(host.columns.flags[source]!) === old) return false;
  table.get(old).putback(source);
  batch.state[unit] = WAITING;
  const outcome = (host.columns.flags[source]! & FREE_FLAGS) !== 0 ? CORE_BEING_FREED : isolateUnit(context, unit);
  batch.outcome[unit] = outcome;
  batch.state[unit] = outcome === 0 ? ISOLATED : REFUSED;
  return outcome !== 0;
}

/** True if the isolation's reference is the last one: the owner is done with the page. */
export function wasFreed(host: MemoryHost, batch: Batch, unit: number): boolean {
  const { count } = host.columns;
  const source = batch.source[unit]!;
  for (let pfn = source; pfn < source + 2 ** batch.order[unit]!; pfn++) if (count[pfn] !== 1) return false;
  return true;
}

/** Drops the isolation's references, which are the last ones. */
export function finishFreed(host: MemoryHost, batch: Batch, unit: number): void {
  const { flags } = host.columns;
  const nrPages = 2 ** batch.order[unit]!;
  const source = batch.source[unit]!;
  if (batch.state[unit] === LOCKED) {
    unlockTarget(host, batch.target[unit]!, nrPages);
    unlockPages(host, source, nrPages);
  }
  batch.state[unit] = LEAVING;
  for (let pfn = source; pfn < source + nrPages; pfn++) if ((flags[pfn]! & PG_ISOLATED) !== 0) host.freeSource(pfn);
  batch.state[unit] = FREED;
}

/**
 * Locks source and target. A unit whose lock somebody else holds, or that is under writeback, waits or is put off. No
 * writeback begins on a locked page, so that it is looked for when the lock is ours.
 */
export function lockPhase(context: BatchContext, mode: MigrateMode): void {
  const { batch, host } = context;
  for (let unit = 0; unit < batch.nrUnits; unit++) {
    if (batch.state[unit] !== ISOLATED || batch.target[unit] === NO_PAGE) continue;
    batch.outcome[unit] = lockUnit(host, batch, unit, mode);
    if (batch.outcome[unit] === 0) batch.state[unit] = LOCKED;
    else undoLocking(host, batch, unit);
  }
}

/** Every page of the source and of the target, or none. Nobody should know the target, but who walks pages may have it. */
function lockUnit(host: MemoryHost, batch: Batch, unit: number, mode: MigrateMode): Outcome {
  const { flags } = host.columns;
  const source = batch.source[unit]!;
  const target = batch.target[unit]!;
  const nrPages = 2 ** batch.order[unit]!;
  batch.state[unit] = LOCKING;
  for (let pfn = source; pfn < source + nrPages; pfn++) {
    if (!host.lock(pfn)) return CORE_LOCKED;
    batch.progress[unit] = batch.progress[unit]! + 1;
    if ((flags[pfn]! & PG_WRITEBACK) === 0) continue;
    if (mode !== MIGRATE_SYNC || !host.waitForWriteback(pfn)) return CORE_WRITEBACK;
  }
  for (let pfn = target; pfn < target + nrPages; pfn++) {
    if (!host.lock(pfn)) return CORE_LOCKED;
    flags[pfn] = flags[pfn]! | PG_ISOLATED;
  }
  batch.progress[unit] = 0;
  return 0;
}

/** Undoes what there is of `lockUnit`. */
export function undoLocking(host: MemoryHost, batch: Batch, unit: number): void {
  unlockTarget(host, batch.target[unit]!, 2 ** batch.order[unit]!);
  while (batch.progress[unit] !== 0) {
    host.unlock(batch.source[unit]! + batch.progress[unit]! - 1);
    batch.progress[unit] = batch.progress[unit]! - 1;
  }
  batch.state[unit] = ISOLATED;
}

/** A target that nothing has moved to is as the allocator gave it; those of its pages that are ours have the flag. */
function unlockTarget(host: MemoryHost, target: Pfn, nrPages: number): void {
  const { flags } = host.columns;
  for (let pfn = target; pfn < target + nrPages; pfn++) {
    if ((flags[pfn]! & PG_ISOLATED) === 0) continue;
    host.unlock(pfn);
    flags[pfn] = flags[pfn]! & ~PG_ISOLATED;
  }
}

function unlockPages(host: MemoryHost, first: Pfn, nrPages: number): void {
  for (let i = nrPages - 1; i >= 0; i--) host.unlock(first + i);
}

/** Units whose owner dropped them meanwhile are done; the others lose their page-table entries to migration entries. */
export function unmapPhase(context: BatchContext): void {
  const { batch, host, table } = context;
  for (let unit = 0; unit < batch.nrUnits; unit++) {
    if (batch.state[unit] !== LOCKED) continue;
    const source = batch.source[unit]!;
    const nrPages = 2 ** batch.order[unit]!;
    if (wasFreed(host, batch, unit)) {
      finishFreed(host, batch, unit);
      continue;
    }
    batch.state[unit] = UNMAPPED;
    let outcome = 0;
    for (let i = 0; i < nrPages && outcome === 0; i++) {
      const handler = table.get(batch.handler[unit]!);
      const code = handler.refuses(source + i);
      outcome = code !== 0 ? outcomeOf(batch.handler[unit]!, code) : unmapPage(host, handler, source + i);
    }
    if (outcome !== 0) backOut(context, unit, outcome);
  }
}

/** First the mappings that only the handler finds, if there are any, then those that reverse maps find. */
function unmapPage(host: MemoryHost, handler: GuardedHandler, pfn: Pfn): Outcome {
  handler.unmap(pfn);
  return host.unmap(pfn) ? 0 : CORE_STILL_MAPPED;
}

function remapPage(host: MemoryHost, handler: GuardedHandler, source: Pfn, target: Pfn): void {
  handler.remap(source, target);
  host.remap(source, target);
}

/** Every CPU forgets its translations of what was unmapped, once for the whole batch. */
export function shootdownPhase({ batch, host }: BatchContext): void {
  for (let unit = 0; unit < batch.nrUnits; unit++) {
    if (batch.state[unit] === UNMAPPED) {
      host.shootdown();
      return;
    }
  }
}

/**
 * The point of no return: if nobody else holds the pages both counts are frozen at 0, the handler re-points whatever
 * names the old one, and both counts are set to what their new places make them (folio_migrate_mapping).
 */
export function movePhase(context: BatchContext, mode: MigrateMode): void {
  const { batch } = context;
  for (let unit = 0; unit < batch.nrUnits; unit++) {
    if (batch.state[unit] !== UNMAPPED) continue;
    batch.state[unit] = FROZEN;
    const outcome = moveUnit(context, unit, mode);
    if (outcome === 0) batch.state[unit] = MOVED;
    else {
      batch.state[unit] = UNMAPPED;
      backOut(context, unit, outcome);
    }
  }
}

function moveUnit({ batch, host, table }: BatchContext, unit: number, mode: MigrateMode): Outcome {
  const handler = table.get(batch.handler[unit]!);
  const source = batch.source[unit]!;
  const target = batch.target[unit]!;
  const nrPages = 2 ** batch.order[unit]!;
  if (batch.references.length < nrPages) batch.references = new Uint32Array(nrPages);
  const { references } = batch;
  for (let i = 0; i < nrPages; i++) {
    references[i] = handler.references(source + i) + 1;
    // The target too: who found it as what it was long ago may be about to look again, with a reference.
    if (host.freeze(target + i, 1) && host.freeze(source + i, references[i]!)) continue;
    thaw(host, batch, unit);
    return CORE_PINNED;
  }
  for (let i = 0; i < nrPages; i++) {
    const code = handler.migrate(source + i, target + i, mode);
    if (code !== 0 && i > 0) throw refusedHalfway(table.names[batch.handler[unit]!]!, source + i);
    if (code !== 0) {
      thaw(host, batch, unit);
      return outcomeOf(batch.handler[unit]!, code);
    }
    host.unfreeze(target + i, references[i]!);
    host.unfreeze(source + i, 1);
  }
  return 0;
}

/** The slots of a compound page's pages agree, or it would not be one. */
function refusedHalfway(plugin: string, pfn: Pfn): VacateError {
  return new VacateError(
    'plugin',
    `plugin "${plugin}" refused ${formatPfn(pfn)} after it had moved the first page of the same compound page; it must move all or none`,
  );
}

/** The pages of a unit that does not move have the references again that they had, as many of them as were frozen. */
export function thaw(host: MemoryHost, batch: Batch, unit: number): void {
  const { count } = host.columns;
  const source = batch.source[unit]!;
  const target = batch.target[unit]!;
  for (let i = 0; i < 2 ** batch.order[unit]!; i++) {
    if (count[source + i] === 0) host.unfreeze(source + i, batch.references[i]!);
    if (count[target + i] === 0) host.unfreeze(target + i, 1);
  }
}

/** Copies contents of all moved units. `sources` and `targets` are scratch, one entry a page. */
export function copyPhase({ batch, host }: BatchContext, sources: Uint32Array, targets: Uint32Array): void {
  let nr = 0;
  for (let unit = 0; unit < batch.nrUnits; unit++) {
    if (batch.state[unit] !== MOVED) continue;
    for (let i = 0; i < 2 ** batch.order[unit]!; i++) {
      if (nr === sources.length) {
        host.copy(sources, targets, nr);
        nr = 0;
      }
      sources[nr] = batch.source[unit]! + i;
      targets[nr] = batch.target[unit]! + i;
      nr++;
    }
  }
  if (nr > 0) host.copy(sources, targets, nr);
  for (let unit = 0; unit < batch.nrUnits; unit++) if (batch.state[unit] === MOVED) batch.state[unit] = COPIED;
}

/** Flags, dirty state and LRU place follow the contents. */
export function carryPhase({ batch, host }: BatchContext): void {
  const { flags } = host.columns;
  for (let unit = 0; unit < batch.nrUnits; unit++) {
    if (batch.state[unit] !== COPIED) continue;
    for (let i = 0; i < 2 ** batch.order[unit]!; i++) {
      const source = batch.source[unit]! + i;
      // Without what it was, a page has been carried already: the host failed at a later one of its compound page.
      if ((flags[source]! & ~(PG_LOCKED | PG_ISOLATED)) !== 0) host.carry(source, batch.target[unit]! + i);
    }
    batch.state[unit] = CARRIED;
  }
}

/** Migration entries become entries for the new page, and tasks that slept on them go on. */
export function remapPhase({ batch, host, table }: BatchContext): void {
  for (let unit = 0; unit < batch.nrUnits; unit++) {
    if (batch.state[unit] !== CARRIED) continue;
    const handler = table.get(batch.handler[unit]!);
    for (let i = 0; i < 2 ** batch.order[unit]!; i++)
      remapPage(host, handler, batch.source[unit]! + i, batch.target[unit]! + i);
    batch.state[unit] = REMAPPED;
  }
}

/** Unlocks; the new page goes onto its list, the old one is freed. */
export function finishPhase(context: BatchContext): void {
  const { batch } = context;
  for (let unit = 0; unit < batch.nrUnits; unit++) {
    if (batch.state[unit] === REMAPPED) unlock(context, unit);
    if (batch.state[unit] === UNLOCKED) arrive(context, unit);
    if (batch.state[unit] === ARRIVED) freeSources(context, unit);
  }
}

/** A state of its own, or a handler that is broken off while it puts pages back would have them unlocked twice. */
function unlock({ batch, host }: BatchContext, unit: number): void {
  const nrPages = 2 ** batch.order[unit]!;
  const source = batch.source[unit]!;
  const target = batch.target[unit]!;
  // The target's lock is the last to go: nobody waits for the source's, and others may take the target's at once.
  unlockPages(host, source, nrPages);
  unlockPages(host, target, nrPages);
  batch.state[unit] = UNLOCKED;
}

function arrive({ batch, host, table }: BatchContext, unit: number): void {
  const handler = table.get(batch.handler[unit]!);
  putBackPages(handler, host.columns.flags, batch.target[unit]!, 2 ** batch.order[unit]!);
  batch.state[unit] = ARRIVED;
}

function freeSources({ batch, host }: BatchContext, unit: number): void {
  const { flags } = host.columns;
  const source = batch.source[unit]!;
  for (let pfn = source; pfn < source + 2 ** batch.order[unit]!; pfn++)
    if ((flags[pfn]! & PG_ISOLATED) !== 0) host.freeSource(pfn);
  batch.state[unit] = DONE;
}

/** Undoes unmap and lock: the unit is as it was after isolation, mapped by whoever maps it. */
export function backOut({ batch, host, table }: BatchContext, unit: number, outcome: Outcome): void {
  const handler = table.get(batch.handler[unit]!);
  const nrPages = 2 ** batch.order[unit]!;
  const source = batch.source[unit]!;
  const target = batch.target[unit]!;
  for (let i = 0; i < nrPages; i++) remapPage(host, handler, source + i, source + i);
  unlockTarget(host, target, nrPages);
  unlockPages(host, source, nrPages);
  batch.state[unit] = ISOLATED;
  batch.outcome[unit] = outcome;
}

/** Puts a unit back for good: off the batch, onto its list, exactly as it was before isolation. */
export function putBackUnit({ batch, host, table, targets }: BatchContext, unit: number): void {
  putBackPages(table.get(batch.handler[unit]!), host.columns.flags, batch.source[unit]!, 2 ** batch.order[unit]!);
  batch.state[unit] = REFUSED;
  releaseTarget(targets, batch, unit);
}

/** Pages that are not isolated have been put back already: the host failed at a later one of their compound page. */
function putBackPages(handler: PageTypeHandler, flags: Uint32Array, first: Pfn, nrPages: number): void {
  for (let pfn = first + nrPages - 1; pfn >= first; pfn--) if ((flags[pfn]! & PG_ISOLATED) !== 0) handler.putback(pfn);
}

/** Gives back the target of a unit that did not need it. */
export function releaseTarget(targets: TargetSource, batch: Batch, unit: number): void {
  if (batch.target[unit] === NO_PAGE) return;
  targets.put(batch.target[unit]!, batch.order[unit]!);
  batch.target[unit] = NO_PAGE;
}
