import type { Pfn } from './units.js';

/**
 * A page-table entry in one 32-bit word: 28 bits of payload over 4 bits of kind.
 *
 *   present     [ pfn:28  | 0 | dirty | write | 1 ]
 *   migration   [ pfn:28  | 1 | dirty | write | 0 ]   the present entry it replaced, with two bits swapped
 *   swap        [ slot:28 | 0 |   0   |   1   | 0 ]
 *   file        [ page:28 | 0 |   1   |   0   | 0 ]   pte_file of a nonlinear mapping: which page belongs here
 *   none        0
 *
 * A migration entry keeps write and dirty (SWP_MIG_DIRTY, include/linux/swapops.h), so that undo is exact.
 */
export type Pte = number;

export const PTE_NONE = 0;
export const PTE_PRESENT = 1;
export const PTE_WRITE = 2;
export const PTE_DIRTY = 4;
export const PTE_MIGRATION = 8;
const PTE_SWAP = 2;
const PTE_FILE = 4;
const KIND = 0xf;

/** The entry that maps `pfn`; `bits` are PTE_WRITE and PTE_DIRTY. */
export function presentPte(pfn: Pfn, bits: number): Pte {
  return ((pfn << 4) | bits | PTE_PRESENT) >>> 0;
}

export function swapPte(slot: number): Pte {
  return ((slot << 4) | PTE_SWAP) >>> 0;
}

export function filePte(page: number): Pte {
  return ((page << 4) | PTE_FILE) >>> 0;
}

/** What stands in for a present entry while its page moves. */
export function migrationPte(present: Pte): Pte {
  return ((present & ~PTE_PRESENT) | PTE_MIGRATION) >>> 0;
}

/** pfn of a present or migration entry, slot of a swap entry, page of a file entry. */
export function ptePayload(pte: Pte): number {
  return pte >>> 4;
}

export function pteBits(pte: Pte): number {
  return pte & (PTE_WRITE | PTE_DIRTY);
}

export function isPresent(pte: Pte): boolean {
  return (pte & PTE_PRESENT) !== 0;
}

export function isMigration(pte: Pte): boolean {
  return (pte & (PTE_PRESENT | PTE_MIGRATION)) === PTE_MIGRATION;
}

export function isSwap(pte: Pte): boolean {
  return (pte & KIND) === PTE_SWAP;
}

export function isFile(pte: Pte): boolean {
  return (pte & KIND) === PTE_FILE;
}
