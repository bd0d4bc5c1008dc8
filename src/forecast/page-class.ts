import { codeOf, handlerOf } from '../events/page-events.js';
import {
  CORE_ISOLATED,
  CORE_LOCKED,
  CORE_NO_HANDLER,
  CORE_PINNED,
  CORE_RESERVED,
  CORE_UNMOVABLE,
  CORE_WRITEBACK,
} from '../handler/refusal.js';
import type { MigrationService } from '../migration/migration-service.js';
import { isMetadata } from '../mm/buffer-cache.js';
import {
  PG_ACTIVE,
  PG_ANON,
  PG_DIRTY,
  PG_HUGE,
  PG_HWPOISON,
  PG_KSM,
  PG_LRU,
  PG_MLOCKED,
  PG_MOVABLE_OPS,
  PG_OFFLINE,
  PG_PGTABLE,
  PG_REFERENCED,
  PG_SLAB,
  PG_UNEVICTABLE,
} from '../mm/page-flags.js';
import type { Pfn } from '../mm/units.js';

/** What a page in use is to whoever wants it gone. Small numbers, so that counts are an array. */
export const MOVES = 0;
/** Somebody went through the page tables to it, not only through its mapping (get_user_pages). */
export const TOUCHED = 1;
export const LOCKED = 2;
export const WRITEBACK = 3;
/** On its way to the LRU or off it; per-CPU batches are drained before anything is asked. */
export const IN_TRANSIT = 4;
export const ISOLATED = 5;
export const POISONED = 6;
export const CLEAN_METADATA = 7;
/** The same, used at least three times: once it is active, another use marks it as referenced (mark_page_accessed). */
export const USED_METADATA = 8;
export const DIRTY_METADATA = 9;
export const PINNED = 10;
export const HUGETLB = 11;
export const BALLOON = 12;
/** No flag at all: free on a per-CPU list, or memory of the kernel. */
export const UNTYPED = 13;
export const RESERVED = 14;
export const SLAB = 15;
export const PAGE_TABLE = 16;
export const KERNEL = 17;
export const UNCLAIMED = 18;
/** A handler's own refusal; which one, the tally of refusals knows. */
export const REFUSED = 19;
/** Huge pages that their pool keeps: promised to a file, or gigantic and without another to go to. */
export const HUGETLB_KEPT = 20;
export const NR_CLASSES = 21;
/** Not classes of pages in use, but what else a pfn can be. */
export const FREE = 21;
export const HOLE = 22;
export const NR_KINDS = 23;
export type PageClass = number;

/** Those that are copied when their block goes; the others stay, or need no copy. */
export const MOVED_CLASSES: readonly PageClass[] = [
  MOVES,
  TOUCHED,
  LOCKED,
  WRITEBACK,
  IN_TRANSIT,
  ISOLATED,
  CLEAN_METADATA,
  USED_METADATA,
  DIRTY_METADATA,
  PINNED,
  HUGETLB,
  REFUSED,
];

const USE_BITS = PG_REFERENCED | PG_ACTIVE;
const TOUCH_BITS = PG_LRU | PG_ANON | PG_REFERENCED | PG_ACTIVE | PG_MLOCKED | PG_UNEVICTABLE | PG_KSM;

/**
 * Anonymous memory that is marked as referenced and yet not active: a fault leaves no such mark, get_user_pages does
 * (gup_pte_range), and so does reclaim when it comes by. mlock and ksmd go the same way, for
 * reasons of their own.
 */
export function isTouched(flags: number): boolean {
  return (flags & TOUCH_BITS) === (PG_LRU | PG_ANON | PG_REFERENCED);
}

/**
 * The class of a page that is neither free nor absent, by what the migration service says of it. `isCaptured`: only flags
 * and mapping counts are a kernel's, references were filled in.
 */
export function classOf(service: MigrationService, pfn: Pfn, flags: number, isCaptured: boolean): PageClass {
  const outcome = service.judge(pfn);
  // Of a capture, flags do not tell used ones from unused, nor what is promised: that is for the block's rule.
  if (isCaptured && (flags & (PG_HUGE | PG_HWPOISON)) === PG_HUGE) return HUGETLB;
  if (handlerOf(outcome) !== 0)
    return outOfUseClassOf(flags) ?? (isKeptHuge(service, pfn, flags) ? HUGETLB_KEPT : REFUSED);
  const code = codeOf(outcome);
  if (code === CORE_RESERVED) return RESERVED;
  if (code === CORE_UNMOVABLE) return kernelClassOf(flags, isCaptured);
  const outOfUse = outOfUseClassOf(flags);
  if (outOfUse !== null) return outOfUse;
  if ((flags & PG_HUGE) !== 0) return HUGETLB;
  if (isCaptured && isMetadata(flags)) return metadataClassOf(flags, code === CORE_PINNED);
  if (code === 0 || (isCaptured && code === CORE_PINNED)) return isCaptured && isTouched(flags) ? TOUCHED : MOVES;
  if (code === CORE_PINNED) return PINNED;
  if (code === CORE_LOCKED) return LOCKED;
  if (code === CORE_WRITEBACK) return WRITEBACK;
  if (code === CORE_ISOLATED) return ISOLATED;
  return code === CORE_NO_HANDLER ? UNCLAIMED : IN_TRANSIT;
}

/** Refused by its pool, and not only for a moment: used or not, a page that its file has let go of is about to be free. */
function isKeptHuge({ host }: MigrationService, pfn: Pfn, flags: number): boolean {
  return (flags & PG_HUGE) !== 0 && (host.columns.count[pfn] === 0 || host.pages.inCache(pfn));
}

/** Of pages that nobody may use: whoever claims them refuses, and yet they may go along with their block. */
function outOfUseClassOf(flags: number): PageClass | null {
  if ((flags & PG_HWPOISON) !== 0) return POISONED;
  return (flags & (PG_OFFLINE | PG_MOVABLE_OPS)) === PG_OFFLINE ? BALLOON : null;
}

/** `isBesideDirty`: the machine made from the capture holds it, as a journal would. */
function metadataClassOf(flags: number, isBesideDirty: boolean): PageClass {
  if (isBesideDirty || (flags & PG_DIRTY) !== 0) return DIRTY_METADATA;
  return (flags & USE_BITS) === USE_BITS ? USED_METADATA : CLEAN_METADATA;
}

function kernelClassOf(flags: number, isCaptured: boolean): PageClass {
  if ((flags & PG_SLAB) !== 0) return SLAB;
  if ((flags & PG_PGTABLE) !== 0) return PAGE_TABLE;
  return flags === 0 && isCaptured ? UNTYPED : KERNEL;
}
