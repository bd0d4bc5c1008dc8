import { VacateError } from '../../base/vacate-error.js';
import type { BlockId } from '../../mm/units.js';
import { type BlockLook, type BlockStates, type Clock, isGoingOffline, isOffline } from './block-states.js';
import { type BroughtBack, bringBack } from './bring-back.js';
import { type BlockAttempt, emptyBlock, type Obstacle, type RunBounds } from './empty-block.js';
import type { StateWriter } from './state-writer.js';

/** A block of a run as it was before. */
export interface PlannedBlock {
  readonly block: BlockId;
  readonly wasOffline: boolean;
  /** Its one zone; null if it is offline, or the kernel does not say. */
  readonly zone: string | null;
}

export interface OfflineRunTask {
  /** In the order in which they are to go. */
  readonly blocks: readonly PlannedBlock[];
  readonly states: BlockStates;
  readonly writer: StateWriter;
  readonly clock: Clock;
  readonly bounds: RunBounds;
  /** What went stays offline although others did not go, which are tried all the same. */
  readonly keepPartial: boolean;
  /** What follows when all blocks are offline; a sentence if it failed, and everything is brought back. */
  readonly afterwards?: (() => Promise<string | null>) | undefined;
  readonly onBlock?: ((block: BlockId) => void) | undefined;
  /** Told how each attempt ended, when it has. */
  readonly onAttempt?: ((attempt: BlockAttempt) => void) | undefined;
  /** Told of each block that was to be brought back. */
  readonly onBack?: ((back: BroughtBack) => void) | undefined;
  readonly onLook?: ((block: BlockId, pagesBefore: number | null, look: BlockLook) => void) | undefined;
}

/** How a run ended: `partial` only where that was wanted. */
export type RunOutcome = 'done' | 'partial' | Obstacle;

export interface OfflineRunEnd {
  readonly outcome: RunOutcome;
  /** Of the blocks that were tried, in the order in which they were. */
  readonly attempts: readonly BlockAttempt[];
  /** What was brought back; null if nothing had to be. */
  readonly rolledBack: readonly BroughtBack[] | null;
  /** Why what follows failed; null if it did not, or was not tried. */
  readonly failedAfterwards: string | null;
  /** Nothing of it is left to be undone. */
  readonly isSettled: boolean;
}

const READY_LOOK_MS = 100;

/**
 * Takes memory blocks offline, all of them or none: what had gone is brought back, each block to the zone it had, if
 * another one does not go, time is up, or the user stops it. Every write is noted before and after.
 */
export async function runOffline(task: OfflineRunTask): Promise<OfflineRunEnd> {
  const attempts: BlockAttempt[] = [];
  const stopped = await takeBlocks(task, attempts);
  const isWhole = stopped === null && attempts.every(({ obstacle }) => obstacle === null);
  const failedAfterwards = isWhole ? await goOn(task) : null;
  const obstacle = stopped ?? attempts.find((attempt) => attempt.obstacle !== null)?.obstacle ?? null;
  const outcome = failedAfterwards === null ? (obstacle ?? 'done') : 'refused';
  const left = offlineNow(task, attempts);
  const mustGoBack = outcome !== 'done' && !task.keepPartial && left.length > 0;
  const rolledBack = mustGoBack ? await bringBack({ ...task, blocks: left }) : null;
  const isSettled = isQuiet(task, attempts) && (rolledBack?.every(({ isBack }) => isBack) ?? true);
  const isPartial = task.keepPartial && left.length > 0 && (outcome === 'refused' || outcome === 'stalled');
  const ended: RunOutcome = isPartial ? 'partial' : outcome;
  if (isSettled) task.writer.end(ended);
  return { outcome: ended, attempts, rolledBack, failedAfterwards, isSettled };
}

/** What follows; why it failed, or null. */
async function goOn({ afterwards }: OfflineRunTask): Promise<string | null> {
  try {
    return (await afterwards?.()) ?? null;
  } catch (error) {
    if (VacateError.is(error)) return error.message;
    throw error;
  }
}

/** Why no further block was tried; null if all were. */
async function takeBlocks(task: OfflineRunTask, attempts: BlockAttempt[]): Promise<Obstacle | null> {
  for (const { block, wasOffline, zone } of task.blocks) {
    if (wasOffline) continue;
    const over = await whenReady(task);
    if (over !== null) return over;
    task.onBlock?.(block);
    const attempt = await emptyBlock(task, block, zone);
    attempts.push(attempt);
    task.onAttempt?.(attempt);
    if (attempt.obstacle === null && attempt.problem === null) continue;
    const goesOn = task.keepPartial && (attempt.obstacle === 'refused' || attempt.obstacle === 'stalled');
    if (!goesOn || attempt.problem !== null || attempt.isPending) return attempt.obstacle ?? 'refused';
  }
  // Nobody who wants to stop wants what follows.
  return task.afterwards === undefined ? null : whyOver(task);
}

/** Somebody is ready to write, which must not count as a stall; or why there is no time to wait for that. */
async function whenReady(task: OfflineRunTask): Promise<Obstacle | null> {
  // That nobody could be found is told by the write.
  const ready = task.states.writer();
  for (;;) {
    const over = whyOver(task);
    if (over !== null || (await task.clock.within(READY_LOOK_MS, ready))) return over;
  }
}

function whyOver({ bounds, clock }: OfflineRunTask): Obstacle | null {
  if (bounds.interrupted()) return 'interrupted';
  return clock.now() >= bounds.deadlineMs ? 'timeout' : null;
}

/** Tried, and offline: what is to be brought back, the last first. */
function offlineNow({ blocks, states }: OfflineRunTask, attempts: readonly BlockAttempt[]) {
  const tried = attempts.map(({ block }) => blocks.find((planned) => planned.block === block)!);
  return tried.filter(({ block }) => isOffline(states, block, true)).reverse();
}

/** No write is under way any more that could still take a block. */
function isQuiet({ states }: OfflineRunTask, attempts: readonly BlockAttempt[]): boolean {
  return attempts.every(({ isPending, block }) => !isPending || !isGoingOffline(states, block));
}
