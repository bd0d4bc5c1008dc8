import { MIGRATE_ISOLATE } from '../mm/migratetype.js';
import { PG_BUDDY } from '../mm/page-flags.js';
import { PAGEBLOCK_ORDER, PAGEBLOCK_PAGES } from '../mm/units.js';
import { freeListAt, mergeFree } from './buddy.js';
import { POISON } from './contents.js';
import type { Machine } from './machine.js';
import { freePages } from './page-allocator.js';
import { oneListOf } from './pageblocks.js';

/**
 * Frees base pages of count 0, ascending, and leaves behind what `freePages` leaves that frees them one after the other.
 * Of an isolated pageblock's pages it is known where they go: to buddy, and there to one kind of list.
 */
export function freeMany(m: Machine, cpu: number, pages: Uint32Array, nrPages: number): void {
  for (let i = 0; i < nrPages; ) {
    const block = pages[i]! >>> PAGEBLOCK_ORDER;
    let next = i + 1;
    while (next < nrPages && pages[next]! >>> PAGEBLOCK_ORDER === block) next++;
    if (oneListOf(m.migratetype[block]!) === MIGRATE_ISOLATE) freeOfIsolated(m, block, pages, i, next);
    else for (let at = i; at < next; at++) freePages(m, cpu, pages[at]!, 0);
    i = next;
  }
}

/** `freeBlock` for pages of one pageblock, with everything that is the same for all of them looked up once. */
function freeOfIsolated(m: Machine, block: number, pages: Uint32Array, from: number, to: number): void {
  const { flags, mapcount, index, contents, contentWords, freeHead, freeTail, freeBlocks, nrIsolatedFree } = m;
  const zone = m.zoneOfPageblock[block]!;
  const lists = freeListAt(zone, MIGRATE_ISOLATE, 0);
  m.pageblockUse[block] = m.pageblockUse[block]! - (to - from);
  nrIsolatedFree[zone] = nrIsolatedFree[zone]! + (to - from);
  for (let i = from; i < to; i++) {
    const pfn = pages[i]!;
    flags[pfn] = PG_BUDDY;
    mapcount[pfn] = 0;
    index[pfn] = 0;
    contents[pfn * contentWords] = POISON;
    if (contentWords > 1) contents[pfn * contentWords + 1] = POISON;
    let start = pfn;
    let size = 0;
    for (; size < PAGEBLOCK_ORDER; size++) {
      const buddy = start ^ (1 << size);
      if (mapcount[buddy] !== size + 1 || (flags[buddy]! & PG_BUDDY) === 0) break;
      const list = lists + size;
      const next = index[buddy]!;
      const previous = contents[buddy * contentWords]!;
      if (previous === 0) freeHead[list] = next;
      else index[previous - 1] = next;
      if (next !== 0) contents[(next - 1) * contentWords] = previous;
      else freeTail[list] = previous;
      mapcount[buddy] = 0;
      index[buddy] = 0;
      freeBlocks[list] = freeBlocks[list]! - 1;
      start &= buddy;
    }
    if (size === PAGEBLOCK_ORDER) {
      // It may go on with its neighbours, and is counted where it is filed.
      nrIsolatedFree[zone] = nrIsolatedFree[zone]! - PAGEBLOCK_PAGES;
      mergeFree(m, start, size, true);
      continue;
    }
    const list = lists + size;
    const head = freeHead[list]!;
    mapcount[start] = size + 1;
    index[start] = head;
    contents[start * contentWords] = 0;
    if (head !== 0) contents[(head - 1) * contentWords] = start + 1;
    else freeTail[list] = start + 1;
    freeHead[list] = start + 1;
    freeBlocks[list] = freeBlocks[list]! + 1;
  }
}
