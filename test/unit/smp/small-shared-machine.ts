import { attachCpu, type Cpu, type SharedMachine, shareMachine } from '../../../src/smp/index.js';
import { anonProcess, type Mapped, smallMachine } from '../sim/small-machine.js';

/** A small machine that threads could share; in unit tests one thread is all of its CPUs. */
export interface Shared extends Mapped {
  readonly shared: SharedMachine;
  readonly control: Int32Array;
  readonly cpus: readonly Cpu[];
}

/** With a process that has written its pages. */
export function sharedMachine(nrPages = 4): Shared {
  const machine = smallMachine({ shared: true, contents: 'bytes', cpus: 3 });
  const mapped = anonProcess(machine, nrPages);
  const shared = shareMachine(machine);
  const cpus = [0, 1, 2].map((cpu) => attachCpu(shared, cpu));
  return { ...mapped, shared, control: new Int32Array(shared.control), cpus };
}
