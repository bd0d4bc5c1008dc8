import type { RefusalCount } from '../migration/migration-report.js';
import type { PagesScanned } from '../strategies/strategy.js';
import type { ShardWork } from './shard.js';
import type { ShardNode } from './shard-group.js';

/** What several nodes did together. */
export interface ShardTotals {
  /** Null if no node did anything. */
  readonly strategy: string | null;
  /** True if a node was stopped in the middle of its job; what it had under way was put back. */
  readonly stopped: boolean;
  readonly pagesMigrated: number;
  readonly pagesReclaimed: number;
  readonly pagesRetried: number;
  /** Of the node whose own clock went furthest: they work side by side. */
  readonly virtualNs: number;
  /** Of all threads together; null where the system does not say. */
  readonly cpuMs: number | null;
}

export function totalsOf(works: readonly ShardWork[]): ShardTotals {
  const sum = (of: (work: ShardWork) => number) => works.reduce((total, work) => total + of(work), 0);
  return {
    strategy: works[0]?.strategy ?? null,
    stopped: works.some(({ stoppedAt }) => stoppedAt !== null),
    pagesMigrated: sum(({ pagesMigrated }) => pagesMigrated),
    pagesReclaimed: sum(({ pagesReclaimed }) => pagesReclaimed),
    pagesRetried: sum(({ pagesRetried }) => pagesRetried),
    virtualNs: works.reduce((most, { virtualNs }) => Math.max(most, virtualNs), 0),
    cpuMs: sumOrNull(works.map(({ cpuMs }) => cpuMs)),
  };
}

/** Null as soon as one of them is not known. */
export function sumOrNull(values: readonly (number | null)[]): number | null {
  return values.reduce((sum, value) => (sum === null || value === null ? null : sum + value), 0);
}

/** Null if no strategy has scanners. */
export function sumOfScanned(values: readonly (PagesScanned | null)[]): PagesScanned | null {
  return values.reduce((sum, scanned) => {
    if (sum === null || scanned === null) return sum ?? scanned;
    return { migrate: sum.migrate + scanned.migrate, free: sum.free + scanned.free };
  }, null);
}

/** A node's refusals with page frames numbered over all nodes. */
export function refusalsAt({ firstPfn }: ShardNode, refusals: readonly RefusalCount[]): RefusalCount[] {
  return refusals.map((count) => ({ ...count, pfns: count.pfns.map((pfn) => pfn + firstPfn) }));
}
