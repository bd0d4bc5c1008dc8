import { type DumpedPage, ISOLATION_FAILED, MIGRATION_FAILURE, mappingKind } from '../kernel-log/index.js';
import type { References } from './attempt.js';

/** One pin of pin_user_pages counts so many references in a page that is not compound (GUP_PIN_COUNTING_BIAS, mm.h). */
export const PIN_BIAS = 1024;

/** Pages whose one reference belongs to whoever in the kernel allocated them. */
const KERNEL_TYPES: readonly string[] = ['slab', 'page-table', 'kernel', 'reserved', 'driver', 'balloon'];

/**
 * The references that a dumped page should have, from what its dump says (folio_expected_refs, mm/migrate.c): mappings, one
 * for each of its pages in the page or swap cache, one for buffers, and the one that the attempt holds while it has the
 * page isolated. Dumps of failed migrations are taken before the page is put back; those of refusals, untouched.
 */
export function referencesOf(page: DumpedPage, type: string, because: string | null): References {
  const isTried = because === MIGRATION_FAILURE || because === ISOLATION_FAILED;
  const isKernels = KERNEL_TYPES.includes(type);
  // What lies in the words of a kernel page is its owner's affair: of a slab, its cache where others have a mapping.
  const isFiles = !isKernels && isOfFile(page);
  const nrPages = 2 ** (page.head?.order ?? 0);
  return {
    mappings: isKernels ? 0 : mappingsOf(page),
    cache: type === 'hugetlb' && isFiles ? null : isFiles || isSwapCached(page) ? nrPages : 0,
    // zsmalloc marks its first page private, and counts nothing for it.
    buffers: isFiles && (page.flags.includes('private') || page.flags.includes('private_2')) ? 1 : 0,
    isolation: isTried ? 1 : 0,
    kernel: isKernels ? 1 : 0,
  };
}

export function sumOf({ mappings, cache, buffers, isolation, kernel }: References): number | null {
  return mappings === null || cache === null ? null : mappings + cache + buffers + isolation + kernel;
}

/** In the page cache; shared memory too, unless it has been swapped out. */
export function isOfFile(page: DumpedPage): boolean {
  if (page.userOf !== null) return false;
  if (page.mapping !== null) return true;
  const kind = mappingKind(page.words);
  return kind === null ? page.hasMapping : kind === 'file';
}

export function isSwapCached(page: DumpedPage): boolean {
  return page.flags.includes('swapcache');
}

/**
 * The dump of a compound page counts the mappings of one of its pages; some kernels print the sum with the head. Others
 * print how often it is mapped as a whole, which is the sum if this page is not mapped in any other way.
 */
function mappingsOf({ head, mapcount }: DumpedPage): number | null {
  if (head === null) return mapcount;
  return head.mapcount ?? (head.entireMapcount === mapcount ? mapcount : null);
}
