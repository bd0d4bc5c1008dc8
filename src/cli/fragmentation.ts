import { NR_MIGRATETYPES } from '../mm/migratetype.js';
import { NR_PAGE_ORDERS } from '../mm/units.js';
import { freeListAt } from '../sim/buddy.js';
import type { Machine } from '../sim/machine.js';

/** Free blocks of a zone by order, over all migratetypes (/proc/buddyinfo). */
export function freeBlocksByOrder(machine: Machine, zone: number): number[] {
  return Array.from({ length: NR_PAGE_ORDERS }, (_, order) => {
    let blocks = 0;
    for (let type = 0; type < NR_MIGRATETYPES; type++)
      blocks += machine.freeBlocks[freeListAt(zone, type as 0 | 1 | 2 | 3, order)]!;
    return blocks;
  });
}

/**
 * The part of free memory that an allocation of 2^order pages cannot use, 0 to 1, because it lies in smaller blocks
 * (mm/vmstat.c, unusable_free_index).
 */
export function unusableIndex(freeBlocks: readonly number[], order: number): number {
  let free = 0;
  let usable = 0;
  freeBlocks.forEach((blocks, each) => {
    free += blocks * 2 ** each;
    if (each >= order) usable += blocks * 2 ** each;
  });
  return free === 0 ? 1 : (free - usable) / free;
}

/**
 * Why an allocation of 2^order pages would fail: towards 0 for want of memory, towards 1 because of fragmentation. Null
 * if it would succeed, as a free block is there (mm/vmstat.c, __fragmentation_index, which says -1 then).
 */
export function fragmentationIndex(freeBlocks: readonly number[], order: number): number | null {
  let blocks = 0;
  let pages = 0;
  let suitable = 0;
  freeBlocks.forEach((nr, each) => {
    blocks += nr;
    pages += nr * 2 ** each;
    if (each >= order) suitable += nr;
  });
  if (suitable > 0) return null;
  if (blocks === 0) return 0;
  // The kernel's integer arithmetic in thousandths, so that its own figures can be compared.
  return (1000 - Math.floor((1000 + Math.floor((pages * 1000) / 2 ** order)) / blocks)) / 1000;
}
