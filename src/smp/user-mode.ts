import type { Machine } from '../sim/machine.js';
import { tlbForget } from '../sim/tlb.js';
import { type Control, CPU_OFFLINE, CPU_USER, GENERATION, stateAt } from './control.js';
import { acknowledge, enterKernel, enterUser } from './shootdown.js';

/** Whether a CPU uses its TLB, and what it has acknowledged. */
export interface UserMode {
  /** Begins to use memory: from now on this CPU answers shootdowns, so it must not do anything else for long. */
  online(): void;
  /** Ends that. */
  offline(): void;
  /** Answers if there has been a shootdown: what the CPU had cached is forgotten then. Every access does it first. */
  answer(): void;
  /** Leaves user mode, if it is there; returns what it was. */
  leave(): number;
  /** Goes back to what it was. */
  back(before: number): void;
}

export function createUserMode(machine: Machine, control: Control, cpu: number): UserMode {
  const state = stateAt(cpu);
  let known = 0;

  function catchUp(generation: number): void {
    tlbForget(machine, cpu);
    known = generation;
    acknowledge(control, cpu, generation);
  }

  return {
    online() {
      catchUp(enterUser(control, cpu));
    },
    offline() {
      Atomics.store(control, state, CPU_OFFLINE);
    },
    answer() {
      const generation = Atomics.load(control, GENERATION);
      if (generation !== known) catchUp(generation);
    },
    leave() {
      const before = Atomics.load(control, state);
      enterKernel(control, cpu);
      return before;
    },
    back(before) {
      if (before !== CPU_USER) {
        Atomics.store(control, state, before);
        return;
      }
      const generation = enterUser(control, cpu);
      if (generation !== known) catchUp(generation);
    },
  };
}
