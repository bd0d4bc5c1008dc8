import { MIGRATE_MOVABLE } from '../../mm/migratetype.js';
import { PG_MOVABLE_OPS, PG_OFFLINE } from '../../mm/page-flags.js';
import { NO_PAGE } from '../../mm/units.js';
import { fillContents } from '../../sim/contents.js';
import { addDriverPage, createDriverPool } from '../../sim/files.js';
import { allocatePages } from '../../sim/page-allocator.js';
import { nodeOfCpu } from '../../sim/pageblocks.js';
import type { WorkloadOf } from '../workload-schema.js';
import { cpuOf, type Load, type Site } from './load.js';

/** A pool of pages of a driver that can move them. Nobody maps them, and no LRU has them. */
export class DriverPoolLoad implements Load {
  left: number;
  readonly #pool: number;
  readonly #flags: number;

  constructor(
    private readonly site: Site,
    private readonly workload: WorkloadOf<'zsmalloc' | 'balloon'>,
  ) {
    this.left = workload.size;
    this.#pool = createDriverPool(site.machine, workload.size);
    // A page that the guest has given away is logically offline besides.
    this.#flags = workload.kind === 'balloon' ? PG_MOVABLE_OPS | PG_OFFLINE : PG_MOVABLE_OPS;
  }

  fill(nrPages: number): void {
    const { machine, contents } = this.site;
    const end = this.left - Math.min(this.left, nrPages);
    for (; this.left > end; this.left--) {
      const page = this.workload.size - this.left;
      const cpu = cpuOf(this.site, page);
      const node = nodeOfCpu(machine, cpu);
      const pfn = allocatePages(machine, cpu, {
        order: 0,
        type: MIGRATE_MOVABLE,
        node,
        highest: 'Movable',
        mark: 'low',
      });
      if (pfn === NO_PAGE) this.site.fail('finds no free page; make it smaller or the machine larger');
      const { lo, hi } = contents.next();
      fillContents(machine, pfn, lo, hi);
      addDriverPage(machine, pfn, this.#pool, page, this.#flags);
    }
  }

  release(): void {}
}
