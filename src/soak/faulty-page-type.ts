import { definePageType, type PageType } from '../handler/define-page-type.js';
import type { PageTypeHandler } from '../handler/page-type-handler.js';
import { type Faults, PlannedFailure } from './faults.js';

/** A code that no refusal table has. */
const GARBAGE = 251;

/**
 * A page type whose handler now and then throws, or refuses with a code that means nothing, where it is asked to isolate
 * or to migrate a page. What gives pages back never fails: that is the contract.
 */
export function faultyPageType(pageType: PageType, faults: Faults): PageType {
  return definePageType({ ...pageType, create: (pages) => faultyHandler(pageType.create(pages), faults) });
}

function faultyHandler(handler: PageTypeHandler, faults: Faults): PageTypeHandler {
  const fails = (): boolean => {
    if (faults.strikes('handler-throws')) throw new PlannedFailure('a handler that is meant to fail');
    return faults.strikes('handler-garbage');
  };
  return {
    claims: (flags) => handler.claims(flags),
    refuses: (page) => handler.refuses(page),
    references: (page) => handler.references(page),
    isolate: (page) => (fails() ? GARBAGE : handler.isolate(page)),
    migrate: (source, target, mode) => (fails() ? GARBAGE : handler.migrate(source, target, mode)),
    putback: (page) => handler.putback(page),
  };
}
