import { ContainerModule } from 'inversify';
import { MemoryHost } from '../../host/memory-host.js';
import type { LinuxHost } from './linux-host.js';

/**
 * A Linux host as the host of everything else. Pages can be judged over it (`evacuator.service.judge`); jobs need a
 * machine whose pages can be moved one by one.
 *
 * @example
 * const mine = new LinuxHost(new LinuxTree(), readCapture('captures/this-host'));
 * const evacuator = createEvacuator({ host: linuxModule(mine), plugins });
 */
export const linuxModule = (host: LinuxHost): ContainerModule =>
  new ContainerModule(({ bind }) => {
    bind(MemoryHost).toConstantValue(host);
  });
