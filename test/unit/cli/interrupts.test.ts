import { setTimeout as after } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Interrupted, Interrupts } from '../../../src/cli/interrupts.js';

const told: string[] = [];
let interrupts = new Interrupts();
let exit = jest.spyOn(process, 'exit');

/** A user who has waited for that long. */
async function askAgain(): Promise<void> {
  await after(520);
  process.emit('SIGINT');
}

describe('signals', () => {
  beforeEach(() => {
    told.length = 0;
    interrupts = new Interrupts((sentence) => told.push(sentence));
    interrupts.install();
    exit = jest.spyOn(process, 'exit').mockImplementation((() => {}) as never);
  });
  afterEach(() => {
    interrupts.remove();
    exit.mockRestore();
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s is a flag that is seen at the next breath', async (signal) => {
    await interrupts.breathe();
    expect(interrupts.interrupted).toBe(false);
    process.emit(signal, signal);
    expect(interrupts.wasHungUp).toBe(signal === 'SIGHUP');
    expect([interrupts.interrupted, interrupts.signal.aborted]).toEqual([true, true]);
    await expect(interrupts.breathe()).rejects.toBeInstanceOf(Interrupted);
    expect(told).toEqual([]);
  });

  it('one Ctrl-C that arrives by several ways is one', () => {
    for (let nr = 0; nr < 3; nr++) process.emit('SIGINT');
    expect(told).toEqual([]);
    expect(exit).not.toHaveBeenCalled();
  });

  it('asked again, the process ends at once', async () => {
    process.emit('SIGINT');
    await askAgain();
    expect(told).toEqual(['interrupted twice: ended at once, and nothing but a simulation was under way']);
    expect(exit).toHaveBeenCalledWith(130);
  });

  it('asked again while something is at stake, it says what is waited for', async () => {
    process.emit('SIGINT');
    const work = async () => {
      await askAgain();
      return 'whole';
    };
    await expect(interrupts.whileAtStake('bringing blocks back', work)).resolves.toBe('whole');
    expect(told).toEqual(['still bringing blocks back']);
    expect(exit).not.toHaveBeenCalled();
    process.emit('SIGTERM');
    expect(exit).toHaveBeenCalledWith(130);
  });

  it.each(['SIGINT', 'SIGHUP'] as const)('nobody listens to %s while nothing is at stake', (signal) => {
    const listeners = () => process.listenerCount(signal);
    const before = listeners();
    expect(interrupts.whileNothingIsAtStake(listeners)).toBe(before - 1);
    expect(listeners()).toBe(before);
  });
});
