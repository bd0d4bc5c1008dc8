/**
 * Page flags, one bit each, numbered like /proc/kpageflags for bits 0 to 26 (include/uapi/linux/kernel-page-flags.h)
 * so that a captured word is usable as it stands. The bits above are ours: the kernel has the same facts, but not in
 * that file's stable part.
 *
 * @example
 * const states = [PG_LOCKED, PG_ERROR, PG_REFERENCED, PG_UPTODATE, PG_DIRTY, PG_ACTIVE, PG_WRITEBACK, PG_RECLAIM];
 * states.map(formatFlags).join(' '); // "locked error referenced uptodate dirty active writeback reclaim"
 * const kinds = [PG_ANON, PG_SWAPCACHE, PG_SWAPBACKED, PG_KSM, PG_THP, PG_HUGE, PG_HEAD, PG_TAIL, PG_SLAB, PG_PGTABLE];
 * kinds.map(formatFlags).join(' '); // "anon swapcache swapbacked ksm thp huge head tail slab pgtable"
 * const set = [PG_LRU, PG_UNEVICTABLE, PG_MLOCKED, PG_PRIVATE, PG_ISOLATED, PG_NONLINEAR, PG_MOVABLE_OPS];
 * set.map(formatFlags).join(' '); // "lru unevictable mlocked private isolated nonlinear movable_ops"
 * const nobodys = [PG_HWPOISON, PG_NOPAGE, PG_OFFLINE, PG_RESERVED];
 * nobodys.map(formatFlags).join(' '); // "hwpoison nopage offline reserved"
 */
export const PG_LOCKED = 1 << 0;
/** An I/O error has struck it (kernels before 6.12). */
export const PG_ERROR = 1 << 1;
/** Used since the LRU last looked. */
export const PG_REFERENCED = 1 << 2;
/** Its contents are valid: read, or written in full. */
export const PG_UPTODATE = 1 << 3;
/** Written to since it was last on its device. */
export const PG_DIRTY = 1 << 4;
/** On an LRU list. */
export const PG_LRU = 1 << 5;
/** On the active LRU list. */
export const PG_ACTIVE = 1 << 6;
/** Of the slab allocator, the kernel's own. */
export const PG_SLAB = 1 << 7;
/** On its way to a device; it must not move meanwhile. */
export const PG_WRITEBACK = 1 << 8;
/** To be reclaimed as soon as its writeback ends. */
export const PG_RECLAIM = 1 << 9;
/** Free in the buddy allocator; set on every page of the block, as Linux 6.12 reports it. */
export const PG_BUDDY = 1 << 10;
/** Mapped by at least one page-table entry. In the file only; whoever has read it asks the mapcount. */
export const PG_MMAP = 1 << 11;
/** Anonymous memory: of a process, not of a file. */
export const PG_ANON = 1 << 12;
/** Has a swap slot, and is found by it. */
export const PG_SWAPCACHE = 1 << 13;
/** Swap is where it would be written to: anonymous memory, and shared memory. */
export const PG_SWAPBACKED = 1 << 14;
/** The first page of a compound page. */
export const PG_HEAD = 1 << 15;
/** Any other page of a compound page. */
export const PG_TAIL = 1 << 16;
/** hugetlb. */
export const PG_HUGE = 1 << 17;
/** On the list of pages that reclaim passes over: mlocked, or of a ramfs. */
export const PG_UNEVICTABLE = 1 << 18;
/** Its hardware has failed; nobody may read it. */
export const PG_HWPOISON = 1 << 19;
/** No page frame stands behind this pfn: a hole, or an offline memory block. */
export const PG_NOPAGE = 1 << 20;
/** Merged by KSM: one page for equal contents of many processes. */
export const PG_KSM = 1 << 21;
/** Of a transparent huge page. */
export const PG_THP = 1 << 22;
/** Logically offline: balloon, virtio-mem. */
export const PG_OFFLINE = 1 << 23;
/** Bit 24 of the file is ZERO_PAGE, which is reserved anyway; here: filesystem buffers hold a reference (PG_private). */
export const PG_PRIVATE = 1 << 24;
/** Bit 25 of the file is IDLE; here: mlocked. */
export const PG_MLOCKED = 1 << 25;
/** A page table. */
export const PG_PGTABLE = 1 << 26;
/** Never to be touched: firmware, the kernel image, the memory map, holes in a bank. */
export const PG_RESERVED = 1 << 27;
/** Free, on a per-CPU list: invisible to buddy, so it must be drained before a range can be whole. */
export const PG_PCP = 1 << 28;
/** Taken off its lists by a migrator, which holds one reference. */
export const PG_ISOLATED = 1 << 29;
/** Belongs to a driver that can move it (movable_operations: zsmalloc, balloon). */
export const PG_MOVABLE_OPS = 1 << 30;
/** The page's file has nonlinear mappings: a summary of the mapping's i_mmap_nonlinear list, not a flag of Linux's. */
export const PG_NONLINEAR = (1 << 31) >>> 0;

/**
 * A page with one of these is free.
 *
 * @example
 * [PG_BUDDY, PG_PCP, PG_LRU].map((flags) => (flags & FREE_FLAGS) !== 0); // [true,true,false]
 */
export const FREE_FLAGS = PG_BUDDY | PG_PCP;

/**
 * Pinned through pin_user_pages: what folio_maybe_dma_pinned reads from a page's count. It has the bit of PG_MMAP, which no
 * page has once its file is read; all others are taken.
 *
 * @example
 * DMA_PINNED === PG_MMAP; // true
 */
export const DMA_PINNED = PG_MMAP;

const NAMES: ReadonlyArray<readonly [bit: number, name: string]> = [
  [PG_LOCKED, 'locked'],
  [PG_ERROR, 'error'],
  [PG_REFERENCED, 'referenced'],
  [PG_UPTODATE, 'uptodate'],
  [PG_DIRTY, 'dirty'],
  [PG_LRU, 'lru'],
  [PG_ACTIVE, 'active'],
  [PG_SLAB, 'slab'],
  [PG_WRITEBACK, 'writeback'],
  [PG_RECLAIM, 'reclaim'],
  [PG_BUDDY, 'buddy'],
  [DMA_PINNED, 'dma_pinned'],
  [PG_ANON, 'anon'],
  [PG_SWAPCACHE, 'swapcache'],
  [PG_SWAPBACKED, 'swapbacked'],
  [PG_HEAD, 'head'],
  [PG_TAIL, 'tail'],
  [PG_HUGE, 'huge'],
  [PG_UNEVICTABLE, 'unevictable'],
  [PG_HWPOISON, 'hwpoison'],
  [PG_NOPAGE, 'nopage'],
  [PG_KSM, 'ksm'],
  [PG_THP, 'thp'],
  [PG_OFFLINE, 'offline'],
  [PG_PRIVATE, 'private'],
  [PG_MLOCKED, 'mlocked'],
  [PG_PGTABLE, 'pgtable'],
  [PG_RESERVED, 'reserved'],
  [PG_PCP, 'pcp'],
  [PG_ISOLATED, 'isolated'],
  [PG_MOVABLE_OPS, 'movable_ops'],
  [PG_NONLINEAR, 'nonlinear'],
];

/**
 * As dump_page prints them: "uptodate|lru|anon".
 *
 * @example
 * formatFlags(PG_LRU | PG_ANON); // "lru|anon"
 */
export function formatFlags(flags: number): string {
  const names = NAMES.filter(([bit]) => (flags & bit) !== 0).map(([, name]) => name);
  return names.length === 0 ? '-' : names.join('|');
}
