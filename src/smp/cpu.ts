import { assert } from '../base/assert.js';
import { attachMachine, type Machine, type OtherCpus } from '../sim/machine.js';
import { type Control, ENTRY_SLEEPERS, forgetCpu, STOP } from './control.js';
import { createGate, type KernelGate } from './kernel-gate.js';
import type { SharedMachine } from './shared-machine.js';
import { awaitShootdown, beginShootdown, EVERY_MM, NOBODY } from './shootdown.js';
import { createTrap } from './trap.js';
import { createUserMemory, type UserMemory } from './user-memory.js';
import { createUserMode, type UserMode } from './user-mode.js';
import { createUserPages, type UserPages } from './user-pages.js';

/** One CPU of a shared machine, as the thread has it that is this CPU. */
export interface Cpu extends KernelGate, UserMemory, UserPages, Pick<UserMode, 'online' | 'offline' | 'answer'> {
  readonly cpu: number;
  readonly machine: Machine;
  readonly control: Control;
  /** Begins a TLB shootdown, in the kernel; this CPU has forgotten its own translations then. */
  beginShootdown(): number;
  /** Waits, in the kernel or not, until all other CPUs have forgotten theirs. */
  awaitShootdown(generation: number): void;
  /** True when jobs are to stop. */
  isStopped(): boolean;
}

/**
 * Makes the calling thread CPU `cpu` of a machine; no other thread may be it. It is offline until it says otherwise.
 *
 * @example
 * const shared: SharedMachine = createSharedMachine({ ...machine.spec, name: 'empty' });
 * const cpu: Cpu = attachCpu(shared, 0);
 * cpu.machine.spec.nrPfns === machine.spec.nrPfns; // true
 */
export function attachCpu(shared: SharedMachine, cpu: number): Cpu {
  const { nrCpus } = shared.spec;
  assert(Number.isInteger(cpu) && cpu >= 0 && cpu < nrCpus, `CPU ${cpu} is one of the machine's ${nrCpus}`);
  const control = new Int32Array(shared.control);
  forgetCpu(control, cpu);
  const begin = (mm = EVERY_MM) => {
    mode.forget();
    return beginShootdown(control, nrCpus, cpu, mm);
  };
  const others: OtherCpus = {
    shootdown: (mm = EVERY_MM) => {
      const generation = begin(mm);
      if (generation !== NOBODY) awaitShootdown(control, nrCpus, cpu, mm, generation);
    },
    wake: (at) => {
      if (Atomics.load(control, ENTRY_SLEEPERS) !== 0) Atomics.notify(entries, at);
    },
  };
  const machine = attachMachine(shared.spec, shared.buffer, others);
  const { byteOffset, length } = machine.ptes;
  const entries = new Int32Array(shared.buffer, byteOffset, length);
  const mode = createUserMode(machine, control, cpu);
  const gate = createGate(control, cpu, entries, mode);
  const trap = createTrap(machine, cpu, gate);
  return {
    ...gate,
    ...createUserMemory(machine, mode, trap),
    ...createUserPages(machine, cpu, mode, gate, trap),
    beginShootdown: () => begin() as number,
    awaitShootdown: (generation) => awaitShootdown(control, nrCpus, cpu, EVERY_MM, generation),
    online: mode.online,
    offline: mode.offline,
    answer: mode.answer,
    cpu,
    machine,
    control,
    isStopped: () => Atomics.load(control, STOP) !== 0,
  };
}
