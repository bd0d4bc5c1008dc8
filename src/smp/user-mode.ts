import type { Machine } from '../sim/machine.js';
import { tlbForget } from '../sim/tlb.js';
import { type Control, CPU_OFFLINE, CPU_USER, GENERATION, NO_MM, SEVERAL_MM, stateAt, usesAt } from './control.js';
import { acknowledge, enterKernel, enterUser } from './shootdown.js';

/** Whether a CPU uses its TLB, for whom, and what it has acknowledged. */
export interface UserMode {
  /** Begins to use memory: from now on this CPU answers shootdowns, so it must not do anything else for long. */
  online(): void;
  /** Ends that. */
  offline(): void;
  /** Answers if there has been a shootdown: what the CPU had cached is forgotten then. */
  answer(): void;
  /** What every access begins with: says whose page tables are going to be used, and answers then (Dekker again). */
  use(mm: number): void;
  /** How often everything has been forgotten: what was cached in an earlier epoch does not count. */
  epoch(): number;
  forget(): void;
  /** The CPU has got the kernel lock: what it cached when it had it before does not count. */
  enteredKernel(): void;
  /** Leaves user mode, if it is there; returns what it was. */
  leave(): number;
  /** Goes back to what it was. */
  back(before: number): void;
}

export function createUserMode(machine: Machine, control: Control, cpu: number): UserMode {
  const state = stateAt(cpu);
  const uses = usesAt(cpu);
  let known = 0;
  let epoch = 0;
  /** Whose translations may have been cached in this epoch, and whose others believe it. The second covers the first. */
  let using = NO_MM;
  let published = NO_MM;

  function forget(): void {
    tlbForget(machine, cpu);
    epoch = (epoch + 1) | 0;
    using = NO_MM;
  }

  function catchUp(generation: number): void {
    forget();
    known = generation;
    acknowledge(control, cpu, generation);
  }

  function useAnother(mm: number): void {
    using = using === NO_MM ? mm : SEVERAL_MM;
    if (using === published) return;
    published = using;
    Atomics.store(control, uses, using);
  }

  return {
    forget,
    epoch: () => epoch,
    use(mm) {
      if (mm !== using) useAnother(mm);
      const generation = Atomics.load(control, GENERATION);
      if (generation === known) return;
      catchUp(generation);
      useAnother(mm);
    },
    online() {
      catchUp(enterUser(control, cpu));
    },
    offline() {
      forget();
      published = NO_MM;
      Atomics.store(control, uses, NO_MM);
      Atomics.store(control, state, CPU_OFFLINE);
    },
    answer() {
      const generation = Atomics.load(control, GENERATION);
      if (generation !== known) catchUp(generation);
    },
    enteredKernel() {
      tlbForget(machine, cpu);
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
