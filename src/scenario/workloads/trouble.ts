import { assert } from '../../base/assert.js';
import {
  PG_DIRTY,
  PG_HEAD,
  PG_LOCKED,
  PG_LRU,
  PG_NONLINEAR,
  PG_SWAPBACKED,
  PG_TAIL,
  PG_WRITEBACK,
} from '../../mm/page-flags.js';
import type { PfnRange } from '../../mm/pfn-range.js';
import type { Pfn } from '../../mm/units.js';
import { pinUserPage } from '../../sim/gup.js';
import { HOLD_DMA_PIN, HOLD_LOCK, HOLD_WRITEBACK, lockPage, pin } from '../../sim/holds.js';
import { type Machine, SCALAR } from '../../sim/machine.js';
import { startWriteback } from '../../sim/writeback.js';
import type { WorkloadOf } from '../workload-schema.js';
import type { Site } from './load.js';

export type Trouble = WorkloadOf<'pins' | 'locks' | 'writeback'>;

/**
 * Pins, locks or writes back pages of other workloads, chosen at random in a range. It comes last: time that passes while
 * the others fill their memory would end it early.
 */
export function makeTrouble(site: Site, trouble: Trouble, range: PfnRange): void {
  const { machine, prng } = site;
  const pinned = pinnedPages(machine);
  const candidates: Pfn[] = [];
  for (let pfn = range.start; pfn < range.end; pfn++)
    if (isCandidate(machine, pfn, trouble.kind) && !pinned.has(pfn)) candidates.push(pfn);
  if (candidates.length < trouble.pages)
    site.fail(`wants ${trouble.pages} pages, but only ${candidates.length} there are ${WANTED[trouble.kind]}`);
  for (let taken = 0; taken < trouble.pages; taken++) {
    const other = taken + prng.below(candidates.length - taken);
    const pfn = candidates[other] as Pfn;
    candidates[other] = candidates[taken] as Pfn;
    begin(machine, trouble, pfn);
  }
}

const WANTED: Readonly<Record<Trouble['kind'], string>> = {
  pins: 'mapped and free of other trouble; add a workload that maps pages there',
  locks: 'of processes or files and free of other trouble; add a workload there',
  writeback: 'dirty pages of files and free of other trouble; add a files workload with dirty pages there',
};

/** On the LRU, and held up by nothing else, so that each page shows the one reason that was asked for. */
function isCandidate(m: Machine, pfn: Pfn, kind: Trouble['kind']): boolean {
  const flags = m.flags[pfn] as number;
  if ((flags & PG_LRU) === 0 || (flags & BUSY) !== 0) return false;
  if (kind === 'pins' && m.mapcount[pfn] === 0) return false;
  return kind !== 'writeback' || (flags & (PG_DIRTY | PG_SWAPBACKED)) === PG_DIRTY;
}

function pinnedPages(m: Machine): Set<Pfn> {
  const pinned = new Set<Pfn>();
  for (let at = 0; at < (m.scalars[SCALAR.nrHolds] as number); at++)
    if (m.holdKind[at] !== HOLD_LOCK && m.holdKind[at] !== HOLD_WRITEBACK) pinned.add(m.holdPfn[at] as Pfn);
  return pinned;
}

const BUSY = PG_LOCKED | PG_WRITEBACK | PG_NONLINEAR | PG_HEAD | PG_TAIL;

function begin(m: Machine, trouble: Trouble, pfn: Pfn): void {
  if (trouble.kind === 'writeback') {
    assert(startWriteback(m, pfn), 'a dirty page of a file that nothing holds up can be written');
    return;
  }
  const until = (m.clock[0] as number) + trouble.for;
  if (trouble.kind === 'pins') {
    if (trouble.by === 'pin_user_pages') pinUserPage(m, pfn, until, HOLD_DMA_PIN);
    else pin(m, pfn, until);
  } else assert(lockPage(m, pfn, until), 'a page that is not locked can be locked');
}
