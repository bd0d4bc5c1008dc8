import { type ColumnTable, u8, u16, u32, WIDTH } from '../base/columns.js';

/**
 * The state of a page frame, indexed by pfn: 13 bytes, a fifth of Linux's struct page.
 *
 * | column   | B | an allocated page                                        | a free block's first page |
 * | -------- | - | -------------------------------------------------------- | ------------------------- |
 * | flags    | 4 | PG_* bits                                                | PG_BUDDY or PG_PCP        |
 * | count    | 2 | references: mappings, cache, buffers, isolation, pins    | 0                         |
 * | mapcount | 2 | page-table entries that map it                           | order + 1                 |
 * | index    | 4 | page->mapping and page->index in one word (see below)    | next block on the list    |
 * | lruEpoch | 1 | which of its entries on the LRU is the valid one         | the same                  |
 *
 * `index` is a place in one machine-wide line on which every mapping (anon_vma, address_space, driver pool) owns an
 * aligned run of its own: the mapping is found from the run, the page's offset in it is what remains. 0 is no mapping.
 * A free block's link back stands in the first word of its contents, which nobody needs. Page tables add 4 bytes per
 * virtual page, contents 8 (a token) or 4096 (real bytes).
 */
export const pageColumnTable = (nrPfns: number) =>
  ({
    flags: u32(nrPfns),
    count: u16(nrPfns),
    mapcount: u16(nrPfns),
    index: u32(nrPfns),
    lruEpoch: u8(nrPfns),
  }) satisfies ColumnTable;

export interface PageColumns {
  readonly flags: Uint32Array;
  readonly count: Uint16Array;
  readonly mapcount: Uint16Array;
  readonly index: Uint32Array;
  readonly lruEpoch: Uint8Array;
}

/** Bytes of frame state per page. */
export const PAGE_COLUMN_BYTES = Object.values(pageColumnTable(1)).reduce((sum, { type }) => sum + WIDTH[type], 0);
