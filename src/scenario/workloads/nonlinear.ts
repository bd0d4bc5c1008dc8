import { remapFilePage, VM_SHARED, VM_WRITE } from '../../sim/address-space.js';
import { createFile } from '../../sim/files.js';
import type { WorkloadOf } from '../workload-schema.js';
import { cpuOf, type Load, mapRun, newProcess, type Run, type Site, writeRun } from './load.js';

/** A process that maps the pages of a file in an order of its own. */
export class NonlinearLoad implements Load {
  readonly #run: Run;
  readonly #order: Uint32Array;

  constructor(
    private readonly site: Site,
    { size }: WorkloadOf<'nonlinear'>,
  ) {
    const cpu = cpuOf(site, 0);
    const request = { flags: VM_SHARED | VM_WRITE, file: createFile(site.machine, size) };
    this.#run = mapRun(site, newProcess(site, cpu), cpu, size, request);
    this.#order = site.prng.shuffle(Uint32Array.from({ length: size }, (_, page) => page));
  }

  get left(): number {
    return this.#run.nrPages - this.#run.filled;
  }

  fill(nrPages: number): void {
    const { vma, cpu, start, filled } = this.#run;
    for (let page = filled; page < Math.min(this.#run.nrPages, filled + nrPages); page++)
      if (!remapFilePage(this.site.machine, cpu, vma, start + page, this.#order[page] as number))
        this.site.fail('finds no page for its page tables; give kernel zones more memory');
    writeRun(this.site, this.#run, nrPages);
  }

  release(): void {}
}
