import { BLOCK_ONLINE, BLOCK_STATE_NAMES } from '../mm/memory-block.js';
import type { PfnRange } from '../mm/pfn-range.js';
import { formatPages } from '../mm/units.js';
import { COLOURINGS, type Colouring, type ColouringName, colouring } from '../picture/colourings.js';
import { type MapCell, mapCells } from '../picture/map-cells.js';
import { blocksPerRow, type MapRow, type MapSource, mapGroups, mapRows, pagesOfRow } from '../picture/map-rows.js';
import { escapeHtml } from './html.js';
import { inBothLights } from './style.js';

/** Cells of a row, and at most so many rows: a map is as large for a terabyte as for a few blocks. */
const CELLS = 128;
const ROWS_MAX = 64;
/** More rows than that come only of more DIMMs than anybody has. */
const ROWS_EVER = 256;
/** Units of the drawing; one is a pixel on a screen that is wide enough. */
const CELL = { width: 6, height: 9, pitch: 11 } as const;
const LEFT = 52;
const RIGHT = 44;
const TITLE_HEIGHT = 20;
const WIDTH = LEFT + CELLS * CELL.width + RIGHT;
/** How strongly a cell is coloured, by its level. */
const OPACITIES = [0.4, 0.6, 0.8, 1] as const;

/** The map of one machine at one time, drawn in every colouring. */
export interface DrawnMaps {
  readonly caption: string;
  /** Pages of a cell, and blocks of a row. */
  readonly cellPages: number;
  readonly scale: number;
  /** An SVG element each. */
  readonly svgs: Readonly<Record<ColouringName, string>>;
  /** Pages by class. */
  readonly totals: Readonly<Record<ColouringName, Uint32Array>>;
}

/** Draws what stands in memory now; of `only`, the blocks that touch one of these ranges. */
export function drawMaps(source: MapSource, caption: string, only?: readonly PfnRange[]): DrawnMaps {
  const scale = blocksPerRow(mapGroups(source, only), ROWS_MAX);
  const totals = Object.fromEntries(
    COLOURINGS.map((name) => [name, new Uint32Array(colouring(name).swatches.length)]),
  ) as Record<ColouringName, Uint32Array>;
  const svgs = Object.fromEntries(
    COLOURINGS.map((name) => [name, mapSvg(source, caption, colouring(name), scale, totals[name], only)]),
  ) as Record<ColouringName, string>;
  return { caption, cellPages: (scale * source.spec.blockPages) / CELLS, scale, svgs, totals };
}

function mapSvg(
  source: MapSource,
  caption: string,
  colours: Colouring,
  scale: number,
  totals: Uint32Array,
  only?: readonly PfnRange[],
): string {
  const paths = new Map<string, string>();
  const texts: string[] = [];
  let y = 0;
  let nrRows = 0;
  for (const { dimm, blocks } of mapGroups(source, only)) {
    const rows = mapRows(blocks, scale).slice(0, ROWS_EVER - nrRows);
    if (rows.length === 0) break;
    nrRows += rows.length;
    const size = formatPages(blocks.length * source.spec.blockPages);
    texts.push(text(0, y + 13, `${dimm?.name ?? 'boot memory'}, ${size}`, 'font-weight="600"'));
    y += TITLE_HEIGHT;
    for (const row of rows) {
      drawRow({ source, colours, scale, totals, paths, texts, y }, row);
      y += CELL.pitch;
    }
  }
  const drawn = [...paths].map(([face, d]) => `<path d="${d}" ${face}/>`).join('');
  const label = escapeHtml(`Map, ${caption}, by ${colours.title}`);
  const size = `viewBox="0 0 ${WIDTH} ${Math.max(1, y)}"`;
  return `<svg ${size} role="img" aria-label="${label}" fill="currentColor" font-size="9">${drawn}${texts.join('')}</svg>`;
}

interface RowSheet {
  readonly source: MapSource;
  readonly colours: Colouring;
  readonly scale: number;
  readonly totals: Uint32Array;
  /** By colour: what is drawn in it. */
  readonly paths: Map<string, string>;
  readonly texts: string[];
  readonly y: number;
}

function drawRow({ source, colours, scale, totals, paths, texts, y }: RowSheet, row: MapRow): void {
  const base = y + CELL.height - 1.5;
  texts.push(text(LEFT - 6, base, `${row[0]}`, 'text-anchor="end" opacity=".7"'));
  const states = new Set(source.blockState.subarray(row[0], row[1] + 1));
  const [state] = states;
  if (states.size === 1 && state !== BLOCK_ONLINE) {
    add(paths, OFFLINE_FACE, LEFT, y, CELLS);
    texts.push(text(LEFT + (CELLS * CELL.width) / 2, base, BLOCK_STATE_NAMES[state as 2 | 3], OFFLINE_TEXT));
    return;
  }
  const [start, end] = pagesOfRow(source, row);
  const cells = mapCells(source, start, end, (scale * source.spec.blockPages) / CELLS, colours, totals);
  for (let at = 0; at < cells.length; ) {
    const face = faceOf(cells[at]!, colours);
    let next = at + 1;
    while (next < cells.length && faceOf(cells[next]!, colours) === face) next++;
    if (face !== null) add(paths, face, LEFT + at * CELL.width, y, next - at);
    at = next;
  }
  const used = cells.reduce((sum, cell) => sum + cell.used, 0);
  const present = cells.reduce((sum, cell) => sum + cell.present, 0);
  // Nothing but all of it is 100%.
  const share = present === 0 ? '' : `${used === present ? 100 : Math.min(99, Math.round((100 * used) / present))}%`;
  texts.push(text(WIDTH, base, share, 'text-anchor="end" opacity=".7"'));
}

