import type { MachineImage } from '../../../src/mm/machine-image.js';
import { BLOCK_ONLINE } from '../../../src/mm/memory-block.js';
import { MIGRATE_MOVABLE } from '../../../src/mm/migratetype.js';
import { PAGEBLOCK_PAGES } from '../../../src/mm/units.js';
import { NO_LOWMEM_RESERVE, watermarksFromMin } from '../../../src/mm/zone.js';
import { fillPageWords } from './page-words.js';

/** 128 MiB. */
export const BLOCK_PAGES = 32_768;

/** A machine of one zone as a capture would have described it: the same flags as C has, and nothing else. */
export function wordImage(nrPages: number): MachineImage {
  const flags = new Uint32Array(nrPages);
  fillPageWords(flags);
  const watermarks = watermarksFromMin(0);
  return {
    name: 'made up',
    nrPfns: nrPages,
    nrCpus: 1,
    blockPages: BLOCK_PAGES,
    zones: [{ node: 0, kind: 'Normal', start: 0, end: nrPages, watermarks, lowmemReserve: NO_LOWMEM_RESERVE }],
    blocks: Array.from({ length: nrPages / BLOCK_PAGES }, (_, block) => ({
      block,
      state: BLOCK_ONLINE,
      zoneKinds: ['Normal'],
    })),
    dimms: [],
    flags,
    mapcounts: new Uint16Array(nrPages),
    nrSwapSlots: 0,
    migratetypes: new Array(nrPages / PAGEBLOCK_PAGES).fill(MIGRATE_MOVABLE),
    caveats: [],
  };
}
