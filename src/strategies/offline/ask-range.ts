import { handlerOf } from '../../events/page-events.js';
import { CORE_NOT_ON_LRU } from '../../handler/refusal.js';
import { type RefusalCount, RefusalTally } from '../../migration/migration-report.js';
import type { MigrationService } from '../../migration/migration-service.js';
import { FREE_FLAGS, PG_LRU, PG_NOPAGE } from '../../mm/page-flags.js';
import type { PfnRange } from '../../mm/pfn-range.js';

/** What every page of a range says to going now, and how many need not go. */
export interface Answers {
  readonly refused: RefusalTally;
  /** Pages that do not go, and may stay while their block goes offline. */
  readonly staying: number;
}

/** Asks every page of a range. Changes nothing. */
export function askRange(service: MigrationService, range: PfnRange): Answers {
  return service.looking(() => ask(service, range));
}

function ask(service: MigrationService, range: PfnRange): Answers {
  const refused = new RefusalTally();
  let staying = 0;
  const { end } = range;
  for (let pfn = service.skipPlain(range.start, end); pfn < end; pfn = service.skipPlain(pfn + 1, end)) {
    const outcome = service.judge(pfn);
    if (outcome === 0) continue;
    if (service.staysWhenOffline(pfn)) staying++;
    else refused.add(outcome, pfn);
  }
  return { refused, staying };
}

/**
 * The same for whoever takes pages from the LRU only, as 2004 did: pages in use that are not on it refuse too, also those
 * that their driver could move.
 */
export function askLruOf(service: MigrationService, range: PfnRange): RefusalTally {
  return service.looking(() => askLru(service, range));
}

function askLru(service: MigrationService, range: PfnRange): RefusalTally {
  const { flags } = service.host.columns;
  const tally = new RefusalTally();
  for (let pfn = range.start; pfn < range.end; pfn++) {
    const outcome = service.judge(pfn);
    if (outcome !== 0 && !service.staysWhenOffline(pfn)) tally.add(outcome, pfn);
    else if (outcome === 0 && (flags[pfn]! & (PG_LRU | FREE_FLAGS | PG_NOPAGE)) === 0) tally.add(CORE_NOT_ON_LRU, pfn);
  }
  return tally;
}

/**
 * Pages that can be told at sight to stay for ever, whatever their type: reserved at boot, kernel memory, in nobody's
 * hands that is known (has_unmovable_pages, mm/page_isolation.c). What a page-type handler refuses does not count: the
 * kernel sees a page on the LRU there and goes ahead.
 */
export function unmovableIn(service: MigrationService, range: PfnRange): RefusalCount[] {
  return service.looking(() => findUnmovable(service, range));
}

function findUnmovable(service: MigrationService, range: PfnRange): RefusalCount[] {
  const { handlers } = service;
  const tally = new RefusalTally();
  const { end } = range;
  for (let pfn = service.skipPlain(range.start, end); pfn < end; pfn = service.skipPlain(pfn + 1, end)) {
    const outcome = service.judge(pfn);
    if (outcome !== 0 && handlerOf(outcome) === 0 && handlers.isPermanent(outcome)) tally.add(outcome, pfn);
  }
  return tally.counts(handlers);
}
