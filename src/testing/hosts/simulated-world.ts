import { BLOCK_ONLINE, blockRange } from '../../mm/memory-block.js';
import type { Machine } from '../../sim/machine.js';
import { isVacated } from '../../sim/memory-blocks.js';
import { SimHost } from '../../sim/sim-host.js';
import { settle } from '../machines/small-machine.js';
import type { HostWorld } from './host-world.js';

/**
 * A simulated machine as the kit for hosts wants it: under its own host, or under one that does some of it differently.
 *
 * @example
 * const open = () => simulatedWorld(machineFromScenario(scenario));
 * for (const { name, run } of hostConformance({ open })) it(name, run);
 */
export function simulatedWorld(machine: Machine, host = new SimHost(machine)): HostWorld {
  settle(machine);
  const { blockPages } = machine.spec;
  const online = [...machine.blockState.keys()].filter((block) => machine.blockState[block] === BLOCK_ONLINE);
  const isFree = (block: number) => isVacated(machine, blockRange(block, blockPages));
  return {
    host,
    spareBlock: online.find(isFree) ?? null,
    busyBlock: online.find((block) => !isFree(block)) ?? null,
    takeOffline: (block) => {
      const range = blockRange(block, blockPages);
      host.isolateRange(range);
      if (host.offlineBlock(block)) return true;
      host.undoIsolateRange(range);
      return false;
    },
  };
}
