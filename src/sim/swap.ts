import { PG_DIRTY, PG_SWAPCACHE } from '../mm/page-flags.js';
import type { Pfn } from '../mm/units.js';
import { type Machine, SCALAR } from './machine.js';

/**
 * The swap device and its cache. `swapMap` counts the page-table entries that name a slot, `swapCache` is the frame
 * that holds its contents (pfn + 1). A slot is free when it has neither.
 */
const LRU_EPOCH = 0xf000_0000;
const NO_SLOT = -1;
export const MAX_SWAP_COUNT = 255;

function takeSlot(m: Machine): number {
  const nr = m.spec.nrSwapSlots;
  const hint = m.scalars[SCALAR.swapHint]!;
  for (let i = 0; i < nr; i++) {
    const slot = (hint + i) % nr;
    if (m.swapMap[slot] === 0 && m.swapCache[slot] === 0) {
      m.scalars[SCALAR.swapHint] = (slot + 1) % nr;
      m.scalars[SCALAR.swapUsed] = m.scalars[SCALAR.swapUsed]! + 1;
      return slot;
    }
  }
  return NO_SLOT;
}

function settleSlot(m: Machine, slot: number): void {
  if (m.swapMap[slot] === 0 && m.swapCache[slot] === 0) m.scalars[SCALAR.swapUsed] = m.scalars[SCALAR.swapUsed]! - 1;
}

/** Gives an anonymous page a slot and puts it into the swap cache, with a reference. False when swap is full. */
export function addToSwap(m: Machine, pfn: Pfn): boolean {
  if (m.scalars[SCALAR.swapUsed]! >= m.spec.nrSwapSlots) return false;
  const slot = takeSlot(m);
  if (slot === NO_SLOT) return false;
  addToSwapCache(m, pfn, slot);
  m.flags[pfn] = m.flags[pfn]! | PG_DIRTY;
  return true;
}

/** Puts a page into the swap cache at a slot that is in use. */
export function addToSwapCache(m: Machine, pfn: Pfn, slot: number): void {
  m.swapCache[slot] = pfn + 1;
  m.count[pfn] = m.count[pfn]! + 1;
  m.flags[pfn] = m.flags[pfn]! | PG_SWAPCACHE;
  setSwapSlot(m, pfn, slot);
}

/** Takes a page out of the swap cache; its reference is the caller's to drop. */
export function removeFromSwapCache(m: Machine, pfn: Pfn): void {
  const slot = swapSlotOf(m, pfn);
  m.swapCache[slot] = 0;
  m.flags[pfn] = m.flags[pfn]! & ~PG_SWAPCACHE;
  setSwapSlot(m, pfn, 0);
  settleSlot(m, slot);
}

export function swapSlotOf(m: Machine, pfn: Pfn): number {
  return m.private[pfn]! & ~LRU_EPOCH;
}

export function setSwapSlot(m: Machine, pfn: Pfn, slot: number): void {
  m.private[pfn] = ((m.private[pfn]! & LRU_EPOCH) | slot) >>> 0;
}

/** One more page-table entry names the slot (swap_duplicate). */
export function duplicateSwap(m: Machine, slot: number): void {
  m.swapMap[slot] = m.swapMap[slot]! + 1;
}

/** One page-table entry fewer names the slot (swap_free). */
export function freeSwap(m: Machine, slot: number): void {
  m.swapMap[slot] = m.swapMap[slot]! - 1;
  settleSlot(m, slot);
}

export function swapCachePage(m: Machine, slot: number): Pfn {
  return m.swapCache[slot]! - 1;
}
