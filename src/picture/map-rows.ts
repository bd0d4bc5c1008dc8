import { BLOCK_ABSENT, type Dimm } from '../mm/memory-block.js';
import type { PfnRange } from '../mm/pfn-range.js';
import type { BlockId, Pfn } from '../mm/units.js';
import type { MapPages } from './map-cells.js';

/** What a map is drawn of; a simulated machine is one, and so are the page bytes of a recorded run. */
export type MapSource = MapPages & {
  /** BLOCK_* by block. */
  readonly blockState: Uint8Array;
  readonly spec: { readonly nrPfns: number; readonly blockPages: number; readonly dimms: readonly Dimm[] };
};

/** Neighbouring blocks of boot memory, or of one DIMM. */
export interface MapGroup {
  readonly dimm: Dimm | null;
  readonly blocks: readonly BlockId[];
}

/** First and last block of a row. */
export type MapRow = readonly [first: BlockId, last: BlockId];

/** Boot memory and DIMMs, in the order of their addresses; of `only`, the blocks that touch one of these ranges. */
export function mapGroups(source: MapSource, only?: readonly PfnRange[]): MapGroup[] {
  const { blockPages, dimms } = source.spec;
  const groups: { dimm: Dimm | null; blocks: BlockId[] }[] = [];
  for (let block = 0; block < source.blockState.length; block++) {
    const start = block * blockPages;
    if (source.blockState[block] === BLOCK_ABSENT) continue;
    if (only !== undefined && !only.some((range) => start < range.end && range.start < start + blockPages)) continue;
    const dimm = dimms.find(({ range }) => start >= range.start && start < range.end) ?? null;
    const last = groups.at(-1);
    if (last !== undefined && last.dimm === dimm) last.blocks.push(block);
    else groups.push({ dimm, blocks: [block] });
  }
  return groups;
}

/** How many blocks a row has to stand for (1, 2, 4, 8 …) so that there are at most `rowsMax`. */
export function blocksPerRow(groups: readonly MapGroup[], rowsMax: number): number {
  let scale = 1;
  while (scale < 1 << 20 && groups.reduce((sum, { blocks }) => sum + mapRows(blocks, scale).length, 0) > rowsMax)
    scale *= 2;
  return scale;
}

/** The rows that it takes to show these blocks, each beginning where the one before ended or later. */
export function mapRows(blocks: readonly BlockId[], scale: number): MapRow[] {
  const rows: [BlockId, BlockId][] = [];
  for (const block of blocks) {
    const row = rows.at(-1);
    if (row !== undefined && block < row[0] + scale) row[1] = block;
    else rows.push([block, block]);
  }
  return rows;
}

/** The pages of a row, as far as there are page numbers. */
export function pagesOfRow({ spec }: MapSource, [first, last]: MapRow): [start: Pfn, end: Pfn] {
  return [first * spec.blockPages, Math.min((last + 1) * spec.blockPages, spec.nrPfns)];
}
