import { CellFaces, FACE_HOLE, type SmallFaces } from './cell-faces.js';
import { type MapClasses, MIGRATETYPE_UNKNOWN, NR_CLASSES } from './map-classes.js';

/** Pages that are summed up at a time, the cells of one level: 4^UNIT_LEVEL of them. */
const UNIT_LEVEL = 4;
const UNIT_SHIFT = 2 * UNIT_LEVEL;
const UNIT_PAGES = 1 << UNIT_SHIFT;
/** Above, cells are so few that nobody needs more. */
const LEVELS_MAX = 13;
/** Sixteen bits can count the pages of a cell up to here. */
const LEVEL_OF_16_BITS = 7;
/** Units that are summed up before the levels above are. */
const UNITS_AT_A_TIME = 256;

/**
 * A map at every scale: a cell of level n is 4^n pages, aligned to as many, and has one of `Face`. Where pages lie in
 * Z-order such a cell is a square. From level 4 on the pages of each class are counted too, so that a change of 256
 * pages is carried to the top in a few steps; below, cells are read off the pages again.
 *
 * It is brought up to date bit by bit: `mark` what has changed, then `update` as often as there is time.
 */
export class Pyramid {
  /** By level; nothing at level 0, where the pages themselves are. */
  readonly faces: readonly Uint8Array[];
  readonly nrLevels: number;
  readonly #pages: Uint8Array;
  readonly #counts: readonly Counts[];
  /** 1 for a unit that is out of date. */
  readonly #stale: Uint8Array;
  /** Nothing is out of date below this unit, nor from `#last` on. */
  #next = 0;
  #last = 0;
  #mode: MapClasses;
  #cells: CellFaces;
  readonly #small: SmallFaces;
  /** Units that were summed up, and then cells of the levels above, ascending; the levels above do not have them yet. */
  readonly #summed = new Uint32Array(UNITS_AT_A_TIME);
  #nrSummed = 0;
  /** Migratetype by pageblock, and what shift makes a pageblock of a pfn. */
  #types: Uint8Array | null = null;
  #pageblockShift = 9;

  /** `pages` has a byte for each page (page-bytes.ts), and is looked at, not kept a copy of. */
  constructor(pages: Uint8Array, mode: MapClasses) {
    const nrUnits = Math.ceil(pages.length / UNIT_PAGES);
    const faces: Uint8Array[] = [new Uint8Array(0)];
    const counts: Counts[] = [];
    for (let level = 1; level <= LEVELS_MAX && (level <= UNIT_LEVEL || 4 ** (level - 1) < pages.length); level++) {
      // Whole units: the cells of the last one exist although its pages may not.
      const nrCells = Math.ceil((nrUnits * UNIT_PAGES) / 4 ** level);
      faces.push(new Uint8Array(nrCells).fill(FACE_HOLE));
      if (level >= UNIT_LEVEL)
        counts[level] =
          level <= LEVEL_OF_16_BITS ? new Uint16Array(nrCells * NR_CLASSES) : new Uint32Array(nrCells * NR_CLASSES);
    }
    this.#pages = pages;
    this.faces = faces;
    this.nrLevels = faces.length;
    this.#counts = counts;
    this.#stale = new Uint8Array(nrUnits);
    this.#small = { of4: faces[1]!, of16: faces[2]!, of64: faces[3]! };
    this.#mode = mode;
    this.#cells = new CellFaces(mode);
    this.mark(0, pages.length);
  }

  get mode(): MapClasses {
    return this.#mode;
  }

  /** True if every cell says what its pages say. */
  get isUpToDate(): boolean {
    return this.#next >= this.#last;
  }

  /** From 0 to 1: how much of what was marked has been seen to. */
  get progress(): number {
    return this.isUpToDate ? 1 : this.#next / this.#last;
  }

  /** Below this page every cell says what its pages say. */
  get upTo(): number {
    return this.isUpToDate ? this.#pages.length : this.#next << UNIT_SHIFT;
  }

