import type { Dimm } from '../mm/memory-block.js';
import type { BlockId, Pfn } from '../mm/units.js';
import type { ZoneKind } from '../mm/zone.js';

/** What a map's plan is drawn up of; the head of a recording has it. */
export interface MappedMachine {
  readonly nrPfns: number;
  readonly blockPages: number;
  readonly zones: ReadonlyArray<{
    readonly node: number;
    readonly kind: ZoneKind;
    readonly start: Pfn;
    readonly end: Pfn;
  }>;
  readonly dimms: readonly Dimm[];
}

/** Memory blocks in a row that share node, zones and DIMM. */
export interface MapGroup {
  readonly node: number | null;
  readonly zones: readonly ZoneKind[];
  readonly dimm: string | null;
  readonly first: BlockId;
  readonly last: BlockId;
  /** Where its heading and its first row of blocks begin, in pages from the top. */
  readonly headingTop: number;
  readonly top: number;
  readonly rows: number;
  /** The columns of tiles that it takes, from this one on. */
  readonly left: number;
  readonly columns: number;
}

/**
 * Where each page lies on the map. A length is in pages: a page is a square of side 1. A memory block is a tile; inside
 * it pages lie in Z-order (two bits of the pfn, one for x and one for y, at a time), so that every aligned power of two
 * of pages, and with it every free block, is a rectangle. Tiles follow each other in rows as one reads them, and so do
 * groups: small ones share a shelf.
 */
export interface MapLayout {
  readonly blockPages: number;
  readonly nrPfns: number;
  readonly tileWidth: number;
  readonly tileHeight: number;
  /** From a tile to the next: its size, and a gap. */
  readonly pitchX: number;
  readonly pitchY: number;
  readonly columns: number;
  readonly heading: number;
  readonly width: number;
  readonly height: number;
  readonly groups: readonly MapGroup[];
  /** The same by shelf: groups whose headings are at one height, from left to right. */
  readonly shelves: readonly (readonly MapGroup[])[];
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Rect extends Point {
  readonly width: number;
  readonly height: number;
}

/** Gaps, as parts of a tile's width and height; the one above a tile has room for its name. */
const GAP_X = 1 / 16;
const GAP_Y = 1 / 6;
/** Headings are read when all of a map is seen: so much of its height is each, but no less than so much of a tile. */
const HEADINGS_IN_HEIGHT = 26;
const HEADING_OF_HEIGHT_MAX = 1 / 7;
const HEADING_OF_TILE = 1 / 3;
/** Between groups on a shelf. */
const COLUMNS_APART = 1;
const MUCH_LARGER = 1.12;

/** Blocks that are not there (`isAbsent`) leave no gap; their neighbours stand apart by a heading. */
export function layOut(
  machine: MappedMachine,
  aspect: number,
  isAbsent: (block: BlockId) => boolean = () => false,
): MapLayout {
  const bits = Math.round(Math.log2(machine.blockPages));
  const tileWidth = 2 ** Math.ceil(bits / 2);
  const tileHeight = 2 ** Math.floor(bits / 2);
  const runs = runsOf(machine, isAbsent);
  const plan = (columns: number) => planOf(runs, columns, tileWidth, tileHeight);
  const most = runs.reduce((sum, { first, last }) => sum + last - first + 1 + COLUMNS_APART, 1);
  let best = plan(1);
  for (let columns = 2; columns < 2 * most; columns *= 2) {
    const next = plan(columns);
    if (scaleToFit(next, aspect) > scaleToFit(best, aspect)) best = next;
  }
  // Rows of 2, 4, 8 blocks are easy to count; others must show pages clearly larger.
  for (const next of [
    plan(Math.ceil(best.columns * 1.5)),
    plan(Math.ceil(best.columns * 1.25)),
    plan(Math.ceil(best.columns * 0.75)),
  ])
    if (scaleToFit(next, aspect) > MUCH_LARGER * scaleToFit(best, aspect)) best = next;
  const { blockPages, nrPfns } = machine;
  return { ...best, blockPages, nrPfns, tileWidth, tileHeight };
}

type Run = Pick<MapGroup, 'node' | 'zones' | 'dimm' | 'first' | 'last'>;
type Plan = Pick<MapLayout, 'pitchX' | 'pitchY' | 'columns' | 'heading' | 'width' | 'height' | 'groups' | 'shelves'>;

function planOf(runs: readonly Run[], columns: number, tileWidth: number, tileHeight: number): Plan {
  const pitchX = Math.ceil(tileWidth * (1 + GAP_X));
  const pitchY = Math.ceil(tileHeight * (1 + GAP_Y));
  const shelved = shelvesOf(runs, columns);
  const rowsOf = (shelf: readonly Placed[]) => Math.max(...shelf.map(({ rows }) => rows));
  const ofRows = shelved.reduce((sum, shelf) => sum + rowsOf(shelf), 0) * pitchY;
  const share = Math.min(1 / Math.max(1, HEADINGS_IN_HEIGHT - shelved.length), HEADING_OF_HEIGHT_MAX);
  const heading = Math.ceil(Math.max(ofRows * share, tileHeight * HEADING_OF_TILE));
  let y = 0;
  const shelves = shelved.map((shelf) => {
    const headingTop = y;
    // Names of blocks stand in the gap above them, and those of the first row below the heading.
    const top = headingTop + heading + pitchY - tileHeight;
    y = top + rowsOf(shelf) * pitchY;
    return shelf.map((placed): MapGroup => ({ ...placed, headingTop, top }));
  });
  const groups = shelves.flat();
  const width = Math.max(1, ...groups.map((group) => group.left + group.columns)) * pitchX;
  return { pitchX, pitchY, columns, heading, width, height: Math.max(y, pitchY), groups, shelves };
}

type Placed = Run & Pick<MapGroup, 'left' | 'columns' | 'rows'>;

/** Groups of one node share a shelf while there is room; each node begins a new one. */
function shelvesOf(runs: readonly Run[], columns: number): Placed[][] {
  const shelves: Placed[][] = [];
  for (const run of runs) {
    const nrBlocks = run.last - run.first + 1;
    const wide = Math.min(nrBlocks, columns);
    const shelf = shelves.at(-1);
    const before = shelf?.at(-1);
    const left = before === undefined ? 0 : before.left + before.columns + COLUMNS_APART;
    const placed = { ...run, columns: wide, rows: Math.ceil(nrBlocks / wide) };
    if (shelf !== undefined && before !== undefined && before.node === run.node && left + wide <= columns)
      shelf.push({ ...placed, left });
    else shelves.push([{ ...placed, left: 0 }]);
  }
  return shelves;
}

/** The larger, the better a plan fills a view of this shape. */
function scaleToFit({ width, height }: Plan, aspect: number): number {
  return Math.min(aspect / width, 1 / height);
}

function runsOf(machine: MappedMachine, isAbsent: (block: BlockId) => boolean): Run[] {
  const runs: { node: number | null; zones: ZoneKind[]; dimm: string | null; first: BlockId; last: BlockId }[] = [];
  const nrBlocks = Math.ceil(machine.nrPfns / machine.blockPages);
  const inOrder = [...machine.zones].sort((a, b) => a.start - b.start);
  let key = '';
  for (let block = 0; block < nrBlocks; block++) {
    const start = block * machine.blockPages;
    const end = start + machine.blockPages;
    const zones = inOrder.filter((zone) => zone.start < end && start < zone.end);
    const dimm = machine.dimms.find(({ range }) => range.start < end && start < range.end);
    if (isAbsent(block) || (zones.length === 0 && dimm === undefined)) {
      key = '';
      continue;
    }
    const node = dimm?.node ?? zones[0]?.node ?? null;
    const kinds = [...new Set(zones.map(({ kind }) => kind))];
    const now = `${node} ${kinds.join()} ${dimm?.name ?? ''}`;
    if (now === key) runs.at(-1)!.last = block;
    else runs.push({ node, zones: kinds, dimm: dimm?.name ?? null, first: block, last: block });
    key = now;
  }
  return runs;
}

/** "node 1 Movable · DIMM B · blocks 8–15". */
export function groupTitle({ node, zones, dimm, first, last }: MapGroup): string {
  const where = [node === null ? '' : `node ${node}`, zones.join(' and ')].filter((part) => part !== '').join(' ');
  const blocks = first === last ? `block ${first}` : `blocks ${first}–${last}`;
  return [where, dimm ?? 'boot memory', blocks].filter((part) => part !== '').join(' · ');
}

/** The tile of a block; null if it has none. */
export function tileOf(layout: MapLayout, block: BlockId): Rect | null {
  const group = groupOf(layout, block);
  if (group === null) return null;
  const index = block - group.first;
  return {
    x: (group.left + (index % group.columns)) * layout.pitchX,
    y: group.top + Math.floor(index / group.columns) * layout.pitchY,
    width: layout.tileWidth,
    height: layout.tileHeight,
  };
}

export function groupOf(layout: MapLayout, block: BlockId): MapGroup | null {
  let low = 0;
  let high = layout.groups.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const group = layout.groups[middle]!;
    if (block < group.first) high = middle - 1;
    else if (block > group.last) low = middle + 1;
    else return group;
  }
  return null;
}

