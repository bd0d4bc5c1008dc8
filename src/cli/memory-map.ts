import { BLOCK_ONLINE, BLOCK_STATE_NAMES } from '../mm/memory-block.js';
import type { PfnRange } from '../mm/pfn-range.js';
import { formatPages } from '../mm/units.js';
import { type Colouring, type ColouringName, colouring } from '../picture/colourings.js';
import { type MapCell, mapCells } from '../picture/map-cells.js';
import {
  blocksPerRow,
  type MapGroup,
  type MapRow,
  type MapSource,
  mapGroups,
  mapRows,
  pagesOfRow,
} from '../picture/map-rows.js';
import { KIND_FREE } from '../picture/page-kinds.js';
import type { Palette } from './palette.js';
import { formatBlocks } from './parse-blocks.js';
import { formatShare, wrap } from './wording.js';

export type { MapSource } from '../picture/map-rows.js';

export interface MapOptions {
  readonly palette: Palette;
  /** What colours and glyphs stand for; page types if absent. */
  readonly by?: ColouringName;
  /** Only blocks that touch one of these ranges; all without it. */
  readonly only?: readonly PfnRange[];
  /** True for a page that must stand out: its cell shows it whatever else is there. */
  readonly isMarked?: (pfn: number) => boolean;
  /** Characters of a line; 80 if absent. */
  readonly columns?: number;
  /** At most so many rows of blocks; 40 if absent, for more nobody reads. */
  readonly rowsMax?: number;
}

/** A map and what its glyphs mean, drawn in one go. */
export interface DrawnMap {
  readonly lines: readonly string[];
  readonly legend: readonly string[];
}

const LINE = 80;
const ROWS_MAX = 40;
const MARK = '✗';
const MARK_COLOUR = 202;

/** How a line is laid out: a label on the left, cells, and a percentage on the right where there is room. */
interface Layout {
  readonly label: number;
  readonly cells: number;
  readonly hasShare: boolean;
}

/** Cells are so many that a pageblock is a whole number of them. Where a line is short, the share goes first. */
const LAYOUTS: readonly (readonly [columnsMin: number, layout: Layout])[] = [
  [144, { label: 8, cells: 128, hasShare: true }],
  [80, { label: 8, cells: 64, hasShare: true }],
  [48, { label: 8, cells: 32, hasShare: true }],
  [40, { label: 4, cells: 32, hasShare: false }],
  [0, { label: 4, cells: 16, hasShare: false }],
];

function layoutFor(columns: number): Layout {
  return LAYOUTS.find(([columnsMin]) => columns >= columnsMin)![1];
}

/**
 * Memory from low to high: a row for each memory block (or for 2, 4, 8 … on large machines), a cell for each 64th of a
 * row. A cell's glyph belongs to the kind that most of its used pages are, and is the denser the more of it is in use.
 */
export function memoryMap(source: MapSource, options: MapOptions): string[] {
  return [...drawMap(source, options).lines];
}

/** What the glyphs mean that a map of this machine has, and how much a cell is. */
export function mapLegend(source: MapSource, options: MapOptions): string[] {
  return [...drawMap(source, options).legend];
}

export function drawMap(source: MapSource, options: MapOptions): DrawnMap {
  const groups = mapGroups(source, options.only);
  const sheet: Sheet = {
    source,
    options,
    colours: colouring(options.by ?? 'type'),
    scale: blocksPerRow(groups, options.rowsMax ?? ROWS_MAX),
    layout: layoutFor(options.columns ?? LINE),
    totals: new Uint32Array(colouring(options.by ?? 'type').swatches.length),
  };
  const lines: string[] = [];
  for (const group of groups) {
    lines.push(titleOf(group, sheet));
    for (const row of mapRows(group.blocks, sheet.scale)) lines.push(drawRow(sheet, row));
  }
  return { lines, legend: legendOf(sheet) };
}

/** What all rows of a map have in common. */
interface Sheet {
  readonly source: MapSource;
  readonly options: MapOptions;
  readonly colours: Colouring;
  /** Blocks of a row. */
  readonly scale: number;
  readonly layout: Layout;
  /** Pages so far, by class. */
  readonly totals: Uint32Array;
}

function titleOf({ dimm, blocks }: MapGroup, { source, options }: Sheet): string {
  const size = formatPages(blocks.length * source.spec.blockPages);
  const title = `${dimm?.name ?? 'boot memory'}, ${size}, blocks ${formatBlocks(blocks)}`;
  const { palette, columns = LINE } = options;
  return palette.bold(title.length <= columns || columns >= LINE ? title : `${title.slice(0, columns - 1)}…`);
}

