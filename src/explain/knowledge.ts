import type { PageOwners } from '../mm/page-owners.js';
import type { BlockId, Pfn } from '../mm/units.js';

/** Pages of a memory block where nothing says otherwise: 128 MiB, as on x86-64 below 64 GiB. */
export const USUAL_BLOCK_PAGES = 32_768;

/** What a capture, or the host itself, says of a block without any log. */
export interface BlockEvidence {
  /** As valid_zones has them; empty for "none", null if not known. */
  readonly zones: readonly string[] | null;
  readonly isOnline: boolean;
  /** Pages of it that are no System RAM; null if not known. */
  readonly nrMissing: number | null;
  /** Pages that can be told at sight to stay for ever, by reason. */
  readonly unmovable: ReadonlyArray<{
    readonly reason: string;
    readonly because: string;
    readonly pages: number;
    readonly pfns: readonly Pfn[];
  }>;
}

/**
 * What is known besides the log. Whatever is not is left out.
 *
 * @example
 * const knowledge: Knowledge = { blockPages: 32_768, waysToPin: () => ['2 pipes'] };
 * explainLog(parseKernelLog(text), knowledge).length >= 0; // true
 */
export interface Knowledge {
  /** Pages of a memory block; USUAL_BLOCK_PAGES if absent. */
  readonly blockPages?: number;
  readonly owners?: PageOwners | null;
  /** Flags (PG_*) that a page had before the attempt; null where not known. */
  flagsOf?(pfn: Pfn): number | null;
  /** What a process has open through which it can hold pages that no mapping shows: "2 pipes". */
  waysToPin?(pid: number): readonly string[];
  /** What else speaks for or against a block; null if nothing does. */
  evidenceOf?(block: BlockId): BlockEvidence | null;
}

/** What is known of one attempt besides what the kernel logged. */
export interface Asked {
  /** The block that was to go offline. */
  readonly block?: BlockId | null;
  /** What the write returned: "EBUSY", "EINVAL", "EINTR", …; null if it succeeded or is not known. */
  readonly errno?: string | null;
  /** True if it went offline, false if not, null or absent if not known. */
  readonly isOffline?: boolean | null;
  /** True if it was stopped from outside after a time. */
  readonly isInterrupted?: boolean;
  readonly seconds?: number | null;
}
