import type { Cell, Reason } from './cell.js';
import { JUDGED, type JudgedId, METRIC_IDS, METRICS, type MetricId } from './metrics.js';
import type { PlannedMachine } from './plan.js';
import { type Estimate, estimate, type Sample, type Standing, standings } from './statistics.js';

/** What one strategy did with one job of one machine, over all seeds. */
export interface SummaryRow {
  readonly strategy: string;
  /** Seeds with a result. */
  readonly n: number;
  /** Why it does not apply; null if it did on any seed. */
  readonly doesNotApply: string | null;
  /** Runs that ended in an error, and what the first of them said. */
  readonly nrErrors: number;
  readonly firstError: string | null;
  readonly estimates: Readonly<Record<MetricId, Estimate | null>>;
  /** Null where it is not ranked: it has no such value, or did less than others, so that its costs say nothing. */
  readonly standings: Readonly<Record<JudgedId, Standing | null>>;
  /** Pages refused by reason, a run; most first. */
  readonly refusals: readonly Reason[];
}

export interface SummaryTable {
  readonly machine: string;
  readonly job: string;
  readonly kind: 'high-order' | 'offline' | 'requests';
  readonly nrSeeds: number;
  readonly rows: readonly SummaryRow[];
}

/** A table for every job of every machine that has a finished cell. */
export function summarise(machines: readonly PlannedMachine[], cells: readonly Cell[]): SummaryTable[] {
  return machines.flatMap(({ name: machine, seeds, jobs }) => {
    const ofMachine = cells.filter((cell) => cell.machine === machine);
    return jobs.flatMap(({ name, job, strategies }) => {
      const ofJob = ofMachine.filter((cell) => cell.job === name);
      if (ofJob.length === 0) return [];
      const rows = rowsOf(strategies, ofJob);
      return [{ machine, job: name, kind: job.kind, nrSeeds: seeds.length, rows }];
    });
  });
}

function rowsOf(strategies: readonly string[], cells: readonly Cell[]): SummaryRow[] {
  const byStrategy = strategies.map((strategy) => cells.filter((cell) => cell.strategy === strategy));
  const judged = judge(byStrategy);
  return strategies.map((strategy, at) => {
    const own = byStrategy[at]!;
    const ended = own.filter(({ metrics }) => metrics !== null);
    const errors = own.filter((cell) => cell.ended === 'error');
    const inapplicable = own.filter((cell) => cell.ended === 'does-not-apply');
    return {
      strategy,
      n: ended.length,
      doesNotApply: own.length > 0 && inapplicable.length === own.length ? own[0]!.because : null,
      nrErrors: errors.length,
      firstError: errors[0]?.because ?? null,
      estimates: recordOf(METRIC_IDS, (id) => estimate([...sampleOf(own, id).values()])),
      standings: recordOf(JUDGED, (id) => judged[id][at]!),
      refusals: meanRefusals(ended),
    };
  });
}

/** What a strategy that takes memory away saves itself. */
const MOVES: readonly JudgedId[] = ['pagesMigrated', 'movesOverBound', 'copiesPerLivePage'];

/**
 * Costs are compared among those that no one beats at the job itself; moves among those of them that took no more memory
 * from its owners besides, for a page that is taken does not have to move, and somebody has to read it back.
 */
function judge(byStrategy: ReadonlyArray<readonly Cell[]>): Record<JudgedId, (Standing | null)[]> {
  const samples = byStrategy.map((cells) => sampleOf(cells, 'success'));
  const bySuccess = standings(samples, 'more');
  const isAhead = (standing: Standing | null | undefined) => standing === 'first' || standing === 'level';
  const anyDid = samples.some((sample) => [...sample.values()].some((value) => value > 0));
  const byReclaimed = standings(
    byStrategy.map((cells, at) => (anyDid && isAhead(bySuccess[at]) ? sampleOf(cells, 'pagesReclaimed') : new Map())),
    'less',
  );
  return recordOf(JUDGED, (id) => {
    if (id === 'success') return bySuccess;
    const among = byStrategy.map((cells, at) => {
      const isRanked = anyDid && isAhead(bySuccess[at]) && (!MOVES.includes(id) || isAhead(byReclaimed[at]));
      return isRanked ? sampleOf(cells, id) : new Map();
    });
    return standings(among, METRICS[id].better ?? 'less');
  });
}

function sampleOf(cells: readonly Cell[], id: MetricId): Sample {
  return new Map(
    cells.flatMap(({ seed, metrics }) => {
      const value = metrics?.[id] ?? null;
      return value === null ? [] : [[String(seed), value] as const];
    }),
  );
}

function meanRefusals(cells: readonly Cell[]): Reason[] {
  const totals = new Map<string, number>();
  for (const { refusals } of cells)
    for (const { reason, pages } of refusals) totals.set(reason, (totals.get(reason) ?? 0) + pages);
  return [...totals]
    .map(([reason, pages]) => ({ reason, pages: pages / cells.length }))
    .sort((a, b) => b.pages - a.pages || a.reason.localeCompare(b.reason));
}

function recordOf<Id extends string, Value>(ids: readonly Id[], measure: (id: Id) => Value): Record<Id, Value> {
  return Object.fromEntries(ids.map((id) => [id, measure(id)])) as Record<Id, Value>;
}
