import { MAX_NAMED_PFNS, type RefusalCount } from '../../migration/migration-report.js';
import type { MigrationService } from '../../migration/migration-service.js';
import { FREE_FLAGS, PG_LRU, PG_NOPAGE } from '../../mm/page-flags.js';
import type { PfnRange } from '../../mm/pfn-range.js';
import type { Pfn } from '../../mm/units.js';
import { askLruOf } from './ask-range.js';

/** A reason that is a strategy's own: nothing about the page itself shows it. */
export type Reason = Pick<RefusalCount, 'reason' | 'kind' | 'because'>;

/**
 * Why the pages of a range are still there: what they say themselves, and for those that would go, what the strategy says
 * that tried them. Most pages first.
 */
export function whatStayed(
  service: MigrationService,
  range: PfnRange,
  whyNot: (pfn: Pfn) => Reason,
): readonly RefusalCount[] {
  const byReason = new Map<Reason, Pfn[]>();
  for (const pfn of service.looking(() => wouldGo(service, range))) {
    const why = whyNot(pfn);
    const pfns = byReason.get(why);
    if (pfns === undefined) byReason.set(why, [pfn]);
    else pfns.push(pfn);
  }
  const ours = [...byReason].map(([{ reason, kind, because }, pfns]): RefusalCount => {
    const named = pfns.slice(0, MAX_NAMED_PFNS);
    return { handler: 'core', reason, kind, because, pages: pfns.length, pfns: named };
  });
  return [...ours, ...askLruOf(service, range).counts(service.handlers)].sort((a, b) => b.pages - a.pages);
}

function wouldGo(service: MigrationService, { start, end }: PfnRange): Pfn[] {
  const { flags } = service.host.columns;
  const pfns: Pfn[] = [];
  for (let pfn = start; pfn < end; pfn++)
    if ((flags[pfn]! & (PG_LRU | FREE_FLAGS | PG_NOPAGE)) === PG_LRU && service.judge(pfn) === 0) pfns.push(pfn);
  return pfns;
}
