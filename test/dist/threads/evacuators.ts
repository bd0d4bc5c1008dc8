import { createEvacuator, type Evacuator } from '../../../src/container/create-evacuator.js';
import { loadShippedPlugins } from '../../../src/container/load-plugins.js';
import { type Cpu, type SmpHost, smpModule } from '../../../src/smp/index.js';
import { hostFor, type Protocol } from './unsafe-hosts.js';

/** All that a migrator's thread needs; `onUnmap` is told of each page that is unmapped. */
export async function evacuatorFor(cpu: Cpu, protocol: Protocol, onUnmap?: () => void): Promise<Evacuator> {
  const host: SmpHost = hostFor(protocol, cpu);
  const { unmap } = host;
  if (onUnmap !== undefined)
    host.unmap = (pfn) => {
      onUnmap();
      return unmap.call(host, pfn);
    };
  return createEvacuator({ host: smpModule(cpu, () => host), plugins: await loadShippedPlugins() });
}
