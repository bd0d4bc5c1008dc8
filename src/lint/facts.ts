import type { PfnRange } from '../mm/pfn-range.js';
import type { BlockId } from '../mm/units.js';
import type { PageCounts } from './page-counts.js';
import type { Settings } from './settings.js';

/** A memory block, as sysfs has it. */
export interface BlockFacts {
  readonly block: BlockId;
  readonly isOnline: boolean;
  /** False if the kernel cannot take it offline at all; null if not known. */
  readonly isRemovable: boolean | null;
  /** Of an online block its zone; empty for "none". */
  readonly zones: readonly string[];
}

/** A module, or what else can be unplugged: virtio-mem, CXL memory. */
export interface DimmFacts {
  readonly name: string;
  readonly blocks: readonly BlockId[];
}

export interface ZoneFacts {
  readonly node: number;
  readonly kind: string;
  /** Pages that its allocator has to deal in. */
  readonly managed: number;
}

/** Of /proc/meminfo, in pages. */
export interface MemoryFacts {
  readonly swapTotal: number;
  readonly swapFree: number;
  /** What could be had without swapping (MemAvailable). */
  readonly available: number;
  readonly cmaTotal: number;
}

/** What is known of a host; null is what is not. */
export interface LintFacts {
  readonly kernel: string | null;
  readonly settings: Settings;
  readonly blockPages: number | null;
  readonly blocks: readonly BlockFacts[] | null;
  readonly dimms: readonly DimmFacts[] | null;
  /** True if DIMMs were inferred from where memory lies. */
  readonly areDimmsGuessed: boolean;
  readonly zones: readonly ZoneFacts[] | null;
  readonly memory: MemoryFacts | null;
  /** System RAM as firmware and drivers registered it. */
  readonly systemRam: readonly PfnRange[] | null;
  /** What the pages of a block are; null if pages are not known. */
  countsOf: ((block: BlockId) => PageCounts) | null;
  /** What is to be removable one day; the blocks of all DIMMs unless the user named others. */
  readonly wanted: { readonly blocks: readonly BlockId[]; readonly pages: number | null; readonly isNamed: boolean };
}

/** Facts that a rule cannot do without: a member of `LintFacts`, or the path of a setting. */
export type Need = 'blocks' | 'dimms' | 'zones' | 'memory' | 'systemRam' | 'countsOf' | `/${string}`;

export function isKnown(facts: LintFacts, need: Need): boolean {
  return need.startsWith('/') ? facts.settings.knows(need) : facts[need as Exclude<Need, `/${string}`>] !== null;
}

/** Blocks that are wanted and exist, ascending; all that is asked of them is asked here. */
export function wantedBlocks({ blocks, wanted }: LintFacts): BlockFacts[] {
  const numbers = new Set(wanted.blocks);
  return (blocks ?? []).filter(({ block }) => numbers.has(block));
}

/** True in ZONE_MOVABLE, where the kernel puts nothing of its own. */
export function isMovable({ zones }: BlockFacts): boolean {
  return zones[0] === 'Movable';
}
