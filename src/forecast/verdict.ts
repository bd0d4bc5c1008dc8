import type { RefusalKind } from '../handler/refusal.js';
import type { PageOwner } from '../mm/page-owners.js';
import type { BlockId, Pfn } from '../mm/units.js';

/**
 * What is to be expected of a memory block that the kernel is asked to take offline now. `cannot-know` where what the
 * kernel shows of its pages allows both, or a page type that was loaded by name refuses some for now, and only there.
 */
export type Verdict = 'will-go' | 'will-not-go' | 'cannot-know';

/** A page that a reason names, in words. */
export interface NamedPage {
  readonly pfn: Pfn;
  /** As `formatFlags` has them: "uptodate|lru|anon". */
  readonly flags: string;
  /** Of its pageblock: "movable". In a capture this is inferred. */
  readonly migratetype: string;
}

/** One thing about a block that keeps it, may keep it, or is worth a remark. */
export interface Reason {
  /** Stable name for scripts, kebab-case. */
  readonly reason: string;
  /** A sentence for people, lower case, no full stop. */
  readonly because: string;
  readonly kind: RefusalKind;
  /** What it makes of the block, were it alone; null for a remark. */
  readonly decides: Exclude<Verdict, 'will-go'> | null;
  readonly pages: number;
  /** The first 16 of them, ascending. */
  readonly pfns: readonly Pfn[];
  /** The same pages in words. */
  readonly named: readonly NamedPage[];
  /** Who has most of the named pages; null if nobody is known to. */
  readonly owner: PageOwner | null;
  readonly waitingHelps: boolean;
  /** What waiting does, or what else helps; a sentence like `because`. */
  readonly waiting: string;
}

/** References that nothing outside the kernel shows: what hints at them in one block, and what speaks against. */
export interface ExtraReferences {
  /** Pages in the block that somebody could hold. */
  readonly pages: number;
  readonly evidenceFor: readonly string[];
  readonly evidenceAgainst: readonly string[];
}

/** Where the pages that must move could go; all in pages. */
export interface RoomForecast {
  /** Free outside, above the min watermarks, in zones that may take them. */
  readonly free: number;
  /** Clean page cache outside, which the kernel drops when it runs short. */
  readonly cache: number;
  /** What could be swapped out, free slots permitting. */
  readonly swappable: number;
  /** What is missing when all free room is taken. */
  readonly missing: number;
}

/** What would become of one block, and why. */
export interface BlockForecast {
  readonly block: BlockId;
  readonly state: string;
  readonly verdict: Verdict;
  /** Names of its zones, as `valid_zones` has them; empty for a block with holes or of two zones. */
  readonly zones: readonly string[];
  readonly node: number | null;
  readonly sizeBytes: number;
  /** Pages in use that would have to be copied; those that cannot be are not among them. */
  readonly pagesToMove: number;
  readonly bytesToMove: number;
  readonly pagesFree: number;
  readonly room: RoomForecast;
  /** Those that decide first, then by pages. */
  readonly reasons: readonly Reason[];
  /** True if all that keeps it may pass by itself; false for a block that will go. */
  readonly waitingHelps: boolean;
  readonly extraReferences: ExtraReferences;
  /** Who has most of the pages that would move, at most eight; empty if nobody is known to. */
  readonly owners: readonly OwnerShare[];
}

/** So many pages of one owner; a page that several map counts for each. */
export interface OwnerShare extends PageOwner {
  readonly pages: number;
}

/** The order in which to take blocks one by one. */
export interface OfflineOrder {
  readonly blocks: readonly BlockId[];
  /** Pages copied on the way, those that land in a block whose turn comes later counted again. */
  readonly pagesCopied: number;
  /** The same in the order of block numbers, and from the highest down, as scripts and chmem do it. */
  readonly pagesCopiedAscending: number;
  readonly pagesCopiedDescending: number;
}

/** What becomes of several blocks asked for at once. */
export interface TogetherForecast {
  readonly blocks: readonly BlockId[];
  readonly verdict: Verdict;
  readonly because: string;
  readonly pagesToMove: number;
  readonly bytesToMove: number;
  readonly room: RoomForecast;
  readonly order: OfflineOrder;
}

/** The cheapest blocks that make up a size. */
export interface NeedForecast {
  readonly askedBytes: number;
  /** Bytes in whole blocks; less than asked if there is not enough. */
  readonly bytes: number;
  readonly enough: boolean;
  /** A sentence: what can be had, and what limits it. */
  readonly because: string;
  readonly blocks: readonly BlockId[];
  readonly pagesToMove: number;
  readonly bytesToMove: number;
  readonly order: OfflineOrder;
  /** Free pages that remain elsewhere when they are gone, above the min watermarks. */
  readonly pagesFreeAfter: number;
}

/** Everything `forecast` says. */
export interface Forecast {
  readonly blockPages: number;
  /** Online blocks that were asked about, ascending. */
  readonly blocks: readonly BlockForecast[];
  /** Those of the blocks asked about that are not online: there is nothing to take away. */
  readonly notOnline: ReadonlyArray<{ readonly block: BlockId; readonly state: string }>;
  /** Null if fewer than two blocks are online of those asked about. */
  readonly together: TogetherForecast | null;
  /** What no forecast from outside the kernel can know, and what would show it. */
  readonly notKnowable: NotKnowable;
}

export interface NotKnowable {
  readonly because: string;
  readonly whatWouldShow: readonly string[];
}
