import { PAGEBLOCK_ORDER, PAGEBLOCK_PAGES } from '../../mm/units.js';
import { VM_SHARED, VM_WRITE } from '../../sim/address-space.js';
import { createHugetlbFile, growPool } from '../../sim/hugetlb.js';
import type { WorkloadOf } from '../workload-schema.js';
import { cpuOf, type Load, mapRun, newProcess, type Site, writeRun } from './load.js';

/** A pool of hugetlb: huge pages that an operator sets aside one by one; then a process maps some, and some are promised. */
export class HugetlbLoad implements Load {
  #count = 0;

  constructor(
    private readonly site: Site,
    private readonly workload: WorkloadOf<'hugetlb'>,
  ) {}

  get left(): number {
    return (this.workload.count - this.#count) * PAGEBLOCK_PAGES;
  }

  fill(): void {
    if (growPool(this.site.machine, cpuOf(this.site, this.#count), PAGEBLOCK_ORDER, 1) === 0)
      this.site.fail('finds no free block of 2 MiB; make it smaller or the machine larger');
    this.#count++;
    if (this.left === 0) this.#use();
  }

  #use(): void {
    const { count, used, reserved } = this.workload;
    const nrUsed = Math.round(count * used);
    const nrReserved = Math.min(Math.round(count * reserved), count - nrUsed);
    if (nrUsed > 0) {
      const cpu = cpuOf(this.site, 0);
      const request = { flags: VM_SHARED | VM_WRITE, file: this.#file(nrUsed) };
      const nrPages = nrUsed * PAGEBLOCK_PAGES;
      writeRun(this.site, mapRun(this.site, newProcess(this.site, cpu), cpu, nrPages, request), nrPages);
    }
    if (nrReserved > 0) this.#file(nrReserved);
  }

  #file(nrHuge: number): number {
    const file = createHugetlbFile(this.site.machine, PAGEBLOCK_ORDER, nrHuge, true);
    return file === 0 ? this.site.fail('has promised more huge pages than its pool has') : file;
  }

  release(): void {}
}
