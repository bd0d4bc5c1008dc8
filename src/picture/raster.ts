import { mix, pixelOf, type Theme } from './colours.js';
import { CLASS_BACKGROUND, CLASS_HOLE, type MapClasses, NR_CLASSES } from './map-classes.js';
import { type MapLayout, spread } from './map-layout.js';
import { DENSITY_MAX, FACE_HOLE, type Pyramid } from './pyramid.js';

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
    let groupIndex = 0;
    for (let row = 0; row < height; row++) {
      const out = row * width;
      const y = view.y + (row + 0.5) / view.scale;
      while (groupIndex < layout.groups.length && bottomOf(layout, groupIndex) <= y) groupIndex++;
      const group = layout.groups[groupIndex];
      const inGroup = group === undefined ? -1 : y - group.top;
      const inTile = inGroup % layout.pitchY;
      if (group === undefined || inGroup < 0 || inTile >= layout.tileHeight || onEdge(y, view.scale)) {
        pixels.fill(colours.ground, out, out + width);
        continue;
      }
      const firstOfRow = group.first + Math.floor(inGroup / layout.pitchY) * layout.columns;
      const rowBits = 2 * spread(Math.floor(inTile));
      const nrBlocks = Math.min(layout.columns, group.last + 1 - firstOfRow);
      const start = firstOfRow * layout.blockPages + rowBits;
      if (level > 0)
        paintCells(
          pixels,
          out,
          width,
          this.#columns,
          this.#offsets,
          nrBlocks,
          start,
          2 * level,
          layout,
          pyramid,
          colours,
        );
      else
        paintPages(pixels, out, width, this.#columns, this.#offsets, nrBlocks, start, layout, pages, pyramid, colours);
    }
  }

  /** By column of pixels: which column of tiles it is on (or -1), and what of a pfn it decides. */
  #lookAcross(width: number, { pitchX, tileWidth, columns }: MapLayout, view: MapView): void {
    for (let column = 0; column < width; column++) {
      const x = view.x + (column + 0.5) / view.scale;
      const tile = Math.floor(x / pitchX);
      const inTile = x - tile * pitchX;
      const isOn = tile >= 0 && tile < columns && inTile < tileWidth && !onEdge(x, view.scale);
      this.#columns[column] = isOn ? tile : -1;
      this.#offsets[column] = isOn ? spread(Math.floor(inTile)) : 0;
    }
  }
}

function bottomOf({ groups, pitchY }: MapLayout, index: number): number {
  const { top, rows } = groups[index]!;
  return top + rows * pitchY;
}

/** The last pixel of a large page is left free. */
function onEdge(position: number, scale: number): boolean {
  return scale >= EDGES_FROM && (position - Math.floor(position)) * scale >= scale - 1;
}

function paintCells(
  pixels: Uint32Array,
  out: number,
  width: number,
  columns: Int32Array,
  offsets: Uint32Array,
  nrBlocks: number,
  start: number,
  shift: number,
  { blockPages, nrPfns }: MapLayout,
  pyramid: Pyramid,
  { faces: colourOf, ground }: RasterColours,
): void {
  const faces = pyramid.faces[shift >>> 1]!;
  for (let column = 0; column < width; column++) {
    const tile = columns[column]!;
    const pfn = start + tile * blockPages + offsets[column]!;
    pixels[out + column] = tile < 0 || tile >= nrBlocks || pfn >= nrPfns ? ground : colourOf[faces[pfn >>> shift]!]!;
  }
}

function paintPages(
  pixels: Uint32Array,
  out: number,
  width: number,
  columns: Int32Array,
  offsets: Uint32Array,
  nrBlocks: number,
  start: number,
  { blockPages, nrPfns }: MapLayout,
  pages: Uint8Array,
  pyramid: Pyramid,
  { pages: colourOf, ground }: RasterColours,
): void {
  const classOf = pyramid.mode.classOf;
  for (let column = 0; column < width; column++) {
    const tile = columns[column]!;
    const pfn = start + tile * blockPages + offsets[column]!;
    if (tile < 0 || tile >= nrBlocks || pfn >= nrPfns) pixels[out + column] = ground;
    else pixels[out + column] = colourOf[classOf[pyramid.classesAt(pfn) + pages[pfn]!]!]!;
  }
}