/** The page that a point is on; null where there is none. */
export function pageAt(layout: MapLayout, { x, y }: Point): Pfn | null {
  if (x < 0 || y < 0) return null;
  const column = Math.floor(x / layout.pitchX);
  const group = layout.groups.find(
    ({ top, rows, left, columns }) =>
      y >= top && y < top + rows * layout.pitchY && column >= left && column < left + columns,
  );
  if (group === undefined) return null;
  const row = Math.floor((y - group.top) / layout.pitchY);
  const block = group.first + row * group.columns + column - group.left;
  const inX = Math.floor(x - column * layout.pitchX);
  const inY = Math.floor(y - group.top - row * layout.pitchY);
  if (block > group.last || inX >= layout.tileWidth || inY >= layout.tileHeight) return null;
  const pfn = block * layout.blockPages + spread(inX) + 2 * spread(inY);
  return pfn < layout.nrPfns ? pfn : null;
}

/** The rectangle of an aligned power of two of pages, at most a memory block; null where there is none. */
export function rectOf(layout: MapLayout, start: Pfn, order: number): Rect | null {
  const tile = tileOf(layout, Math.floor(start / layout.blockPages));
  if (tile === null) return null;
  const inside = start % layout.blockPages;
  return {
    x: tile.x + gather(inside),
    y: tile.y + gather(inside >>> 1),
    width: 2 ** Math.ceil(order / 2),
    height: 2 ** Math.floor(order / 2),
  };
}

/** Bit n of `value` becomes bit 2n: 0b111 -> 0b10101. Up to 16 bits. */
export function spread(value: number): number {
  value = (value | (value << 8)) & 0x00ff00ff;
  value = (value | (value << 4)) & 0x0f0f0f0f;
  value = (value | (value << 2)) & 0x33333333;
  return (value | (value << 1)) & 0x55555555;
}

/** The other way round: every second bit. */
export function gather(value: number): number {
  value &= 0x55555555;
  value = (value | (value >>> 1)) & 0x33333333;
  value = (value | (value >>> 2)) & 0x0f0f0f0f;
  value = (value | (value >>> 4)) & 0x00ff00ff;
  return (value | (value >>> 8)) & 0x0000ffff;
}