  setMode(mode: MapClasses): void {
    this.#mode = mode;
    this.#cells = new CellFaces(mode);
    this.mark(0, this.#pages.length);
  }

  /** MIGRATE_* by pageblock of 2^shift pages, which is looked at, too; null where nobody knows. */
  setMigratetypes(types: Uint8Array | null, pageblockShift: number): void {
    if (types === this.#types && pageblockShift === this.#pageblockShift) return;
    this.#types = types;
    this.#pageblockShift = pageblockShift;
    if (this.#mode.name === 'migratetype') this.mark(0, this.#pages.length);
  }

  /** The pages of [start, end) may have changed. */
  mark(start: number, end: number): void {
    const first = start >>> UNIT_SHIFT;
    const last = Math.min((end + UNIT_PAGES - 1) >>> UNIT_SHIFT, this.#stale.length);
    if (first >= last) return;
    this.#stale.fill(1, first, last);
    this.#next = this.isUpToDate ? first : Math.min(this.#next, first);
    this.#last = Math.max(this.#last, last);
  }

  /** Where [migratetype * 256] of a page's class begins in the mode's table. */
  classesAt(pfn: number): number {
    const types = this.#types;
    return (types === null ? MIGRATETYPE_UNKNOWN : (types[pfn >>> this.#pageblockShift] ?? MIGRATETYPE_UNKNOWN)) * 256;
  }

  /** Class of a page in the mode that is set. */
  classOf(pfn: number): number {
    return this.#mode.classOf[this.classesAt(pfn) + this.#pages[pfn]!]!;
  }

  /** All pages by class, as far as it is up to date. */
  total(): Uint32Array {
    const sums = new Uint32Array(NR_CLASSES);
    const top = this.#counts[this.nrLevels - 1]!;
    for (let at = 0; at < top.length; at++) sums[at & (NR_CLASSES - 1)]! += top[at]!;
    return sums;
  }

  /** Brings at most `nrUnits` units of 256 pages up to date, those of the lowest pfns first. */
  update(nrUnits: number): void {
    const stale = this.#stale;
    let left = nrUnits;
    let unit = this.#next;
    for (; unit < this.#last && left > 0; unit++) {
      if (stale[unit] === 0) continue;
      stale[unit] = 0;
      this.#sumUp(unit);
      left--;
    }
    this.#next = unit;
    this.#carry();
    if (this.isUpToDate) this.#next = this.#last = 0;
  }

  /** Brings the units that [start, end) touches up to date, before all others. */
  updateRange(start: number, end: number): void {
    const last = Math.min((end + UNIT_PAGES - 1) >>> UNIT_SHIFT, this.#stale.length);
    for (let unit = start >>> UNIT_SHIFT; unit < last; unit++) {
      if (this.#stale[unit] === 0) continue;
      this.#stale[unit] = 0;
      this.#sumUp(unit);
    }
    this.#carry();
  }

  #sumUp(unit: number): void {
    const start = unit << UNIT_SHIFT;
    const at = unit * NR_CLASSES;
    const classes = this.classesAt(start);
    const counts = this.#counts[UNIT_LEVEL] as Uint16Array;
    if (start + UNIT_PAGES <= this.#pages.length)
      this.#cells.sumUp(this.#pages, start, classes, this.#small, start, counts, at);
    else this.#cells.sumUp(this.#lastPages(start), 0, classes, this.#small, start, counts, at);
    this.faces[UNIT_LEVEL]![unit] = this.#cells.faceOf(counts, at);
    this.#summed[this.#nrSummed++] = unit;
    if (this.#nrSummed === UNITS_AT_A_TIME) this.#carry();
  }

  /** Those of the last unit, and holes behind them. */
  #lastPages(start: number): Uint8Array {
    const pages = new Uint8Array(UNIT_PAGES);
    pages.set(this.#pages.subarray(start));
    return pages;
  }

  /** Carries units that were summed up to the top. Many have the same cells above, which are dealt with once. */
  #carry(): void {
    const cells = this.#summed;
    let nr = this.#nrSummed;
    this.#nrSummed = 0;
    for (let level = UNIT_LEVEL + 1; level < this.nrLevels; level++) {
      let nrAbove = 0;
      for (let i = 0; i < nr; i++) {
        const above = cells[i]! >>> 2;
        if (nrAbove > 0 && cells[nrAbove - 1] === above) continue;
        cells[nrAbove++] = above;
        addFour(this.#counts[level - 1]!, above * 4 * NR_CLASSES, this.#counts[level]!, above * NR_CLASSES);
        this.faces[level]![above] = this.#cells.faceOf(this.#counts[level]!, above * NR_CLASSES);
      }
      nr = nrAbove;
    }
  }
}

/** Counts of a cell, from those of the four below; at the end there may be fewer. */
function addFour(below: Counts, from: number, counts: Counts, at: number): void {
  counts.fill(0, at, at + NR_CLASSES);
  const end = Math.min(from + 4 * NR_CLASSES, below.length);
  for (let cell = from; cell < end; cell++) counts[at + (cell & (NR_CLASSES - 1))]! += below[cell]!;
}

type Counts = Uint16Array | Uint32Array;
