import { VacateError } from '../../base/vacate-error.js';
import { BLOCK_GOING_OFFLINE, BLOCK_OFFLINE, type BlockState } from '../../mm/memory-block.js';
import type { BlockId, Pfn } from '../../mm/units.js';
import type { SysfsBlock } from '../sysfs-memory.js';
import type { ProcessIdentity } from './process-identity.js';
import type { WriteEnd } from './writer-process.js';

/** A block while the kernel empties it, as far as it can be seen from outside. */
export interface BlockLook {
  /** Pages in use; null if the page files cannot be read. */
  readonly pages: number | null;
  /** The first of them. */
  readonly pfns: readonly Pfn[];
  /** Equal for equal sets of pages in use. */
  readonly pagesHash: number;
  /** What was read of them (`UsedPages.words`); absent where nothing was. */
  readonly words?: Uint32Array | null;
  /** pgmigrate_success and pgmigrate_fail of /proc/vmstat, since boot; null without them. */
  readonly migrated: number | null;
  readonly failed: number | null;
}

/**
 * The memory blocks of a host, as a run works with them. Two implementations: a host below a root (sysfs-block-states.ts),
 * and in tests a kernel that does what it is told.
 */
export interface BlockStates {
  /**
   * As it is now; null if there is no such block.
   *
   * @throws VacateError kind 'host' if it cannot be read, or is none that the kernel knows.
   */
  read(block: BlockId): SysfsBlock | null;
  /** Who does the next write, ready to begin. */
  writer(): Promise<ProcessIdentity | null>;
  /** Writes one word to the block's `state`; resolves when the kernel has answered. One at a time. */
  write(block: BlockId, word: string): Promise<WriteEnd>;
  /** The same for another file of the host. */
  writeFile(path: string, word: string): Promise<WriteEnd>;
  /** Makes the kernel give up the write under way; false if it does not let go. */
  interrupt(): Promise<boolean>;
  look(block: BlockId): BlockLook;
  /** Pages that migration could still take elsewhere; null if zoneinfo does not tell. */
  targetRoom(): number | null;
}

/** The time that runs keep to; in tests one that does not take any. */
export interface Clock {
  /** In milliseconds, from the beginning of the run on. */
  now(): number;
  sleep(ms: number): Promise<void>;
  /** Waits for something, but not longer; true if it has ended. What it rejects with is for whoever awaits it. */
  within(ms: number, promise: Promise<unknown>): Promise<boolean>;
}

/**
 * True for a block that is offline; `ifUnknown` where that cannot be read. What happens to a run must not depend on an
 * error in between: it would leave memory offline.
 */
export function isOffline(states: BlockStates, block: BlockId, ifUnknown: boolean): boolean {
  return isIn(states, block, BLOCK_OFFLINE, ifUnknown);
}

/** True for a block that the kernel has not let go of, and for one of which nothing can be read. */
export function isGoingOffline(states: BlockStates, block: BlockId): boolean {
  return isIn(states, block, BLOCK_GOING_OFFLINE, true);
}

function isIn(states: BlockStates, block: BlockId, state: BlockState, ifUnknown: boolean): boolean {
  try {
    return states.read(block)?.state === state;
  } catch (error) {
    if (VacateError.is(error)) return ifUnknown;
    throw error;
  }
}
