/** How far a migration may go to get a page, include/linux/migrate_mode.h: this one never blocks. */
export const MIGRATE_ASYNC = 0;
/** May wait for a lock, not for writeback. */
export const MIGRATE_SYNC_LIGHT = 1;
/** May wait for both. */
export const MIGRATE_SYNC = 2;
/** One of MIGRATE_ASYNC to MIGRATE_SYNC. */
export type MigrateMode = 0 | 1 | 2;

/**
 * What reports call each mode.
 *
 * @example
 * const modes: MigrateMode[] = [MIGRATE_ASYNC, MIGRATE_SYNC_LIGHT, MIGRATE_SYNC];
 * modes.map((mode) => MIGRATE_MODE_NAMES[mode]); // ["async","sync-light","sync"]
 */
export const MIGRATE_MODE_NAMES = ['async', 'sync-light', 'sync'] as const;

/** Passes over a list that is not yet empty: NR_MAX_MIGRATE_PAGES_RETRY, mm/migrate.c. */
export const NR_MAX_MIGRATE_PASSES = 10;
/** Of these, so many in async mode: NR_MAX_MIGRATE_ASYNC_RETRY. */
export const NR_MAX_MIGRATE_ASYNC_PASSES = 3;
/**
 * Pages isolated and moved together: HPAGE_PMD_NR, NR_MAX_BATCHED_MIGRATION.
 *
 * @example
 * NR_MAX_BATCHED_MIGRATION; // 512
 * NR_MAX_MIGRATE_PASSES - NR_MAX_MIGRATE_ASYNC_PASSES; // 7
 */
export const NR_MAX_BATCHED_MIGRATION = 512;
