import type { BlockState, Dimm } from './memory-block.js';
import type { Migratetype } from './migratetype.js';
import type { PcpShape } from './pcp.js';
import type { BlockId, Pfn } from './units.js';
import type { ZoneShape } from './zone.js';

/** What is known of a zone's per-CPU lists. */
export interface ImagePcp extends PcpShape {
  /** Free pages on each CPU's lists, ascending; CPU 0 is the one on which jobs run. */
  readonly pages: readonly (readonly Pfn[])[];
}

/**
 * A machine as something outside described it: what is known of every page, and no more. A simulated machine is
 * built from it (sim), a capture directory is read into it (capture); neither knows the other.
 */
export interface MachineImage {
  readonly name: string;
  /** One past the highest pfn. */
  readonly nrPfns: number;
  readonly nrCpus: number;
  /** Pages of a memory block. */
  readonly blockPages: number;
  readonly zones: readonly ZoneShape[];
  /** Blocks that exist; every other is a hole. `zoneKinds` is empty where it cannot go offline ("none"). */
  readonly blocks: readonly {
    readonly block: BlockId;
    readonly state: BlockState;
    readonly zoneKinds: readonly string[];
  }[];
  readonly dimms: readonly Dimm[];
  /** PG_* words, `nrPfns` long: quirks of the source are already undone. */
  readonly flags: Uint32Array;
  /** Page-table entries that map each page, `nrPfns` long. */
  readonly mapcounts: Uint16Array;
  /** Swap slots that the machine has, used or not. */
  readonly nrSwapSlots: number;
  /** Release of the kernel that described itself, "6.12.117"; absent or null if it is not known. */
  readonly kernel?: string | null;
  /** Migratetype of each pageblock, by number; absent if nothing is known of them. */
  readonly migratetypes?: readonly Migratetype[] | null;
  /** Per-CPU lists of each zone, as `zones` has them; absent if nothing is known of them. */
  readonly pcp?: readonly ImagePcp[] | null;
  /** What could not be known, in sentences for the user. */
  readonly caveats: readonly string[];
}
