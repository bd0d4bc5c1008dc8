import type { Prng } from '../base/prng.js';
import type { Cpu } from '../smp/cpu.js';
import type { SoakControl } from './control.js';
import { type Counters, countCall, type SystemCall } from './counters.js';
import type { SoakLedger } from './ledger.js';
import type { Residents } from './residents.js';

/** A thread that runs processes: a CPU of the machine, and what it shares with the others. */
export interface ProcessThread {
  readonly thread: number;
  readonly cpu: Cpu;
  readonly ledger: SoakLedger;
  readonly residents: Residents;
  readonly counters: Counters;
  readonly control: SoakControl;
  readonly prng: Prng;
}

/** A process that the thread runs, as its slot; -1 if it has none. */
export function ownSlot({ ledger, thread, prng }: ProcessThread): number {
  const { slotOwner } = ledger;
  const { nrSlots } = ledger.shape;
  for (let i = 0, slot = prng.below(nrSlots); i < nrSlots; i++, slot = (slot + 1) % nrSlots)
    if (Atomics.load(slotOwner, slot) === thread + 1) return slot;
  return -1;
}

export function counted(t: ProcessThread, call: SystemCall): void {
  countCall(t.counters, t.thread, call);
}

export function countOutOfMemory({ counters, thread }: ProcessThread): void {
  counters.outOfMemory[thread] = counters.outOfMemory[thread]! + 1;
}
