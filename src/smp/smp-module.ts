import { ContainerModule } from 'inversify';
import { MemoryHost } from '../host/memory-host.js';
import type { Cpu } from './cpu.js';
import { SmpHost } from './smp-host.js';

/**
 * A machine that threads share as the host of one thread's evacuator; `hostFor` lets a test put another in its place.
 *
 * @example
 * const cpu = attachCpu(shareMachine(machineFromScenario(scenario, { shared: true })), 0);
 * const evacuator = createEvacuator({ host: smpModule(cpu), plugins });
 */
export const smpModule = (cpu: Cpu, hostFor = (c: Cpu): SmpHost => new SmpHost(c)): ContainerModule =>
  new ContainerModule(({ bind }) => {
    bind(MemoryHost).toConstantValue(hostFor(cpu));
  });
