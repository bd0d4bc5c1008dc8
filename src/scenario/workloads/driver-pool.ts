import { MIGRATE_MOVABLE } from '../../mm/migratetype.js';
import { NO_PAGE, type Pfn } from '../../mm/units.js';
import { fillContents } from '../../sim/contents.js';
import { addToBalloon, createBalloon } from '../../sim/drivers/balloon.js';
import { addToZspool, createZspool, placesOfZspool, zsMalloc } from '../../sim/drivers/zsmalloc.js';
import { allocatePages } from '../../sim/page-allocator.js';
import { nodeOfCpu } from '../../sim/pageblocks.js';
import type { WorkloadOf } from '../workload-schema.js';
import { cpuOf, type Load, type Site } from './load.js';

/** zspages of three pages, with objects across their borders. */
const SIZE_CLASS = 1;

/** Places that a pool of so many pages has on the index line, with those of its handles. */
export function placesOfPool(nrPages: number): number {
  return placesOfZspool(nrPages, SIZE_CLASS);
}

/** Pages of a driver that can move them, taken one by one. Nobody maps them, and no LRU has them. */
abstract class DriverLoad implements Load {
  left: number;

  constructor(
    protected readonly site: Site,
    private readonly size: number,
  ) {
    this.left = size;
  }

  fill(nrPages: number): void {
    const { machine, contents } = this.site;
    const end = this.left - Math.min(this.left, nrPages);
    for (; this.left > end; this.left--) {
      const page = this.size - this.left;
      const cpu = cpuOf(this.site, page);
      const request = { order: 0, type: MIGRATE_MOVABLE, node: nodeOfCpu(machine, cpu) } as const;
      const pfn = allocatePages(machine, cpu, { ...request, highest: 'Movable', mark: 'low' });
      if (pfn === NO_PAGE) this.site.fail('finds no free page; make it smaller or the machine larger');
      const { lo, hi } = contents.next();
      fillContents(machine, pfn, lo, hi);
      this.take(pfn, page);
    }
  }

  release(): void {}

  /** The page is the driver's from now on, the first one at 0. */
  protected abstract take(pfn: Pfn, page: number): void;
}

/** A pool of compressed pages: as soon as a zspage has all of its pages, objects lie in it. */
export class ZsmallocLoad extends DriverLoad {
  readonly #pool: number;
  #nextHandle = 0;

  constructor(site: Site, { size }: WorkloadOf<'zsmalloc'>) {
    super(site, size);
    this.#pool = createZspool(site.machine, size, SIZE_CLASS);
  }

  protected override take(pfn: Pfn, page: number): void {
    const { machine } = this.site;
    addToZspool(machine, pfn, this.#pool, page);
    for (;;) {
      const handle = zsMalloc(machine, this.#pool, this.#nextHandle);
      if (handle < 0) return;
      this.#nextHandle = handle + 1;
    }
  }
}

/** A balloon that has given its pages to the host. */
export class BalloonLoad extends DriverLoad {
  readonly #balloon: number;

  constructor(site: Site, { size }: WorkloadOf<'balloon'>) {
    super(site, size);
    this.#balloon = createBalloon(site.machine, size);
  }

  protected override take(pfn: Pfn, page: number): void {
    addToBalloon(this.site.machine, pfn, this.#balloon, page);
  }
}
