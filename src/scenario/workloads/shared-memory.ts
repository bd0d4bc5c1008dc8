import { readPage } from '../../sim/access.js';
import { VM_SHARED, VM_WRITE } from '../../sim/address-space.js';
import { createShmem } from '../../sim/files.js';
import type { WorkloadOf } from '../workload-schema.js';
import { cpuOf, expectDone, type Load, mapRun, newProcess, type Run, type Site, writeRun } from './load.js';

const words = new Uint32Array(2);

/** A shared-memory file: the first process writes it, the others read. */
export class SharedMemoryLoad implements Load {
  readonly #writer: Run;
  readonly #readers: readonly Run[];

  constructor(
    private readonly site: Site,
    { size, processes }: WorkloadOf<'shmem'>,
  ) {
    const request = { flags: VM_SHARED | VM_WRITE, file: createShmem(site.machine, size) };
    const runs = Array.from({ length: processes }, (_, i) => {
      const cpu = cpuOf(site, i);
      return mapRun(site, newProcess(site, cpu), cpu, size, request);
    });
    this.#writer = runs[0] as Run;
    this.#readers = runs.slice(1);
  }

  get left(): number {
    return this.#writer.nrPages - this.#writer.filled;
  }

  fill(nrPages: number): void {
    const from = this.#writer.filled;
    writeRun(this.site, this.#writer, nrPages);
    for (const reader of this.#readers)
      for (let page = from; page < this.#writer.filled; page++)
        expectDone(this.site, readPage(this.site.machine, reader.cpu, reader.mm, reader.start + page, words));
  }

  release(): void {}
}
