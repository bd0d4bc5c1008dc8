import { ContainerModule } from 'inversify';
import { MemoryHost } from '../host/memory-host.js';
import type { Machine } from './machine.js';
import { SimHost } from './sim-host.js';

/** A simulated machine as the host of everything else. */
export const simModule = (machine: Machine): ContainerModule =>
  new ContainerModule(({ bind }) => {
    bind(MemoryHost).toConstantValue(new SimHost(machine));
  });
