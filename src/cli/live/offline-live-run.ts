import { VacateError } from '../../base/vacate-error.js';
import { type Asked, type AttemptExplanation, explainAttempt } from '../../explain/index.js';
import { type LogRecord, parseKernelLog } from '../../kernel-log/index.js';
import { ACPI_DEVICES } from '../../linux/acpi-dimms.js';
import { ejectDimm } from '../../linux/hotplug/eject.js';
import type { BlockAttempt } from '../../linux/hotplug/empty-block.js';
import { type OfflineRunEnd, type PlannedBlock, runOffline } from '../../linux/hotplug/offline-run.js';
import { WALL_CLOCK } from '../../linux/hotplug/wall-clock.js';
import { readKmsg } from '../../linux/kmsg.js';
import type { LinuxTree } from '../../linux/linux-tree.js';
import { findOwners } from '../../linux/owners/owners.js';
import { waysToPinOn } from '../../linux/owners/ways-to-pin.js';
import { BLOCK_OFFLINE, BLOCK_STATE_NAMES } from '../../mm/memory-block.js';
import type { PageOwners } from '../../mm/page-owners.js';
import { PAGE_SIZE, type Pfn } from '../../mm/units.js';
import type { Context } from '../context.js';
import type { Watching } from '../watch/job-view.js';
import type { LiveMemory } from './live-memory.js';
import { checkWritable, type LiveRun } from './live-run.js';
import type { OfflinePlan } from './offline-live-plan.js';
import type { Committed } from './offline-live-report.js';
import { OfflineSight } from './offline-live-sight.js';

export interface CommitOptions {
  readonly timeoutMs: number | null;
  readonly stallMs: number;
  readonly keepPartial: boolean;
  readonly eject: boolean;
  readonly watching: Watching;
  /** What is seen of memory meanwhile; null if nobody wants to see it. */
  readonly memory: LiveMemory | null;
  /** File in which the run is recorded, which takes `memory`. */
  readonly record: string | null;
}

/** Carries out a plan on the host, and explains what did not go from what the kernel logged meanwhile. */
export async function commitOffline(
  context: Context,
  live: LiveRun,
  plan: OfflinePlan,
  options: CommitOptions,
): Promise<Committed> {
  const { tree, states } = live;
  checkWritable(tree, plan.order);
  const log = new LogSince(tree);
  const begun = WALL_CLOCK.now();
  const sight = new OfflineSight(context, live, plan, options);
  const deadlineMs = deadlineFor(options.timeoutMs);
  let outcome = 'failed';
  try {
    const writer = live.begin('offline');
    let ejected: string | null = null;
    const eject = async () => {
      sight.pause();
      context.progress.update({ label: 'ejecting', done: 0, total: 1, unit: null });
      const failure = await ejectDimm(plan.dimm!, { states, writer, clock: WALL_CLOCK, deadlineMs });
      if (failure === null) ejected = plan.dimm!.name;
      return failure;
    };
    const end = await runOffline({
      blocks: plannedBlocks(plan),
      states,
      writer,
      clock: WALL_CLOCK,
      bounds: { deadlineMs, stallMs: options.stallMs, interrupted: () => context.interrupts.interrupted },
      keepPartial: options.keepPartial,
      afterwards: options.eject ? eject : undefined,
      ...sight.hooks(() => log.mark()),
    });
    sight.pause();
    outcome = end.outcome;
    const explanation = await log.explain(plan, end);
    await sight.lookAgain(explanation ?? [], isHurried(outcome));
    return {
      ...end,
      writes: writer.writes,
      problem: writer.problem,
      journal: live.journal.path,
      ejected,
      explanation,
      states: new Map(plan.blocks.map(({ block }) => [block, BLOCK_STATE_NAMES[states.read(block)?.state ?? 0]])),
      seconds: (WALL_CLOCK.now() - begun) / 1000,
    };
  } finally {
    await sight.end(outcome);
  }
}

/** Somebody waits for the end: what only says more about the run takes little time. */
function isHurried(outcome: string): boolean {
  return outcome === 'timeout' || outcome === 'interrupted';
}

