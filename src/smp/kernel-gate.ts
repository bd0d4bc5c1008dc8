import { type Control, ENTRY_SLEEPERS, NEVER, STEP_SLEEPERS, STEPS } from './control.js';
import { isKernelWanted, lockKernel, unlockKernel, yieldKernel } from './kernel-lock.js';
import type { UserMode } from './user-mode.js';

/** Whoever sleeps for a step looks again so often: the page may have been unlocked by somebody else. */
const STEP_MS = 1;
/** Whoever sleeps on an entry looks again so often, even if nobody has woken him. */
const ENTRY_MS = 100;
/**
 * Long work in the kernel lets others in so often, as the kernel reschedules by the tick: each turn puts two threads to
 * sleep and wakes them, which takes longer than many a step of a migration.
 */
const TURN_EVERY_MS = 1;

/** How a CPU goes into the kernel, waits there, and comes back. */
export interface KernelGate {
  /** Does work in the kernel, alone there: a system call. Work that is in the kernel already simply goes on. */
  kernel<T>(work: () => T): T;
  /** Lets others into the kernel while `work` goes on, which touches nothing that they could: copying, waiting. */
  unlocked<T>(work: () => T): T;
  /** Between two steps of long work in the kernel: whoever waits for it has a turn. */
  letOthersIn(): void;
  /** Not in the kernel: sleeps until the entry at `ptes[at]`, last seen as `pte`, is no migration entry any more. */
  sleepOnEntry(at: number, pte: number): void;
  /** Not in the kernel: sleeps until some migration has gone a step further, or a millisecond. */
  sleepForStep(): void;
}

/** `entries` are the machine's page-table entries, as words that one can sleep on. */
export function createGate(control: Control, cpu: number, entries: Int32Array, mode: UserMode): KernelGate {
  let inKernel = false;
  let lastTurn = 0;
  return {
    kernel(work) {
      if (inKernel) return work();
      const before = mode.leave();
      lockKernel(control, cpu);
      mode.enteredKernel();
      inKernel = true;
      try {
        return work();
      } finally {
        inKernel = false;
        unlockKernel(control);
        mode.back(before);
      }
    },
    unlocked(work) {
      if (!inKernel) return work();
      inKernel = false;
      unlockKernel(control);
      try {
        return work();
      } finally {
        lockKernel(control, cpu);
        mode.enteredKernel();
        inKernel = true;
      }
    },
    letOthersIn() {
      if (!inKernel || !isKernelWanted(control)) return;
      if (performance.now() - lastTurn < TURN_EVERY_MS) return;
      if (yieldKernel(control, cpu)) mode.enteredKernel();
      lastTurn = performance.now();
    },
    sleepOnEntry(at, pte) {
      sleep(control, cpu, mode, ENTRY_SLEEPERS, () => Atomics.wait(entries, at, pte | 0, ENTRY_MS));
    },
    sleepForStep() {
      const step = Atomics.load(control, STEPS);
      sleep(control, cpu, mode, STEP_SLEEPERS, () => Atomics.wait(control, STEPS, step, STEP_MS));
    },
  };
}

function sleep(control: Control, cpu: number, mode: UserMode, sleepers: number, wait: () => void): void {
  const before = mode.leave();
  Atomics.or(control, sleepers, 1 << cpu);
  wait();
  Atomics.and(control, sleepers, ~(1 << cpu));
  mode.back(before);
}

/** Sleeps for so many milliseconds, whatever happens. */
export function nap(control: Control, ms: number): void {
  Atomics.wait(control, NEVER, 0, ms);
}
