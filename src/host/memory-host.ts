import type { PageView } from '../handler/page-view.js';
import type { BlockState, Dimm } from '../mm/memory-block.js';
import type { PageColumns } from '../mm/page-columns.js';
import type { PfnRange } from '../mm/pfn-range.js';
import type { BlockId, Order, Pfn } from '../mm/units.js';
import type { ZoneShape } from '../mm/zone.js';
import type { BulkMover } from './bulk-mover.js';
import type { FreeMemory } from './free-memory.js';
import type { Reclaim } from './reclaim.js';

/** What the machine looks like from outside; fixed, except for the state of its blocks. */
export interface MemoryLayout {
  /** One past the highest pfn. */
  readonly nrPfns: number;
  readonly nrCpus: number;
  /** Release of the kernel that the machine was captured from, "6.12.117"; absent if it is not known or there is none. */
  readonly kernel?: string | null;
  /** False if compaction passes mlocked pages by (vm.compact_unevictable_allowed = 0); true, or not known, if absent. */
  readonly compactUnevictableAllowed?: boolean;
  /** Pages of a memory block. */
  readonly blockPages: number;
  readonly zones: readonly ZoneShape[];
  readonly dimms: readonly Dimm[];
}

/** Free pages by where they are. */
export interface Room {
  /** On free lists outside the given ranges and above the watermarks that hold for a movable allocation. */
  readonly pages: number;
  /** The same by zone, as `layout.zones` has them. */
  readonly byZone: readonly number[];
}

/** Swap slots on all devices (si_swapinfo). */
export interface SwapSpace {
  readonly slots: number;
  /** Slots that a page-table entry names or the swap cache has a page for. */
  readonly used: number;
  /**
   * Gives an anonymous base page a slot and puts it into the swap cache, mapped as it is (add_to_swap). False, with
   * nothing changed, if no slot is free.
   */
  add(pfn: Pfn): boolean;
  /**
   * Undoes `add`: takes a page out of the swap cache and frees its slot (try_to_free_swap). A page that is not in it, is
   * locked or being written, or whose slot somebody names stays as it is.
   */
  remove(pfn: Pfn): void;
}

/** A VMA that a reverse-map walk comes by. */
export interface RmapVisit {
  /** The page's offset lies in the VMA. */
  readonly covers: boolean;
  /** Its page-table entry maps the page now. */
  readonly maps: boolean;
}

/**
 * The machine, as the migration service and the strategies see it. A host does each step of the protocol that touches
 * page tables, allocator or devices; it decides nothing. Every verb is complete in itself: between two calls other CPUs
 * may do what they like.
 *
 * @example
 * const sizeOf = ({ layout }: MemoryHost) => formatPages(layout.nrPfns);
 * const { zones }: MemoryLayout = host.layout;
 * const { pages }: Room = host.roomOutside([rangeOf(8192, 512)]);
 * [sizeOf(host), zones.length > 0, pages > 0]; // ["64 MiB",true,true]
 */
export interface MemoryHost {
  readonly name: string;
  readonly layout: MemoryLayout;
  /** Frame state, indexed by pfn; read by anyone, written by this host and by the migration service's phases. */
  readonly columns: PageColumns;
  /** What stands in each pageblock (see pageblock-use.ts), always current; absent on a host that does not keep it. */
  readonly pageblockUse?: Uint16Array;
  /** The same pages for handlers, one at a time. */
  readonly pages: PageView;
  /** The buddy allocator, for algorithms that look for free memory themselves. */
  readonly free: FreeMemory;
  /** Taking memory away from its owners. */
  readonly reclaim: Reclaim;
  /** Swap as it is now, for algorithms that cannot move an anonymous page without a slot. */
  readonly swap: SwapSpace;

  /** How a block stands now; absent for one that was never there. */
  blockState(block: BlockId): BlockState;
  /**
   * The VMAs through which a page may be mapped, oldest first: of an anonymous page those of its whole family (the
   * anon_vma of 2004, which fork shares), of a file page those of the file. Changes nothing.
   */
  reverseMap(pfn: Pfn): readonly RmapVisit[];
  /** Zone that has the page, as an index into `layout.zones`; -1 for none. */
  zoneOf(pfn: Pfn): number;

