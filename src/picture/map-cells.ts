import { MAX_PAGE_ORDER, PAGEBLOCK_ORDER, type Pfn } from '../mm/units.js';
import { CLASS_USED, type Colouring, classOfMigratetype } from './colourings.js';
import { markFreeOrders } from './free-orders.js';
import { kindOfByte, writePageBytes } from './page-bytes.js';
import { KIND_FREE, KIND_HOLE } from './page-kinds.js';

/** Pages as a map looks at them: as flags, or as page bytes. */
export type MapPages = ({ readonly flags: Uint32Array } | { readonly bytes: Uint8Array }) & {
  /** MIGRATE_* by pageblock; absent where nobody knows. */
  readonly migratetype?: Uint8Array;
};

/** Some neighbouring pages, in one colour. */
export interface MapCell {
  /** Index into the colouring's swatches. */
  readonly class: number;
  /** 0 to 3: up to a quarter of the pages in use, up to a half, … */
  readonly level: number;
  readonly used: number;
  /** Pages that are there. */
  readonly present: number;
}

/** Pages that are looked at in one go: a multiple of the largest free block. */
const CHUNK_PAGES = 1 << 16;

/**
 * The cells of [start, end), each of `cellPages`. A cell's class is the one that most of its used pages have (of free
 * orders: most of its free ones, if a quarter is free), and its level says how many pages are in use. `totals` gets the pages by class.
 */
export function mapCells(
  pages: MapPages,
  start: Pfn,
  end: Pfn,
  cellPages: number,
  colouring: Colouring,
  totals?: Uint32Array,
): MapCell[] {
  const { name, classes, swatches } = colouring;
  const scratch = new Uint8Array(Math.min(CHUNK_PAGES, end - start));
  const histogram = new Uint32Array(256);
  const counts = new Uint32Array(swatches.length);
  const cells: MapCell[] = [];
  let from = -1;
  let to = -1;
  for (let cell = start; cell < end; cell += cellPages) {
    const cellEnd = Math.min(cell + cellPages, end);
    histogram.fill(0);
    for (let pfn = cell; pfn < cellEnd; ) {
      if (pfn >= to) {
        from = pfn;
        to = Math.min(chunkEnd(pfn), end);
        look(pages, from, to, scratch, name === 'order');
      }
      const stop = Math.min(cellEnd, to);
      countBytes(scratch, pfn - from, stop - from, histogram);
      pfn = stop;
    }
    if (classes !== null) sortBytes(histogram, classes, counts.fill(0));
    else countMigratetypes(pages, cell, cellEnd, counts.fill(0));
    cells.push(cellOf(histogram, counts, colouring));
    if (totals !== undefined) for (let at = 0; at < counts.length; at++) totals[at] = totals[at]! + counts[at]!;
  }
  return cells;
}

/** Chunks end where no free block does not. */
function chunkEnd(pfn: Pfn): Pfn {
  const end = pfn + CHUNK_PAGES;
  return end - (end % (1 << MAX_PAGE_ORDER));
}

function look(pages: MapPages, start: Pfn, end: Pfn, scratch: Uint8Array, wantsOrders: boolean): void {
  if ('bytes' in pages) scratch.set(pages.bytes.subarray(start, end));
  else {
    writePageBytes(pages.flags, start, end, scratch, 0);
    if (wantsOrders) markFreeOrders(scratch, start, end, start);
  }
}

function countBytes(bytes: Uint8Array, start: number, end: number, histogram: Uint32Array): void {
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!;
    histogram[byte] = histogram[byte]! + 1;
  }
}

function sortBytes(histogram: Uint32Array, classes: Uint8Array, counts: Uint32Array): void {
  for (let byte = 0; byte < 256; byte++) {
    const at = classes[byte]!;
    counts[at] = counts[at]! + histogram[byte]!;
  }
}

function countMigratetypes({ migratetype }: MapPages, start: Pfn, end: Pfn, counts: Uint32Array): void {
  for (let block = start >>> PAGEBLOCK_ORDER; block << PAGEBLOCK_ORDER < end; block++) {
    const from = Math.max(start, block << PAGEBLOCK_ORDER);
    const pages = Math.min(end, (block + 1) << PAGEBLOCK_ORDER) - from;
    const at = classOfMigratetype(migratetype?.[block] ?? null);
    counts[at] = counts[at]! + pages;
  }
}

function cellOf(histogram: Uint32Array, counts: Uint32Array, colouring: Colouring): MapCell {
  let used = 0;
  let present = 0;
  for (let byte = 0; byte < 256; byte++) {
    const kind = kindOfByte(byte);
    if (kind === KIND_HOLE) continue;
    present += histogram[byte]!;
    if (kind !== KIND_FREE) used += histogram[byte]!;
  }
  if (present === 0) return { class: 0, level: 0, used, present };
  const level = Math.max(0, Math.ceil((4 * used) / present) - 1);
  return { class: frequentClass(counts, used, present, colouring), level, used, present };
}

function frequentClass(
  counts: Uint32Array,
  used: number,
  present: number,
  { name, firstCompeting }: Colouring,
): number {
  // A page or two that is free says nothing about where blocks can be made.
  if (name === 'order' && 4 * used > 3 * present) return CLASS_USED;
  if ((name === 'type' || name === 'state') && used === 0) return KIND_FREE;
  let most = firstCompeting;
  for (let at = most + 1; at < counts.length; at++) if (counts[at]! > counts[most]!) most = at;
  return most;
}
