import { writePage } from '../../sim/access.js';
import { mergePages } from '../../sim/ksm.js';
import type { WorkloadOf } from '../workload-schema.js';
import { cpuOf, expectDone, type Load, mapRun, newProcess, type Run, type Site } from './load.js';

/** Processes that hold the same, page by page, and ksmd, which finds out at once. */
export class KsmLoad implements Load {
  readonly #runs: readonly Run[];
  #filled = 0;

  constructor(
    private readonly site: Site,
    private readonly workload: WorkloadOf<'ksm'>,
  ) {
    this.#runs = Array.from({ length: workload.processes }, (_, process) => {
      const cpu = cpuOf(site, process);
      return mapRun(site, newProcess(site, cpu), cpu, workload.size);
    });
  }

  get left(): number {
    return this.workload.size - this.#filled;
  }

  fill(nrPages: number): void {
    const end = Math.min(this.workload.size, this.#filled + nrPages);
    for (; this.#filled < end; this.#filled++) this.#fillPage(this.#filled);
  }

  #fillPage(page: number): void {
    const { machine, contents } = this.site;
    const { lo, hi } = contents.next();
    const [first, ...others] = this.#runs as [Run, ...Run[]];
    const kept = { mm: first.mm, vpn: first.start + page };
    expectDone(this.site, writePage(machine, first.cpu, kept.mm, kept.vpn, lo, hi));
    for (const { mm, cpu, start } of others) {
      expectDone(this.site, writePage(machine, cpu, mm, start + page, lo, hi));
      if (!mergePages(machine, cpu, kept, { mm, vpn: start + page }))
        this.site.fail('has a page that does not merge; give it fewer processes, or the machine more memory');
    }
  }

  release(): void {}
}
