import { assert } from '../base/assert.js';
import { createMachine, type Machine, type MachineSpec } from '../sim/machine.js';
import { createControl } from './control.js';

/** A machine as it is posted from thread to thread: its columns, and what its CPUs tell each other. */
export interface SharedMachine {
  readonly spec: MachineSpec;
  readonly buffer: SharedArrayBuffer;
  readonly control: SharedArrayBuffer;
}

/**
 * An empty machine for threads to share: each is one of its `nrCpus` CPUs.
 *
 * @throws VacateError kind 'range' for a shape that cannot be, 'limit' for more CPUs than threads can be.
 * @example
 * const { buffer } = createSharedMachine(machine.spec);
 * buffer instanceof SharedArrayBuffer; // true
 */
export function createSharedMachine(spec: MachineSpec): SharedMachine {
  return shareMachine(createMachine({ ...spec, shared: true }));
}

/**
 * The same for a machine that was built and filled by one thread; nobody may use `machine` itself from now on.
 *
 * @example
 * const shared = shareMachine(machineFromScenario(scenario, { shared: true }));
 * // Each thread gets it by postMessage, and is one CPU.
 * const cpu = attachCpu(shared, 1);
 * cpu.cpu; // 1
 */
export function shareMachine(machine: Machine): SharedMachine {
  const { spec, buffer } = machine;
  assert(spec.shared === true && buffer instanceof SharedArrayBuffer, 'a machine is shared from the time it is built');
  machine.tlb.fill(0);
  return { spec, buffer, control: createControl(spec.nrCpus) };
}
