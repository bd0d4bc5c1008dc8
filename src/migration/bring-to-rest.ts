import { CORE_INTERRUPTED } from '../handler/refusal.js';
import { PG_ISOLATED } from '../mm/page-flags.js';
import {
  type BatchContext,
  FROZEN,
  ISOLATED,
  LEAVING,
  LOCKED,
  LOCKING,
  MOVED,
  REFUSED,
  UNMAPPED,
  WAITING,
} from './batch.js';
import {
  backOut,
  carryPhase,
  copyPhase,
  finishFreed,
  finishPhase,
  putBackUnit,
  remapPhase,
  thaw,
  undoIsolation,
  undoLocking,
  wasFreed,
} from './migrate-batch.js';

/**
 * What becomes of a batch that nobody drives any more, wherever it was left: between two phases, in the midst of one
 * because the host or a plugin failed, or by a thread that has died. What has passed the freeze can only go forward, and
 * does; everything else goes back. It looks at the units' states alone, so it may be called again if it fails itself.
 */
export function bringToRest(context: BatchContext, ...scratch: [Uint32Array, Uint32Array]): void {
  const { batch } = context;
  for (let unit = 0; unit < batch.nrUnits; unit++) if (batch.state[unit] === FROZEN) decideFrozen(context, unit);
  copyPhase(context, ...scratch);
  carryPhase(context);
  remapPhase(context);
  finishPhase(context);
  for (let unit = 0; unit < batch.nrUnits; unit++) goBack(context, unit);
}

/** A unit whose first page has moved moves whole; one of which none has is as it was before the freeze. */
function decideFrozen({ batch, host }: BatchContext, unit: number): void {
  const { count } = host.columns;
  const { pages } = host;
  const source = batch.source[unit]!;
  const target = batch.target[unit]!;
  const nrPages = 2 ** batch.order[unit]!;
  if (!pages.hasMapping(target)) {
    thaw(host, batch, unit);
    batch.state[unit] = UNMAPPED;
    return;
  }
  for (let i = 0; i < nrPages; i++) {
    if (count[source + i] !== 0) continue;
    if (!pages.hasMapping(target + i) && pages.moveSlot(source + i, target + i))
      pages.moveBuffers(source + i, target + i);
    if (count[target + i] === 0) host.unfreeze(target + i, batch.references[i]!);
    host.unfreeze(source + i, 1);
  }
  batch.state[unit] = MOVED;
}

function goBack(context: BatchContext, unit: number): void {
  const { batch, host, table } = context;
  const state = batch.state[unit];
  if (state === LOCKING) {
    undoLocking(host, batch, unit);
    batch.outcome[unit] = CORE_INTERRUPTED;
  } else if (state === LEAVING) finishFreed(host, batch, unit);
  else if (state === LOCKED || state === UNMAPPED) backOut(context, unit, CORE_INTERRUPTED);
  else if (state === WAITING) {
    if (batch.progress[unit] !== 0) undoIsolation(table.get(batch.handler[unit]!), batch, unit);
    batch.state[unit] = REFUSED;
    batch.outcome[unit] = CORE_INTERRUPTED;
  } else if (state === ISOLATED && batch.outcome[unit] === 0) batch.outcome[unit] = CORE_INTERRUPTED;
}

/** Pages that wait for another pass go back for good; what their owners freed meanwhile is gone. */
export function giveUpWaiting(context: BatchContext): void {
  const { batch, host } = context;
  for (let unit = 0; unit < batch.nrUnits; unit++) {
    if (batch.state[unit] !== ISOLATED) continue;
    // One that is isolated no more is back already: its handler was broken off while it put it back.
    const isHeld = (host.columns.flags[batch.source[unit]!]! & PG_ISOLATED) !== 0;
    if (isHeld && wasFreed(host, batch, unit)) finishFreed(host, batch, unit);
    else putBackUnit(context, unit);
  }
}
