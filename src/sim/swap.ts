import { mix32 } from '../base/prng.js';
import { PG_DIRTY, PG_SWAPCACHE } from '../mm/page-flags.js';
import type { Pfn } from '../mm/units.js';
import { type Machine, SCALAR } from './machine.js';
import { getPage } from './page-ref.js';

/**
 * The swap device and its cache. `swapMap` counts who names a slot, page-table entries and shared memory; `swapCache` is the frame
 * that holds its contents (pfn + 1). A slot is free when it has neither. From a page to its slot it goes by hash: buckets
 * of slots, chained.
 */
const NO_SLOT = -1;
export const MAX_SWAP_COUNT = 255;

function takeSlot(m: Machine, lowest = 0): number {
  const nr = m.spec.nrSwapSlots;
  const hint = m.scalars[SCALAR.swapHint]!;
  for (let i = 0; i < nr; i++) {
    const slot = (hint + i) % nr;
    if (slot >= lowest && m.swapMap[slot] === 0 && m.swapCache[slot] === 0) {
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

export function hasFreeSwap(m: Machine): boolean {
  return m.scalars[SCALAR.swapUsed]! < m.spec.nrSwapSlots;
}

/**
 * A slot for a page of shared memory; 0, which stands for none there and is never given, when swap is full. Its mapping
 * names the slot, which counts as one entry does (SWAP_MAP_SHMEM); `freeSwap` gives it back.
 */
export function takeSwapForShmem(m: Machine): number {
  if (!hasFreeSwap(m)) return 0;
  const slot = takeSlot(m, 1);
  if (slot === NO_SLOT) return 0;
  duplicateSwap(m, slot);
  return slot;
}

/** Gives an anonymous page a slot and puts it into the swap cache, with a reference. False when swap is full. */
export function addToSwap(m: Machine, pfn: Pfn): boolean {
  if (!hasFreeSwap(m)) return false;
  const slot = takeSlot(m);
  if (slot === NO_SLOT) return false;
  addToSwapCache(m, pfn, slot);
  m.flags[pfn] = m.flags[pfn]! | PG_DIRTY;
  return true;
}

/** Puts a page into the swap cache at a slot that is in use. */
export function addToSwapCache(m: Machine, pfn: Pfn, slot: number): void {
  enterSlot(m, pfn, slot);
  getPage(m, pfn);
  m.flags[pfn] = m.flags[pfn]! | PG_SWAPCACHE;
}

/** Takes a page out of the swap cache; its reference is the caller's to drop. */
export function removeFromSwapCache(m: Machine, pfn: Pfn): void {
  const slot = swapSlotOf(m, pfn);
  leaveSlot(m, pfn, slot);
  m.flags[pfn] = m.flags[pfn]! & ~PG_SWAPCACHE;
  settleSlot(m, slot);
}

/** The slot follows the page: what `source` had in the cache, `target` has. Flags and references are the caller's. */
export function moveInSwapCache(m: Machine, slot: number, source: Pfn, target: Pfn): void {
  leaveSlot(m, source, slot);
  enterSlot(m, target, slot);
}

/** The slot of a page of the swap cache, -1 if no slot has it. */
export function swapSlotOf(m: Machine, pfn: Pfn): number {
  if (m.swapBucket.length === 0) return NO_SLOT;
  for (let link = m.swapBucket[bucketOf(m, pfn)]!; link !== 0; link = m.swapChain[link - 1]!)
    if (m.swapCache[link - 1] === pfn + 1) return link - 1;
  return NO_SLOT;
}

function bucketOf(m: Machine, pfn: Pfn): number {
  return mix32(pfn) % m.swapBucket.length;
}

function enterSlot(m: Machine, pfn: Pfn, slot: number): void {
  const bucket = bucketOf(m, pfn);
  m.swapCache[slot] = pfn + 1;
  m.swapChain[slot] = m.swapBucket[bucket]!;
  m.swapBucket[bucket] = slot + 1;
}

function leaveSlot(m: Machine, pfn: Pfn, slot: number): void {
  const bucket = bucketOf(m, pfn);
  let before = m.swapBucket[bucket]!;
  if (before === slot + 1) m.swapBucket[bucket] = m.swapChain[slot]!;
  else {
    while (m.swapChain[before - 1] !== slot + 1) before = m.swapChain[before - 1]!;
    m.swapChain[before - 1] = m.swapChain[slot]!;
  }
  m.swapChain[slot] = 0;
  m.swapCache[slot] = 0;
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
