import {
  acknowledgedAt,
  type Control,
  CPU_KERNEL,
  CPU_USER,
  GENERATION,
  SHOOTDOWN_SLEEPERS,
  stateAt,
} from './control.js';

/**
 * TLB shootdowns without interrupts. Who has changed page tables begins a generation, and waits until each other CPU has
 * acknowledged it or is not in user mode. A CPU in user mode asks for the generation before each access; when it comes
 * from the kernel it says so first and asks then (Dekker), so one of the two always sees the other. Nobody in the kernel
 * owes an answer, so one may wait while holding the kernel lock: who has the lock asked when he got it, and since then
 * nobody else can have begun a generation.
 */

/** About 30 µs, many times what an answer takes if the other CPU runs. */
const SPINS = 2000;
/** So long one sleeps before looking again: a CPU that enters the kernel wakes nobody. */
const SLEEP_MS = 0.2;

/** Begins a generation, in the kernel: whoever gets the kernel lock from now on knows of it. */
export function beginShootdown(control: Control): number {
  return (Atomics.add(control, GENERATION, 1) + 1) | 0;
}

/** When this returns no other CPU uses a translation that it cached before the generation. `cpu` is the caller. */
export function awaitShootdown(control: Control, nrCpus: number, cpu: number, generation: number): void {
  for (let other = 0; other < nrCpus; other++) if (other !== cpu) awaitAnswer(control, cpu, other, generation);
}

function awaitAnswer(control: Control, cpu: number, other: number, generation: number): void {
  for (let spins = SPINS; spins > 0; spins--) if (!owesAnswer(control, other, generation)) return;
  Atomics.or(control, SHOOTDOWN_SLEEPERS, 1 << cpu);
  while (owesAnswer(control, other, generation)) {
    const seen = Atomics.load(control, acknowledgedAt(other));
    if (((seen - generation) | 0) < 0) Atomics.wait(control, acknowledgedAt(other), seen, SLEEP_MS);
  }
  Atomics.and(control, SHOOTDOWN_SLEEPERS, ~(1 << cpu));
}

/** True if a CPU may still use what it cached before a generation began. */
export function owesAnswer(control: Control, cpu: number, generation: number): boolean {
  if (Atomics.load(control, stateAt(cpu)) !== CPU_USER) return false;
  return ((Atomics.load(control, acknowledgedAt(cpu)) - generation) | 0) < 0;
}

/** What a CPU says when it has forgotten its translations; `generation` is what it read before it did. */
export function acknowledge(control: Control, cpu: number, generation: number): void {
  Atomics.store(control, acknowledgedAt(cpu), generation);
  if (Atomics.load(control, SHOOTDOWN_SLEEPERS) !== 0) Atomics.notify(control, acknowledgedAt(cpu));
}

/** From here on the CPU owes answers. What it cached counts only if the generation returned is the one it knows. */
export function enterUser(control: Control, cpu: number): number {
  Atomics.store(control, stateAt(cpu), CPU_USER);
  return Atomics.load(control, GENERATION);
}

/** From here on it uses no translation. */
export function enterKernel(control: Control, cpu: number): void {
  Atomics.store(control, stateAt(cpu), CPU_KERNEL);
}
