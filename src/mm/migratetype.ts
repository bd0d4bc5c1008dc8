/** Migratetypes of a pageblock, include/linux/mmzone.h. */
export const MIGRATE_UNMOVABLE = 0;
/** Pages that can move: of processes, files, and of drivers that move theirs. */
export const MIGRATE_MOVABLE = 1;
/** Kernel memory that can be freed on demand: caches of inodes and names. */
export const MIGRATE_RECLAIMABLE = 2;
/** "Cannot allocate from here": the free list of isolated pages. */
export const MIGRATE_ISOLATE = 3;
/** How many there are. */
export const NR_MIGRATETYPES = 4;
/** One of MIGRATE_UNMOVABLE to MIGRATE_ISOLATE. */
export type Migratetype = 0 | 1 | 2 | 3;

/**
 * What reports call each.
 *
 * @example
 * const types: Migratetype[] = [MIGRATE_UNMOVABLE, MIGRATE_MOVABLE, MIGRATE_RECLAIMABLE, MIGRATE_ISOLATE];
 * types.map((type) => MIGRATETYPE_NAMES[type]); // ["unmovable","movable","reclaimable","isolate"]
 * types.length === NR_MIGRATETYPES; // true
 */
export const MIGRATETYPE_NAMES = ['unmovable', 'movable', 'reclaimable', 'isolate'] as const;

/**
 * Where an allocation steals from when its own lists are empty, in order: mm/page_alloc.c `fallbacks`.
 *
 * @example
 * FALLBACKS[MIGRATE_MOVABLE]?.map((type) => MIGRATETYPE_NAMES[type]); // ["reclaimable","unmovable"]
 */
export const FALLBACKS: ReadonlyArray<readonly [Migratetype, Migratetype]> = [
  [MIGRATE_RECLAIMABLE, MIGRATE_MOVABLE],
  [MIGRATE_RECLAIMABLE, MIGRATE_UNMOVABLE],
  [MIGRATE_UNMOVABLE, MIGRATE_MOVABLE],
];
