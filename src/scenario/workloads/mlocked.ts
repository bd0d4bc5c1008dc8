import { VM_LOCKED, VM_WRITE } from '../../sim/address-space.js';
import type { WorkloadOf } from '../workload-schema.js';
import { cpuOf, type Load, mapRun, newProcess, type Run, type Site, writeRun } from './load.js';

/** A process that locks what it has and will have (mlockall), then writes it. */
export class MlockedLoad implements Load {
  readonly #run: Run;

  constructor(
    private readonly site: Site,
    { size }: WorkloadOf<'mlocked'>,
  ) {
    const cpu = cpuOf(site, 0);
    this.#run = mapRun(site, newProcess(site, cpu), cpu, size, { flags: VM_WRITE | VM_LOCKED });
  }

  get left(): number {
    return this.#run.nrPages - this.#run.filled;
  }

  fill(nrPages: number): void {
    writeRun(this.site, this.#run, nrPages);
  }

  release(): void {}
}
