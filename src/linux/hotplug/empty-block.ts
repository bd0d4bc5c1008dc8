import { VacateError } from '../../base/vacate-error.js';
import type { BlockId, Pfn } from '../../mm/units.js';
import { type BlockLook, type BlockStates, type Clock, isOffline } from './block-states.js';
import { type Stall, StallWatch } from './stall-watch.js';
import type { StateWriter } from './state-writer.js';

/** What keeps a run going, and what stops it. */
export interface RunBounds {
  /** By the run's clock; infinite for never. */
  readonly deadlineMs: number;
  readonly stallMs: number;
  /** The user wants to stop. */
  readonly interrupted: () => boolean;
}

/** Why a block did not go. */
export type Obstacle = 'refused' | 'stalled' | 'timeout' | 'interrupted';

/** What came of one block's `echo offline`. */
export interface BlockAttempt {
  readonly block: BlockId;
  /** Null if it went. */
  readonly obstacle: Obstacle | null;
  /** The errno by name; null if it went, or if there is none. */
  readonly error: string | null;
  readonly seconds: number;
  /** Of the block, when the attempt began and ended; null if it cannot be seen. */
  readonly pagesBefore: number | null;
  readonly pagesLeft: number | null;
  /** The first of those left. */
  readonly pfnsLeft: readonly Pfn[];
  /** By the kernel's counters, of the whole machine; null without them. */
  readonly pagesMigrated: number | null;
  readonly pagesFailed: number | null;
  /** Where it stood when it was stopped; null if the kernel ended by itself. */
  readonly stall: Stall | null;
  /** What else went wrong, as a sentence: the journal, the writing process. Null if nothing did. */
  readonly problem: string | null;
  /** The kernel has not let go of the write; it may still take the block. */
  readonly isPending: boolean;
}

export interface EmptyBlockTask {
  readonly states: BlockStates;
  readonly writer: StateWriter;
  readonly clock: Clock;
  readonly bounds: RunBounds;
  readonly onLook?: ((block: BlockId, pagesBefore: number | null, look: BlockLook) => void) | undefined;
}

/** Often enough to keep a limit to a tenth of a second, seldom enough not to be noticed. */
const LOOK_MS = 100;
/** Looking takes at most one part in so many of the time. */
const LOOK_SHARE = 5;

/** Asks the kernel to take one online block offline, watches, and makes it give up when it should. */
export async function emptyBlock(task: EmptyBlockTask, block: BlockId, zone: string | null): Promise<BlockAttempt> {
  const { states, writer, clock } = task;
  const begun = clock.now();
  const first = states.look(block);
  const hasGone = () => isOffline(states, block, false);
  const writing = writer
    .write({
      word: 'offline',
      block,
      before: { state: 'online', zone },
      outcome: (error) => (hasGone() ? null : (error ?? 'ENOTDONE')),
    })
    .then(
      (error) => ({ error, problem: null }),
      (cause: unknown) => {
        if (!VacateError.is(cause)) throw cause;
        return { error: null, problem: cause.message };
      },
    );
  const stop = await watch(task, block, first, writing);
  const isPending = stop !== null && !(await states.interrupt());
  const { error, problem } = isPending ? { error: 'EINTR', problem: null } : await writing;
  const last = states.look(block);
  const went = hasGone();
  return {
    block,
    obstacle: went ? null : (stop?.obstacle ?? 'refused'),
    error: went ? null : error,
    seconds: (clock.now() - begun) / 1000,
    pagesBefore: first.pages,
    pagesLeft: went ? 0 : last.pages,
    pfnsLeft: went ? [] : last.pfns,
    pagesMigrated: since(first.migrated, last.migrated),
    pagesFailed: since(first.failed, last.failed),
    stall: went ? null : (stop?.stall ?? null),
    // Ended by us, it has nothing more to say.
    problem: stop === null ? problem : null,
    isPending,
  };
}

interface Stop {
  readonly obstacle: Obstacle;
  readonly stall: Stall;
}

/** Looks on until the write has ended (null), or until it should be. */
async function watch(
  { states, clock, bounds, onLook }: EmptyBlockTask,
  block: BlockId,
  first: BlockLook,
  writing: Promise<unknown>,
): Promise<Stop | null> {
  const stalls = new StallWatch(bounds.stallMs, () => states.targetRoom());
  stalls.observe(first, clock.now());
  let pauseMs = LOOK_MS;
  for (;;) {
    const patience = Math.max(0, Math.min(pauseMs, bounds.deadlineMs - clock.now()));
    if (await clock.within(patience, writing)) return null;
    const lookedAt = clock.now();
    const look = states.look(block);
    const now = clock.now();
    pauseMs = Math.max(LOOK_MS, LOOK_SHARE * (now - lookedAt));
    onLook?.(block, first.pages, look);
    const stall = stalls.observe(look, now);
    if (bounds.interrupted()) return { obstacle: 'interrupted', stall: stalls.judge(look) };
    if (now >= bounds.deadlineMs) return { obstacle: 'timeout', stall: stalls.judge(look) };
    if (stall !== null) return { obstacle: 'stalled', stall };
  }
}

function since(before: number | null, after: number | null): number | null {
  return before === null || after === null ? null : Math.max(0, after - before);
}
