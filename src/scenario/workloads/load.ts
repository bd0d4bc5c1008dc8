import type { Prng } from '../../base/prng.js';
import { ACCESS_NO_MEMORY, ACCESS_OK, type Access, writePage } from '../../sim/access.js';
import { createProcess, type MapRequest, mapMemory, VM_WRITE } from '../../sim/address-space.js';
import type { Machine } from '../../sim/machine.js';
import type { Contents } from '../contents.js';

/** Where a workload runs: its machine and CPUs, chance and contents for it, and how it says that it cannot go on. */
export interface Site {
  readonly machine: Machine;
  /** CPUs of the node on which it runs, or all. */
  readonly cpus: readonly number[];
  readonly prng: Prng;
  readonly contents: Contents;
  fail(because: string): never;
}

/** A workload on its way. It fills its memory a few pages at a time, so that several can run side by side. */
export interface Load {
  /** Pages yet to be filled. */
  readonly left: number;
  /** Fills up to so many pages: at least one, and a few more where they only come together. */
  fill(nrPages: number): void;
  /** Gives up what is not kept, when everybody has filled theirs. */
  release(): void;
}

/** Memory of one process: a VMA of its own, filled from its start on. */
export interface Run {
  readonly mm: number;
  readonly cpu: number;
  readonly vma: number;
  readonly start: number;
  readonly nrPages: number;
  filled: number;
}

const NO_TABLES = 'finds no page for its page tables; make it smaller or give kernel zones more memory';

export function cpuOf(site: Site, process: number): number {
  return site.cpus[process % site.cpus.length] as number;
}

export function newProcess(site: Site, cpu: number): number {
  const mm = createProcess(site.machine, cpu);
  return mm === 0 ? site.fail(NO_TABLES) : mm;
}

/** A VMA in a process. Without a file it is anonymous. */
export function mapRun(site: Site, mm: number, cpu: number, nrPages: number, request: Partial<MapRequest> = {}): Run {
  const { machine } = site;
  const vma = mapMemory(machine, mm, { start: -1, nrPages, flags: VM_WRITE, file: 0, offset: 0, ...request });
  if (vma === 0) site.fail('has more memory in one process than an address space holds; give it more processes');
  return { mm, cpu, vma, start: machine.vmaStart[vma] as number, nrPages, filled: 0 };
}

/** Writes up to so many pages of a run, each with contents of its own; returns how many. */
export function writeRun(site: Site, run: Run, nrPages: number): number {
  const end = Math.min(run.nrPages, run.filled + nrPages);
  const began = run.filled;
  for (; run.filled < end; run.filled++) {
    const { lo, hi } = site.contents.next();
    expectDone(site, writePage(site.machine, run.cpu, run.mm, run.start + run.filled, lo, hi));
  }
  return end - began;
}

export function expectDone(site: Site, access: Access): void {
  if (access === ACCESS_OK) return;
  site.fail(
    access === ACCESS_NO_MEMORY
      ? 'finds no free page; make it smaller or the machine larger'
      : `meets memory that it cannot use (access ${access})`,
  );
}
