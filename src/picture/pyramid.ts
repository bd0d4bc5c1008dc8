import { CLASS_HOLE, type MapClasses, MIGRATETYPE_UNKNOWN, NR_CLASSES } from './map-classes.js';
import type { PageByte } from './page-bytes.js';

/**
 * What a cell of many pages looks like, in a byte:  [ density:4 | class:4 ]. A density of 0 is background only. A cell
 * without memory is FACE_HOLE.
 */
export type Face = number;

export const FACE_HOLE: Face = 0xf0 | CLASS_HOLE;
export const DENSITY_MAX = 15;
/** A class that stands out is never paler than this. */
const STANDING_OUT = 11;

/** Pages that are summed up at a time, the cells of one level: 4^UNIT_LEVEL of them. */
const UNIT_LEVEL = 4;
const UNIT_SHIFT = 2 * UNIT_LEVEL;
const UNIT_PAGES = 1 << UNIT_SHIFT;
/** Above, cells are so few that nobody needs more. */
const LEVELS_MAX = 13;
/** Sixteen bits can count the pages of a cell up to here. */
const LEVEL_OF_16_BITS = 7;

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
  readonly #counts: readonly (Uint16Array | Uint32Array)[];
  /** 1 for a unit that is out of date. */
  readonly #stale: Uint8Array;
  /** Nothing is out of date below this unit, nor from `#last` on. */
  #next = 0;
  #last = 0;
  #mode: MapClasses;
  #weights = new Uint32Array(NR_CLASSES);
  #standsOut = new Uint8Array(NR_CLASSES);
  /** Migratetype by pageblock, and what shift makes a pageblock of a pfn. */
  #types: Uint8Array | null = null;
  #pageblockShift = 9;

  /** `pages` has a byte for each page (page-bytes.ts), and is looked at, not kept a copy of. */
  constructor(pages: Uint8Array, mode: MapClasses) {
    const nrUnits = Math.ceil(pages.length / UNIT_PAGES);
    const faces: Uint8Array[] = [new Uint8Array(0)];
    const counts: (Uint16Array | Uint32Array)[] = [];
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
    this.#mode = mode;
    this.setMode(mode);
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

  setMode(mode: MapClasses): void {
    this.#mode = mode;
    this.#weights.fill(0);
    this.#standsOut.fill(0);
    mode.classes.forEach(({ weight, standsOut }, index) => {
      this.#weights[index] = weight;
      this.#standsOut[index] = standsOut ? 1 : 0;
    });
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
  }

  #sumUp(unit: number): void {
    const counts = scratch.subarray(0, NR_CLASSES);
    const start = unit << UNIT_SHIFT;
    const [, small, middle, large] = this.faces as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
    const table = this.#mode.classOf;
    sumUpUnit(this.#pages, start, table, this.classesAt(start), this.#weights, this.#standsOut, small, middle, large);
    const kept = this.#counts[UNIT_LEVEL]!;
    let changed = false;
    for (let index = 0; index < NR_CLASSES; index++) {
      const difference = counts[index]! - kept[unit * NR_CLASSES + index]!;
      differences[index] = difference;
      changed ||= difference !== 0;
    }
    // The weights may have changed where the counts have not.
    if (changed) this.#carry(unit);
    this.#reface(unit);
  }

  #carry(unit: number): void {
    for (let level = UNIT_LEVEL; level < this.nrLevels; level++) {
      const counts = this.#counts[level]!;
      const at = (unit >>> (2 * (level - UNIT_LEVEL))) * NR_CLASSES;
      for (let index = 0; index < NR_CLASSES; index++) counts[at + index]! += differences[index]!;
    }
  }

  #reface(unit: number): void {
    for (let level = UNIT_LEVEL; level < this.nrLevels; level++) {
      const cell = unit >>> (2 * (level - UNIT_LEVEL));
      this.faces[level]![cell] = faceOf(this.#counts[level]!, cell * NR_CLASSES, this.#weights, this.#standsOut);
    }
  }
}

/** Counts by class: of the unit, of 64 pages, of 16, and of 4. */
const scratch = new Uint32Array(4 * NR_CLASSES);
const differences = new Int32Array(NR_CLASSES);
const AT_64 = NR_CLASSES;
const AT_16 = 2 * NR_CLASSES;
const AT_4 = 3 * NR_CLASSES;

