import {
  acknowledgedAt,
  type Control,
  CPU_KERNEL,
  CPU_USER,
  GENERATION,
  SEVERAL_MM,
  SHOOTDOWN_SLEEPERS,
  stateAt,
  usesAt,
} from './control.js';

/**
 * TLB shootdowns without interrupts. Who has changed page tables begins a generation, and waits until each other CPU has
 * acknowledged it or is not in user mode. A CPU in user mode asks for the generation before each access; when it comes
 * from the kernel it says so first and asks then (Dekker), so one of the two always sees the other. Nobody in the kernel
 * owes an answer, so one may wait while holding the kernel lock.
 */

/** About 30 µs, many times what an answer takes if the other CPU runs. */
const SPINS = 2000;
/** So long one sleeps before looking again: a CPU that enters the kernel wakes nobody. */
const SLEEP_MS = 0.2;

/** Whose translations are to be forgotten: those of one process (mm_cpumask), or all. */
export const EVERY_MM = 0;
/** A shootdown that concerns no other CPU. */
export const NOBODY = null;

/**
 * Begins a generation, in the kernel, after page tables of `mm` have changed; NOBODY if no other CPU has used them since
 * it last forgot everything. One that begins to use them now says so first and looks at them then, so it finds the change.
 */
export function beginShootdown(control: Control, nrCpus: number, cpu: number, mm: number): number | null {
  let concerned = mm === EVERY_MM;
  for (let other = 0; other < nrCpus && !concerned; other++) concerned = other !== cpu && usesMm(control, other, mm);
  return concerned ? (Atomics.add(control, GENERATION, 1) + 1) | 0 : NOBODY;
}

/** When this returns no other CPU uses a translation of `mm` that it cached before the generation. `cpu` is the caller. */
export function awaitShootdown(control: Control, nrCpus: number, cpu: number, mm: number, generation: number): void {
  for (let other = 0; other < nrCpus; other++) if (other !== cpu) awaitAnswer(control, cpu, other, mm, generation);
}

function awaitAnswer(control: Control, cpu: number, other: number, mm: number, generation: number): void {
  for (let spins = SPINS; spins > 0; spins--) if (!owesAnswer(control, other, mm, generation)) return;
  Atomics.or(control, SHOOTDOWN_SLEEPERS, 1 << cpu);
  while (owesAnswer(control, other, mm, generation)) {
    const seen = Atomics.load(control, acknowledgedAt(other));
    if (isBefore(seen, generation)) Atomics.wait(control, acknowledgedAt(other), seen, SLEEP_MS);
  }
  Atomics.and(control, SHOOTDOWN_SLEEPERS, ~(1 << cpu));
}

/** True if a CPU may still use what it cached of `mm` before a generation began. */
export function owesAnswer(control: Control, cpu: number, mm: number, generation: number): boolean {
  if (Atomics.load(control, stateAt(cpu)) !== CPU_USER) return false;
  return isBefore(Atomics.load(control, acknowledgedAt(cpu)), generation) && usesMm(control, cpu, mm);
}

function usesMm(control: Control, cpu: number, mm: number): boolean {
  const uses = Atomics.load(control, usesAt(cpu));
  return mm === EVERY_MM || uses === mm || uses === SEVERAL_MM;
}

/** Generations count in 32 bits, and go round. */
function isBefore(generation: number, other: number): boolean {
  return ((generation - other) | 0) < 0;
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
