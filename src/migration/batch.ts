import { log2Floor } from '../base/bits.js';
import type { MemoryHost } from '../host/memory-host.js';
import { endOfCompound } from '../mm/compound-page.js';
import { PG_HEAD } from '../mm/page-flags.js';
import { NO_PAGE, type Order, type Pfn } from '../mm/units.js';
import type { HandlerTable } from './handler-table.js';
import type { TargetSource } from './target-source.js';

/**
 * A batch is a list of units, each a base page or a whole compound page, in parallel columns; the phases of a migration
 * (migrate-batch.ts) are loops over it.
 *
 * A unit's state says how far it has come, and so what has to be undone if it is refused:
 *
 *   WAITING -isolate-> ISOLATED -lock-> LOCKED -unmap-> UNMAPPED -freeze-> FROZEN -move slot-> MOVED
 *     -copy-> COPIED -carry-> CARRIED -remap-> REMAPPED -unlock-> UNLOCKED -put back-> ARRIVED -free the source-> DONE
 *
 * Each phase takes the units that are in its state and no others. So a batch says by itself what is still to be done
 * with it, wherever it was left, and whoever finds it can bring it to rest (bring-to-rest.ts).
 */
export const WAITING = 0;
export const ISOLATED = 1;
/** Some of its pages are locked. */
export const LOCKING = 2;
export const LOCKED = 3;
export const UNMAPPED = 4;
/** On its way over the freeze: its first page has moved, or it can still go back. */
export const FROZEN = 5;
export const MOVED = 6;
export const COPIED = 7;
export const CARRIED = 8;
export const REMAPPED = 9;
export const UNLOCKED = 10;
export const ARRIVED = 11;
export const DONE = 12;
/** Its owner freed it meanwhile: only the references of isolation are left, and not all of them any more. */
export const LEAVING = 13;
export const FREED = 14;
/** Back where it was, for good. */
export const REFUSED = 15;
/** Counted and announced: nothing of it is in hand any more. */
export const SETTLED = 16;

export interface Batch {
  nrUnits: number;
  readonly source: Uint32Array;
  readonly target: Uint32Array;
  readonly order: Uint8Array;
  readonly state: Uint8Array;
  readonly handler: Uint8Array;
  /** Why the unit did not go in the last pass, 0 if it has not been refused. */
  readonly outcome: Uint16Array;
  /** Pages of the unit that the step under way has isolated or locked, should it break off. */
  readonly progress: Uint32Array;
  /** References of the pages of the one unit that is FROZEN: while it is, no page says so itself. */
  references: Uint32Array;
}

/** Bytes of a unit: two pages and progress, outcome, and three bytes. */
const UNIT_BYTES = 17;

/** A batch of so many units, all in one buffer: lists are often short, and eight arrays cost more than they hold. */
export function createBatch(capacity: number): Batch {
  const buffer = new ArrayBuffer(capacity * UNIT_BYTES);
  return {
    nrUnits: 0,
    source: new Uint32Array(buffer, 0, capacity),
    target: new Uint32Array(buffer, capacity * 4, capacity),
    progress: new Uint32Array(buffer, capacity * 8, capacity),
    outcome: new Uint16Array(buffer, capacity * 12, capacity),
    order: new Uint8Array(buffer, capacity * 14, capacity),
    state: new Uint8Array(buffer, capacity * 15, capacity),
    handler: new Uint8Array(buffer, capacity * 16, capacity),
    references: new Uint32Array(1),
  };
}

export interface BatchContext {
  readonly host: MemoryHost;
  readonly table: HandlerTable;
  readonly batch: Batch;
  readonly targets: TargetSource;
}

/** log2 of the pages of the compound page that starts at `head`, 0 for a base page. */
export function folioOrder(flags: Uint32Array, head: Pfn): Order {
  if ((flags[head]! & PG_HEAD) === 0) return 0;
  return log2Floor(endOfCompound(flags, head) - head);
}

/** Appends the unit that starts at `pfn`; returns the page after it. */
export function addUnit(context: BatchContext, pfn: Pfn): Pfn {
  const { batch, host } = context;
  const at = batch.nrUnits++;
  const order = folioOrder(host.columns.flags, pfn);
  batch.source[at] = pfn;
  batch.target[at] = NO_PAGE;
  batch.order[at] = order;
  batch.state[at] = WAITING;
  batch.outcome[at] = 0;
  batch.progress[at] = 0;
  return pfn + 2 ** order;
}
