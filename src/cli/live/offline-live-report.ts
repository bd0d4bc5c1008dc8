import type { AttemptExplanation } from '../../explain/index.js';
import type { BroughtBack } from '../../linux/hotplug/bring-back.js';
import type { BlockAttempt } from '../../linux/hotplug/empty-block.js';
import type { RunOutcome } from '../../linux/hotplug/offline-run.js';
import type { StateWrite } from '../../linux/hotplug/state-writer.js';
import { BLOCK_OFFLINE } from '../../mm/memory-block.js';
import type { BlockId } from '../../mm/units.js';
import { EXIT_DONE, EXIT_INTERRUPTED, EXIT_PARTIAL, EXIT_REFUSED } from '../exit-codes.js';
import type { OfflinePlan } from './offline-live-plan.js';

/** What was done to a host. */
export interface Committed {
  readonly outcome: RunOutcome;
  readonly attempts: readonly BlockAttempt[];
  readonly rolledBack: readonly BroughtBack[] | null;
  readonly failedAfterwards: string | null;
  readonly isSettled: boolean;
  readonly writes: readonly StateWrite[];
  /** Why the journal could not be written in the end; null if it could. */
  readonly problem: string | null;
  /** Where it lies. */
  readonly journal: string;
  readonly ejected: string | null;
  readonly explanation: readonly AttemptExplanation[] | null;
  /** State of every block of the plan, as it is now. */
  readonly states: ReadonlyMap<BlockId, string>;
  readonly seconds: number;
}

export interface OfflineLiveReport {
  readonly plan: OfflinePlan;
  /** Null if nothing was written: a dry run, or a forecast that refuses. */
  readonly committed: Committed | null;
  readonly bounds: { readonly timeoutMs: number | null; readonly stallMs: number };
}

/** `planned`: a dry run that would be tried. */
export function outcomeOf({ plan, committed }: OfflineLiveReport): RunOutcome | 'planned' {
  if (committed !== null) return committed.outcome === 'done' && leavesOut(plan) ? 'partial' : committed.outcome;
  if (plan.isLate) return 'timeout';
  return plan.refusal === null ? 'planned' : 'refused';
}

/** With --keep-partial, blocks of which it is known that they will not go are not even tried. */
function leavesOut({ blocks, order }: OfflinePlan): boolean {
  return blocks.some(({ block, state }) => state !== BLOCK_OFFLINE && !order.includes(block));
}

/** Blocks of the run that stay offline, as the user wanted. */
export function keptOffline({ attempts, rolledBack }: Committed): BlockId[] {
  if (rolledBack !== null) return [];
  return attempts.filter(({ obstacle }) => obstacle === null).map(({ block }) => block);
}

export function exitCodeOfReport(report: OfflineLiveReport): number {
  const outcome = outcomeOf(report);
  const { committed } = report;
  if (outcome === 'done' || outcome === 'planned') return EXIT_DONE;
  if (committed === null || !committed.isSettled) return EXIT_REFUSED;
  if (outcome === 'interrupted') return EXIT_INTERRUPTED;
  return keptOffline(committed).length > 0 ? EXIT_PARTIAL : EXIT_REFUSED;
}
