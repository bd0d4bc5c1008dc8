import { describe, expect, it } from '@jest/globals';
import { LOCK } from '../../../src/smp/control.js';
import { driveJob, stopAll } from '../../../src/smp/index.js';
import { sharedMachine } from './small-shared-machine.js';

/** A job of three steps that notes where it was, and whether it was alone in the kernel. */
function* job(control: Int32Array, log: string[]): Generator<number, string> {
  try {
    for (let step = 1; step <= 3; step++) {
      log.push(`step ${step} ${control[LOCK] === 0 ? 'outside' : 'inside'}`);
      yield step;
    }
    return 'all done';
  } finally {
    log.push(`rest ${control[LOCK] === 0 ? 'outside' : 'inside'}`);
  }
}

describe('a job on a CPU', () => {
  it('is done in the kernel, and pauses outside', () => {
    const { cpus, control } = sharedMachine();
    const log: string[] = [];
    const onPause = (step: number) => log.push(`pause ${step} ${control[LOCK] === 0 ? 'outside' : 'inside'}`);
    expect(driveJob(cpus[0]!, job(control, log), { onPause })).toEqual({ ended: 'finished', result: 'all done' });
    expect(log).toEqual([
      ...['step 1 inside', 'pause 1 outside', 'step 2 inside', 'pause 2 outside', 'step 3 inside', 'pause 3 outside'],
      'rest inside',
    ]);
    expect(control[LOCK]).toBe(0);
  });

  it('stops at a pause when it is told to, and comes to rest in the kernel', () => {
    const { cpus, shared, control } = sharedMachine();
    const log: string[] = [];
    const onPause = (step: number) => {
      if (step === 2) stopAll(shared);
    };
    expect(driveJob(cpus[0]!, job(control, log), { onPause })).toEqual({ ended: 'stopped' });
    expect(log).toEqual(['step 1 inside', 'step 2 inside', 'rest inside']);
    expect(control[LOCK]).toBe(0);
  });

  it('listens to a signal of its own instead, if it has one', () => {
    const { cpus, shared, control } = sharedMachine();
    stopAll(shared);
    expect(driveJob(cpus[0]!, job(control, []), { signal: { aborted: false } }).ended).toBe('finished');
    expect(driveJob(cpus[0]!, job(control, []), { signal: { aborted: true } }).ended).toBe('stopped');
  });

  it('comes to rest, and leaves the kernel, when a pause throws', () => {
    const { cpus, control } = sharedMachine();
    const log: string[] = [];
    const onPause = () => {
      throw new Error('a subscriber');
    };
    expect(() => driveJob(cpus[0]!, job(control, log), { onPause })).toThrow('a subscriber');
    expect(log.at(-1)).toBe('rest inside');
    expect(control[LOCK]).toBe(0);
  });

  it('that goes on although it was stopped is given up', () => {
    const { cpus, control } = sharedMachine();
    function* stubborn(): Generator<number, string> {
      try {
        yield 1;
      } finally {
        for (;;) yield 2;
      }
    }
    const signal = { aborted: false };
    const onPause = () => {
      signal.aborted = true;
    };
    expect(() => driveJob(cpus[0]!, stubborn(), { signal, onPause })).toThrow('must let its generator return');
    expect(control[LOCK]).toBe(0);
  });
});
