import { VacateError } from '../base/vacate-error.js';

/**
 * What the threads of a machine tell each other, in words that change atomically. Each stands on a cache line of its own,
 * so that whoever asks one of them does not slow the others down.
 */
const LINE_WORDS = 16;

/** The kernel lock: 0 free, 1 taken, 2 taken and somebody sleeps on it. */
export const LOCK = 0;
/** CPUs that want the kernel lock and have not got it yet, a bit each. */
export const LOCK_WAITERS = LINE_WORDS;
/** How often somebody who had to wait has got the kernel lock. */
export const LOCK_TURNS = 2 * LINE_WORDS;
/** CPUs that sleep until somebody else has had the kernel lock. */
export const LOCK_YIELDERS = 3 * LINE_WORDS;
/** Shootdowns so far. */
export const GENERATION = 4 * LINE_WORDS;
/** CPUs that sleep until others have acknowledged a shootdown. */
export const SHOOTDOWN_SLEEPERS = 5 * LINE_WORDS;
/** CPUs that sleep on a migration entry. */
export const ENTRY_SLEEPERS = 6 * LINE_WORDS;
/** Steps of migrations so far; locked pages may be unlocked after each. */
export const STEPS = 7 * LINE_WORDS;
/** CPUs that sleep until another step is done. */
export const STEP_SLEEPERS = 8 * LINE_WORDS;
/** Not 0 when jobs are to stop. */
export const STOP = 9 * LINE_WORDS;
/** Nothing ever happens to it: whoever sleeps on it wakes when his time is up. */
export const NEVER = 10 * LINE_WORDS;
const FIRST_CPU = 11 * LINE_WORDS;

/** No thread, or one that touches no memory: it owes nobody anything. */
export const CPU_OFFLINE = 0;
/** Uses its TLB. */
export const CPU_USER = 1;
/** In the kernel, running or waiting: it does not use its TLB, and asks for the generation before it does again. */
export const CPU_KERNEL = 2;

/** A bit for each CPU in one word. */
export const CPUS_MAX = 31;

export type Control = Int32Array;

/** @throws VacateError kind 'limit' for more CPUs than a word has bits for. */
export function createControl(nrCpus: number): SharedArrayBuffer {
  if (nrCpus > CPUS_MAX)
    throw new VacateError('limit', `threads can be ${CPUS_MAX} CPUs of a machine at most, not ${nrCpus}`);
  return new SharedArrayBuffer((FIRST_CPU + nrCpus * LINE_WORDS) * 4);
}

/** Where a CPU's state is. */
export function stateAt(cpu: number): number {
  return FIRST_CPU + cpu * LINE_WORDS;
}

/** Where the last generation is that a CPU has acknowledged. */
export function acknowledgedAt(cpu: number): number {
  return FIRST_CPU + cpu * LINE_WORDS + 1;
}

/** Where the process stands whose translations a CPU may have cached: 0 for none, SEVERAL_MM for more than one. */
export function usesAt(cpu: number): number {
  return FIRST_CPU + cpu * LINE_WORDS + 2;
}
export const NO_MM = 0;
export const SEVERAL_MM = -1;

/** A CPU that is gone sleeps nowhere and waits for nothing. */
export function forgetCpu(control: Control, cpu: number): void {
  for (const sleepers of [LOCK_WAITERS, LOCK_YIELDERS, SHOOTDOWN_SLEEPERS, ENTRY_SLEEPERS, STEP_SLEEPERS])
    Atomics.and(control, sleepers, ~(1 << cpu));
  Atomics.store(control, stateAt(cpu), CPU_OFFLINE);
  Atomics.store(control, usesAt(cpu), NO_MM);
}
