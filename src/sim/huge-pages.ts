import { MIGRATE_MOVABLE } from '../mm/migratetype.js';
import { PG_ANON, PG_HEAD, PG_LRU, PG_SWAPBACKED, PG_TAIL, PG_THP, PG_UPTODATE } from '../mm/page-flags.js';
import { PTE_DIRTY, PTE_WRITE, presentPte } from '../mm/pte.js';
import { NO_PAGE, type Order, type Pfn } from '../mm/units.js';
import { ACCESS_BLOCKED, ACCESS_FAULT, ACCESS_NO_MEMORY, ACCESS_OK, type Access } from './access.js';
import { anonVmaOf, findVma } from './address-space.js';
import { fillContents } from './contents.js';
import { placeOnLru } from './lru.js';
import type { Machine } from './machine.js';
import { setIndex } from './mappings.js';
import { allocatePages } from './page-allocator.js';
import { addToCache, findInCache, freeSwapOfShmem, markDirty } from './page-cache.js';
import { refSub } from './page-ref.js';
import { ensurePteAt, pteOf, setPte } from './page-tables.js';
import { nodeOfCpu } from './pageblocks.js';

/**
 * Maps a compound page of 2^order zeroed pages at an aligned, empty place of an anonymous VMA
 * (do_huge_pmd_anonymous_page). It is mapped page by page, and every base page keeps its own counts, where Linux keeps
 * them on the head: one entry, one reference. Head and tails carry the same flags besides PG_HEAD and PG_TAIL.
 */
export function faultHugePage(m: Machine, cpu: number, mm: number, vpn: number, order: Order): Access {
  const vma = findVma(m, mm, vpn);
  const nrPages = 2 ** order;
  if (vma === 0 || m.vmaFile[vma] !== 0 || vpn + nrPages > m.vmaStart[vma]! + m.vmaPages[vma]!) return ACCESS_FAULT;
  for (let i = 0; i < nrPages; i++) if (pteOf(m, mm, vpn + i) !== 0) return ACCESS_BLOCKED;
  for (let i = 0; i < nrPages; i++) if (ensurePteAt(m, cpu, mm, vpn + i) === 0) return ACCESS_NO_MEMORY;
  const request = { order, type: MIGRATE_MOVABLE, node: nodeOfCpu(m, cpu), highest: 'Movable', mark: 'low' } as const;
  const head = allocatePages(m, cpu, request);
  if (head === NO_PAGE) return ACCESS_NO_MEMORY;
  const index = m.mapBase[anonVmaOf(m, vma)]! + m.vmaOffset[vma]! + (vpn - m.vmaStart[vma]!);
  for (let i = 0; i < nrPages; i++) {
    m.flags[head + i] = PG_ANON | PG_SWAPBACKED | PG_UPTODATE | PG_LRU | PG_THP | (i === 0 ? PG_HEAD : PG_TAIL);
    setIndex(m, head + i, index + i);
    fillContents(m, head + i, 0, 0);
    placeOnLru(m, head + i);
    m.mapcount[head + i] = 1;
    setPte(m, ensurePteAt(m, cpu, mm, vpn + i), presentPte(head + i, PTE_WRITE | PTE_DIRTY));
  }
  return ACCESS_OK;
}

/**
 * A compound page of 2^order zeroed pages in an aligned, empty place of a shared-memory file (shmem_get_folio where tmpfs
 * is mounted with huge=always): nobody maps it yet, and faults map it page by page. Its first page; NO_PAGE if no free
 * block is as large, or part of the place is taken.
 */
export function addHugeShmemPage(m: Machine, cpu: number, file: number, page: number, order: Order): Pfn {
  const nrPages = 2 ** order;
  const index = m.mapBase[file]! + page;
  if (page % nrPages !== 0 || page + nrPages > m.mapPages[file]!) return NO_PAGE;
  for (let i = 0; i < nrPages; i++) if (findInCache(m, index + i) !== NO_PAGE) return NO_PAGE;
  const request = { order, type: MIGRATE_MOVABLE, node: nodeOfCpu(m, cpu), highest: 'Movable', mark: 'low' } as const;
  const head = allocatePages(m, cpu, request);
  if (head === NO_PAGE) return NO_PAGE;
  for (let i = 0; i < nrPages; i++) {
    m.flags[head + i] = PG_LRU | PG_THP | (i === 0 ? PG_HEAD : PG_TAIL);
    fillContents(m, head + i, 0, 0);
    addToCache(m, head + i, index + i);
    // The allocation's own reference goes, the cache holds its.
    refSub(m, head + i, 1);
    freeSwapOfShmem(m, index + i);
    markDirty(m, head + i);
    placeOnLru(m, head + i);
  }
  return head;
}
