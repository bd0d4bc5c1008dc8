import { PAGEBLOCK_ORDER, PAGEBLOCK_PAGES } from '../../mm/units.js';
import { ACCESS_OK } from '../../sim/access.js';
import { faultHugePage } from '../../sim/huge-pages.js';
import type { WorkloadOf } from '../workload-schema.js';
import { cpuOf, type Load, mapRun, newProcess, type Run, type Site, writeRun } from './load.js';

/** A process whose memory comes in transparent huge pages. */
export class HugePagesLoad implements Load {
  readonly #run: Run;

  constructor(
    private readonly site: Site,
    { count }: WorkloadOf<'hugepages'>,
  ) {
    const cpu = cpuOf(site, 0);
    // A huge page is aligned in virtual memory as it is in physical.
    const request = { start: PAGEBLOCK_PAGES };
    this.#run = mapRun(site, newProcess(site, cpu), cpu, count * PAGEBLOCK_PAGES, request);
  }

  get left(): number {
    return this.#run.nrPages - this.#run.filled;
  }

  fill(): void {
    const { mm, cpu, start, filled } = this.#run;
    if (faultHugePage(this.site.machine, cpu, mm, start + filled, PAGEBLOCK_ORDER) !== ACCESS_OK)
      this.site.fail('finds no free block of 2 MiB; make it smaller or the machine larger');
    writeRun(this.site, this.#run, PAGEBLOCK_PAGES);
  }

  release(): void {}
}
