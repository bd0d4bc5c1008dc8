import { VacateError } from '../../base/vacate-error.js';
import type { MemoryHost } from '../../host/memory-host.js';
import { BLOCK_ONLINE, BLOCK_STATE_NAMES, blockRange } from '../../mm/memory-block.js';
import { type BlockId, PAGEBLOCK_PAGES } from '../../mm/units.js';

/**
 * The blocks of a request, ascending and each once.
 *
 * @throws VacateError kind 'range' for what the kernel answers with -EINVAL: see `problemWithBlocks`.
 */
export function checkedBlocks(host: MemoryHost, blocks: readonly BlockId[]): BlockId[] {
  const problem = problemWithBlocks(host, blocks);
  if (problem !== null) throw new VacateError('range', problem);
  return [...new Set(blocks)].sort((a, b) => a - b);
}

/**
 * A sentence about the first block that can be no part of a request, or null: one that is not there or not online, that
 * has holes, or that lies in two zones (offline_pages, mm/memory_hotplug.c).
 */
export function problemWithBlocks(host: MemoryHost, blocks: readonly BlockId[]): string | null {
  if (blocks.length === 0) return 'no memory block to take offline; name at least one';
  for (const block of blocks) {
    const because = problemWithBlock(host, block);
    if (because !== null) return `memory block ${block} ${because}`;
  }
  return null;
}

function problemWithBlock(host: MemoryHost, block: BlockId): string | null {
  const { blockPages, nrPfns } = host.layout;
  const last = Math.ceil(nrPfns / blockPages) - 1;
  if (block < 0 || block > last) return `lies outside memory; blocks are 0 to ${last}`;
  const state = host.blockState(block);
  if (state !== BLOCK_ONLINE)
    return state === 0 ? 'is a hole: there is no memory' : `is ${BLOCK_STATE_NAMES[state]}, not online`;
  const { start, end } = blockRange(block, blockPages);
  const zone = host.zoneOf(start);
  for (let pfn = start; pfn < end; pfn += PAGEBLOCK_PAGES) {
    if (host.zoneOf(pfn) < 0) return 'has a hole; the kernel takes no block with holes offline';
    if (host.zoneOf(pfn) !== zone) return 'spans two zones; the kernel takes no such block offline';
  }
  return null;
}
