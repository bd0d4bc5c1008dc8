import { blockRange } from '../../mm/memory-block.js';
import { PG_HWPOISON } from '../../mm/page-flags.js';
import type { BlockId, Pfn } from '../../mm/units.js';
import { type Machine, SCALAR } from '../machine.js';
import { isUnplugged, letGo, takeBack } from './unplugged.js';

/** Drivers hear that a block is about to go (memory_notify, MEM_GOING_OFFLINE): each lets go of what it can. */
export function goingOffline(m: Machine, block: BlockId): void {
  eachUnplugged(m, block, letGo);
}

/** The block stays after all (MEM_CANCEL_OFFLINE): they take back what they let go of. */
export function cancelOffline(m: Machine, block: BlockId): void {
  eachUnplugged(m, block, takeBack);
}

/**
 * True of a page that goes offline with its block although it is not free: poisoned, or let go of by its driver
 * (__test_page_isolated_in_pageblock, mm/page_isolation.c).
 */
export function goesAlong(m: Machine, pfn: Pfn): boolean {
  const flags = m.flags[pfn]!;
  return (flags & PG_HWPOISON) !== 0 || (isUnplugged(flags) && m.count[pfn] === 0);
}

function eachUnplugged(m: Machine, block: BlockId, visit: (m: Machine, pfn: Pfn) => void): void {
  if (m.scalars[SCALAR.nrUnplugged] === 0) return;
  const { start, end } = blockRange(block, m.spec.blockPages);
  for (let pfn = start; pfn < end; pfn++) if (isUnplugged(m.flags[pfn]!) && m.index[pfn] !== 0) visit(m, pfn);
}
