import { forkProcess, zapPte } from '../../sim/address-space.js';
import { choose } from '../choose.js';
import type { WorkloadOf } from '../workload-schema.js';
import { cpuOf, type Load, mapRun, newProcess, type Run, type Site, writeRun } from './load.js';

/** The processes that map a run of memory at the same place, and so share its pages. */
interface Memory {
  readonly run: Run;
  readonly sharers: { readonly mm: number; readonly cpu: number; readonly vma: number }[];
}

/**
 * Processes that write memory. What they share was written by the first before it forked the others; the rest is of
 * each its own, and is written a stretch at a time, now by one process and now by another.
 */
export class AnonymousLoad implements Load {
  left: number;
  readonly #first: { readonly mm: number; readonly cpu: number };
  readonly #shared: Memory | null;
  readonly #own: Memory[] = [];
  /** Those of `#own` that are not full yet. */
  #unfilled: Run[] = [];

  constructor(
    private readonly site: Site,
    private readonly workload: WorkloadOf<'anonymous'>,
  ) {
    this.left = workload.size;
    const cpu = cpuOf(site, 0);
    this.#first = { mm: newProcess(site, cpu), cpu };
    const nrShared = Math.round(workload.size * workload.sharedByFork);
    this.#shared = nrShared === 0 ? null : this.#map(this.#first, nrShared);
    if (nrShared === 0) this.#startProcesses();
  }

  fill(nrPages: number): void {
    const before = this.left;
    const shared = this.#shared?.run;
    if (shared !== undefined && shared.filled < shared.nrPages) {
      this.left -= writeRun(this.site, shared, nrPages);
      if (shared.filled === shared.nrPages) this.#startProcesses();
    }
    while (before - this.left < nrPages && this.#unfilled.length > 0) {
      const at = this.site.prng.below(this.#unfilled.length);
      const run = this.#unfilled[at] as Run;
      this.left -= writeRun(this.site, run, nrPages - (before - this.left));
      if (run.filled === run.nrPages) this.#unfilled.splice(at, 1);
    }
  }

  release(): void {
    const { keep, pattern } = this.workload;
    if (keep === 1) return;
    for (const { run, sharers } of [...(this.#shared === null ? [] : [this.#shared]), ...this.#own]) {
      const kept = choose(run.nrPages, keep, pattern, this.site.prng);
      for (const { mm, cpu, vma } of sharers)
        for (let page = 0; page < run.nrPages; page++)
          if (kept[page] === 0) zapPte(this.site.machine, cpu, mm, run.start + page, vma);
    }
  }

  #map(process: { readonly mm: number; readonly cpu: number }, nrPages: number): Memory {
    const run = mapRun(this.site, process.mm, process.cpu, nrPages);
    return { run, sharers: [{ ...process, vma: run.vma }] };
  }

  /** Forks the others off the first, or starts them on their own where nothing is shared; then each gets its own memory. */
  #startProcesses(): void {
    const { site, workload } = this;
    const processes = [this.#first];
    for (let i = 1; i < workload.processes; i++) {
      const cpu = cpuOf(site, i);
      processes.push({ mm: this.#shared === null ? newProcess(site, cpu) : this.#fork(this.#shared, cpu), cpu });
    }
    const nrOwn = workload.size - (this.#shared?.run.nrPages ?? 0);
    for (const [i, process] of processes.entries()) {
      const nrPages = Math.floor(nrOwn / processes.length) + (i < nrOwn % processes.length ? 1 : 0);
      if (nrPages > 0) this.#own.push(this.#map(process, nrPages));
    }
    this.#unfilled = this.#own.map(({ run }) => run);
  }

  #fork(shared: Memory, cpu: number): number {
    const { machine } = this.site;
    const mm = forkProcess(machine, cpu, this.#first.mm);
    if (mm === 0) this.site.fail('cannot fork: no page for page tables; give kernel zones more memory');
    // Until now the parent had nothing but what is shared, so that is the child's only VMA.
    shared.sharers.push({ mm, cpu, vma: machine.mmVmas[mm] as number });
    return mm;
  }
}
