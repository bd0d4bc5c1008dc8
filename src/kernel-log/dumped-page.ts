/** Why dump_page was called, in the words of mm/memory_hotplug.c and mm/page_isolation.c. */
export const UNMOVABLE_PAGE = 'unmovable page';
export const MIGRATION_FAILURE = 'migration failure';
export const ISOLATION_FAILED = 'isolation failed';

/** A file's mapping, as dump_mapping (fs/inode.c) tells it. */
export interface DumpedMapping {
  /** Name of its address_space_operations: "ext4_da_aops"; what kind of file it is. */
  readonly aops: string;
  /** Inode number in hexadecimal, as printed. */
  readonly ino: string | null;
  /** Last part of the file's path. */
  readonly name: string | null;
}

/** The head of a compound page. */
export interface DumpedHead {
  readonly order: number;
  /** Page-table entries that map any part of it; null where the kernel does not print the sum. */
  readonly mapcount: number | null;
  /** Entries that map it as a whole; null where it is not printed. */
  readonly entireMapcount: number | null;
  /** Pins (pin_user_pages) of the whole; null where it is not printed. */
  readonly pincount: number | null;
}

/** Who allocated a page, where the kernel runs with page_owner=on. */
export interface Allocation {
  readonly pid: number | null;
  readonly command: string | null;
  /** First functions of the stack, the innermost first. */
  readonly stack: readonly string[];
}

/** A page as dump_page (mm/debug.c) printed it: Linux 5.x to 6.x. Texts hold nothing that a terminal would obey. */
export interface DumpedPage {
  /** Null in dumps of kernels before 5.10, which do not print it. */
  readonly pfn: number | null;
  /** Of the whole folio. */
  readonly refcount: number;
  /** Page-table entries that map this page; 0 for a page that has a type instead. */
  readonly mapcount: number;
  /** "buddy", "offline", "table", "guard", "slab", …; null for a page without. */
  readonly pageType: string | null;
  readonly head: DumpedHead | null;
  /** 'anon' and 'ksm' as the kernel calls them. */
  readonly userOf: 'anon' | 'ksm' | null;
  readonly mapping: DumpedMapping | null;
  /** True if the page has a mapping, a file's or the swap cache's. */
  readonly hasMapping: boolean;
  /** Names only: "referenced", "dirty", … */
  readonly flags: readonly string[];
  readonly node: number | null;
  readonly isCma: boolean;
  /** struct page, word by word in hexadecimal; empty if the dump was cut before it. */
  readonly words: readonly string[];
  readonly allocation: Allocation | null;
  /** "page dumped because: …"; null if the dump was cut before it. */
  readonly because: string | null;
}
