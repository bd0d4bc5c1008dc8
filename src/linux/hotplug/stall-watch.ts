import type { BlockLook } from './block-states.js';

/** Why a block does not get emptier. From outside the three look the same: the kernel's write does not return. */
export type StallCause =
  /** Its pages have nowhere to go. */
  | 'out-of-targets'
  /** The same pages fail in each pass: somebody holds references to them. */
  | 'same-pages'
  /** Pages fail, and not always the same: they are in use faster than they can be moved. */
  | 'other-pages'
  /** Nothing is tried: the kernel waits for a lock or for a driver. */
  | 'not-trying';

export interface Stall {
  readonly cause: StallCause;
  /** Where it stood when nothing more left, and where it stands. */
  readonly since: BlockLook;
  readonly now: BlockLook;
  readonly targetRoom: number | null;
}

/** With fewer targets than this the allocator fails as often as not: they are spread over zones and CPUs. */
const FEW_TARGETS = 256;

/**
 * The stall rule: no page has left the block in so long. Pages that come and go do not count, only fewer pages than ever
 * before; where pages cannot be seen, the kernel's own count of migrated ones has to do.
 */
export class StallWatch {
  #best: BlockLook | null = null;
  #bestAt = 0;

  constructor(
    private readonly stallMs: number,
    private readonly targetRoom: () => number | null,
  ) {}

  /** A stall if there is one by now. */
  observe(look: BlockLook, nowMs: number): Stall | null {
    if (this.#best === null || isProgress(this.#best, look)) {
      this.#best = look;
      this.#bestAt = nowMs;
      return null;
    }
    return nowMs - this.#bestAt < this.stallMs ? null : this.judge(look);
  }

  /** Why the block stands where it does, as of this look; also for a run whose time is up. */
  judge(now: BlockLook): Stall {
    const since = this.#best ?? now;
    const targetRoom = this.targetRoom();
    return { cause: causeOf(since, now, targetRoom), since, now, targetRoom };
  }
}

function isProgress(best: BlockLook, look: BlockLook): boolean {
  if (best.pages !== null && look.pages !== null) return look.pages < best.pages;
  return (look.migrated ?? 0) > (best.migrated ?? 0);
}

function causeOf(since: BlockLook, now: BlockLook, targetRoom: number | null): StallCause {
  // A migration without a target counts as failed too (migrate_pages), so room is asked first.
  const wanted = Math.min(now.pages ?? FEW_TARGETS, FEW_TARGETS);
  if (targetRoom !== null && targetRoom < wanted) return 'out-of-targets';
  if ((now.failed ?? 0) <= (since.failed ?? 0)) return 'not-trying';
  return since.pagesHash === now.pagesHash ? 'same-pages' : 'other-pages';
}
