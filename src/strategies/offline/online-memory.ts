import type { MemoryHost } from '../../host/memory-host.js';
import { BLOCK_ONLINE, blocksOf } from '../../mm/memory-block.js';
import type { BlockId } from '../../mm/units.js';

/** Online blocks of each zone, as `layout.zones` has them; a block across two zones counts for both. */
export function onlineBlocksByZone(host: MemoryHost): BlockId[][] {
  const { blockPages, zones } = host.layout;
  return zones.map((zone) => blocksOf(zone, blockPages).filter((block) => host.blockState(block) === BLOCK_ONLINE));
}

/** Nodes that have memory online (node_states[N_MEMORY]), ascending. */
export function nodesWithMemory(host: MemoryHost): number[] {
  const blocks = onlineBlocksByZone(host);
  const nodes = host.layout.zones.filter((_, zone) => blocks[zone]!.length > 0).map(({ node }) => node);
  return [...new Set(nodes)].sort((a, b) => a - b);
}
