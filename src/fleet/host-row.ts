import type { RefusalKind } from '../handler/refusal.js';
import type { BlockId } from '../mm/units.js';

/** Pages that keep memory blocks of a host for one reason. */
export interface HostReason {
  /** Stable name for scripts, as forecasts have it: "slab". */
  readonly reason: string;
  readonly kind: RefusalKind;
  readonly pages: number;
  /** Online memory blocks that have such pages. */
  readonly blocks: number;
}

/** What a host can give of the size that was asked for. */
export interface HostNeed {
  readonly askedBytes: number;
  /** In whole blocks; less than asked if there is not enough. */
  readonly bytes: number;
  readonly enough: boolean;
  /** A sentence: what can be had, and what limits it. */
  readonly because: string;
  /** Ascending. */
  readonly blocks: readonly BlockId[];
  /** What it costs: pages in those blocks that have to be copied. */
  readonly bytesToMove: number;
}

/** Places of one size in which a huge page could be made, and those where something that never moves is in the way. */
export interface Formable {
  /** Aligned, and all of it memory. */
  readonly places: number;
  /** With at least one page that never moves. */
  readonly stuck: number;
  /** With nothing but free pages: such a page could be had at once. */
  readonly free: number;
}

/** One host of a fleet, as its forecast has it: plain data, the same wherever it was worked out. */
export interface HostRow {
  readonly host: string;
  /** Where its capture lies. */
  readonly where: string;
  /** Release, "6.12.117"; null if the capture does not say. */
  readonly kernel: string | null;
  /** Memory that is online. */
  readonly bytes: number;
  readonly bytesFree: number;
  readonly blockBytes: number;
  readonly blocksOnline: number;
  readonly blocksWillGo: number;
  readonly blocksWillNotGo: number;
  readonly blocksCannotKnow: number;
  /** What the blocks that will go have together, each asked about alone. */
  readonly bytesWillGo: number;
  /**
   * Blocks that were put online into a zone the kernel takes memory from for itself, and that something permanent keeps
   * now: they do not come out again while the host runs.
   */
  readonly oneWayDoors: readonly BlockId[];
  readonly hugePages2M: Formable;
  readonly hugePages1G: Formable;
  /** Null if no size was asked for. */
  readonly need: HostNeed | null;
  /** Most pages first. */
  readonly reasons: readonly HostReason[];
  /** What the capture could not say, in sentences. */
  readonly caveats: readonly string[];
}

/** A host that could not be asked: its row says so, and the run goes on. */
export interface FailedHost {
  readonly host: string;
  readonly where: string;
  readonly because: string;
}

export type HostResult = HostRow | FailedHost;

export function isFailed(result: HostResult): result is FailedHost {
  return 'because' in result;
}
