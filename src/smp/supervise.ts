import { forgetCpu, STOP } from './control.js';
import { lockKernelForMany, unlockKernel } from './kernel-lock.js';
import type { SharedMachine } from './shared-machine.js';

/** Tells every job and every thread that asks to come to its end. */
export function stopAll(shared: SharedMachine): void {
  Atomics.store(new Int32Array(shared.control), STOP, 1);
}

/**
 * Ends a thread that is a CPU, wherever it is in user mode: nobody is killed in the kernel, as in Linux. `terminate` ends
 * the thread; when its promise resolves, the CPU owes nobody an answer any more, and another thread may be it. What the
 * thread's process had stays, references of `getUserPage` too. A thread that drives a job must not be ended so.
 */
export async function killCpu(shared: SharedMachine, cpu: number, terminate: () => Promise<unknown>): Promise<void> {
  const control = new Int32Array(shared.control);
  // Others wait meanwhile, which is what nobody does in user mode: so the victim can be there, or wait as well.
  lockKernelForMany(control);
  try {
    await terminate();
  } finally {
    forgetCpu(control, cpu);
    unlockKernel(control);
  }
}

/**
 * A thread that was a CPU has ended by itself, of an error in user mode: whoever waits for its answer goes on. No lock is
 * taken, as its holder may be who waits.
 */
export function cpuIsGone(shared: SharedMachine, cpu: number): void {
  forgetCpu(new Int32Array(shared.control), cpu);
}
