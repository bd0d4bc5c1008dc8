import { NO_PAGE, type Order, type Pfn } from '../mm/units.js';
import type { Cpu } from '../smp/cpu.js';
import { SmpHost } from '../smp/smp-host.js';
import type { Faults } from './faults.js';

/** A shared machine on which now and then no target is found, or a page cannot be unmapped. */
export class FaultyHost extends SmpHost {
  constructor(
    cpu: Cpu,
    private readonly faults: Faults,
  ) {
    super(cpu);
  }

  override allocateTarget(order: Order, source: Pfn, sparedOrder: Order): Pfn {
    return this.faults.strikes('no-target') ? NO_PAGE : super.allocateTarget(order, source, sparedOrder);
  }

  override unmap(pfn: Pfn): boolean {
    return this.faults.strikes('still-mapped') ? false : super.unmap(pfn);
  }
}
