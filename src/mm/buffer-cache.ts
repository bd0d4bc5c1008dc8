import { PG_ANON, PG_DIRTY, PG_LRU, PG_PRIVATE, PG_UPTODATE } from './page-flags.js';
import { PAGEBLOCK_PAGES, type Pfn } from './units.js';

const BITS = PG_LRU | PG_PRIVATE | PG_ANON | PG_UPTODATE;

/**
 * A page of a block device's own cache: metadata of a file system. Such pages are read and written buffer by buffer, so
 * that the page as a whole is never up to date, unlike every page of a file (bread, fs/buffer.c).
 */
export function isMetadata(flags: number): boolean {
  return (flags & BITS) === (PG_LRU | PG_PRIVATE);
}

/**
 * Metadata that a journal is at work on, ascending: it holds their buffers until it has written them and forgotten them
 * (jbd2), and a page with held buffers does not migrate (buffer_migrate_folio_norefs). Flags show which are dirty; those
 * among them that are written already, it has not forgotten yet.
 */
export function journalledPages(flags: Uint32Array): Pfn[] {
  const found: Pfn[] = [];
  for (let start = 0; start < flags.length; start += PAGEBLOCK_PAGES) {
    let nrDirty = 0;
    const at = found.length;
    for (let pfn = start; pfn < Math.min(start + PAGEBLOCK_PAGES, flags.length); pfn++) {
      const word = flags[pfn]!;
      if (!isMetadata(word)) continue;
      if ((word & PG_DIRTY) !== 0) nrDirty++;
      found.push(pfn);
    }
    if (nrDirty === 0) found.length = at;
  }
  return found;
}