  /**
   * Nothing free in the range is handed out from now on, and what is freed there stays free (MIGRATE_ISOLATE for whole
   * pageblocks, booking for parts of one).
   *
   * @throws VacateError kind 'range', with nothing changed, if it overlaps an isolated one: another job was quicker.
   */
  isolateRange(range: PfnRange): void;
  /** Undoes `isolateRange`; the free pages of the range are for everyone again. */
  undoIsolateRange(range: PfnRange): void;
  /** Flushes per-CPU free lists and pending LRU additions of all CPUs (drain_all_pages, lru_add_drain_all). */
  drain(): void;
  /** Flushes pending LRU additions of all CPUs alone (lru_add_drain_all). */
  drainLru(): void;

  /**
   * A free block of 2^order pages to move a page to, never from an isolated range, above the min watermark, count 1;
   * the smallest block that serves, so that a whole free block of `sparedOrder` or more breaks only when nothing
   * smaller is left. NO_PAGE if there is none.
   */
  allocateTarget(order: Order, source: Pfn, sparedOrder: Order): Pfn;
  /** Drops the reference of a target that nobody moved to (__free_pages): somebody else may hold one for a moment. */
  freeTarget(pfn: Pfn, order: Order): void;
  /** Free pages that `allocateTarget` could hand out in all, order 0. Isolated ranges and `without` do not count. */
  roomOutside(without: readonly PfnRange[]): Room;

  /** Takes a page's lock (trylock_page); false, with nothing changed, if somebody has it. */
  lock(pfn: Pfn): boolean;
  /** Gives the lock back (unlock_page). Only whoever has it may. */
  unlock(pfn: Pfn): void;
  /**
   * Makes the count 0 if it is exactly `expected`, so that nobody can take a reference any more (folio_ref_freeze); false,
   * with nothing changed, if somebody else holds the page.
   */
  freeze(pfn: Pfn, expected: number): boolean;
  /** Ends that: the page, which is frozen, has so many references (folio_ref_unfreeze). */
  unfreeze(pfn: Pfn, references: number): void;
  /** Replaces every page-table entry of a locked page by a migration entry. False if one could not be: then none was. */
  unmap(pfn: Pfn): boolean;
  /** Every CPU has forgotten its translations when this returns (TLB shootdown, acknowledged). */
  shootdown(): void;
  /** Turns the migration entries for `source` into entries for `target`, which may be `source` itself. */
  remap(source: Pfn, target: Pfn): void;
  /** Copies contents; the only way contents travel. `sources` and `targets` are parallel, `nrPages` long. */
  copy(sources: Uint32Array, targets: Uint32Array, nrPages: number): void;
  /** Carries flags, dirty state and place on the LRU from a page to the one that replaces it (folio_migrate_flags). */
  carry(source: Pfn, target: Pfn): void;
  /** Drops the migrator's reference of a page that has moved away, or that its owner freed meanwhile. */
  freeSource(pfn: Pfn): void;
  /** Turns a compound page into base pages; false if it cannot be. */
  split(head: Pfn): boolean;
  /** Lets the machine's own time pass until a page's writeback has ended; false if it never will. */
  waitForWriteback(pfn: Pfn): boolean;
  /** Lets time pass between two passes of retries. */
  relax(): void;

  /**
   * Tells drivers that a block is about to go offline, so that they let go of pages that only they can give up
   * (memory_notify, MEM_GOING_OFFLINE). Absent where the kernel tells them by itself, as `offlineBlock` begins.
   */
  goingOffline?(block: BlockId): void;
  /** Undoes that: the block stays, and drivers have their pages again (MEM_CANCEL_OFFLINE). */
  cancelOffline?(block: BlockId): void;
  /**
   * Takes an isolated block off line if all its pages are free, or may go along with it: poisoned, or let go of by their
   * driver (test_pages_isolated). False, with nothing changed, if another page of it is in use.
   */
  offlineBlock(block: BlockId): boolean;
  /** Puts an offline block back into its zone, free but for pages that went along with it. */
  onlineBlock(block: BlockId): void;

  /** Moves many plain pages at a time; null or absent if the host has nothing quicker than its verbs. */
  readonly bulk?: BulkMover | null;

  /** Sentences about broken invariants, none if all is well. Walks the whole machine. */
  validate(): string[];
}

/** The host's token, for a module that binds or replaces it. */
export const MemoryHost = Symbol.for('vacate/MemoryHost');
