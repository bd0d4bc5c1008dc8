import { EAGAIN, type MovableOperations } from '../../handler/movable-operations.js';
import type { Pfn } from '../../mm/units.js';
import type { Machine } from '../machine.js';
import { isInItsSlot } from '../page-cache.js';
import { moveInBalloon } from './balloon.js';
import {
  DRIVER_BALLOON,
  DRIVER_DEVICE_REFUSES,
  DRIVER_LOCKED,
  DRIVER_PARTS_WITH_NONE,
  DRIVER_TABLE,
  DRIVER_ZSMALLOC,
  type DriverKind,
  driverOf,
  hasTrouble,
  kindOfDriver,
  repoint,
} from './driver.js';
import { isMapped, moveInZspool } from './zsmalloc.js';

const EBUSY = -16;

/** Drivers that can move their pages, by kind; each has its callbacks. */
export class SimMovableOperations {
  readonly #byKind: ReadonlyMap<DriverKind, MovableOperations>;

  constructor(private readonly machine: Machine) {
    this.#byKind = new Map<DriverKind, MovableOperations>([
      [DRIVER_TABLE, new TableOperations(machine)],
      [DRIVER_BALLOON, new BalloonOperations(machine)],
      [DRIVER_ZSMALLOC, new ZsmallocOperations(machine)],
    ]);
  }

  /** page_movable_ops: those of the page's driver; null once it has let go of the page, or cannot move it. */
  of(pfn: Pfn): MovableOperations | null {
    const driver = driverOf(this.machine, pfn);
    if (driver === 0 || !isInItsSlot(this.machine, pfn)) return null;
    return this.#byKind.get(kindOfDriver(this.machine, driver)) ?? null;
  }
}

/** A driver's table, and whatever else of its books names a page of its own, lead to `target` in place of `source`. */
export function moveDriverPage(m: Machine, driver: number, target: Pfn, source: Pfn): void {
  const kind = kindOfDriver(m, driver);
  if (kind === DRIVER_BALLOON) moveInBalloon(m, target, source);
  else if (kind === DRIVER_ZSMALLOC) moveInZspool(m, driver, target, source);
  else repoint(m, source, target);
}

/** A driver that keeps its pages in a table, and nothing besides. */
class TableOperations implements MovableOperations {
  readonly driver: string = 'table';

  constructor(protected readonly machine: Machine) {}

  isolatePage(page: Pfn): boolean {
    return !hasTrouble(this.machine, driverOf(this.machine, page), DRIVER_PARTS_WITH_NONE);
  }

  migratePage(target: Pfn, source: Pfn): number {
    const m = this.machine;
    const driver = driverOf(m, source);
    if (hasTrouble(m, driver, DRIVER_LOCKED) || this.isBusy(driver, source)) return EAGAIN;
    if (hasTrouble(m, driver, DRIVER_DEVICE_REFUSES)) return EBUSY;
    moveDriverPage(m, driver, target, source);
    return 0;
  }

  /** Its list is the table: what is isolated there, and what is not, pages say themselves. */
  putbackPage(): void {}

  protected isBusy(_driver: number, _page: Pfn): boolean {
    return false;
  }
}

class BalloonOperations extends TableOperations {
  override readonly driver = 'balloon';
}

class ZsmallocOperations extends TableOperations {
  override readonly driver = 'zsmalloc';

  protected override isBusy(driver: number, page: Pfn): boolean {
    return isMapped(this.machine, driver, page);
  }
}
