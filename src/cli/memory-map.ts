import { BLOCK_ABSENT, BLOCK_ONLINE, BLOCK_STATE_NAMES, type Dimm } from '../mm/memory-block.js';
import type { PfnRange } from '../mm/pfn-range.js';
import { type BlockId, formatPages } from '../mm/units.js';
import { countKinds, KIND_FREE, KIND_HOLE, newCounts, PAGE_KINDS, usedIn } from '../picture/page-kinds.js';
import type { Palette } from './palette.js';
import { formatBlocks } from './parse-blocks.js';
import { formatShare } from './wording.js';

/** What a map is drawn of; a simulated machine is one. */
export interface MapSource {
  readonly flags: Uint32Array;
  /** BLOCK_* by block. */
  readonly blockState: Uint8Array;
  readonly spec: { readonly nrPfns: number; readonly blockPages: number; readonly dimms: readonly Dimm[] };
}

export interface MapOptions {
  readonly palette: Palette;
  /** Only blocks that touch one of these ranges; all without it. */
  readonly only?: readonly PfnRange[];
  /** True for a page that must stand out: its cell shows it whatever else is there. */
  readonly isMarked?: (pfn: number) => boolean;
}

/** Fits 80 columns with a label on the left and a percentage on the right. */
const CELLS = 64;
const LABEL = 8;
const LINE = 80;
/** More rows than this nobody reads: rows then stand for several blocks. */
const ROWS_MAX = 40;
const MARK = '✗';
const MARK_COLOUR = 202;

interface Group {
  readonly title: string;
  readonly blocks: readonly BlockId[];
}

/**
 * Memory from low to high: a row for each memory block (or for 2, 4, 8 … on large machines), a cell for each 64th of a
 * row. A cell's glyph belongs to the kind that most of its used pages are, and is the denser the more of it is in use.
 */
export function memoryMap(source: MapSource, options: MapOptions): string[] {
  const groups = groupsOf(source, options.only);
  const blocksPerRow = chooseScale(groups);
  const lines: string[] = [];
  for (const { title, blocks } of groups) {
    lines.push(options.palette.bold(title));
    for (const row of rowsOf(blocks, blocksPerRow)) lines.push(drawRow(source, row, blocksPerRow, options));
  }
  return lines;
}

/** What the glyphs mean that a map of this machine has, and how much a cell is. */
export function mapLegend(source: MapSource, options: MapOptions): string[] {
  const groups = groupsOf(source, options.only);
  const { palette } = options;
  const counts = newCounts();
  for (const { blocks } of groups) {
    for (const block of blocks) countKinds(source.flags, ...edges(source, block, block), counts);
  }
  const entries = PAGE_KINDS.flatMap(({ glyphs, label, colour }, kind) => {
    if (kind === KIND_HOLE || (counts[kind] === 0 && kind !== KIND_FREE)) return [];
    const shown = [...new Set(glyphs)].join('');
    return [{ plain: `${shown} ${label}`, text: `${palette.in256(colour, shown)} ${label}` }];
  });
  if (options.isMarked !== undefined)
    entries.push({ plain: `${MARK} stays`, text: `${palette.in256(MARK_COLOUR, MARK)} holds a page that refuses` });
  const blocksPerRow = chooseScale(groups);
  const cell = formatPages((blocksPerRow * source.spec.blockPages) / CELLS);
  const lines = [
    ...fill(entries, LINE - 2).map((line) => `  ${line}`),
    palette.dim(`  A cell is ${cell}: its most frequent kind of page, denser the more is in use.`),
  ];
  if (blocksPerRow > 1) lines.push(palette.dim(`  A row is ${blocksPerRow} blocks, from the one named on.`));
  return lines;
}

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

/** Boot memory and DIMMs, in the order of their addresses. */
function groupsOf(source: MapSource, only: readonly PfnRange[] | undefined): Group[] {
  const { blockPages, dimms } = source.spec;
  const groups: { dimm: Dimm | undefined; blocks: BlockId[] }[] = [];
  for (let block = 0; block < source.blockState.length; block++) {
    const start = block * blockPages;
    if (source.blockState[block] === BLOCK_ABSENT) continue;
    if (only !== undefined && !only.some((range) => start < range.end && range.start < start + blockPages)) continue;
    const dimm = dimms.find(({ range }) => start >= range.start && start < range.end);
    const last = groups.at(-1);
    if (last !== undefined && last.dimm === dimm) last.blocks.push(block);
    else groups.push({ dimm, blocks: [block] });
  }
  return groups.map(({ dimm, blocks }) => {
    const size = formatPages(blocks.length * blockPages);
    return { title: `${dimm?.name ?? 'boot memory'}, ${size}, blocks ${formatBlocks(blocks)}`, blocks };
  });
}

