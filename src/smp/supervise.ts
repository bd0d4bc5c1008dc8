import { forgetCpu, STOP } from './control.js';
import { lockKernelWithin, unlockKernel } from './kernel-lock.js';
import type { SharedMachine } from './shared-machine.js';

/**
 * Tells every job and every thread that asks to come to its end.
 *
 * @example
 * const shared = createSharedMachine(machine.spec);
 * const cpu = attachCpu(shared, 0);
 * stopAll(shared);
 * cpu.isStopped(); // true
 */
export function stopAll(shared: SharedMachine): void {
  Atomics.store(new Int32Array(shared.control), STOP, 1);
}

/** So long whoever supervises sleeps for the kernel lock before signals and timers have their turn. */
const PATIENCE_MS = 20;

function othersTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/**
 * Ends a thread that is a CPU, wherever it is in user mode: nobody is killed in the kernel, as in Linux. `terminate` ends
 * the thread; when its promise resolves, the CPU owes nobody an answer any more, and another thread may be it. What the
 * thread's process had stays, references of `getUserPage` too. A thread that drives a job must not be ended so.
 *
 * False, with nothing done, if `isGivenUp` said so while the kernel lock was not to be had.
 *
 * @example
 * const shared = createSharedMachine(machine.spec);
 * const thread = { terminate: async () => 0 }; // a Worker
 * await killCpu(shared, 1, () => thread.terminate()); // true
 */
export async function killCpu(
  shared: SharedMachine,
  cpu: number,
  terminate: () => Promise<unknown>,
  isGivenUp: () => boolean = () => false,
): Promise<boolean> {
  const control = new Int32Array(shared.control);
  // Others wait meanwhile, which is what nobody does in user mode: so the victim can be there, or wait as well.
  while (!lockKernelWithin(control, PATIENCE_MS)) {
    if (isGivenUp()) return false;
    await othersTurn();
  }
  try {
    await terminate();
    return true;
  } finally {
    forgetCpu(control, cpu);
    unlockKernel(control);
  }
}

/**
 * A thread that was a CPU has ended by itself, of an error in user mode: whoever waits for its answer goes on. No lock is
 * taken, as its holder may be who waits.
 *
 * @example
 * const shared = createSharedMachine(machine.spec);
 * cpuIsGone(shared, 1); // from the 'error' event of its Worker
 */
export function cpuIsGone(shared: SharedMachine, cpu: number): void {
  forgetCpu(new Int32Array(shared.control), cpu);
}
