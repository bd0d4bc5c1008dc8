import { ContainerModule } from 'inversify';
import { MemoryHost } from '../host/memory-host.js';
import { checkMachine } from './check-spec.js';
import type { Machine } from './machine.js';
import { SimHost } from './sim-host.js';

/** A simulated machine as the host of everything else; `hostFor` lets a test put a faulty host in its place. */
export const simModule = (machine: Machine, hostFor = (m: Machine): SimHost => new SimHost(m)): ContainerModule =>
  new ContainerModule(({ bind }) => {
    checkMachine(machine);
    bind(MemoryHost).toConstantValue(hostFor(machine));
  });
