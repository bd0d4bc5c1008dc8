import { SimHost } from '../sim/sim-host.js';
import type { Cpu } from './cpu.js';
import { nap } from './kernel-gate.js';

/** A task that waits for others to let go of a page sleeps for so long. */
const RELAX_MS = 0.05;

/**
 * A shared machine as a host of the migration service, for the thread that is one of its CPUs. What takes long and
 * touches nothing that others could goes on outside the kernel: pages that are on their way are locked and frozen, and
 * nobody can find them.
 *
 * @example
 * const cpu = attachCpu(shareMachine(machineFromScenario(scenario, { shared: true })), 0);
 * const simulated = new SmpHost(cpu);
 * simulated.layout.nrCpus; // 2
 */
export class SmpHost extends SimHost {
  constructor(readonly cpu: Cpu) {
    super(cpu.machine);
  }

  override shootdown(): void {
    const generation = this.cpu.beginShootdown();
    this.cpu.unlocked(() => this.cpu.awaitShootdown(generation));
  }

  override copy(sources: Uint32Array, targets: Uint32Array, nrPages: number): void {
    this.cpu.unlocked(() => super.copy(sources, targets, nrPages));
  }

  override relax(): void {
    super.relax();
    this.cpu.unlocked(() => nap(this.cpu.control, RELAX_MS));
  }
}
