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
    this.move(driver, target, source);
    return 0;
  }

  /** Its list is the table: what is isolated there, and what is not, pages say themselves. */
  putbackPage(): void {}

  protected isBusy(_driver: number, _page: Pfn): boolean {
    return false;
  }

  protected move(_driver: number, target: Pfn, source: Pfn): void {
    repoint(this.machine, source, target);
  }
}

class BalloonOperations extends TableOperations {
  override readonly driver = 'balloon';

  protected override move(_driver: number, target: Pfn, source: Pfn): void {
    moveInBalloon(this.machine, target, source);
  }
}

class ZsmallocOperations extends TableOperations {
  override readonly driver = 'zsmalloc';

  protected override isBusy(driver: number, page: Pfn): boolean {
    return isMapped(this.machine, driver, page);
  }

  protected override move(driver: number, target: Pfn, source: Pfn): void {
    moveInZspool(this.machine, driver, target, source);
  }
}
