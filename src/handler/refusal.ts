/** Zero means yes; any other value indexes the refusal table of whoever said it. */
export type RefusalCode = number;

/** `retry`: the cause may go away by itself, asking again makes sense. `permanent`: it will not. */
export type RefusalKind = 'retry' | 'permanent';

/** Why a page does not go. Refusals are expected: they are counted, shown and never thrown. */
export interface Refusal {
  /** Stable name for scripts, kebab-case: "nonlinear-mapping". */
  readonly id: string;
  readonly kind: RefusalKind;
  /** A sentence for people, lower case, no full stop: "mapped through a nonlinear VMA". */
  readonly because: string;
}

/**
 * Codes index it; entry 0 is null because code 0 is no refusal.
 *
 * @example
 * const kind: RefusalKind = 'retry';
 * const busy: Refusal = { id: 'dma-active', kind, because: 'the device is transferring it' };
 * const refusals: RefusalTable = [null, busy];
 */
export type RefusalTable = readonly [null, ...Refusal[]];

/** The refusals that every page type shares. The migration service finds them; a handler never returns them. */
export const CORE_LOCKED = 1;
/** Reserved at boot, and never to be touched. */
export const CORE_RESERVED = 2;
/** Under writeback, and the migration does not wait for it. */
export const CORE_WRITEBACK = 3;
/** More references than mappings, caches and owner explain. */
export const CORE_PINNED = 4;
/** Not on its LRU list, so that nobody can isolate it. */
export const CORE_NOT_ON_LRU = 5;
/** Its last reference is being dropped. */
export const CORE_BEING_FREED = 6;
/** Kernel memory that only its owner can free. */
export const CORE_UNMOVABLE = 7;
/** No page type claims it. */
export const CORE_NO_HANDLER = 8;
/** No free page to move it to. */
export const CORE_NO_TARGET = 9;
/** Another migrator has it. */
export const CORE_ISOLATED = 10;
/** A hole, or offline already. */
export const CORE_OUTSIDE_MEMORY = 11;
/** A mapping could not be taken away in this pass. */
export const CORE_STILL_MAPPED = 12;
/** The migration was stopped before its turn came. */
export const CORE_INTERRUPTED = 13;

/** What each of CORE_* means, indexed by it. */
export const coreRefusals: RefusalTable = [
  null,
  { id: 'locked', kind: 'retry', because: 'another task holds the page lock' },
  { id: 'reserved', kind: 'permanent', because: 'reserved at boot: firmware, kernel image or memory map' },
  { id: 'writeback', kind: 'retry', because: 'under writeback' },
  { id: 'pinned', kind: 'retry', because: 'more references than mappings and caches explain: somebody pins it' },
  { id: 'not-on-lru', kind: 'retry', because: 'not on the LRU: on its way to it, or in use by its owner' },
  { id: 'being-freed', kind: 'retry', because: 'its last reference is being dropped' },
  {
    id: 'unmovable',
    kind: 'permanent',
    because: 'kernel memory (slab, page table, stack) that only its owner can free',
  },
  { id: 'no-handler', kind: 'permanent', because: 'no page-type handler claims it' },
  { id: 'no-target', kind: 'retry', because: 'no free page outside the range to move it to' },
  { id: 'isolated', kind: 'retry', because: 'another migrator has isolated it' },
  { id: 'outside-memory', kind: 'permanent', because: 'no memory stands behind this page number' },
  { id: 'still-mapped', kind: 'retry', because: 'a mapping could not be taken away in this pass' },
  { id: 'interrupted', kind: 'retry', because: 'the migration was stopped before its turn came' },
];
