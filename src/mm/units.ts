/**
 * Page frame number: the index of a 4 KiB page of physical memory.
 *
 * @example
 * const lastOf = (pfn: Pfn, order: Order): Pfn => pfn + 2 ** order - 1;
 * lastOf(512, PAGEBLOCK_ORDER); // 1023
 */
export type Pfn = number;
/** log2 of the number of pages in a block, 0 for one page. */
export type Order = number;
/**
 * Number of a memory block, the unit in which memory goes online and offline.
 *
 * @example
 * const blockOf = (pfn: Pfn, blockPages: number): BlockId => Math.floor(pfn / blockPages);
 * blockOf(65_536, 32_768); // 2
 */
export type BlockId = number;

/** log2 of the bytes of a page. */
export const PAGE_SHIFT = 12;
/**
 * Bytes of a page.
 *
 * @example
 * PAGE_SIZE === 1 << PAGE_SHIFT; // true
 */
export const PAGE_SIZE = 1 << PAGE_SHIFT;
/**
 * No page: what an allocator returns when it has none. The last pfn that 28 bits can name is never a real page.
 *
 * @example
 * NO_PAGE > MAX_PFN; // true
 */
export const NO_PAGE = 0xffff_ffff;
/** Pfns must fit the 28 bits that a page-table entry has for them: 1 TiB of 4 KiB pages. */
export const MAX_PFN = 2 ** 28 - 1;

/** Highest order the buddy allocator keeps, include/linux/mmzone.h MAX_PAGE_ORDER. */
export const MAX_PAGE_ORDER = 10;
/**
 * Orders that the buddy allocator has lists for.
 *
 * @example
 * NR_PAGE_ORDERS - MAX_PAGE_ORDER; // 1
 */
export const NR_PAGE_ORDERS = MAX_PAGE_ORDER + 1;
/** Order of a pageblock, the granule of migratetypes: 2 MiB on x86-64. */
export const PAGEBLOCK_ORDER = 9;
/**
 * Pages of a pageblock.
 *
 * @example
 * formatPages(PAGEBLOCK_PAGES); // "2 MiB"
 */
export const PAGEBLOCK_PAGES = 1 << PAGEBLOCK_ORDER;
const KIB = 1024;
const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/**
 * Pages as a size a person reads: 131072 -> "512 MiB".
 *
 * @example
 * formatPages(131_072); // "512 MiB"
 */
export function formatPages(pages: number): string {
  return formatBytes(pages * PAGE_SIZE);
}

/**
 * Bytes as a size a person reads, with at most one decimal.
 *
 * @example
 * formatBytes(3_221_225_472); // "3 GiB"
 */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= KIB && unit < UNITS.length - 1) {
    value /= KIB;
    unit++;
  }
  const digits = value >= 100 || Number.isInteger(value) ? 0 : 1;
  return `${value.toFixed(digits)} ${UNITS[unit]}`;
}

/**
 * As kernel logs print it: pfn:0x10057f.
 *
 * @example
 * formatPfn(0x10057f); // "pfn:0x10057f"
 */
export function formatPfn(pfn: Pfn): string {
  return `pfn:0x${pfn.toString(16)}`;
}
