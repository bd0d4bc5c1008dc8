import type { Refusal } from '../../handler/refusal.js';
import { MAX_NAMED_PFNS, type RefusalCount } from '../../migration/migration-report.js';
import type { Pfn } from '../../mm/units.js';

/** What a strategy says of a reason of its own; the reason's id is the key in its table. */
export type Reasons<Id extends string> = Readonly<Record<Id, Omit<Refusal, 'id'>>>;

/** Counts pages by a strategy's own reasons, besides what the migration service counts. */
export class PageTally<Id extends string> {
  readonly #counts = new Map<Id, { pages: number; pfns: Pfn[] }>();

  /** `who` says it: the strategy, in the place where a handler stands in the service's refusals. */
  constructor(
    private readonly who: string,
    private readonly reasons: Reasons<Id>,
  ) {}

  add(reason: Id, pfn: Pfn, nrPages = 1): void {
    let entry = this.#counts.get(reason);
    if (entry === undefined) {
      entry = { pages: 0, pfns: [] };
      this.#counts.set(reason, entry);
    }
    entry.pages += nrPages;
    if (entry.pfns.length < MAX_NAMED_PFNS) entry.pfns.push(pfn);
  }

  pages(reason: Id): number {
    return this.#counts.get(reason)?.pages ?? 0;
  }

  /** In the order in which they were first met. */
  counts(): RefusalCount[] {
    return [...this.#counts].map(([reason, { pages, pfns }]) => ({
      handler: this.who,
      reason,
      ...this.reasons[reason],
      pages,
      pfns,
    }));
  }
}
