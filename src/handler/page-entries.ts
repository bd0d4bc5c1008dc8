import type { Pfn } from '../mm/units.js';

/**
 * Page-table entries by VMA, for a handler whose pages are mapped where reverse maps do not look. From `nextVma` to the end
 * of the handler's verb nobody maps or unmaps the page's file (i_mmap_rwsem), so that a walk sees every VMA once.
 *
 * @example
 * function unmapAll(entries: PageEntries, page: Pfn): void {
 *   for (let vma = entries.nextVma(page, 0); vma !== 0; vma = entries.nextVma(page, vma))
 *     if (entries.isNonlinear(vma)) for (let at = 0; at < entries.nrPages(vma); at++) entries.unmap(page, vma, at);
 * }
 */
export interface PageEntries {
  /** The VMAs that map the page's file, of all processes: the first one after 0, else the one after `vma`; 0 after the last. */
  nextVma(pfn: Pfn, vma: number): number;
  /** True if the VMA has its pages anywhere (VM_NONLINEAR, Linux before 4.0). */
  isNonlinear(vma: number): boolean;
  /** Virtual pages of the VMA. */
  nrPages(vma: number): number;
  /**
   * Replaces the entry of a VMA's page number `at` by a migration entry if it maps this page, which is locked; the mapping's
   * reference goes (try_to_migrate_one). True if it did.
   */
  unmap(pfn: Pfn, vma: number, at: number): boolean;
  /** Turns the entry into one for `target` if it is a migration entry for `source` (remove_migration_pte). True if it was. */
  remap(source: Pfn, target: Pfn, vma: number, at: number): boolean;
}
