import { MAX_PAGE_ORDER, type Pfn } from '../mm/units.js';
import { STATE_PCP } from '../picture/page-bytes.js';
import { KIND_FREE } from '../picture/page-kinds.js';

const FREE_PCP = (STATE_PCP << 4) | KIND_FREE;

/**
 * Gives each free page of [start, end) the order of the largest aligned free block that it is part of. `start` is
 * aligned to the largest block that there can be, and `end` too unless memory ends there.
 *
 * @param pages a byte for each page from pfn 0 on.
 */
export function markFreeOrders(pages: Uint8Array, start: Pfn, end: Pfn): void {
  for (let pfn = start; pfn < end; ) {
    if (!isFree(pages[pfn]!)) {
      pfn++;
      continue;
    }
    let runEnd = pfn + 1;
    while (runEnd < end && isFree(pages[runEnd]!)) runEnd++;
    markRun(pages, pfn, runEnd);
    pfn = runEnd;
  }
}

function isFree(byte: number): boolean {
  return (byte & 0x0f) === KIND_FREE && byte !== FREE_PCP;
}

/** A run of free pages falls into aligned blocks in one way only. */
function markRun(pages: Uint8Array, start: Pfn, end: Pfn): void {
  for (let pfn = start; pfn < end; ) {
    let order = pfn === 0 ? MAX_PAGE_ORDER : Math.min(MAX_PAGE_ORDER, 31 - Math.clz32(pfn & -pfn));
    while (1 << order > end - pfn) order--;
    const next = pfn + (1 << order);
    const byte = (order << 4) | KIND_FREE;
    if (order < 3) for (; pfn < next; pfn++) pages[pfn] = byte;
    else pages.fill(byte, pfn, next);
    pfn = next;
  }
}
