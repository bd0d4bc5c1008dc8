import type { MapSource } from '../../picture/map-rows.js';
import type { Moves } from '../../strategies/strategy.js';

/** Pages that left a memory block, by where they went. */
export interface BlockMoves {
  /** "block 12". */
  readonly from: string;
  /** Pages by region. */
  readonly to: readonly number[];
  readonly pages: number;
}

export interface MovesByRegion {
  /** DIMMs and boot memory, those that anything went to. */
  readonly regions: readonly string[];
  /** Blocks that anything left, ascending. */
  readonly rows: readonly BlockMoves[];
}

/** More regions than this are told apart by nobody; the rest are one. */
const REGIONS_MAX = 7;
const BOOT = 'boot memory';
const OTHERS = 'others';

/** Sorts moves by the block that pages left and the DIMM that they came to. */
export function movesByRegion(
  { spec, blockState }: Pick<MapSource, 'spec' | 'blockState'>,
  { sources, targets }: Moves,
): MovesByRegion {
  const { blockPages, dimms } = spec;
  const nrRegions = dimms.length + 1;
  const regionOf = Uint16Array.from({ length: blockState.length }, (_, block) => {
    const dimm = dimms.findIndex(({ range }) => block * blockPages >= range.start && block * blockPages < range.end);
    return dimm + 1;
  });
  const counts = new Uint32Array(blockState.length * nrRegions);
  for (let at = 0; at < sources.length; at++) {
    const from = Math.floor(sources[at]! / blockPages);
    const cell = from * nrRegions + regionOf[Math.floor(targets[at]! / blockPages)]!;
    counts[cell] = counts[cell]! + 1;
  }
  const totals = Array.from({ length: nrRegions }, (_, region) => {
    let pages = 0;
    for (let block = 0; block < blockState.length; block++) pages += counts[block * nrRegions + region]!;
    return { region, pages };
  }).filter(({ pages }) => pages > 0);
  const byPages = [...totals].sort((a, b) => b.pages - a.pages).map(({ region }) => region);
  const named = byPages.slice(0, REGIONS_MAX).sort((a, b) => a - b);
  const rest = byPages.slice(REGIONS_MAX);
  const rows: BlockMoves[] = [];
  for (let block = 0; block < blockState.length; block++) {
    const pagesTo = (region: number) => counts[block * nrRegions + region]!;
    const others = rest.reduce((sum, region) => sum + pagesTo(region), 0);
    const to = [...named.map(pagesTo), ...(rest.length > 0 ? [others] : [])];
    const pages = to.reduce((sum, each) => sum + each, 0);
    if (pages > 0) rows.push({ from: `block ${block}`, to, pages });
  }
  const regions = named.map((region) => (region === 0 ? BOOT : dimms[region - 1]!.name));
  return { regions: rest.length > 0 ? [...regions, OTHERS] : regions, rows };
}
