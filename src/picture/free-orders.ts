import { MAX_PAGE_ORDER, type Pfn } from '../mm/units.js';
import { byteOf, isInBuddy } from './page-bytes.js';
import { KIND_FREE } from './page-kinds.js';

/**
 * Gives each free page of [start, end) the order of the aligned free block that it is part of, as far as the range shows
 * it: as buddy would hold these pages if nothing kept neighbours apart. `bytes[0]` is the page `first`; a range that does
 * not begin and end at a multiple of the largest block cuts blocks that reach over its edge.
 */
export function markFreeOrders(bytes: Uint8Array, start: Pfn, end: Pfn, first: Pfn = 0): void {
  const last = end - first;
  for (let at = start - first; at < last; ) {
    if (!isInBuddy(bytes[at]!)) {
      at++;
      continue;
    }
    let free = at + 1;
    while (free < last && isInBuddy(bytes[free]!)) free++;
    while (at < free) {
      const order = Math.min(orderAt(first + at), 31 - Math.clz32(free - at));
      const byte = byteOf(KIND_FREE, order);
      const next = at + (1 << order);
      if (order > SMALL_ORDER) bytes.fill(byte, at, next);
      else for (let page = at; page < next; page++) bytes[page] = byte;
      at = next;
    }
  }
}

/** So many pages are filled sooner than a function is called. */
const SMALL_ORDER = 3;

/** The largest order of a block that may begin here. */
function orderAt(pfn: Pfn): number {
  return pfn === 0 ? MAX_PAGE_ORDER : Math.min(MAX_PAGE_ORDER, 31 - Math.clz32(pfn & -pfn));
}