/** The faces of the three levels below a unit, and its counts into `scratch`. Pages past the end count as none. */
function sumUpUnit(
  pages: Uint8Array,
  start: number,
  table: Uint8Array,
  classes: number,
  weights: Uint32Array,
  standsOut: Uint8Array,
  small: Uint8Array,
  middle: Uint8Array,
  large: Uint8Array,
): void {
  const counts = scratch;
  const nrPages = pages.length;
  counts.fill(0, 0, NR_CLASSES);
  for (let at64 = start; at64 < start + 256; at64 += 64) {
    const alike = at64 + 64 <= nrPages ? allAlike(pages, at64, 64) : null;
    if (alike !== null) {
      const found = table[classes + alike]!;
      const face = uniformFace(found, weights);
      small.fill(face, at64 >>> 2, (at64 >>> 2) + 16);
      middle.fill(face, at64 >>> 4, (at64 >>> 4) + 4);
      large[at64 >>> 6] = face;
      counts[found]! += 64;
      continue;
    }
    counts.fill(0, AT_64, AT_64 + NR_CLASSES);
    for (let at16 = at64; at16 < at64 + 64; at16 += 16) {
      counts.fill(0, AT_16, AT_16 + NR_CLASSES);
      for (let pfn = at16; pfn < at16 + 16; pfn += 4) {
        const a = pfn < nrPages ? table[classes + pages[pfn]!]! : CLASS_HOLE;
        const b = pfn + 1 < nrPages ? table[classes + pages[pfn + 1]!]! : CLASS_HOLE;
        const c = pfn + 2 < nrPages ? table[classes + pages[pfn + 2]!]! : CLASS_HOLE;
        const d = pfn + 3 < nrPages ? table[classes + pages[pfn + 3]!]! : CLASS_HOLE;
        counts[AT_16 + a]! += 1;
        counts[AT_16 + b]! += 1;
        counts[AT_16 + c]! += 1;
        counts[AT_16 + d]! += 1;
        small[pfn >>> 2] =
          a === b && a === c && a === d ? uniformFace(a, weights) : faceOfFour(a, b, c, d, weights, standsOut);
      }
      middle[at16 >>> 4] = faceOf(counts, AT_16, weights, standsOut);
      add(counts, AT_16, AT_64);
    }
    large[at64 >>> 6] = faceOf(counts, AT_64, weights, standsOut);
    add(counts, AT_64, 0);
  }
}

/** The byte that `nr` pages share; null if they do not. */
function allAlike(pages: Uint8Array, start: number, nr: number): PageByte | null {
  const first = pages[start]!;
  for (let pfn = start + 1; pfn < start + nr; pfn++) if (pages[pfn] !== first) return null;
  return first;
}

function add(counts: Uint32Array, from: number, to: number): void {
  for (let index = 0; index < NR_CLASSES; index++) counts[to + index]! += counts[from + index]!;
}

function uniformFace(found: number, weights: Uint32Array): Face {
  if (found === CLASS_HOLE) return FACE_HOLE;
  return weights[found] === 0 ? 0 : (DENSITY_MAX << 4) | found;
}

function faceOfFour(a: number, b: number, c: number, d: number, weights: Uint32Array, standsOut: Uint8Array): Face {
  const counts = scratch;
  counts[AT_4 + a]! += 1;
  counts[AT_4 + b]! += 1;
  counts[AT_4 + c]! += 1;
  counts[AT_4 + d]! += 1;
  let best = 0;
  let most = 0;
  let shown = 0;
  let outstanding = 0;
  for (let turn = 0, found = a; turn < 4; turn++, found = turn === 1 ? b : turn === 2 ? c : d) {
    const count = counts[AT_4 + found]!;
    const weight = weights[found]! * count;
    counts[AT_4 + found] = 0;
    if (weight === 0) continue;
    shown += count;
    if (standsOut[found] === 1) outstanding = found;
    if (weight > most) {
      most = weight;
      best = found;
    }
  }
  const present =
    4 -
    (a === CLASS_HOLE ? 1 : 0) -
    (b === CLASS_HOLE ? 1 : 0) -
    (c === CLASS_HOLE ? 1 : 0) -
    (d === CLASS_HOLE ? 1 : 0);
  if (shown === 0) return present === 0 ? FACE_HOLE : 0;
  const density = Math.round((shown / present) * DENSITY_MAX);
  return outstanding === 0 ? (density << 4) | best : (Math.max(density, STANDING_OUT) << 4) | outstanding;
}

/** The class that weighs most, and how much of the memory that is there is not background. */
function faceOf(counts: Uint16Array | Uint32Array, at: number, weights: Uint32Array, standsOut: Uint8Array): Face {
  let best = 0;
  let most = 0;
  let present = 0;
  let shown = 0;
  let outstanding = 0;
  for (let index = 1; index < NR_CLASSES; index++) {
    const count = counts[at + index]!;
    if (count === 0) continue;
    present += count;
    const weight = weights[index]! * count;
    if (weight === 0) continue;
    shown += count;
    if (standsOut[index] === 1) outstanding = index;
    if (weight <= most) continue;
    most = weight;
    best = index;
  }
  if (present === 0) return FACE_HOLE;
  if (shown === 0) return 0;
  const density = Math.max(1, Math.round((shown / present) * DENSITY_MAX));
  return outstanding === 0 ? (density << 4) | best : (Math.max(density, STANDING_OUT) << 4) | outstanding;
}