const OFFLINE_FACE = 'fill="none" stroke="currentColor" stroke-opacity=".35" stroke-dasharray="3 3"';
const OFFLINE_TEXT = 'text-anchor="middle" opacity=".7"';

/** Null for a hole, where nothing is drawn. */
function faceOf(cell: MapCell, { name, swatches }: Colouring): string | null {
  if (cell.class === 0) return null;
  const isDense = cell.used === 0 || name === 'order';
  const opacity = isDense ? 1 : OPACITIES[cell.level]!;
  return `fill="var(--${name}-${swatches[cell.class]!.id})"${opacity === 1 ? '' : ` fill-opacity="${opacity}"`}`;
}

function add(paths: Map<string, string>, face: string, x: number, y: number, nrCells: number): void {
  const width = nrCells * CELL.width;
  paths.set(face, `${paths.get(face) ?? ''}M${x} ${y}h${width}v${CELL.height}h${-width}z`);
}

function text(x: number, y: number, content: string, attributes: string): string {
  return `<text x="${x}" y="${y}" ${attributes}>${escapeHtml(content)}</text>`;
}

/**
 * Maps that are compared with each other, one below the other, with a switch for what their colours stand for. The switch
 * needs no script; on paper there is the one that was chosen.
 */
export function mapsHtml(maps: readonly DrawnMaps[]): string {
  const inputs = COLOURINGS.map((name, at) => {
    const checked = at === 0 ? ' checked' : '';
    return (
      `<input type="radio" name="by" id="by-${name}"${checked}>` +
      `<label for="by-${name}">${escapeHtml(colouring(name).title)}</label>`
    );
  });
  const figures = maps.map(({ caption, svgs }) => {
    const drawn = COLOURINGS.map((name) => `<div class="by-${name}">${svgs[name]}</div>`).join('\n');
    return `<figure class="map"><figcaption><b>${escapeHtml(caption)}.</b></figcaption>\n${drawn}\n</figure>`;
  });
  return `<div class="maps" role="group" aria-label="Colours of the map stand for">
<span class="by">Colour by</span> ${inputs.join(' ')}
<div class="drawn">
${figures.join('\n')}
${COLOURINGS.map((name) => legendHtml(maps, name)).join('\n')}
</div></div>`;
}

function legendHtml(maps: readonly DrawnMaps[], name: ColouringName): string {
  const { swatches } = colouring(name);
  const [{ cellPages, scale } = { cellPages: 1, scale: 1 }] = maps;
  const entries = swatches.flatMap(({ id, label }, at) => {
    const nrPages = maps.map(({ totals }) => totals[name][at]!);
    if (at === 0 || Math.max(...nrPages) === 0) return [];
    // Once where nothing has changed.
    const sizes = [...new Set(nrPages.map((pages) => formatPages(pages)))].join(' → ');
    return [`<li><i style="background:var(--${name}-${id})"></i>${escapeHtml(label)} <small>${sizes}</small></li>`];
  });
  const dense = name === 'order' ? '' : ', the stronger the more of it is in use';
  const row = scale === 1 ? 'a row a memory block' : `a row ${scale} memory blocks`;
  return `<div class="by-${name}"><ul class="legend">${entries.join('')}</ul>
<p><small>A cell is ${formatPages(cellPages)}, ${row}; a cell has the colour of what most of it is${dense}. On the right: the share in use.</small></p></div>`;
}

const COLOURS = (light: boolean) =>
  COLOURINGS.flatMap((name) =>
    colouring(name).swatches.map((swatch) => `--${name}-${swatch.id}: ${light ? swatch.light : swatch.dark};`),
  ).join(' ');

/** What pages with maps have beside the style of all reports. */
export const mapStyle = `${inBothLights(COLOURS(true), COLOURS(false))}
.maps > input { position: absolute; opacity: 0; }
.maps > label { display: inline-block; padding: .15rem .7rem; border: 1px solid var(--line); border-radius: 1rem; cursor: pointer; margin: .1rem 0; }
.maps > input:checked + label { background: var(--text); color: var(--page); border-color: var(--text); }
.maps > input:focus-visible + label { outline: 2px solid var(--part0); outline-offset: 2px; }
.maps .by { color: var(--quiet); margin-right: .3rem; }
.map svg { min-width: 620px; }
.drawn > div, .map > div { display: none; }
${COLOURINGS.map((name) => `#by-${name}:checked ~ .drawn .by-${name}`).join(', ')} { display: block; }
@media print { .maps > input, .maps > label, .maps .by { display: none; } .map svg { min-width: 0; } }`;

/** The page's colour of a class, for charts beside the map. */
export function swatchColour(name: ColouringName, at: number): string {
  return `var(--${name}-${colouring(name).swatches[at]!.id})`;
}
