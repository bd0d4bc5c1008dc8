import type { HugePool } from '../handler/page-view.js';
import type { RefusalCode } from '../handler/refusal.js';
import { MAX_PAGE_ORDER, NO_PAGE, type Pfn } from '../mm/units.js';
import { availableIn, dissolve, findUnused, H_ORDER, hstateOf } from './hugetlb-pool.js';
import type { Machine } from './machine.js';
import { nodeOf } from './pageblocks.js';

/** A machine's pools of huge pages as handlers see them. */
export class SimHugePool implements HugePool {
  constructor(private readonly machine: Machine) {}

  owns(pfn: Pfn): boolean {
    return hstateOf(this.machine, pfn) >= 0;
  }

  isGigantic(pfn: Pfn): boolean {
    const h = hstateOf(this.machine, pfn);
    return h >= 0 && this.machine.hugetlb[h + H_ORDER]! > MAX_PAGE_ORDER;
  }

  available(pfn: Pfn): number {
    const h = hstateOf(this.machine, pfn);
    return h < 0 ? 0 : availableIn(this.machine, h);
  }

  hasTarget(pfn: Pfn): boolean {
    const h = hstateOf(this.machine, pfn);
    if (h < 0 || availableIn(this.machine, h) <= 0) return false;
    return findUnused(this.machine, h, nodeOf(this.machine, pfn)) !== NO_PAGE;
  }

  dissolve(head: Pfn, kept: RefusalCode): RefusalCode {
    return dissolve(this.machine, head) ? 0 : kept;
  }
}
