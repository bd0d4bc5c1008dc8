import type { PfnRange } from './pfn-range.js';
import type { BlockId } from './units.js';

/** States of a memory block, include/linux/memory.h; a block that has none is absent (a hole). */
export const BLOCK_ABSENT = 0;
/** In use, or free to be used. */
export const BLOCK_ONLINE = 1;
/** Being emptied; nothing is allocated from it. */
export const BLOCK_GOING_OFFLINE = 2;
/** Its pages are of no zone, so that its DIMM can be pulled. */
export const BLOCK_OFFLINE = 3;
/** One of BLOCK_*. */
export type BlockState = 0 | 1 | 2 | 3;

/**
 * What sysfs calls each state.
 *
 * @example
 * const states: BlockState[] = [BLOCK_ABSENT, BLOCK_ONLINE, BLOCK_GOING_OFFLINE, BLOCK_OFFLINE];
 * states.map((state) => BLOCK_STATE_NAMES[state]); // ["absent","online","going-offline","offline"]
 */
export const BLOCK_STATE_NAMES = ['absent', 'online', 'going-offline', 'offline'] as const;

/**
 * The state that sysfs calls so; null for any other word, as a block that is absent has no file to say it.
 *
 * @example
 * blockStateNamed('going-offline') === BLOCK_GOING_OFFLINE; // true
 */
export function blockStateNamed(name: string): BlockState | null {
  const state = BLOCK_STATE_NAMES.indexOf(name as (typeof BLOCK_STATE_NAMES)[number]);
  return state > BLOCK_ABSENT ? (state as BlockState) : null;
}

/**
 * A module of memory and the pages it holds, a whole number of memory blocks.
 *
 * @example
 * const sizeOf = ({ name, range }: Dimm) => `${name}: ${formatPages(nrPagesIn(range))}`;
 * host.layout.dimms.map(sizeOf); // ["dimm0: 16 MiB","dimm1: 16 MiB"]
 */
export interface Dimm {
  readonly name: string;
  readonly node: number;
  readonly range: PfnRange;
}

/**
 * Pages of a memory block.
 *
 * @example
 * blockRange(2, 32_768); // {"start":65536,"end":98304}
 */
export function blockRange(block: BlockId, blockPages: number): PfnRange {
  return { start: block * blockPages, end: (block + 1) * blockPages };
}

/**
 * Blocks that a range touches, ascending.
 *
 * @example
 * blocksOf(rangeOf(65_536, 40_000), 32_768); // [2,3]
 */
export function blocksOf(range: PfnRange, blockPages: number): BlockId[] {
  const blocks: BlockId[] = [];
  for (let block = Math.floor(range.start / blockPages); block * blockPages < range.end; block++) blocks.push(block);
  return blocks;
}
