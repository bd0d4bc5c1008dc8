import type { Prng } from '../base/prng.js';
import { PG_BUDDY, PG_RESERVED } from '../mm/page-flags.js';
import { nrPagesIn, overlaps, type PfnRange } from '../mm/pfn-range.js';
import type { Pfn } from '../mm/units.js';
import { isolateRange, undoIsolateRange } from '../sim/isolation.js';
import type { Machine } from '../sim/machine.js';
import { zoneOf } from '../sim/pageblocks.js';
import { removeFreeRange } from '../sim/relink-free.js';
import type { Place } from './layout.js';

/**
 * Runs `fill` while no free memory but the place's can be had, by the machine's own means: everything else is isolated.
 * Kernel zones stay open for a place that is all Movable, or there would be no page tables; its own zone comes first
 * on the zonelist anyway.
 */
export function* onlyOn<Step>(m: Machine, place: Place, fill: Iterable<Step>): Generator<Step, void> {
  const closed = rangesToClose(m, place).filter((range) => nrPagesIn(range) > 0);
  for (const range of closed) isolateRange(m, range);
  try {
    yield* fill;
  } finally {
    for (const range of closed.reverse()) undoIsolateRange(m, range);
  }
}

function rangesToClose(m: Machine, { range, takesKernelPages }: Place): PfnRange[] {
  if (takesKernelPages) return around({ start: 0, end: m.spec.nrPfns }, range);
  const movable = m.spec.zones.filter(({ kind }) => kind === 'Movable');
  return movable.flatMap((zone) => (overlaps(zone, range) ? around(zone, range) : [zone]));
}

/** What of `whole` lies before and after `part`. */
function around(whole: PfnRange, part: PfnRange): PfnRange[] {
  return [
    { start: whole.start, end: part.start },
    { start: part.end, end: whole.end },
  ];
}

const TRIES = 64;

/**
 * Takes a run of free pages in a range for good, as firmware or boot does: at a random place, or without chance the first
 * that there is. Returns false if there is none.
 */
export function reserveRun(m: Machine, range: PfnRange, nrPages: number, prng: Prng | null): boolean {
  const start = findFreeRun(m, range, nrPages, prng);
  if (start < 0) return false;
  removeFreeRange(m, start, start + nrPages);
  for (let pfn = start; pfn < start + nrPages; pfn++) {
    const zone = zoneOf(m, pfn);
    m.flags[pfn] = PG_RESERVED;
    m.count[pfn] = 1;
    m.managed[zone] = (m.managed[zone] as number) - 1;
  }
  return true;
}

/** The pfn at which such a run starts, -1 for none. */
function findFreeRun(m: Machine, range: PfnRange, nrPages: number, prng: Prng | null): Pfn {
  const last = range.end - nrPages;
  if (last < range.start) return -1;
  for (let tries = 0; tries < TRIES && prng !== null; tries++) {
    const start = range.start + prng.below(last - range.start + 1);
    if (freePagesFrom(m, start, nrPages) === nrPages) return start;
  }
  for (let start = range.start; start <= last; ) {
    const free = freePagesFrom(m, start, nrPages);
    if (free === nrPages) return start;
    start += free + 1;
  }
  return -1;
}

/** Pages from `start` on that are free, `nrPages` at most. */
function freePagesFrom(m: Machine, start: Pfn, nrPages: number): number {
  let free = 0;
  while (free < nrPages && ((m.flags[start + free] as number) & PG_BUDDY) !== 0) free++;
  return free;
}
