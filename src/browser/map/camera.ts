import { type MapGroup, type MapLayout, type Point, type Rect, rectOf, tileOf } from '../../picture/map-layout.js';
import type { MapView } from '../../picture/raster.js';

/** A map on a screen, both in pixels of CSS. */
export interface Screen {
  readonly width: number;
  readonly height: number;
}

/** Pixels along a page's side, at most; a page then fills a phone. */
export const SCALE_MAX = 256;
/** Around a map that is seen whole. */
const MARGIN = 8;

/** All of the map, in the middle. */
export function fitMap(layout: MapLayout, screen: Screen): MapView {
  return fitRect({ x: 0, y: 0, width: layout.width, height: layout.height }, screen);
}

export function fitRect(rect: Rect, { width, height }: Screen, margin = MARGIN): MapView {
  const scale = Math.max(
    1e-6,
    Math.min((width - 2 * margin) / rect.width, (height - 2 * margin) / rect.height, SCALE_MAX),
  );
  return {
    x: rect.x - (width / scale - rect.width) / 2,
    y: rect.y - (height / scale - rect.height) / 2,
    scale,
  };
}

/** Larger by `factor`; what is at `point` of the screen stays there. */
export function zoom(view: MapView, factor: number, { x, y }: Point, least: number): MapView {
  const scale = Math.max(least, Math.min(view.scale * factor, SCALE_MAX));
  return { x: view.x + x / view.scale - x / scale, y: view.y + y / view.scale - y / scale, scale };
}

export function pan(view: MapView, x: number, y: number): MapView {
  return { x: view.x - x / view.scale, y: view.y - y / view.scale, scale: view.scale };
}

/** No further away than half of a map that is seen whole, and never so far aside that none of it is seen. */
export function keepInSight(view: MapView, layout: MapLayout, screen: Screen): MapView {
  const [wide, high] = [screen.width / view.scale, screen.height / view.scale];
  return {
    x: clamp(view.x, -wide * 0.75, layout.width - wide * 0.25),
    y: clamp(view.y, -high * 0.75, layout.height - high * 0.25),
    scale: view.scale,
  };
}

/**
 * The same view, or aside as far as it takes to see a memory block: whoever comes nearer at a gap between two blocks of a
 * large machine would end up where nothing is, for such a gap is many screens wide.
 */
export function keepBlocksInSight(view: MapView, layout: MapLayout, screen: Screen): MapView {
  const [wide, high] = [screen.width / view.scale, screen.height / view.scale];
  const middle = { x: view.x + wide / 2, y: view.y + high / 2 };
  let nearest = { x: 0, y: 0, distance: Number.POSITIVE_INFINITY };
  for (const group of layout.groups) {
    const tile = nearestTile(layout, group, middle);
    // How far the screen has to go for the tile to begin at its edge.
    const x = aside(tile.x, tile.x + tile.width, view.x, view.x + wide);
    const y = aside(tile.y, tile.y + tile.height, view.y, view.y + high);
    const distance = Math.hypot(x, y);
    if (distance < nearest.distance) nearest = { x, y, distance };
  }
  if (nearest.distance === 0 || layout.groups.length === 0) return view;
  const { x, y } = nearest;
  return { x: view.x + x + (Math.sign(x) * wide) / 4, y: view.y + y + (Math.sign(y) * high) / 4, scale: view.scale };
}

/** Of a group's tiles the one that a point is in, or nearest to by column and row. */
function nearestTile(layout: MapLayout, { first, last, left, columns, top, rows }: MapGroup, { x, y }: Point): Rect {
  const column = clamp(Math.floor(x / layout.pitchX) - left, 0, columns - 1);
  const row = clamp(Math.floor((y - top) / layout.pitchY), 0, rows - 1);
  return tileOf(layout, Math.min(last, first + row * columns + column))!;
}

/** What has to be added to [begin, end) for it to meet [from, to); 0 if it does. */
function aside(from: number, to: number, begin: number, end: number): number {
  return end <= from ? from - end : begin >= to ? to - begin : 0;
}

function clamp(value: number, least: number, most: number): number {
  return Math.max(least, Math.min(value, most));
}

/** Shows a page that is out of sight; otherwise nothing moves. */
export function showPage(view: MapView, layout: MapLayout, screen: Screen, pfn: number): MapView {
  const rect = rectOf(layout, pfn, 0);
  if (rect === null) return view;
  const [wide, high] = [screen.width / view.scale, screen.height / view.scale];
  const isInSight = rect.x >= view.x && rect.y >= view.y && rect.x + 1 <= view.x + wide && rect.y + 1 <= view.y + high;
  if (isInSight) return view;
  return { x: rect.x - wide / 2, y: rect.y - high / 2, scale: view.scale };
}
