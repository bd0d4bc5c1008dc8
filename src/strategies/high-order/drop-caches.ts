import type { MemoryHost } from '../../host/memory-host.js';
import {
  PG_ANON,
  PG_DIRTY,
  PG_LOCKED,
  PG_LRU,
  PG_SWAPBACKED,
  PG_UNEVICTABLE,
  PG_WRITEBACK,
} from '../../mm/page-flags.js';

const KEPT = PG_ANON | PG_SWAPBACKED | PG_DIRTY | PG_WRITEBACK | PG_LOCKED | PG_UNEVICTABLE;

/**
 * echo 1 > /proc/sys/vm/drop_caches: page cache that is clean, idle and mapped by nobody goes, of all nodes
 * (invalidate_mapping_pages, mm/truncate.c). What is freed lands on per-CPU lists, which the kernel drains afterwards no
 * more than we do. Returns the pages freed.
 */
export function dropCaches({ columns, layout, reclaim }: MemoryHost): number {
  const { flags, mapcount } = columns;
  let dropped = 0;
  for (let pfn = 0; pfn < layout.nrPfns; pfn++) {
    if ((flags[pfn]! & (PG_LRU | KEPT)) !== PG_LRU || mapcount[pfn] !== 0) continue;
    if (reclaim.pageout(pfn) === 'freed') dropped++;
  }
  return dropped;
}