/** Bringing back and reporting take time, too: at most so much of the limit is kept for it. */
const ENDING_MS_MAX = 1500;
const ENDING_SHARE = 10;

/** When the kernel is made to give up, so that all is over when time is up; by the clock of this process. */
export function deadlineFor(timeoutMs: number | null): number {
  if (timeoutMs === null) return Number.POSITIVE_INFINITY;
  return timeoutMs - Math.min(ENDING_MS_MAX, timeoutMs / ENDING_SHARE);
}

/** Why a DIMM cannot be ejected, in a sentence; null if it may be asked for. */
export function whyNoEject(tree: LinuxTree, { dimm }: OfflinePlan): string | null {
  if (dimm === null)
    return '--eject is for a whole DIMM, and these blocks are not all those of one; select it with --dimm';
  if (tree.has(`${ACPI_DEVICES}/${dimm.name}/eject`)) return null;
  return `${dimm.name} cannot be ejected: its firmware offers no such thing (${tree.at(ACPI_DEVICES)}/${dimm.name}/eject)`;
}

function plannedBlocks({ blocks, order }: OfflinePlan): PlannedBlock[] {
  const byNumber = new Map(blocks.map((block) => [block.block, block]));
  return order.map((number) => {
    const { block, state, zones, areZonesKnown } = byNumber.get(number)!;
    const wasOffline = state === BLOCK_OFFLINE;
    return { block, wasOffline, zone: wasOffline || !areZonesKnown ? null : (zones[0] ?? null) };
  });
}

/** What the kernel logs during a run. That it cannot be read explains less, and stops nothing. */
class LogSince {
  /** Sequence numbers at which the attempts began, in their order. */
  readonly #marks: (number | null)[] = [];

  constructor(private readonly tree: LinuxTree) {}

  /** An attempt begins. */
  mark(): void {
    this.#marks.push(this.#read(null)?.last ?? null);
  }

  /** The attempts that failed, with the owners of the pages that are named; null if the log cannot be read. */
  async explain(
    { blockBytes }: OfflinePlan,
    { attempts, outcome }: OfflineRunEnd,
  ): Promise<AttemptExplanation[] | null> {
    const failed: { readonly asked: Asked; readonly records: LogRecord[] }[] = [];
    for (const [index, attempt] of attempts.entries()) {
      if (attempt.obstacle === null) continue;
      const since = this.#read(this.#marks[index] ?? null);
      if (since === null) return null;
      failed.push({ asked: askedOf(attempt), records: parseKernelLog(since.text) });
    }
    const waysToPin = waysToPinOn(this.tree);
    const explainAll = (owners: PageOwners | null) =>
      failed.map(({ asked, records }) =>
        explainAttempt(records, asked, { blockPages: blockBytes / PAGE_SIZE, owners, waysToPin }),
      );
    const explanations = explainAll(null);
    const pfns = explanations.flatMap(({ pages }) => pages.map(({ pfn }) => pfn));
    const owners =
      pfns.length === 0 ? null : await ownersOf(this.tree, pfns, isHurried(outcome) ? HURRY_MS : OWNERS_MS_MAX);
    return owners === null ? explanations : explainAll(owners);
  }

  #read(after: number | null): ReturnType<typeof readKmsg> {
    try {
      return readKmsg(this.tree, { after });
    } catch (error) {
      if (VacateError.is(error)) return null;
      throw error;
    }
  }
}

function askedOf({ block, error, obstacle, seconds }: BlockAttempt): Asked {
  return { block, errno: error, isOffline: false, isInterrupted: obstacle !== 'refused', seconds };
}

/** To ask all processes for their pages may take long; who waits for a time limit gets what is found in a second. */
const OWNERS_MS_MAX = 10_000;
const HURRY_MS = 1000;

/** Null if it took too long, or may not be asked. */
async function ownersOf(tree: LinuxTree, pfns: readonly Pfn[], patienceMs: number): Promise<PageOwners | null> {
  const signal = AbortSignal.timeout(patienceMs);
  try {
    return await findOwners(tree, pfns, { signal });
  } catch (error) {
    if (signal.aborted || VacateError.is(error)) return null;
    throw error;
  }
}
