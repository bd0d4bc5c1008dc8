import fc from 'fast-check';
import { DENSITY_MAX, FACE_HOLE } from '../../../src/picture/cell-faces.js';
import { COLOURINGS } from '../../../src/picture/colourings.js';
import { CLASS_HOLE, type MapClasses, mapClasses, NR_CLASSES } from '../../../src/picture/map-classes.js';
import { byteOf, STATE_PLAIN, STATE_REFUSED } from '../../../src/picture/page-bytes.js';
import { KIND_FREE, KIND_HOLE } from '../../../src/picture/page-kinds.js';
import { Pyramid } from '../../../src/picture/pyramid.js';

const ANONYMOUS = 2;
const FILE = 4;
const seed = Number(process.env.VACATE_SEED ?? 2004);

function upToDate(pages: Uint8Array, classes: MapClasses): Pyramid {
  const pyramid = new Pyramid(pages, classes);
  pyramid.update(Number.POSITIVE_INFINITY);
  return pyramid;
}

/** Pages by class of one cell, counted one by one. */
function countCell(pages: Uint8Array, pyramid: Pyramid, level: number, cell: number): Uint32Array {
  const counts = new Uint32Array(NR_CLASSES);
  for (let pfn = cell * 4 ** level; pfn < Math.min((cell + 1) * 4 ** level, pages.length); pfn++)
    counts[pyramid.classOf(pfn)]! += 1;
  return counts;
}

/** What may be said of a cell: any class of those that weigh most, and the one density. */
function isTrue(face: number, counts: Uint32Array, { classes }: MapClasses): boolean {
  const weights = Array.from({ length: NR_CLASSES }, (_, index) => (classes[index]?.weight ?? 0) * counts[index]!);
  const present = counts.reduce((sum, nr, index) => sum + (index === CLASS_HOLE ? 0 : nr), 0);
  const shown = counts.reduce((sum, nr, index) => sum + ((classes[index]?.weight ?? 0) > 0 ? nr : 0), 0);
  if (present === 0) return face === FACE_HOLE;
  if (shown === 0) return face === 0;
  const outstanding = counts.findIndex((nr, index) => nr > 0 && classes[index]?.standsOut === true);
  if (outstanding >= 0) return (face & 0x0f) === outstanding;
  const density = Math.max(1, Math.round((shown / present) * DENSITY_MAX));
  return weights[face & 0x0f] === Math.max(...weights) && face >>> 4 === density;
}

/** Cells, as "level/number", that say something else than their pages. */
function liesOf(pages: Uint8Array, pyramid: Pyramid, classes: MapClasses): string[] {
  const lies: string[] = [];
  for (let level = 1; level < pyramid.nrLevels; level++) {
    const faces = pyramid.faces[level]!;
    for (let cell = 0; cell < faces.length; cell++)
      if (!isTrue(faces[cell]!, countCell(pages, pyramid, level, cell), classes)) lies.push(`${level}/${cell}`);
  }
  return lies;
}

/** Runs of pages that are alike, as memory has them, and single ones. */
const anyPages = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 1, max: 300 })), { minLength: 1, maxLength: 20 })
  .map((runs) =>
    Uint8Array.from(runs.flatMap(([byte, nr]) => new Array<number>(nr).fill((byte & 0xf0) | (byte % 15)))),
  );

describe('Pyramid', () => {
  it.each(COLOURINGS)('says of each cell at each level what its pages say, by %s', (name) => {
    const classes = mapClasses(name);
    fc.assert(
      fc.property(anyPages, (pages) => expect(liesOf(pages, upToDate(pages, classes), classes)).toEqual([])),
      { seed, numRuns: 25 },
    );
  });

  it('is the same after changes that were marked as if it were built anew', () => {
    const classes = mapClasses('type');
    const change = fc.tuple(fc.nat(), fc.integer({ min: 1, max: 400 }), fc.integer({ min: 0, max: 14 }));
    fc.assert(
      fc.property(anyPages, fc.array(change, { maxLength: 8 }), (pages, changes) => {
        const pyramid = upToDate(pages, classes);
        for (const [at, nr, kind] of changes) {
          const start = at % pages.length;
          pages.fill(byteOf(kind, STATE_PLAIN), start, start + nr);
          pyramid.mark(start, Math.min(start + nr, pages.length));
          pyramid.update(1);
        }
        pyramid.update(Number.POSITIVE_INFINITY);
        expect(pyramid.isUpToDate).toBe(true);
        expect(pyramid.faces).toEqual(upToDate(pages, classes).faces);
      }),
      { seed, numRuns: 50 },
    );
  });

  it('is brought up to date bit by bit, and says how far it is', () => {
    const pages = new Uint8Array(256 * 10).fill(byteOf(ANONYMOUS, STATE_PLAIN));
    const pyramid = new Pyramid(pages, mapClasses('type'));
    expect(pyramid.progress).toBe(0);
    pyramid.update(5);
    expect(pyramid.isUpToDate).toBe(false);
    expect(pyramid.progress).toBe(0.5);
    expect(pyramid.total()[ANONYMOUS]).toBe(256 * 5);
    pyramid.update(5);
    expect(pyramid.isUpToDate).toBe(true);
    expect(pyramid.total()[ANONYMOUS]).toBe(pages.length);
  });

  it('sorts anew when the colouring changes', () => {
    const pages = new Uint8Array(1024).fill(byteOf(KIND_FREE, 5));
    const pyramid = upToDate(pages, mapClasses('type'));
    expect(pyramid.faces[5]![0]).toBe(0);
    pyramid.setMode(mapClasses('order'));
    pyramid.update(Number.POSITIVE_INFINITY);
    expect(pyramid.faces[5]![0]).toBe((DENSITY_MAX << 4) | (2 + 5));
  });

  it('shows a single page that has refused among a million', () => {
    const pages = new Uint8Array(2 ** 20).fill(byteOf(FILE, STATE_PLAIN));
    pages[123_456] = byteOf(FILE, STATE_REFUSED);
    const classes = mapClasses('state');
    const pyramid = upToDate(pages, classes);
    const top = pyramid.faces[10]![0]!;
    expect(classes.classes[top & 0x0f]!.label).toBe('has refused');
  });

  it('looks at migratetypes of pageblocks, and knows when nobody knows', () => {
    const pages = new Uint8Array(1024).fill(byteOf(ANONYMOUS, STATE_PLAIN));
    const classes = mapClasses('migratetype');
    const pyramid = upToDate(pages, classes);
    const labelOf = (pfn: number) => classes.classes[pyramid.classOf(pfn)]!.label;
    expect(labelOf(0)).toBe('not known');
    pyramid.setMigratetypes(Uint8Array.of(0, 1), 9);
    pyramid.update(Number.POSITIVE_INFINITY);
    expect([labelOf(511), labelOf(512)]).toEqual(['unmovable', 'movable']);
    expect(liesOf(pages, pyramid, classes)).toEqual([]);
  });

  it('has a face for what is no memory, and for what lies past its end', () => {
    const pages = new Uint8Array(300).fill(byteOf(KIND_HOLE, STATE_PLAIN));
    const pyramid = upToDate(pages, mapClasses('type'));
    for (let level = 1; level < pyramid.nrLevels; level++)
      expect(new Set(pyramid.faces[level])).toEqual(new Set([FACE_HOLE]));
  });
});
