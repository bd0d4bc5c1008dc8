import {
  EAGAIN,
  type MigrateMode,
  type PageTypeHandler,
  type PageView,
  type Pfn,
  PG_MOVABLE_OPS,
} from 'vacate/handler';
import { DRIVER_BUSY, DRIVER_REFUSES, RELEASED } from './refusals.js';

/** Pages of drivers that can move them (zsmalloc, balloon): no LRU has them, and their driver does what is special. */
export class MovableOpsHandler implements PageTypeHandler {
  constructor(private readonly pages: PageView) {}

  claims(flags: number): boolean {
    return (flags & PG_MOVABLE_OPS) !== 0;
  }

  /** Drivers are not asked beforehand: has_unmovable_pages takes their word that they can. */
  refuses(page: Pfn): number {
    return this.pages.inCache(page) ? 0 : RELEASED;
  }

  /** The driver's. */
  references(): number {
    return 1;
  }

  /** isolate_movable_page: a reference first, then the driver is asked to part with it. */
  isolate(page: Pfn): number {
    const driver = this.pages.movableOps?.(page) ?? null;
    const code = driver === null ? RELEASED : this.pages.isolateFromDriver(page, RELEASED);
    if (driver === null || code !== 0 || driver.isolatePage(page)) return code;
    this.pages.putbackToDriver(page);
    return DRIVER_BUSY;
  }

  migrate(source: Pfn, target: Pfn, mode: MigrateMode): number {
    const driver = this.pages.movableOps?.(source) ?? null;
    if (driver === null) return RELEASED;
    const error = driver.migratePage(target, source, mode);
    return error === 0 ? 0 : error === EAGAIN ? DRIVER_BUSY : DRIVER_REFUSES;
  }

  /** A driver that has let go of it meanwhile is told nothing: the reference was the last one, or is somebody else's. */
  putback(page: Pfn): void {
    this.pages.movableOps?.(page)?.putbackPage(page);
    this.pages.putbackToDriver(page);
  }
}
