import { BLOCK_ONLINE } from '../../src/mm/memory-block.js';
import { PG_RESERVED } from '../../src/mm/page-flags.js';
import { PAGEBLOCK_PAGES } from '../../src/mm/units.js';
import { NO_LOWMEM_RESERVE } from '../../src/mm/zone.js';
import { allocateKernelPages } from '../../src/sim/access.js';
import { createMachine, type Machine } from '../../src/sim/machine.js';
import { onlineBlock } from '../../src/sim/memory-blocks.js';

/** Frames from here on are in play; what is below is the kernel's and never changes. */
export const FIRST_FRAME = 448;
export const SWAP_SLOTS = 8;

/**
 * A machine as small as the simulator makes them: one pageblock, of which the kernel has all but the last 64 frames,
 * tokens for contents, pools of a few records. It is put back in microseconds, and hashed as fast. More memory blocks
 * than one are free.
 */
export function tinyMachine(nrCpus: number, nrBlocks = 1): Machine {
  const nrPfns = nrBlocks * PAGEBLOCK_PAGES;
  const machine = createMachine({
    name: 'interleave',
    nrPfns,
    nrCpus,
    blockPages: PAGEBLOCK_PAGES,
    zones: [
      {
        node: 0,
        kind: 'Normal',
        start: 0,
        end: nrPfns,
        watermarks: { min: 1, low: 2, high: 3 },
        lowmemReserve: NO_LOWMEM_RESERVE,
      },
    ],
    blocks: Array.from({ length: nrBlocks }, (_, block) => ({ block, state: BLOCK_ONLINE })),
    dimms: [],
    nrSwapSlots: SWAP_SLOTS,
    pcp: [{ batch: 2, high: Array.from({ length: nrCpus }, () => 4), highMax: 4, flush: 'doubling' }],
    contents: 'token',
    capacity: { processes: 6, vmas: 24, mappings: 24, extents: 6, tables: 16, leaves: 2, holds: 16 },
  });
  onlineBlock(machine, 0);
  // The allocator splits its one block from below.
  for (const order of [8, 7, 6]) allocateKernelPages(machine, 0, order, PG_RESERVED);
  for (let block = 1; block < nrBlocks; block++) onlineBlock(machine, block);
  return machine;
}