function legendOf({ source, options, colours, scale, layout, totals }: Sheet): string[] {
  const { palette, columns = LINE } = options;
  const entries = colours.swatches.flatMap(({ glyphs, label, colour }, at) => {
    const isAsked = totals[at]! > 0 || (at === KIND_FREE && colours.name === 'type');
    if (at === 0 || !isAsked) return [];
    const shown = [...new Set(glyphs)].join('');
    return [{ plain: `${shown} ${label}`, text: `${palette.in256(colour, shown)} ${label}` }];
  });
  if (options.isMarked !== undefined)
    entries.push({ plain: `${MARK} stays`, text: `${palette.in256(MARK_COLOUR, MARK)} holds a page that refuses` });
  const cell = formatPages((scale * source.spec.blockPages) / layout.cells);
  const width = Math.min(columns, LINE) - 2;
  const say = (sentence: string) =>
    wrap(sentence, width)
      .split('\n')
      .map((line) => palette.dim(`  ${line}`));
  return [
    ...fill(entries, width).map((line) => `  ${line}`),
    ...say(`A cell is ${cell}: ${CELL_IS[colours.name]}`),
    ...(scale > 1 ? say(`A row is ${scale} blocks, from the one named on.`) : []),
  ];
}

const CELL_IS: Readonly<Record<ColouringName, string>> = {
  type: 'its most frequent kind of page, denser the more is in use.',
  state: 'the most frequent state of pages in use, denser the more is.',
  migratetype: 'the type of its pageblocks, denser the more is in use.',
  order: 'the order that most of its free pages have, if a quarter is free.',
};

function fill(entries: ReadonlyArray<{ readonly plain: string; readonly text: string }>, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  let used = 0;
  for (const { plain, text } of entries) {
    if (used > 0 && used + 3 + plain.length > width) {
      lines.push(line);
      line = '';
      used = 0;
    }
    line += used === 0 ? text : `   ${text}`;
    used += plain.length + (used === 0 ? 0 : 3);
  }
  return [...lines, line];
}

function drawRow(sheet: Sheet, row: MapRow): string {
  const { source, options, colours, scale, layout, totals } = sheet;
  const { palette } = options;
  const label = `${row[0]}`.padStart(layout.label);
  const states = new Set(source.blockState.subarray(row[0], row[1] + 1));
  const [state] = states;
  if (states.size === 1 && state !== BLOCK_ONLINE) {
    const word = BLOCK_STATE_NAMES[state as 2 | 3];
    const left = Math.floor((layout.cells - word.length) / 2);
    return `${label} │${palette.dim(' '.repeat(left) + word.padEnd(layout.cells - left))}│`;
  }
  const [start, end] = pagesOfRow(source, row);
  const cellPages = (scale * source.spec.blockPages) / layout.cells;
  const cells = mapCells(source, start, end, cellPages, colours, totals);
  const faces = cells.map((cell, at) => {
    const from = start + at * cellPages;
    return hasMarked(from, Math.min(from + cellPages, end), options) ? MARKED : faceOf(cell, colours);
  });
  const padding = ' '.repeat(layout.cells - cells.length);
  const line = `${label} │${paint(faces, palette)}${padding}│`;
  return layout.hasShare ? `${line} ${shareOf(cells).padStart(4)}` : line;
}

function shareOf(cells: readonly MapCell[]): string {
  const sum = (what: 'used' | 'present') => cells.reduce((pages, cell) => pages + cell[what], 0);
  return formatShare(sum('used'), sum('present'));
}

function hasMarked(start: number, end: number, { isMarked }: MapOptions): boolean {
  if (isMarked === undefined) return false;
  for (let pfn = start; pfn < end; pfn++) if (isMarked(pfn)) return true;
  return false;
}

interface Face {
  readonly glyph: string;
  readonly colour: number;
}

const MARKED: Face = { glyph: MARK, colour: MARK_COLOUR };

function faceOf(cell: MapCell, { swatches }: Colouring): Face {
  const { glyphs, colour } = swatches[cell.class]!;
  return { glyph: [...glyphs][cell.level]!, colour };
}

/** Neighbours of one colour share its escape codes. */
function paint(cells: readonly Face[], palette: Palette): string {
  let line = '';
  for (let at = 0; at < cells.length; ) {
    const { colour } = cells[at]!;
    let run = '';
    while (at < cells.length && cells[at]!.colour === colour) run += cells[at++]!.glyph;
    line += palette.in256(colour, run);
  }
  return line;
}
