import { CLASS_HOLE, type MapClasses, NR_CLASSES } from './map-classes.js';

/**
 * What a cell of many pages looks like, in a byte:  [ density:4 | class:4 ]. A density of 0 is background only. A cell
 * without memory is FACE_HOLE.
 */
export type Face = number;

export const FACE_HOLE: Face = 0xf0 | CLASS_HOLE;
export const DENSITY_MAX = 15;
/** A class that stands out is never paler than this. */
const STANDING_OUT = 11;

/** Bits of a class, and so many classes have room in a word that counts pages of each in as many bits. */
const CLASS_BITS = 4;
const CLASS_MASK = NR_CLASSES - 1;
const CLASSES_OF_WORD = 8;
/** A key has the classes of four pages. */
const NR_KEYS = 2 ** (4 * CLASS_BITS);

/** By key: pages of each class, those of the first eight classes and those of the others. Four keys never add up to more than 15 unless all are one class. */
const FIRST_COUNTS = new Int32Array(NR_KEYS);
const OTHER_COUNTS = new Int32Array(NR_KEYS);
for (let key = 0; key < NR_KEYS; key++)
  for (let page = 0; page < 4; page++) {
    const found = (key >>> (CLASS_BITS * page)) & CLASS_MASK;
    const counts = found < CLASSES_OF_WORD ? FIRST_COUNTS : OTHER_COUNTS;
    counts[key]! += 1 << (CLASS_BITS * (found % CLASSES_OF_WORD));
  }

/** The key of four pages of one class. */
const SAME = 0x1111;
const UNIT_PAGES = 256;
const { clz32 } = Math;

/** Faces of the three levels below a unit, by cell of a level. */
export interface SmallFaces {
  readonly of4: Uint8Array;
  readonly of16: Uint8Array;
  readonly of64: Uint8Array;
}

/** The faces of cells in one way of sorting pages. */
export class CellFaces {
  readonly #weights = new Uint32Array(NR_CLASSES);
  readonly #standsOut = new Uint8Array(NR_CLASSES);
  /** By key. */
  readonly #ofFour = new Uint8Array(NR_KEYS);
  readonly #classOf: Uint8Array;
  /** Pages of 64 by class. */
  readonly #counts = new Uint32Array(NR_CLASSES);

  constructor({ classes, classOf }: MapClasses) {
    this.#classOf = classOf;
    classes.forEach(({ weight, standsOut }, index) => {
      this.#weights[index] = weight;
      this.#standsOut[index] = standsOut ? 1 : 0;
    });
    for (let key = 0; key < NR_KEYS; key++)
      this.#ofFour[key] = this.#faceOfCounts(FIRST_COUNTS[key]!, OTHER_COUNTS[key]!, null);
  }

  /** The class that weighs most, and how much of the memory that is there is not background. */
  faceOf(counts: Uint16Array | Uint32Array, at: number): Face {
    const weights = this.#weights;
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
      if (this.#standsOut[index] === 1) outstanding = index;
      if (weight <= most) continue;
      most = weight;
      best = index;
    }
    return denseFace(best, outstanding, shown, present);
  }

  /**
   * The faces of all cells in the 256 pages from `pfn` on, and the pages by class into `counts` from `at` on.
   *
   * @param start where the pages are in `pages`.
   * @param classes where classes of the pages' migratetype begin in the table of classes.
   */
  sumUp(
    pages: Uint8Array,
    start: number,
    classes: number,
    faces: SmallFaces,
    pfn: number,
    counts: Uint16Array,
    at: number,
  ): void {
    counts.fill(0, at, at + NR_CLASSES);
    for (let in256 = 0; in256 < UNIT_PAGES; in256 += 64) {
      if (areAlike(pages, start + in256, 64))
        this.#fill64(this.#classOf[classes + pages[start + in256]!]!, faces, pfn + in256);
      else this.#sumUp64(pages, start + in256, classes, faces, pfn + in256);
      for (let index = 0; index < NR_CLASSES; index++) counts[at + index]! += this.#counts[index]!;
    }
  }

