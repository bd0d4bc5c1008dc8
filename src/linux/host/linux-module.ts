import { ContainerModule } from 'inversify';
import { MemoryHost } from '../../host/memory-host.js';
import type { LinuxHost } from './linux-host.js';

/**
 * A Linux host as the host of everything else. Pages can be judged over it (`evacuator.service.judge`); jobs need a
 * machine whose pages can be moved one by one.
 */
export const linuxModule = (host: LinuxHost): ContainerModule =>
  new ContainerModule(({ bind }) => {
    bind(MemoryHost).toConstantValue(host);
  });
