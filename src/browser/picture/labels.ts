import { BLOCK_GOING_OFFLINE, BLOCK_OFFLINE } from '../../mm/memory-block.js';
import { PAGE_SIZE } from '../../mm/units.js';
import { groupTitle, type MapGroup, type MapLayout, rectOf } from '../../picture/map-layout.js';
import type { MapView } from '../../picture/raster.js';
import type { MapEdge } from '../../picture/zone-edges.js';
import type { Paper } from './paper.js';

/** What is drawn over the pages, in device pixels. */
export interface Sheet {
  readonly context: OffscreenCanvasRenderingContext2D;
  readonly width: number;
  readonly height: number;
  /** Device pixels to a pixel of CSS. */
  readonly ratio: number;
  readonly layout: MapLayout;
  /** In device pixels. */
  readonly view: MapView;
  readonly paper: Paper;
}

const FONT = 'system-ui, sans-serif';
/** In pixels of CSS: nobody reads what is smaller, and what is larger is no label. */
const HEADING_MIN = 9;
const HEADING_MAX = 13;
const NUMBER_MIN = 8;
const NUMBER_MAX = 11;
const TILE_WITH_EDGES = 10;
const TILE_WITH_NUMBER = 26;
const PAGEBLOCK_WITH_EDGES = 22;
const PAGE_WITH_NUMBER = 46;
const ZONE_LINE = 1.5;

/** Headings of groups, edges and numbers of blocks, edges of pageblocks, numbers of pages: each where it can be read. */
export function drawLabels(sheet: Sheet, stateOf: (block: number) => number | null, pageblockOrder: number): void {
  sheet.context.textBaseline = 'middle';
  for (const group of sheet.layout.groups) {
    drawHeading(sheet, group);
    for (const [block, x, y] of tilesInSight(sheet, group)) {
      drawTile(sheet, block, x, y, stateOf(block));
      drawPageblockEdges(sheet, x, y, pageblockOrder);
    }
  }
  drawPageNumbers(sheet);
}

/** Where one zone ends and another begins inside a block. */
export function drawZoneEdges({ context, layout, view, ratio, paper }: Sheet, edges: readonly MapEdge[]): void {
  if (edges.length === 0 || layout.tileWidth * view.scale < TILE_WITH_EDGES * ratio) return;
  context.strokeStyle = paper.strong;
  context.lineWidth = ZONE_LINE * ratio;
  context.beginPath();
  for (const { x, y, toX, toY } of edges) {
    context.moveTo((x - view.x) * view.scale, (y - view.y) * view.scale);
    context.lineTo((toX - view.x) * view.scale, (toY - view.y) * view.scale);
  }
  context.stroke();
}

function drawHeading({ context, layout, view, ratio, paper, width, height }: Sheet, group: MapGroup): void {
  const top = (group.headingTop - view.y) * view.scale;
  const bottom = (group.headingTop + layout.heading - view.y) * view.scale;
  if (bottom < 0 || top > height) return;
  const size = Math.min(HEADING_MAX * ratio, (bottom - top) * 0.72);
  if (size < HEADING_MIN * ratio) return;
  const left = Math.max((group.left * layout.pitchX - view.x) * view.scale, 2 * ratio);
  const right = Math.min(endOfHeading(layout, group) * view.scale - view.x * view.scale, width);
  if (right <= left) return;
  context.font = `600 ${size}px ${FONT}`;
  context.fillStyle = paper.text;
  context.fillText(clipped(context, groupTitle(group), right - left), left, bottom - size * 0.6);
}

/** Up to the next group, or as far as it likes. */
function endOfHeading(layout: MapLayout, { headingTop, left }: MapGroup): number {
  const next = layout.groups.find((other) => other.headingTop === headingTop && other.left > left);
  return next === undefined ? Number.POSITIVE_INFINITY : (next.left - 0.2) * layout.pitchX;
}

/** As many letters as there is room for. */
function clipped(context: OffscreenCanvasRenderingContext2D, text: string, width: number): string {
  const wide = context.measureText(text).width;
  if (wide <= width) return text;
  return `${text.slice(0, Math.max(0, Math.floor((text.length * width) / wide) - 1))}…`;
}

function* tilesInSight(
  { layout, view, width, height }: Sheet,
  group: MapGroup,
): Generator<[block: number, x: number, y: number]> {
  const { pitchX, pitchY, tileWidth } = layout;
  const { left, columns } = group;
  if (tileWidth * view.scale < 4) return;
  const firstRow = Math.max(0, Math.floor((view.y - group.top) / pitchY));
  const lastRow = Math.min(group.rows - 1, Math.floor((view.y + height / view.scale - group.top) / pitchY));
  const firstColumn = Math.max(0, Math.floor(view.x / pitchX) - left);
  const lastColumn = Math.min(columns - 1, Math.floor((view.x + width / view.scale) / pitchX) - left);
  for (let row = firstRow; row <= lastRow; row++) {
    for (let column = firstColumn; column <= lastColumn; column++) {
      const block = group.first + row * columns + column;
      if (block > group.last) return;
      yield [block, ((left + column) * pitchX - view.x) * view.scale, (group.top + row * pitchY - view.y) * view.scale];
    }
  }
}

