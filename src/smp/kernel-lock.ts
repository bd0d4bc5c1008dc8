import { type Control, LOCK, LOCK_TURNS, LOCK_WAITERS, LOCK_YIELDERS } from './control.js';

/**
 * The big kernel lock: system calls, faults and the migrators' steps run under it, one at a time. A mutex as Drepper
 * describes it ("Futexes are tricky", mutex 2): who finds it taken spins for a while, then sleeps.
 */
const FREE = 0;
const TAKEN = 1;
const CONTENDED = 2;

/** About 20 µs: most of what is done under the lock takes less, and to sleep and wake takes more. */
const SPINS = 2000;
/** Nobody waits longer for another's turn: who wanted it may be gone. */
const TURN_MS = 1;

export function lockKernel(control: Control, cpu: number): void {
  if (Atomics.compareExchange(control, LOCK, FREE, TAKEN) === FREE) return;
  Atomics.or(control, LOCK_WAITERS, 1 << cpu);
  waitForLock(control);
  Atomics.and(control, LOCK_WAITERS, ~(1 << cpu));
  Atomics.add(control, LOCK_TURNS, 1);
  if (Atomics.load(control, LOCK_YIELDERS) !== 0) Atomics.notify(control, LOCK_TURNS);
}

function waitForLock(control: Control): void {
  for (let spins = SPINS; spins > 0; spins--)
    if (Atomics.load(control, LOCK) === FREE && Atomics.compareExchange(control, LOCK, FREE, TAKEN) === FREE) return;
  lockKernelForMany(control);
}

/**
 * The same for one who may have been preceded by a thread that is gone: whoever sleeps is woken when the lock is free
 * again, also if the dead one had been woken for it.
 */
export function lockKernelForMany(control: Control): void {
  while (Atomics.exchange(control, LOCK, CONTENDED) !== FREE) Atomics.wait(control, LOCK, CONTENDED);
}

/** The same, for no longer than so many milliseconds; false if it was not to be had. */
export function lockKernelWithin(control: Control, ms: number): boolean {
  if (Atomics.exchange(control, LOCK, CONTENDED) === FREE) return true;
  Atomics.wait(control, LOCK, CONTENDED, ms);
  return Atomics.exchange(control, LOCK, CONTENDED) === FREE;
}

export function unlockKernel(control: Control): void {
  if (Atomics.exchange(control, LOCK, FREE) === CONTENDED) Atomics.notify(control, LOCK, 1);
}

/** True if somebody waits for the lock. */
export function isKernelWanted(control: Control): boolean {
  return Atomics.load(control, LOCK_WAITERS) !== 0;
}

/** Lets one of those who wait have the lock, if there are any, and takes it again (cond_resched). False if nobody does. */
export function yieldKernel(control: Control, cpu: number): boolean {
  if (!isKernelWanted(control)) return false;
  const turn = Atomics.load(control, LOCK_TURNS);
  unlockKernel(control);
  waitForTurn(control, cpu, turn);
  lockKernel(control, cpu);
  return true;
}

function waitForTurn(control: Control, cpu: number, turn: number): void {
  for (let spins = SPINS; spins > 0; spins--) if (Atomics.load(control, LOCK_TURNS) !== turn) return;
  Atomics.or(control, LOCK_YIELDERS, 1 << cpu);
  Atomics.wait(control, LOCK_TURNS, turn, TURN_MS);
  Atomics.and(control, LOCK_YIELDERS, ~(1 << cpu));
}
