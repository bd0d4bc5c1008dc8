import { JUDGED, type JudgedId } from './metrics.js';
import type { SummaryTable } from './summary.js';

/** How often a strategy is first or level, of the jobs in which it is ranked. */
export interface OverviewEntry {
  readonly good: number;
  readonly ranked: number;
}

export interface OverviewRow {
  readonly strategy: string;
  readonly entries: Readonly<Record<JudgedId, OverviewEntry>>;
}

/** One line for each strategy over all jobs of all machines: who is beaten where. */
export function overviewOf(tables: readonly SummaryTable[]): OverviewRow[] {
  const strategies = [...new Set(tables.flatMap(({ rows }) => rows.map(({ strategy }) => strategy)))];
  const all = tables.flatMap(({ rows }) => rows);
  return strategies.map((strategy) => {
    const rows = all.filter((row) => row.strategy === strategy);
    const entryOf = (id: JudgedId): OverviewEntry => {
      const ranked = rows.map(({ standings }) => standings[id]).filter((standing) => standing !== null);
      return { good: ranked.filter((standing) => standing !== 'behind').length, ranked: ranked.length };
    };
    return {
      strategy,
      entries: Object.fromEntries(JUDGED.map((id) => [id, entryOf(id)])) as Record<JudgedId, OverviewEntry>,
    };
  });
}
