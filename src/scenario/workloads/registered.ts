import { pinLongterm } from '../../sim/pin-longterm.js';
import type { WorkloadOf } from '../workload-schema.js';
import { cpuOf, expectDone, type Load, mapRun, newProcess, type Run, type Site, writeRun } from './load.js';

/** A process that writes its buffers and registers them with a device, which keeps them for as long as the process lives. */
export class RegisteredLoad implements Load {
  readonly #run: Run;

  constructor(
    private readonly site: Site,
    { size }: WorkloadOf<'registered'>,
  ) {
    const cpu = cpuOf(site, 0);
    this.#run = mapRun(site, newProcess(site, cpu), cpu, size);
  }

  get left(): number {
    return this.#run.nrPages - this.#run.filled;
  }

  fill(nrPages: number): void {
    const { mm, cpu, start, filled } = this.#run;
    const end = filled + writeRun(this.site, this.#run, nrPages);
    for (let page = filled; page < end; page++)
      expectDone(this.site, pinLongterm(this.site.machine, cpu, mm, start + page, Number.POSITIVE_INFINITY));
  }

  release(): void {}
}
