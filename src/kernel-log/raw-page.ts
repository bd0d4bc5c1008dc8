/**
 * What the words of a struct page say that the line above them does not. Words are those of 64-bit kernels
 * (include/linux/mm_types.h): flags, two of a list, mapping, index, private, mapcount with refcount, memory cgroup.
 */

/** Low bits of page->mapping, include/linux/page-flags.h PAGE_MAPPING_*. */
export type MappingKind = 'none' | 'file' | 'anon' | 'movable' | 'ksm';

const MAPPING_KINDS: readonly MappingKind[] = ['file', 'anon', 'movable', 'ksm'];
const MAPPING_WORD = 3;
const INDEX_WORD = 4;
const COUNTERS_WORD = 5;
const HEX_DIGITS = 16;

/** Whose kind of mapping a page has; null if the words do not tell. */
export function mappingKind(words: readonly string[]): MappingKind | null {
  const word = words[MAPPING_WORD];
  if (word?.length !== HEX_DIGITS) return null;
  if (/^0+$/.test(word)) return 'none';
  return MAPPING_KINDS[Number.parseInt(word.slice(-1), 16) & 3] as MappingKind;
}

/** Objects of a slab. */
export interface SlabUse {
  readonly inUse: number;
  readonly objects: number;
  /** A CPU allocates from it at the moment. */
  readonly isFrozen: boolean;
}

/**
 * How full a slab is (struct slab, mm/slab.h: inuse 16 bits, objects 15, frozen 1, on little-endian machines); null if
 * the word makes no sense as that.
 */
export function slabUse(words: readonly string[]): SlabUse | null {
  const word = words[COUNTERS_WORD];
  if (word?.length !== HEX_DIGITS) return null;
  const counters = Number.parseInt(word.slice(-8), 16);
  const inUse = counters & 0xffff;
  const objects = (counters >>> 16) & 0x7fff;
  return objects > 0 && inUse <= objects ? { inUse, objects, isFrozen: counters >>> 31 === 1 } : null;
}

/**
 * True for what a top-level page table of x86 looks like: it has no type of its own, lies on a list whose head is in the
 * kernel image (pgd_list), and its index is the address of the mm it belongs to (arch/x86/mm/pgtable.c pgd_set_mm).
 */
export function looksLikePgd(words: readonly string[]): boolean {
  const isKernelPointer = (word: string | undefined) => word !== undefined && /^ffff[0-9a-f]{12}$/.test(word);
  const isImage = (word: string | undefined) => word !== undefined && /^ffffffff[89abcdef][0-9a-f]{7}$/.test(word);
  const [, next, previous] = words;
  const isListed = isKernelPointer(next) && isKernelPointer(previous) && (isImage(next) || isImage(previous));
  return isListed && isKernelPointer(words[INDEX_WORD]) && mappingKind(words) === 'none';
}
