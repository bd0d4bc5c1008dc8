import { BLOCK_ONLINE } from '../../../src/mm/memory-block.js';
import { NO_LOWMEM_RESERVE, watermarksFromMin } from '../../../src/mm/zone.js';
import { createMachine, type Machine, type MachineSpec } from '../../../src/sim/machine.js';
import { onlineBlock } from '../../../src/sim/memory-blocks.js';

export const BLOCK_PAGES = 1024;
const NORMAL_PAGES = 2048;

/** A machine for threads, all of it online: two blocks for the kernel, the others movable. */
export function machineForThreads(
  nrBlocks: number,
  contents: MachineSpec['contents'],
  swapPages = 0,
  capacity: MachineSpec['capacity'] = {},
): Machine {
  const nrPfns = nrBlocks * BLOCK_PAGES;
  const zone = { node: 0, lowmemReserve: NO_LOWMEM_RESERVE };
  const machine = createMachine({
    name: 'threads',
    nrPfns,
    nrCpus: 6,
    blockPages: BLOCK_PAGES,
    zones: [
      { ...zone, kind: 'Normal', start: 0, end: NORMAL_PAGES, watermarks: watermarksFromMin(32) },
      { ...zone, kind: 'Movable', start: NORMAL_PAGES, end: nrPfns, watermarks: watermarksFromMin(32) },
    ],
    blocks: Array.from({ length: nrBlocks }, (_, block) => ({ block, state: BLOCK_ONLINE })),
    dimms: [],
    nrSwapSlots: swapPages,
    contents,
    shared: true,
    capacity,
  });
  for (let block = 0; block < nrBlocks; block++) onlineBlock(machine, block);
  return machine;
}
