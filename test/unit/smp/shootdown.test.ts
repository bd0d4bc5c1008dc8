import { describe, expect, it } from '@jest/globals';
import { ACCESS_OK } from '../../../src/sim/access.js';
import {
  acknowledgedAt,
  CPU_KERNEL,
  CPU_OFFLINE,
  CPU_USER,
  createControl,
  GENERATION,
  SEVERAL_MM,
  stateAt,
  usesAt,
} from '../../../src/smp/control.js';
import { cpuIsGone } from '../../../src/smp/index.js';
import {
  acknowledge,
  awaitShootdown,
  beginShootdown,
  EVERY_MM,
  enterUser,
  NOBODY,
  owesAnswer,
} from '../../../src/smp/shootdown.js';
import { sharedMachine } from './small-shared-machine.js';

const NR_CPUS = 3;
const MM = 5;

/** CPU 1 in a state, with what it has cached; CPU 0 is who asks. */
function controlWith(state: number, uses: number): Int32Array {
  const control = new Int32Array(createControl(NR_CPUS));
  control[stateAt(1)] = state;
  control[usesAt(1)] = uses;
  return control;
}

describe('a shootdown', () => {
  it.each([
    ['in user mode, using the process', CPU_USER, MM, true],
    ['in user mode, using several processes', CPU_USER, SEVERAL_MM, true],
    ['in user mode, using another process', CPU_USER, MM + 1, false],
    ['in user mode, having forgotten everything', CPU_USER, 0, false],
    ['in the kernel', CPU_KERNEL, MM, false],
    ['off line', CPU_OFFLINE, MM, false],
  ])('of one process: a CPU %s', (_name, state, uses, owes) => {
    expect(owesAnswer(controlWith(state, uses), 1, MM, 1)).toBe(owes);
  });

  it('of everything concerns who uses any process', () => {
    expect(owesAnswer(controlWith(CPU_USER, MM + 1), 1, EVERY_MM, 1)).toBe(true);
  });

  it('begins a generation only if another CPU has used the process', () => {
    const control = controlWith(CPU_KERNEL, MM);
    expect(beginShootdown(control, NR_CPUS, 0, MM + 1)).toBe(NOBODY);
    expect(beginShootdown(control, NR_CPUS, 1, MM)).toBe(NOBODY);
    expect(control[GENERATION]).toBe(0);
    expect(beginShootdown(control, NR_CPUS, 0, MM)).toBe(1);
    expect(beginShootdown(control, NR_CPUS, 0, EVERY_MM)).toBe(2);
  });

  it('is over when the CPU has answered, and when it is in the kernel', () => {
    const control = controlWith(CPU_USER, MM);
    const generation = beginShootdown(control, NR_CPUS, 0, MM)!;
    expect(owesAnswer(control, 1, MM, generation)).toBe(true);
    acknowledge(control, 1, generation);
    awaitShootdown(control, NR_CPUS, 0, MM, generation);
    expect(owesAnswer(control, 1, MM, generation)).toBe(false);
    expect(owesAnswer(control, 1, MM, beginShootdown(control, NR_CPUS, 0, MM)!)).toBe(true);
    control[stateAt(1)] = CPU_KERNEL;
    awaitShootdown(control, NR_CPUS, 0, MM, control[GENERATION]!);
  });

  it('is told apart from the one 2^32 generations ago', () => {
    const control = controlWith(CPU_USER, MM);
    control[GENERATION] = 0x7fff_ffff;
    control[acknowledgedAt(1)] = 0x7fff_ffff;
    const generation = beginShootdown(control, NR_CPUS, 0, MM)!;
    expect(generation).toBe(-0x8000_0000);
    expect(owesAnswer(control, 1, MM, generation)).toBe(true);
    acknowledge(control, 1, generation);
    expect(owesAnswer(control, 1, MM, generation)).toBe(false);
  });

  it('is seen by a CPU that comes from the kernel, which says so before it asks', () => {
    const control = controlWith(CPU_KERNEL, MM);
    const generation = beginShootdown(control, NR_CPUS, 0, MM)!;
    expect(enterUser(control, 1)).toBe(generation);
    expect(owesAnswer(control, 1, MM, generation)).toBe(true);
  });
});

describe('a CPU in user mode', () => {
  it('owes an answer from its access on, and gives it with the next', () => {
    const { cpus, control, mm, start } = sharedMachine();
    const [asks, runs] = cpus;
    runs!.online();
    expect(runs!.load(mm, start, 0)).toBe(7);
    const generation = asks!.kernel(() => asks!.beginShootdown());
    expect(owesAnswer(control, 1, mm, generation)).toBe(true);
    expect(runs!.store(mm, start, 3, 9)).toBe(ACCESS_OK);
    expect(owesAnswer(control, 1, mm, generation)).toBe(false);
  });

  it('owes none while it is in the kernel, and none when it is back', () => {
    const { cpus, control, mm, start } = sharedMachine();
    const [asks, runs] = cpus;
    runs!.online();
    runs!.load(mm, start, 0);
    let generation = 0;
    runs!.kernel(() => {
      generation = asks!.beginShootdown();
      expect(owesAnswer(control, 1, mm, generation)).toBe(false);
    });
    expect(control[stateAt(1)]).toBe(CPU_USER);
    expect(owesAnswer(control, 1, mm, generation)).toBe(false);
  });

  it('owes none any more when its thread is gone', () => {
    const { cpus, control, shared, mm, start } = sharedMachine();
    const [asks, runs] = cpus;
    runs!.online();
    runs!.load(mm, start, 0);
    const generation = asks!.kernel(() => asks!.beginShootdown());
    expect(owesAnswer(control, 1, mm, generation)).toBe(true);
    cpuIsGone(shared, 1);
    expect(owesAnswer(control, 1, mm, generation)).toBe(false);
  });

  it('says whose page tables it uses: of one process, of several, and of one again after it forgot', () => {
    const { cpus, control, mm, start } = sharedMachine();
    const [asks, runs] = cpus;
    const other = mm + 1;
    runs!.online();
    expect(control[usesAt(1)]).toBe(0);
    runs!.load(mm, start, 0);
    expect(control[usesAt(1)]).toBe(mm);
    runs!.load(other, start, 0);
    expect(control[usesAt(1)]).toBe(SEVERAL_MM);
    asks!.kernel(() => asks!.beginShootdown());
    runs!.load(mm, start, 0);
    runs!.load(mm, start, 0);
    expect(control[usesAt(1)]).toBe(mm);
    runs!.load(other, start, 0);
    expect(control[usesAt(1)]).toBe(SEVERAL_MM);
    runs!.offline();
    expect(control[usesAt(1)]).toBe(0);
  });
});
