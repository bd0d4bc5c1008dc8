import { describe, expect, it } from '@jest/globals';
import { createControl, forgetCpu, LOCK, LOCK_TURNS, LOCK_WAITERS } from '../../../src/smp/control.js';
import {
  lockKernel,
  lockKernelForMany,
  lockKernelWithin,
  unlockKernel,
  yieldKernel,
} from '../../../src/smp/kernel-lock.js';
import { killCpu } from '../../../src/smp/supervise.js';
import { sharedMachine } from './small-shared-machine.js';

const newControl = () => new Int32Array(createControl(4));

describe('the kernel lock', () => {
  it('is one word: free, taken, taken and wanted', () => {
    const control = newControl();
    lockKernel(control, 1);
    expect(control[LOCK]).toBe(1);
    unlockKernel(control);
    expect(control[LOCK]).toBe(0);
    lockKernelForMany(control);
    expect(control[LOCK]).toBe(2);
    unlockKernel(control);
    expect(control[LOCK]).toBe(0);
  });

  it('is left to nobody who does not want it', () => {
    const control = newControl();
    lockKernel(control, 1);
    expect(yieldKernel(control, 1)).toBe(false);
    expect([control[LOCK], control[LOCK_TURNS]]).toEqual([1, 0]);
  });

  it('comes back if whoever wanted it is gone', () => {
    const control = newControl();
    lockKernel(control, 1);
    Atomics.or(control, LOCK_WAITERS, 1 << 2);
    expect(yieldKernel(control, 1)).toBe(true);
    expect(control[LOCK]).not.toBe(0);
    forgetCpu(control, 2);
    expect(control[LOCK_WAITERS]).toBe(0);
    expect(yieldKernel(control, 1)).toBe(false);
  });

  it('is waited for no longer than was asked', () => {
    const control = newControl();
    lockKernel(control, 1);
    expect(lockKernelWithin(control, 1)).toBe(false);
    unlockKernel(control);
    expect(lockKernelWithin(control, 1)).toBe(true);
    expect(control[LOCK]).not.toBe(0);
  });

  it('is given up by whoever supervises, and the thread lives on', async () => {
    const { shared, control } = sharedMachine();
    lockKernel(control, 1);
    let asked = 0;
    const terminate = () => Promise.reject(new Error('the thread is not to be ended'));
    expect(await killCpu(shared, 0, terminate, () => ++asked > 2)).toBe(false);
    expect(asked).toBe(3);
  });

  it('has no more CPUs than a word has bits for', () => {
    expect(() => createControl(32)).toThrow('threads can be 31 CPUs of a machine at most, not 32');
  });
});
