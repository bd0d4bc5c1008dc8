import type { MigrateMode } from '../mm/migrate-mode.js';
import type { Pfn } from '../mm/units.js';

/** What a driver answers that cannot move a page now, and may later; any other error means that it will not. */
export const EAGAIN = -11;

/**
 * The callbacks of a driver that can move its own pages (struct movable_operations, include/linux/migrate.h). Which page
 * belongs to which driver the host knows (page_movable_ops); what is special about its pages only the driver.
 *
 * @example
 * const moveBy = (driver: MovableOperations | null, source: Pfn, target: Pfn) =>
 *   driver?.migratePage(target, source, MIGRATE_SYNC) ?? EAGAIN;
 * moveBy(null, 1, 2) === EAGAIN; // true
 */
export interface MovableOperations {
  /** Its name: "balloon". */
  readonly driver: string;
  /** Does it part with the page? Called with the isolation's reference taken. If not, nothing has changed. */
  isolatePage(page: Pfn): boolean;
  /**
   * The driver makes `target` its own in place of `source`, which nobody else can get hold of meanwhile. 0, or an errno, with
   * nothing changed: EAGAIN if it makes sense to ask again.
   */
  migratePage(target: Pfn, source: Pfn, mode: MigrateMode): number;
  /** The driver has the page back: one that has not moved, or the one that came in its place. */
  putbackPage(page: Pfn): void;
}
