import { DENSITY_MAX, FACE_HOLE } from './cell-faces.js';
import { mix, pixelOf, type Theme } from './colours.js';
import { CLASS_BACKGROUND, CLASS_HOLE, type MapClasses, NR_CLASSES } from './map-classes.js';
import { type MapLayout, spread } from './map-layout.js';
import type { Pyramid } from './pyramid.js';

/** What of a map is seen: the page at the top left, in pages from the map's own, and how large a page is. */
export interface MapView {
  readonly x: number;
  readonly y: number;
  /** Pixels along a page's side; far below 1 when a map is seen from afar. */
  readonly scale: number;
}

/** Colours as they lie in the bytes of an image: 0xaabbggrr. */
export interface RasterColours {
  /** By class. */
  readonly pages: Uint32Array;
  /** By `Face`. */
  readonly faces: Uint32Array;
  /** Between blocks, and between pages where they are large enough to have edges. */
  readonly ground: number;
}

/** A cell with hardly anything in it must still be seen to have something. */
const FAINTEST = 0.28;
/** Pages of so many pixels have edges. */
const EDGES_FROM = 7;

export function rasterColours(mode: MapClasses, theme: Theme, ground: number): RasterColours {
  const pages = new Uint32Array(NR_CLASSES);
  const faces = new Uint32Array(256);
  const background = (mode.classes[CLASS_BACKGROUND] ?? mode.classes[0]!).colour[theme];
  mode.classes.forEach(({ colour }, index) => {
    const full = colour[theme];
    pages[index] = pixelOf(full);
    for (let density = 1; density <= DENSITY_MAX; density++) {
      const share = FAINTEST + (1 - FAINTEST) * (density / DENSITY_MAX);
      faces[(density << 4) | index] = pixelOf(mix(background, full, share));
    }
    faces[index] = pixelOf(background);
  });
  faces[FACE_HOLE] = pixelOf(mode.classes[CLASS_HOLE]!.colour[theme]);
  return { pages, faces, ground: pixelOf(ground) };
}

/** The level whose cells are about as large as a pixel; 0 where a page is. */
export function levelFor(scale: number, nrLevels: number, blockPages: number): number {
  const wanted = Math.ceil(Math.log2(1 / scale) - 0.05);
  const inBlock = Math.floor(Math.log2(blockPages) / 2);
  return Math.max(0, Math.min(wanted, nrLevels - 1, inBlock));
}

/**
 * Paints what is seen of the map's pages. A pixel shows the page, or the cell of pages, that its middle is on: what lies
 * on a screen is worked out once for each column and each row, and a pixel takes two reads.
 */
export class Raster {
  #columns = new Int32Array(0);
  #offsets = new Uint32Array(0);

  draw(
    pixels: Uint32Array,
    width: number,
    height: number,
    layout: MapLayout,
    view: MapView,
    pages: Uint8Array,
    pyramid: Pyramid,
    colours: RasterColours,
  ): void {
    if (this.#columns.length < width) {
      this.#columns = new Int32Array(width);
      this.#offsets = new Uint32Array(width);
    }
    const level = levelFor(view.scale, pyramid.nrLevels, layout.blockPages);
    this.#lookAcross(width, layout, view);
    let shelf = 0;
    for (let row = 0; row < height; row++) {
      const out = row * width;
      const y = view.y + (row + 0.5) / view.scale;
      pixels.fill(colours.ground, out, out + width);
      while (shelf < layout.shelves.length && bottomOf(layout, shelf) <= y) shelf++;
      if (shelf === layout.shelves.length || onEdge(y, view.scale)) continue;
      for (const group of layout.shelves[shelf]!) {
        const inGroup = y - group.top;
        const inTile = inGroup % layout.pitchY;
        const tileRow = Math.floor(inGroup / layout.pitchY);
        if (inGroup < 0 || tileRow >= group.rows || inTile >= layout.tileHeight) continue;
        const firstOfRow = group.first + tileRow * group.columns;
        const end = group.left + Math.min(group.columns, group.last + 1 - firstOfRow);
        const start = (firstOfRow - group.left) * layout.blockPages + 2 * spread(Math.floor(inTile));
        const from = Math.max(0, Math.floor((group.left * layout.pitchX - view.x) * view.scale));
        const to = Math.min(width, Math.ceil((end * layout.pitchX - view.x) * view.scale));
        const line: Line = { pixels, out, from, to, left: group.left, end, start };
        if (level > 0) paintCells(line, this.#columns, this.#offsets, 2 * level, layout, pyramid, colours);
        else paintPages(line, this.#columns, this.#offsets, layout, pages, pyramid, colours);
      }
    }
  }

  /** By column of pixels: which column of tiles it is on (or -1), and what of a pfn it decides. */
  #lookAcross(width: number, { pitchX, tileWidth }: MapLayout, view: MapView): void {
    for (let column = 0; column < width; column++) {
      const x = view.x + (column + 0.5) / view.scale;
      const tile = Math.floor(x / pitchX);
      const inTile = x - tile * pitchX;
      const isOn = tile >= 0 && inTile < tileWidth && !onEdge(x, view.scale);
      this.#columns[column] = isOn ? tile : -1;
      this.#offsets[column] = isOn ? spread(Math.floor(inTile)) : 0;
    }
  }
}

/** A row of pixels, as far as it shows one group. */
interface Line {
  readonly pixels: Uint32Array;
  /** Where the row begins in `pixels`, and which of its pixels are the group's, or beside it. */
  readonly out: number;
  readonly from: number;
  readonly to: number;
  /** Columns of tiles that have a block in this row. */
  readonly left: number;
  readonly end: number;
  /** The pfn that a block in column 0 would begin with, and what the row adds to it. */
  readonly start: number;
}

function bottomOf({ shelves, pitchY }: MapLayout, index: number): number {
  return Math.max(...shelves[index]!.map(({ top, rows }) => top + rows * pitchY));
}

/** The last pixel of a large page is left free. */
function onEdge(position: number, scale: number): boolean {
  return scale >= EDGES_FROM && (position - Math.floor(position)) * scale >= scale - 1;
}

function paintCells(
  { pixels, out, from, to, left, end, start }: Line,
  columns: Int32Array,
  offsets: Uint32Array,
  shift: number,
  { blockPages, nrPfns }: MapLayout,
  pyramid: Pyramid,
  { faces: colourOf }: RasterColours,
): void {
  const faces = pyramid.faces[shift >>> 1]!;
  for (let column = from; column < to; column++) {
    const tile = columns[column]!;
    const pfn = start + tile * blockPages + offsets[column]!;
    if (tile >= left && tile < end && pfn < nrPfns) pixels[out + column] = colourOf[faces[pfn >>> shift]!]!;
  }
}

function paintPages(
  { pixels, out, from, to, left, end, start }: Line,
  columns: Int32Array,
  offsets: Uint32Array,
  { blockPages, nrPfns }: MapLayout,
  pages: Uint8Array,
  pyramid: Pyramid,
  { pages: colourOf }: RasterColours,
): void {
  const classOf = pyramid.mode.classOf;
  for (let column = from; column < to; column++) {
    const tile = columns[column]!;
    const pfn = start + tile * blockPages + offsets[column]!;
    if (tile >= left && tile < end && pfn < nrPfns)
      pixels[out + column] = colourOf[classOf[pyramid.classesAt(pfn) + pages[pfn]!]!]!;
  }
}
