import { Prng } from '../../../src/base/prng.js';
import { BLOCK_ONLINE } from '../../../src/mm/memory-block.js';
import { NO_LOWMEM_RESERVE, watermarksFromMin } from '../../../src/mm/zone.js';
import { writePage } from '../../../src/sim/access.js';
import { createProcess, exitProcess, mapMemory, VM_WRITE } from '../../../src/sim/address-space.js';
import { createMachine, type Machine } from '../../../src/sim/machine.js';
import { onlineBlock } from '../../../src/sim/memory-blocks.js';

/** 128 MiB, as small x86-64 hosts have them. */
export const BLOCK_PAGES = 32_768;
const CPU = 0;
/** The kernel gets a quarter of memory for page tables; the rest is zone Movable. */
const NORMAL_SHARE = 1 / 4;
const USED_SHARE = 0.9;

/**
 * A machine of one process, whose pages stand where chance put them: it shared all of memory with another one, which has
 * ended. So about half of memory is in use, all of it movable. Contents are tokens.
 */
export function halfFullMachine(nrPages: number): Machine {
  const machine = emptyMachine(nrPages);
  const nrEach = Math.floor((nrPages * USED_SHARE) / 2);
  const [mm, other] = [createProcess(machine, CPU), createProcess(machine, CPU)];
  for (const each of [mm, other])
    mapMemory(machine, each, { start: 0, nrPages: nrEach, flags: VM_WRITE, file: 0, offset: 0 });
  const prng = new Prng(nrPages);
  for (let own = 0, others = 0; own < nrEach || others < nrEach; ) {
    const isOwn = others === nrEach || (own < nrEach && prng.chance(0.5));
    const vpn = isOwn ? own++ : others++;
    writePage(machine, CPU, isOwn ? mm : other, vpn, vpn, prng.uint32());
  }
  exitProcess(machine, CPU, other);
  return machine;
}

function emptyMachine(nrPages: number): Machine {
  const zone = { node: 0, lowmemReserve: NO_LOWMEM_RESERVE, watermarks: watermarksFromMin(32) };
  const nrBlocks = nrPages / BLOCK_PAGES;
  const nrNormal = Math.max(1, nrBlocks * NORMAL_SHARE) * BLOCK_PAGES;
  const machine = createMachine({
    name: 'half full',
    nrPfns: nrPages,
    nrCpus: 1,
    blockPages: BLOCK_PAGES,
    zones: [
      { ...zone, kind: 'Normal', start: 0, end: nrNormal },
      { ...zone, kind: 'Movable', start: nrNormal, end: nrPages },
    ],
    blocks: Array.from({ length: nrBlocks }, (_, block) => ({ block, state: BLOCK_ONLINE })),
    dimms: [],
    nrSwapSlots: 0,
    contents: 'token',
  });
  for (let block = 0; block < nrBlocks; block++) onlineBlock(machine, block);
  return machine;
}
