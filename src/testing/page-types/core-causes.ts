import type { PageTypeHandler } from '../../handler/page-type-handler.js';
import type { RefusalKind } from '../../handler/refusal.js';
import { PG_ANON, PG_LRU, PG_MOVABLE_OPS, PG_RESERVED, PG_SWAPCACHE, PG_WRITEBACK } from '../../mm/page-flags.js';
import type { Pfn } from '../../mm/units.js';
import { findHold, HOLD_LOCK, HOLD_WRITEBACK, type HoldKind, lockPage, pin } from '../../sim/holds.js';
import type { Machine } from '../../sim/machine.js';
import { markDirty } from '../../sim/page-cache.js';
import type { SimHost } from '../../sim/sim-host.js';
import { advance, startWriteback, unpin, WRITE_LATENCY_NS } from '../../sim/writeback.js';

/** A machine under test, as its causes see it. */
export interface Stage {
  readonly machine: Machine;
  readonly host: SimHost;
  readonly handler: PageTypeHandler;
}

/** Something that keeps any page from moving, whatever its type; ids and kinds are those of `coreRefusals`. */
export interface CoreCause {
  readonly id: string;
  readonly kind: RefusalKind;
  /** The page that it befalls, for the name of a case: "a locked page". */
  readonly page: string;
  /** How it ends, for the name of a case: "it is unlocked". */
  readonly end: string;
  /** False if it cannot befall this page. */
  befall(stage: Stage, pfn: Pfn): boolean;
  relieve(stage: Stage, pfn: Pfn): void;
}

const CPU = 0;
const FOR_EVER = Number.POSITIVE_INFINITY;

export const CORE_CAUSES: readonly CoreCause[] = [
  {
    id: 'locked',
    kind: 'retry',
    page: 'a locked page',
    end: 'it is unlocked',
    befall: ({ machine }, pfn) => lockPage(machine, pfn, FOR_EVER),
    relieve: ({ machine }, pfn) => endNow(machine, pfn, HOLD_LOCK, 0),
  },
  {
    id: 'writeback',
    kind: 'retry',
    page: 'a page under writeback',
    end: 'its write has completed',
    befall: ({ machine }, pfn) => beginEndlessWrite(machine, pfn),
    relieve: ({ machine }, pfn) => endNow(machine, pfn, HOLD_WRITEBACK, WRITE_LATENCY_NS),
  },
  {
    id: 'pinned',
    kind: 'retry',
    page: 'a pinned page',
    end: 'the pin is dropped',
    befall: ({ machine }, pfn) => {
      pin(machine, pfn, FOR_EVER);
      return true;
    },
    relieve: ({ machine }, pfn) => void unpin(machine, CPU, pfn),
  },
  {
    id: 'not-on-lru',
    kind: 'retry',
    page: 'a page off the LRU',
    end: 'it is back on it',
    befall: ({ machine }, pfn) => takeOffLru(machine, pfn),
    relieve: ({ machine }, pfn) => setFlags(machine, pfn, PG_LRU, 0),
  },
  {
    id: 'isolated',
    kind: 'retry',
    page: 'a page that another migrator has in hand',
    end: 'it is put back',
    befall: ({ handler }, pfn) => handler.isolate(pfn) === 0,
    relieve: ({ handler }, pfn) => handler.putback(pfn),
  },
  {
    id: 'no-target',
    kind: 'retry',
    page: 'a page that has nowhere to go',
    end: 'there is room',
    befall: ({ host }) => {
      host.isolateRange({ start: 0, end: host.layout.nrPfns });
      return true;
    },
    relieve: ({ host }) => host.undoIsolateRange({ start: 0, end: host.layout.nrPfns }),
  },
  {
    id: 'reserved',
    kind: 'permanent',
    page: 'a reserved page',
    end: 'somebody unreserves it, which nobody does',
    befall: ({ machine }, pfn) => {
      setFlags(machine, pfn, PG_RESERVED, 0);
      return true;
    },
    relieve: ({ machine }, pfn) => setFlags(machine, pfn, 0, PG_RESERVED),
  },
];

/** Starts a write that the device never completes by itself. Only what a disk or swap stands behind is ever written. */
function beginEndlessWrite(m: Machine, pfn: Pfn): boolean {
  const flags = m.flags[pfn]!;
  const hasDevice = (flags & PG_MOVABLE_OPS) === 0 && (flags & (PG_ANON | PG_SWAPCACHE)) !== PG_ANON;
  if (!hasDevice || (flags & PG_WRITEBACK) !== 0) return false;
  markDirty(m, pfn);
  if (!startWriteback(m, pfn)) return false;
  m.holdUntil[findHold(m, pfn, HOLD_WRITEBACK)] = FOR_EVER;
  return true;
}

/** Lets what is held on a page end, after `ns` of virtual time. */
function endNow(m: Machine, pfn: Pfn, kind: HoldKind, ns: number): void {
  m.holdUntil[findHold(m, pfn, kind)] = m.clock[0]! + ns;
  advance(m, CPU, ns);
}

/** As a page is whose owner has taken it off for a moment (isolate_lru_page), without a trace in its flags. */
function takeOffLru(m: Machine, pfn: Pfn): boolean {
  if ((m.flags[pfn]! & PG_LRU) === 0) return false;
  setFlags(m, pfn, 0, PG_LRU);
  return true;
}

function setFlags(m: Machine, pfn: Pfn, set: number, clear: number): void {
  m.flags[pfn] = ((m.flags[pfn]! & ~clear) | set) >>> 0;
}