function drawTile(sheet: Sheet, block: number, x: number, y: number, state: number | null): void {
  const { context, layout, view, ratio, paper } = sheet;
  const width = layout.tileWidth * view.scale;
  const height = layout.tileHeight * view.scale;
  if (state === BLOCK_OFFLINE) {
    context.fillStyle = paper.veil;
    context.fillRect(x, y, width, height);
  }
  if (width >= TILE_WITH_EDGES * ratio) {
    const isGoing = state === BLOCK_GOING_OFFLINE;
    context.strokeStyle = isGoing ? paper.warning : paper.line;
    context.lineWidth = (isGoing ? 2 : 1) * ratio;
    context.setLineDash(state === BLOCK_OFFLINE ? [3 * ratio, 3 * ratio] : []);
    context.strokeRect(Math.round(x) - 0.5, Math.round(y) - 0.5, Math.round(width) + 1, Math.round(height) + 1);
    context.setLineDash([]);
  }
  const room = (layout.pitchY - layout.tileHeight) * view.scale;
  const size = Math.min(NUMBER_MAX * ratio, room * 0.86);
  if (size < NUMBER_MIN * ratio || width < TILE_WITH_NUMBER * ratio) return;
  const words = state === BLOCK_OFFLINE ? ' offline' : state === BLOCK_GOING_OFFLINE ? ' going offline' : '';
  context.font = `${size}px ${FONT}`;
  context.fillStyle = words === '' ? paper.quiet : paper.warning;
  const address = width > 150 * ratio ? `  ${formatAddress(block * layout.blockPages)}` : '';
  context.fillText(
    clipped(context, `${block}${words}${address}`, width),
    x,
    y - Math.max(size * 0.72, Math.min(room * 0.46, size * 0.9)),
  );
}

export function formatAddress(pfn: number): string {
  return `0x${(pfn * PAGE_SIZE).toString(16)}`;
}

/** A pageblock is a rectangle, for pages lie in Z-order. */
function drawPageblockEdges(
  { context, layout, view, ratio, paper, width, height }: Sheet,
  x: number,
  y: number,
  order: number,
) {
  const stepX = 2 ** Math.ceil(order / 2) * view.scale;
  const stepY = 2 ** Math.floor(order / 2) * view.scale;
  if (stepY < PAGEBLOCK_WITH_EDGES * ratio) return;
  const right = x + layout.tileWidth * view.scale;
  const bottom = y + layout.tileHeight * view.scale;
  context.strokeStyle = paper.line;
  context.lineWidth = 1;
  context.beginPath();
  for (let at = x + Math.max(1, Math.ceil(-x / stepX)) * stepX; at < Math.min(right - 1, width); at += stepX) {
    context.moveTo(Math.round(at) - 0.5, Math.max(y, 0));
    context.lineTo(Math.round(at) - 0.5, Math.min(bottom, height));
  }
  for (let at = y + Math.max(1, Math.ceil(-y / stepY)) * stepY; at < Math.min(bottom - 1, height); at += stepY) {
    context.moveTo(Math.max(x, 0), Math.round(at) - 0.5);
    context.lineTo(Math.min(right, width), Math.round(at) - 0.5);
  }
  context.stroke();
}

/** Page frame numbers, where a page is as large as its number. */
function drawPageNumbers(sheet: Sheet): void {
  const { context, layout, view, ratio, paper } = sheet;
  if (view.scale < PAGE_WITH_NUMBER * ratio) return;
  context.font = `${Math.min(11 * ratio, view.scale / 5)}px ${FONT}`;
  for (const group of layout.groups) {
    for (const [block] of tilesInSight(sheet, group)) {
      forPagesInSight(sheet, block, (pfn, x, y) => {
        context.fillStyle = paper.halo;
        context.fillRect(
          x + 3 * ratio,
          y + 3 * ratio,
          context.measureText(pfn.toString(16)).width + 4 * ratio,
          13 * ratio,
        );
        context.fillStyle = paper.strong;
        context.fillText(pfn.toString(16), x + 5 * ratio, y + 10 * ratio);
      });
    }
  }
}

function forPagesInSight(sheet: Sheet, block: number, each: (pfn: number, x: number, y: number) => void): void {
  const { layout, view, width, height } = sheet;
  // Pageblocks out of sight are skipped whole: at this scale hardly any is in sight.
  const order = Math.min(8, Math.log2(layout.blockPages));
  const step = 2 ** order;
  for (let start = block * layout.blockPages; start < (block + 1) * layout.blockPages; start += step) {
    const rect = rectOf(layout, start, order)!;
    const isInSight =
      rect.x + rect.width > view.x &&
      rect.y + rect.height > view.y &&
      rect.x < view.x + width / view.scale &&
      rect.y < view.y + height / view.scale;
    if (!isInSight) continue;
    for (let pfn = start; pfn < start + step && pfn < layout.nrPfns; pfn++) {
      const page = rectOf(layout, pfn, 0)!;
      const x = (page.x - view.x) * view.scale;
      const y = (page.y - view.y) * view.scale;
      if (x > -view.scale && y > -view.scale && x < width && y < height) each(pfn, x, y);
    }
  }
}

/** The page that the keyboard or the pointer is on, seen at any scale. */
export function drawCursor({ context, layout, view, ratio, paper }: Sheet, pfn: number): void {
  const rect = rectOf(layout, pfn, 0);
  if (rect === null) return;
  const least = 7 * ratio;
  const side = Math.max(view.scale, least);
  const x = (rect.x + 0.5 - view.x) * view.scale - side / 2;
  const y = (rect.y + 0.5 - view.y) * view.scale - side / 2;
  context.lineWidth = 4 * ratio;
  context.strokeStyle = paper.halo;
  context.strokeRect(x, y, side, side);
  context.lineWidth = 2 * ratio;
  context.strokeStyle = paper.strong;
  context.strokeRect(x, y, side, side);
}
