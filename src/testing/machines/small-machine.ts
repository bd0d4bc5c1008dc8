import { BLOCK_ONLINE } from '../../mm/memory-block.js';
import { NO_LOWMEM_RESERVE, watermarksFromMin } from '../../mm/zone.js';
import { createMachine, type Machine } from '../../sim/machine.js';
import { onlineBlock } from '../../sim/memory-blocks.js';
import { drainLruAdd, drainPcp } from '../../sim/page-allocator.js';

const BLOCK_PAGES = 512;
const NR_PFNS = 2 * BLOCK_PAGES;

/**
 * A machine small enough to be copied and compared whole after every step: 4 MiB of real bytes on one node, a memory
 * block of Normal and one of Movable, two CPUs. Everything is free. Its watermarks are 0, so that a test may leave a
 * migration a single free page to go to.
 *
 * @example
 * const m = smallMachine();
 * settle(m); // nothing is left in a CPU's own lists
 * [formatPages(m.spec.nrPfns), isFree(m, 0)]; // ["4 MiB",true]
 */
export function smallMachine(): Machine {
  const zone = { node: 0, watermarks: watermarksFromMin(0), lowmemReserve: NO_LOWMEM_RESERVE };
  const machine = createMachine({
    name: 'small',
    nrPfns: NR_PFNS,
    nrCpus: 2,
    blockPages: BLOCK_PAGES,
    zones: [
      { ...zone, kind: 'Normal', start: 0, end: BLOCK_PAGES },
      { ...zone, kind: 'Movable', start: BLOCK_PAGES, end: NR_PFNS },
    ],
    blocks: [
      { block: 0, state: BLOCK_ONLINE },
      { block: 1, state: BLOCK_ONLINE },
    ],
    dimms: [],
    nrSwapSlots: 64,
    contents: 'bytes',
    capacity: {
      ...{ processes: 16, vmas: 64, mappings: 64, extents: 128, tables: 64, leaves: 64, stored: 64, holds: 64 },
      rmapItems: 32,
    },
  });
  onlineBlock(machine, 0);
  onlineBlock(machine, 1);
  return machine;
}

/** Brings a machine to rest: pages on their way to the LRU arrive, and what CPUs keep free goes back to buddy. */
export function settle(m: Machine): void {
  drainLruAdd(m);
  drainPcp(m);
}
