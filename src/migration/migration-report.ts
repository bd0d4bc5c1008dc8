import type { Outcome } from '../events/page-events.js';
import type { RefusalKind } from '../handler/refusal.js';
import type { Pfn } from '../mm/units.js';
import type { HandlerTable } from './handler-table.js';

/** So many of the pages that one reason refused are named. */
export const MAX_NAMED_PFNS = 16;

/** Pages that one handler refused for one reason. */
export interface RefusalCount {
  readonly handler: string;
  /** Stable id of the reason. */
  readonly reason: string;
  readonly kind: RefusalKind;
  readonly because: string;
  readonly pages: number;
  /** The first MAX_NAMED_PFNS of them. */
  readonly pfns: readonly Pfn[];
}

/** What became of a list of pages; plain data, never an exception for partial success. */
export interface MigrationReport {
  /** Pages in the list, compound pages counted page by page; free ones do not count. */
  readonly asked: number;
  readonly migrated: number;
  /** Freed by their owners while they were being moved: nothing was left to copy. */
  readonly freed: number;
  readonly refused: readonly RefusalCount[];
  /** How often a page was tried again. */
  readonly retried: number;
  /** Most passes that any batch took. */
  readonly passes: number;
  /** Compound pages that were split because no target was as large. */
  readonly split: number;
  /** Where what stands: page `sources[i]` now stands at `targets[i]`. */
  readonly sources: Uint32Array;
  readonly targets: Uint32Array;
}

/**
 * Collects refusals by outcome.
 *
 * @example
 * const tally = new RefusalTally();
 * tally.add(evacuator.service.judge(0), 0);
 * tally.counts(evacuator.service.handlers).map(({ reason }) => reason); // ["reserved"]
 */
export class RefusalTally {
  readonly #byOutcome = new Map<Outcome, { pages: number; pfns: Pfn[] }>();

  /** Counts pages that were refused so, and remembers the first of each. */
  add(outcome: Outcome, pfn: Pfn, nrPages = 1): void {
    let entry = this.#byOutcome.get(outcome);
    if (entry === undefined) {
      entry = { pages: 0, pfns: [] };
      this.#byOutcome.set(outcome, entry);
    }
    entry.pages += nrPages;
    if (entry.pfns.length < MAX_NAMED_PFNS) entry.pfns.push(pfn);
  }

  get pages(): number {
    let pages = 0;
    for (const entry of this.#byOutcome.values()) pages += entry.pages;
    return pages;
  }

  /** True if one of the refusals will not go away. */
  hasPermanent(table: HandlerTable): boolean {
    for (const outcome of this.#byOutcome.keys()) if (table.isPermanent(outcome)) return true;
    return false;
  }

  /** Most pages first. */
  counts(table: HandlerTable): RefusalCount[] {
    return [...this.#byOutcome]
      .map(([outcome, { pages, pfns }]) => {
        const { id, kind, because } = table.refusal(outcome);
        return { handler: table.names[outcome >>> 8]!, reason: id, kind, because, pages, pfns };
      })
      .sort((a, b) => b.pages - a.pages || a.reason.localeCompare(b.reason));
  }
}

/**
 * Adds up refusals of several lists, by handler and reason.
 *
 * @example
 * const { refused } = evacuator.service.migrate({ pfns: Uint32Array.of(0), mode: MIGRATE_ASYNC });
 * mergeRefusals([refused, refused]).map(({ reason, pages }) => [reason, pages]); // [["reserved",2]]
 */
export function mergeRefusals(lists: ReadonlyArray<readonly RefusalCount[]>): RefusalCount[] {
  const merged = new Map<string, RefusalCount>();
  for (const count of lists.flat()) {
    const key = `${count.handler}/${count.reason}`;
    const there = merged.get(key);
    const pfns = [...(there?.pfns ?? []), ...count.pfns].slice(0, MAX_NAMED_PFNS);
    merged.set(key, { ...count, pages: (there?.pages ?? 0) + count.pages, pfns });
  }
  return [...merged.values()].sort((a, b) => b.pages - a.pages || a.reason.localeCompare(b.reason));
}
