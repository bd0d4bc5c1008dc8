import { type PageTypeHandler, PG_ANON, PG_NONLINEAR } from 'vacate/handler';
import { NONLINEAR_MAPPING } from './refusals.js';

/** Exists only to refuse well: it claims pages of files with nonlinear mappings before anybody moves them half. */
export class NonlinearHandler implements PageTypeHandler {
  claims(flags: number): boolean {
    return (flags & PG_NONLINEAR) !== 0 && (flags & PG_ANON) === 0;
  }

  refuses(): number {
    return NONLINEAR_MAPPING;
  }

  references(): number {
    return 1;
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
