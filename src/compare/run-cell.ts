import { VacateError } from '../base/vacate-error.js';
import type { RefusalCount } from '../migration/migration-report.js';
import type { HighOrderResult, JobOutcome, OfflineResult, PagesScanned } from '../strategies/strategy.js';
import type { Cell, CellKey, Reason } from './cell.js';
import { drive } from './drive.js';
import type { CellEvacuator, FrontEndKey } from './evacuator-port.js';
import type { CompareJob } from './job.js';
import type { KeptMachine } from './kept-machine.js';
import type { Metrics } from './metrics.js';
import { runRequests } from './run-requests.js';
import type { Stake } from './stake.js';
import type { Surroundings } from './surroundings.js';
import { workNs } from './virtual-time.js';

/** Everything that one run needs; the machine is as it was kept. */
export interface CellRun {
  readonly key: CellKey;
  readonly job: CompareJob;
  readonly frontEnd: FrontEndKey;
  readonly kept: KeptMachine;
  readonly evacuator: CellEvacuator;
  readonly surroundings: Surroundings;
  readonly stake: Stake;
}

/** What a job came to, whatever its kind. */
export interface Achieved {
  readonly outcome: JobOutcome;
  readonly asked: number;
  readonly made: number;
  readonly pagesMigrated: number;
  readonly scanned: PagesScanned | null;
  /** Pages looked at by a planner that has no scanners and says nothing of it: what it cannot have done without. */
  readonly planned: number;
  readonly refusals: readonly RefusalCount[];
  /** Virtual time that the job lasts by its nature, in nanoseconds: the schedule of requests. */
  readonly scheduledNs: number;
}

/** Errors that say that a strategy is not for this job, as opposed to having failed at it. */
const DOES_NOT_APPLY: readonly string[] = ['usage', 'range'];

/** Runs one cell. Whatever a strategy throws is the cell's own affair: the others go on. */
export function runCell(run: CellRun): Cell {
  const { key, kept, evacuator, surroundings } = run;
  const clockBefore = kept.machine.clock[0]!;
  const { reclaim } = evacuator.service.host;
  const before = reclaim.counters;
  try {
    const achieved = achieve(run);
    const clockNs = kept.machine.clock[0]! - clockBefore;
    surroundings.stop();
    const after = reclaim.counters;
    const metrics = metricsOf(run, achieved, {
      clockNs,
      reclaimed: after.reclaimed - before.reclaimed,
      reclaimScanned: after.scanned - before.scanned,
    });
    const refusals = reasonsOf(achieved.refusals);
    return { ...key, ended: achieved.outcome, because: null, metrics, refusals, stateHash: kept.hash() };
  } catch (error) {
    const inapplicable = VacateError.is(error) && DOES_NOT_APPLY.includes(error.kind);
    const because = sentenceOf(error);
    const ended = inapplicable ? 'does-not-apply' : 'error';
    return { ...key, ended, because, metrics: null, refusals: [], stateHash: null };
  }
}

/** What every row of a table would begin with goes without saying. */
function sentenceOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/^strategy [^ ]+ does not apply: /, '');
}

function achieve(run: CellRun): Achieved {
  const { job, evacuator, key, kept, surroundings } = run;
  const { nrPfns } = kept.machine.spec;
  switch (job.kind) {
    case 'high-order': {
      const { order, count } = job;
      return ofHighOrder(run, drive(evacuator.highOrder({ order, count }, key.strategy), surroundings, nrPfns));
    }
    case 'offline':
      return ofOffline(run, drive(evacuator.offline({ blocks: job.blocks }, key.strategy), surroundings, nrPfns));
    case 'requests':
      return runRequests(run, job);
  }
}

function ofHighOrder({ kept, stake }: CellRun, result: HighOrderResult): Achieved {
  const { outcome, asked, made, pagesMigrated, scanned, refusals } = result;
  return {
    outcome,
    asked: asked === 'all' ? (stake.candidates ?? 0) : asked,
    made,
    pagesMigrated,
    scanned,
    planned: kept.machine.spec.nrPfns,
    refusals,
    scheduledNs: 0,
  };
}

function ofOffline({ kept }: CellRun, { outcome, blocks, pagesMigrated, refusals }: OfflineResult): Achieved {
  return {
    outcome,
    asked: blocks.length,
    made: blocks.filter(({ state }) => state === 'offline').length,
    pagesMigrated,
    scanned: null,
    planned: blocks.length * kept.machine.spec.blockPages,
    refusals,
    scheduledNs: 0,
  };
}

interface Spent {
  readonly clockNs: number;
  readonly reclaimed: number;
  readonly reclaimScanned: number;
}

function metricsOf({ job, kept, stake, surroundings }: CellRun, achieved: Achieved, spent: Spent): Metrics {
  const { asked, made, pagesMigrated, scanned, planned, refusals, scheduledNs } = achieved;
  const lowerBound = stake.bound(made);
  const looked = scanned === null ? planned : scanned.migrate + scanned.free;
  const work = { moved: pagesMigrated, scanned: looked + spent.reclaimScanned, reclaimed: spent.reclaimed };
  const isHighOrder = job.kind === 'high-order';
  return {
    success: asked === 0 ? null : Math.min(1, made / asked),
    asked,
    made,
    pagesMigrated,
    lowerBound,
    movesPerBlock: isHighOrder ? ratio(pagesMigrated, made) : null,
    boundPerBlock: isHighOrder ? ratio(lowerBound ?? 0, made) : null,
    movesOverBound: lowerBound === null ? null : ratio(pagesMigrated, lowerBound),
    livePages: stake.livePages,
    copiesPerLivePage: stake.livePages === null ? null : ratio(pagesMigrated, stake.livePages),
    pagesReclaimed: spent.reclaimed,
    pagesScannedMigrate: scanned?.migrate ?? null,
    pagesScannedFree: scanned?.free ?? null,
    pagesRefused: refusals.reduce((sum, { pages }) => sum + pages, 0),
    virtualNs: Math.max(0, spent.clockNs - scheduledNs) + workNs(work),
    othersFailed: surroundings.failures,
    contentsWrong: kept.pagesWrong((mm, vpn) => surroundings.hasWritten(mm, vpn)) + surroundings.wrong,
  };
}

function ratio(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}

function reasonsOf(refusals: readonly RefusalCount[]): Reason[] {
  return refusals.map(({ handler, reason, pages }) => ({ reason: `${handler}/${reason}`, pages }));
}