function chooseScale(groups: readonly Group[]): number {
  let blocksPerRow = 1;
  while (groups.reduce((sum, { blocks }) => sum + rowsOf(blocks, blocksPerRow).length, 0) > ROWS_MAX) {
    if (blocksPerRow >= 1 << 20) break;
    blocksPerRow *= 2;
  }
  return blocksPerRow;
}

/** First and last block of a row. */
type Row = [first: BlockId, last: BlockId];

/** The rows that it takes to show these blocks, each beginning where the one before ended or later. */
function rowsOf(blocks: readonly BlockId[], blocksPerRow: number): Row[] {
  const rows: Row[] = [];
  for (const block of blocks) {
    const row = rows.at(-1);
    if (row !== undefined && block < row[0] + blocksPerRow) row[1] = block;
    else rows.push([block, block]);
  }
  return rows;
}

function edges({ spec }: MapSource, first: BlockId, last: BlockId): [start: number, end: number] {
  return [first * spec.blockPages, Math.min((last + 1) * spec.blockPages, spec.nrPfns)];
}

function drawRow(source: MapSource, [first, last]: Row, blocksPerRow: number, options: MapOptions): string {
  const { palette } = options;
  const label = `${first}`.padStart(LABEL);
  const states = new Set(source.blockState.subarray(first, last + 1));
  const [state] = states;
  if (states.size === 1 && state !== BLOCK_ONLINE) {
    const word = BLOCK_STATE_NAMES[state as 2 | 3];
    const left = Math.floor((CELLS - word.length) / 2);
    return `${label} │${palette.dim(' '.repeat(left) + word.padEnd(CELLS - left))}│`;
  }
  const [start, end] = edges(source, first, last);
  const cellPages = (blocksPerRow * source.spec.blockPages) / CELLS;
  const cells: Cell[] = [];
  let used = 0;
  let pages = 0;
  for (let cell = start; cell < end; cell += cellPages) {
    const cellEnd = Math.min(cell + cellPages, end);
    const counts = countKinds(source.flags, cell, cellEnd);
    used += usedIn(counts);
    pages += cellEnd - cell - counts[KIND_HOLE]!;
    cells.push(hasMarked(cell, cellEnd, options) ? { glyph: MARK, colour: MARK_COLOUR } : cellOf(counts));
  }
  const padding = ' '.repeat(CELLS - cells.length);
  return `${label} │${paint(cells, palette)}${padding}│ ${formatShare(used, pages).padStart(4)}`;
}

function hasMarked(start: number, end: number, { isMarked }: MapOptions): boolean {
  if (isMarked === undefined) return false;
  for (let pfn = start; pfn < end; pfn++) if (isMarked(pfn)) return true;
  return false;
}

interface Cell {
  readonly glyph: string;
  readonly colour: number;
}

/** Glyph and colour of the kind that is most frequent among the used pages; the glyph's density is their share. */
function cellOf(counts: Uint32Array): Cell {
  const used = usedIn(counts);
  const present = used + counts[KIND_FREE]!;
  if (used === 0) return faceOf(present === 0 ? KIND_HOLE : KIND_FREE, 0);
  let most = KIND_FREE + 1;
  for (let kind = most; kind < counts.length; kind++) if (counts[kind]! > counts[most]!) most = kind;
  return faceOf(most, Math.ceil((4 * used) / present) - 1);
}

function faceOf(kind: number, level: number): Cell {
  const { glyphs, colour } = PAGE_KINDS[kind]!;
  return { glyph: [...glyphs][level]!, colour };
}

/** Neighbours of one colour share its escape codes. */
function paint(cells: readonly Cell[], palette: Palette): string {
  let line = '';
  for (let at = 0; at < cells.length; ) {
    const { colour } = cells[at]!;
    let run = '';
    while (at < cells.length && cells[at]!.colour === colour) run += cells[at++]!.glyph;
    line += palette.in256(colour, run);
  }
  return line;
}
