import type { PageTypeHandler, PageView, Pfn } from 'vacate/handler';
import { definePageType, PG_ANON, PG_NONLINEAR, PG_PRIVATE } from 'vacate/handler';

const OFF_LRU = 1;
const TRUNCATED = 2;

/** What it cost so far. */
export interface Walked {
  entries: number;
}

/**
 * Moves the pages of a file that somebody maps nonlinearly. Nothing says where such a VMA has a page, so each of them is
 * looked through to its end, twice: to take the page's mappings away, and to give them back.
 */
class WalkingNonlinearHandler implements PageTypeHandler {
  constructor(
    private readonly pages: PageView,
    private readonly walked: Walked,
  ) {}

  claims(flags: number): boolean {
    return (flags & PG_NONLINEAR) !== 0 && (flags & PG_ANON) === 0;
  }

  refuses(page: Pfn): number {
    return this.pages.inCache(page) ? 0 : TRUNCATED;
  }

  /** The page cache's, and one more for buffers. */
  references(page: Pfn): number {
    return (this.pages.flags(page) & PG_PRIVATE) === 0 ? 1 : 2;
  }

  isolate(page: Pfn): number {
    return this.pages.isolateFromLru(page, OFF_LRU);
  }

  unmap(page: Pfn): void {
    this.walk(page, page, null);
  }

  /** All of them again: a process may have forked meanwhile, and its child has migration entries too. */
  remap(source: Pfn, target: Pfn): void {
    this.walk(target, source, target);
  }

  /** Several entries of one VMA may map the page, so that finding one is no reason to stop. */
  private walk(page: Pfn, source: Pfn, target: Pfn | null): void {
    const { entries } = this.pages;
    if (entries === undefined) return; // the host shows none: the page stays mapped, and the service says so
    for (let vma = entries.nextVma(page, 0); vma !== 0; vma = entries.nextVma(page, vma)) {
      if (!entries.isNonlinear(vma)) continue;
      const nrPages = entries.nrPages(vma);
      this.walked.entries += nrPages;
      for (let at = 0; at < nrPages; at++) {
        if (target === null) entries.unmap(source, vma, at);
        else entries.remap(source, target, vma, at);
      }
    }
  }

  migrate(source: Pfn, target: Pfn): number {
    if (!this.pages.moveSlot(source, target)) return TRUNCATED;
    this.pages.moveBuffers(source, target);
    return 0;
  }

  putback(page: Pfn): void {
    this.pages.putbackToLru(page);
  }
}

/** The page type, counting into `walked` how many entries it has looked at. */
export const walkingNonlinear = (walked: Walked) =>
  definePageType({
    name: 'walking-nonlinear',
    api: 1,
    order: 'pre', // before file-backed, and listed before the shipped one that refuses
    claims: 'pages of files that are mapped through a nonlinear VMA; walks page tables to move them',
    refusals: [
      null,
      { id: 'off-lru', kind: 'retry', because: 'it left the LRU while it was being isolated' },
      { id: 'truncated', kind: 'retry', because: 'its file was truncated: the page is about to be freed' },
    ],
    create: (pages) => new WalkingNonlinearHandler(pages, walked),
  });

export default walkingNonlinear({ entries: 0 });