  #fill64(found: number, { of4, of16, of64 }: SmallFaces, pfn: number): void {
    const face = this.#ofFour[SAME * found]!;
    of4.fill(face, pfn >>> 2, (pfn >>> 2) + 16);
    of16.fill(face, pfn >>> 4, (pfn >>> 4) + 4);
    of64[pfn >>> 6] = face;
    this.#counts.fill(0);
    this.#counts[found] = 64;
  }

  #sumUp64(pages: Uint8Array, start: number, classes: number, { of4, of16, of64 }: SmallFaces, pfn: number): void {
    const [classOf, ofFour, counts] = [this.#classOf, this.#ofFour, this.#counts];
    counts.fill(0);
    for (let in64 = 0; in64 < 64; in64 += 16) {
      const page = start + in64;
      const cell = (pfn + in64) >>> 2;
      const a = keyOf(pages, page, classOf, classes);
      const b = keyOf(pages, page + 4, classOf, classes);
      const c = keyOf(pages, page + 8, classOf, classes);
      const d = keyOf(pages, page + 12, classOf, classes);
      of4[cell] = ofFour[a]!;
      of4[cell + 1] = ofFour[b]!;
      of4[cell + 2] = ofFour[c]!;
      of4[cell + 3] = ofFour[d]!;
      const found = a & CLASS_MASK;
      if (a === b && a === c && a === d && a === found * SAME) {
        of16[cell >>> 2] = ofFour[a]!;
        counts[found]! += 16;
        continue;
      }
      const first = (FIRST_COUNTS[a]! + FIRST_COUNTS[b]! + FIRST_COUNTS[c]! + FIRST_COUNTS[d]!) | 0;
      const other = (OTHER_COUNTS[a]! + OTHER_COUNTS[b]! + OTHER_COUNTS[c]! + OTHER_COUNTS[d]!) | 0;
      of16[cell >>> 2] = this.#faceOfCounts(first, other, counts);
    }
    of64[pfn >>> 6] = this.faceOf(counts, 0);
  }

  /** The face of pages that are counted in two words, which are added to `counts`, too. */
  #faceOfCounts(first: number, other: number, counts: Uint32Array | null): Face {
    const weights = this.#weights;
    let best = 0;
    let most = 0;
    let present = 0;
    let shown = 0;
    let outstanding = 0;
    for (let word = first, classes = 0; ; ) {
      while (word !== 0) {
        const shift = (31 - clz32(word & -word)) & ~(CLASS_BITS - 1);
        const count = (word >>> shift) & CLASS_MASK;
        const index = classes + shift / CLASS_BITS;
        word &= ~(CLASS_MASK << shift);
        if (counts !== null) counts[index]! += count;
        if (index === CLASS_HOLE) continue;
        present += count;
        const weight = weights[index]! * count;
        if (weight === 0) continue;
        shown += count;
        if (this.#standsOut[index] === 1) outstanding = index;
        if (weight <= most) continue;
        most = weight;
        best = index;
      }
      if (classes !== 0) break;
      word = other;
      classes = CLASSES_OF_WORD;
    }
    return denseFace(best, outstanding, shown, present);
  }
}

/** The classes of four pages. */
function keyOf(pages: Uint8Array, page: number, classOf: Uint8Array, classes: number): number {
  return (
    classOf[classes + pages[page]!]! |
    (classOf[classes + pages[page + 1]!]! << CLASS_BITS) |
    (classOf[classes + pages[page + 2]!]! << (2 * CLASS_BITS)) |
    (classOf[classes + pages[page + 3]!]! << (3 * CLASS_BITS))
  );
}

function denseFace(best: number, outstanding: number, shown: number, present: number): Face {
  if (present === 0) return FACE_HOLE;
  if (shown === 0) return 0;
  const density = Math.max(1, Math.round((shown / present) * DENSITY_MAX));
  return outstanding === 0 ? (density << 4) | best : (Math.max(density, STANDING_OUT) << 4) | outstanding;
}

/** True if `nr` pages have the same byte. */
function areAlike(pages: Uint8Array, start: number, nr: number): boolean {
  const first = pages[start];
  for (let page = start + 1; page < start + nr; page++) if (pages[page] !== first) return false;
  return true;
}
