import { PG_SLAB } from '../../mm/page-flags.js';
import { NO_PAGE, type Pfn } from '../../mm/units.js';
import { allocateKernelPages } from '../../sim/access.js';
import { fillContents } from '../../sim/contents.js';
import { putPage } from '../../sim/page-allocator.js';
import { choose } from '../choose.js';
import type { WorkloadOf } from '../workload-schema.js';
import { cpuOf, type Load, type Site } from './load.js';

/** 2^order kernel pages with contents; the CPUs take turns, so that every node has some. */
function takeKernelPages(site: Site, turn: number, order: number, flags: number, reclaimable = false): Pfn {
  const pfn = allocateKernelPages(site.machine, cpuOf(site, turn), order, flags, reclaimable);
  if (pfn === NO_PAGE) site.fail(`finds no free block of order ${order} in a kernel zone; make it smaller`);
  for (let page = pfn; page < pfn + 2 ** order; page++) {
    const { lo, hi } = site.contents.next();
    fillContents(site.machine, page, lo, hi);
  }
  return pfn;
}

/** Slabs, of which some are freed again. */
export class SlabLoad implements Load {
  readonly #slabs: Pfn[] = [];
  readonly #reclaimable: Uint8Array;

  constructor(
    private readonly site: Site,
    private readonly workload: WorkloadOf<'slab'>,
  ) {
    const nrSlabs = Math.ceil(workload.size / 2 ** workload.order);
    this.#reclaimable = choose(nrSlabs, workload.reclaimable, 'random', site.prng);
  }

  get left(): number {
    return (this.#reclaimable.length - this.#slabs.length) * 2 ** this.workload.order;
  }

  fill(nrPages: number): void {
    const { order } = this.workload;
    for (let pages = 0; pages < nrPages && this.left > 0; pages += 2 ** order) {
      const at = this.#slabs.length;
      this.#slabs.push(takeKernelPages(this.site, at, order, PG_SLAB, this.#reclaimable[at] !== 0));
    }
  }

  release(): void {
    const { keep, pattern, order } = this.workload;
    const kept = choose(this.#slabs.length, keep, pattern, this.site.prng);
    for (const [at, slab] of this.#slabs.entries()) {
      if (kept[at] !== 0) continue;
      for (let page = slab; page < slab + 2 ** order; page++) putPage(this.site.machine, cpuOf(this.site, at), page);
    }
  }
}
