import { kindOfByte, STATE_REFUSED, stateOfByte } from '../../picture/page-bytes.js';
import { KIND_FREE } from '../../picture/page-kinds.js';

/** The next page after one that is shown as refused, from the start again after the last; null if there is none. */
export function nextRefused(pages: Uint8Array, after: number): number | null {
  for (let turn = 1; turn <= pages.length; turn++) {
    const pfn = (after + turn) % pages.length;
    if (isRefused(pages[pfn]!)) return pfn;
  }
  return null;
}

/** The same among these pages. */
export function nextAmong(among: Iterable<number>, pages: Uint8Array, after: number): number | null {
  let next: number | null = null;
  let least = pages.length;
  for (const pfn of among) {
    const distance = (pfn - after - 1 + pages.length) % pages.length;
    if (distance >= least || !isRefused(pages[pfn]!)) continue;
    least = distance;
    next = pfn;
  }
  return next;
}

function isRefused(byte: number): boolean {
  return stateOfByte(byte) === STATE_REFUSED && kindOfByte(byte) > KIND_FREE;
}
