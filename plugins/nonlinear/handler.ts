import { type PageTypeHandler, type PageView, type Pfn, PG_ANON, PG_NONLINEAR, PG_PRIVATE } from 'vacate/handler';
import { NONLINEAR_MAPPING } from './refusals.js';

/** Exists only to refuse well: it claims pages of files with nonlinear mappings before anybody moves them half. */
export class NonlinearHandler implements PageTypeHandler {
  constructor(private readonly pages: PageView) {}

  claims(flags: number): boolean {
    return (flags & PG_NONLINEAR) !== 0 && (flags & PG_ANON) === 0;
  }

  refuses(): number {
    return NONLINEAR_MAPPING;
  }

  /** The page cache's, and the buffers'. */
  references(page: Pfn): number {
    return (this.pages.flags(page) & PG_PRIVATE) !== 0 ? 2 : 1;
  }

  isolate(): number {
    return NONLINEAR_MAPPING;
  }

  migrate(): number {
    return NONLINEAR_MAPPING;
  }

  putback(): void {
    // Nothing is ever isolated.
  }
}
