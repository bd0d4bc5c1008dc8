import { BLOCK_OFFLINE, BLOCK_STATE_NAMES } from '../../mm/memory-block.js';
import { attemptBecause } from './offline-live-because.js';
import { type OfflineLiveReport, outcomeOf } from './offline-live-report.js';

/** The report of `vacate offline live` for programs. */
export function offlineLiveJson(report: OfflineLiveReport) {
  const { plan, committed, bounds } = report;
  const attempts = new Map(committed?.attempts.map((attempt) => [attempt.block, attempt]));
  return {
    command: 'offline',
    machine: plan.machine,
    outcome: outcomeOf(report),
    committed: committed !== null,
    because: committed?.failedAfterwards ?? plan.refusal,
    order: plan.order,
    dimm: plan.dimm?.name ?? null,
    timeoutMs: bounds.timeoutMs,
    stallMs: bounds.stallMs,
    seconds: committed?.seconds ?? 0,
    blocks: plan.blocks.map(({ block, state, zones, areZonesKnown }) => {
      const attempt = attempts.get(block);
      const planned = plan.verdicts.get(block)!;
      const stateBefore = BLOCK_STATE_NAMES[state];
      return {
        block,
        stateBefore,
        zoneBefore: state === BLOCK_OFFLINE || !areZonesKnown ? null : (zones[0] ?? null),
        state: committed?.states.get(block) ?? stateBefore,
        verdict: planned.verdict,
        pagesToMove: planned.pagesToMove,
        obstacle: attempt?.obstacle ?? null,
        seconds: attempt?.seconds ?? null,
        pagesBefore: attempt?.pagesBefore ?? null,
        pagesLeft: attempt?.stall?.now.pages ?? attempt?.pagesLeft ?? null,
        pfnsLeft: attempt?.stall?.now.pfns ?? attempt?.pfnsLeft ?? [],
        pagesMigrated: attempt?.pagesMigrated ?? null,
        pagesFailed: attempt?.pagesFailed ?? null,
        stall: attempt?.stall?.cause ?? null,
        error: attempt?.error ?? null,
        because: attempt === undefined ? planned.because : attemptBecause(attempt, bounds),
      };
    }),
    writes: committed?.writes ?? [],
    journal: committed?.journal ?? null,
    journalProblem: committed?.problem ?? null,
    ejected: committed?.ejected ?? null,
    explanation: committed?.explanation ?? null,
    rolledBack: committed?.rolledBack ?? null,
    settled: committed?.isSettled ?? true,
    forecast: plan.forecast,
    caveats: plan.caveats,
  };
}
