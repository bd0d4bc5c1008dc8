import type { Pfn } from '../mm/units.js';
import { type MapLayout, type MappedMachine, pageAt, rectOf, tileOf } from './map-layout.js';

/** A line on a map, along one side of a page or of more; lengths are in pages. */
export interface MapEdge {
  readonly x: number;
  readonly y: number;
  readonly toX: number;
  readonly toY: number;
}

/** A block is looked at in at most so many cells, as a power of two: finer corners nobody sees. */
const CELLS_ORDER_MAX = 12;

/** Where zones begin or end inside memory blocks: the lines between the pages before that place and those behind it. */
export function zoneEdges(layout: MapLayout, zones: MappedMachine['zones']): MapEdge[] {
  const places = new Set(zones.flatMap(({ start, end }) => [start, end]));
  return [...places]
    .filter((place) => place % layout.blockPages !== 0 && place < layout.nrPfns)
    .flatMap((place) => edgesAt(layout, place));
}

function edgesAt(layout: MapLayout, place: Pfn): MapEdge[] {
  const { blockPages } = layout;
  const first = place - (place % blockPages);
  const tile = tileOf(layout, first / blockPages);
  if (tile === null) return [];
  const order = Math.max(31 - Math.clz32(place & -place), Math.log2(blockPages) - CELLS_ORDER_MAX);
  const edges: MapEdge[] = [];
  for (let pfn = first; pfn < first + blockPages; pfn += 2 ** order) {
    if (pfn < place) continue;
    const { x, y, width, height } = rectOf(layout, pfn, order)!;
    const isBefore = (atX: number, atY: number) => {
      const isInTile = atX >= tile.x && atX < tile.x + tile.width && atY >= tile.y && atY < tile.y + tile.height;
      const other = isInTile ? pageAt(layout, { x: atX, y: atY }) : null;
      return other !== null && other < place;
    };
    if (isBefore(x - 1, y)) edges.push({ x, y, toX: x, toY: y + height });
    if (isBefore(x + width, y)) edges.push({ x: x + width, y, toX: x + width, toY: y + height });
    if (isBefore(x, y - 1)) edges.push({ x, y, toX: x + width, toY: y });
    if (isBefore(x, y + height)) edges.push({ x, y: y + height, toX: x + width, toY: y + height });
  }
  return edges;
}
