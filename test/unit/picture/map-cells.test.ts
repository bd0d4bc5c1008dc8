import fc from 'fast-check';
import { PG_ANON, PG_BUDDY, PG_DIRTY, PG_LRU, PG_NOPAGE, PG_SLAB } from '../../../src/mm/page-flags.js';
import { COLOURINGS, classOfMigratetype, colouring } from '../../../src/picture/colourings.js';
import { markFreeOrders } from '../../../src/picture/free-orders.js';
import { mapCells } from '../../../src/picture/map-cells.js';
import { byteOf, countKinds, isInBuddy, stateOfByte, writePageBytes } from '../../../src/picture/page-bytes.js';
import { KIND_FREE, kindOf, newCounts } from '../../../src/picture/page-kinds.js';

const LOOKS = [0, PG_BUDDY, PG_NOPAGE, PG_ANON | PG_LRU, PG_ANON | PG_LRU | PG_DIRTY, PG_LRU, PG_SLAB];
const anyFlags = fc.array(fc.oneof(fc.constantFrom(...LOOKS), fc.nat(2 ** 31 - 1)), { minLength: 1, maxLength: 300 });

describe('countKinds', () => {
  it('counts what kindOf says, whatever words of flags come in whatever order', () => {
    fc.assert(
      fc.property(anyFlags, (words) => {
        const expected = newCounts();
        for (const word of words) expected[kindOf(word)]!++;
        expect(countKinds(Uint32Array.from(words), 0, words.length)).toEqual(expected);
      }),
    );
  });

  it('knows words that share a slot apart', () => {
    // More looks than slots: each forgets another.
    const words = Uint32Array.from({ length: 5000 }, (_, i) => (i % 2 === 0 ? PG_SLAB : PG_ANON) | ((i & 0x7ff) << 20));
    const expected = newCounts();
    for (const word of words) expected[kindOf(word)]!++;
    expect(countKinds(words, 0, words.length)).toEqual(expected);
  });
});

describe('markFreeOrders', () => {
  const orders = (free: readonly boolean[], first = 0) => {
    const bytes = Uint8Array.from(free, (isFree) => byteOf(isFree ? KIND_FREE : KIND_FREE + 1, 0));
    markFreeOrders(bytes, first, first + bytes.length, first);
    return Array.from(bytes, (byte) => (isInBuddy(byte) ? stateOfByte(byte) : -1));
  };

  it('finds the largest aligned blocks', () => {
    const free = [false, ...new Array<boolean>(7).fill(true), true, true, true, false];
    expect(orders(free)).toEqual([-1, 0, 1, 1, 2, 2, 2, 2, 1, 1, 0, -1]);
  });

  it('aligns by page numbers, not by where the bytes lie', () => {
    expect(orders([true, true, true, true], 6)).toEqual([1, 1, 1, 1]);
  });

  it('knows no block above order 10', () => {
    expect(new Set(orders(new Array<boolean>(4096).fill(true)))).toEqual(new Set([10]));
  });
});

describe('mapCells', () => {
  it('gives every page to one cell, in every colouring, however it is cut', () => {
    fc.assert(
      fc.property(
        anyFlags,
        fc.integer({ min: 1, max: 64 }),
        fc.constantFrom(...COLOURINGS),
        (words, cellPages, name) => {
          const flags = Uint32Array.from(words);
          const totals = new Uint32Array(colouring(name).swatches.length);
          const cells = mapCells({ flags }, 0, flags.length, cellPages, colouring(name), totals);
          const kinds = countKinds(flags, 0, flags.length);
          expect(totals.reduce((sum, pages) => sum + pages, 0)).toBe(flags.length);
          expect(cells.reduce((sum, { present }) => sum + present, 0)).toBe(flags.length - kinds[0]!);
          expect(cells.every((cell) => cell.level >= 0 && cell.level <= 3 && cell.used <= cell.present)).toBe(true);
        },
      ),
    );
  });

  it('says the same of flags and of page bytes', () => {
    fc.assert(
      fc.property(anyFlags, fc.constantFrom(...COLOURINGS), (words, name) => {
        const flags = Uint32Array.from(words);
        const bytes = new Uint8Array(flags.length);
        writePageBytes(flags, 0, flags.length, bytes, 0);
        markFreeOrders(bytes, 0, bytes.length);
        const cellsOf = (pages: Parameters<typeof mapCells>[0]) =>
          mapCells(pages, 0, flags.length, 16, colouring(name));
        expect(cellsOf({ bytes })).toEqual(cellsOf({ flags }));
      }),
    );
  });

  it('goes by the pageblocks where migratetypes are asked for, and says where nobody knows them', () => {
    const flags = new Uint32Array(1024).fill(PG_BUDDY);
    const by = colouring('migratetype');
    const classes = (migratetype?: Uint8Array) =>
      mapCells({ flags, ...(migratetype === undefined ? {} : { migratetype }) }, 0, 1024, 512, by).map((c) => c.class);
    expect(classes(Uint8Array.of(1, 0))).toEqual([classOfMigratetype(1), classOfMigratetype(0)]);
    expect(classes()).toEqual([classOfMigratetype(null), classOfMigratetype(null)]);
  });

  it('says of a cell in which order most of its free pages are, and that it has none', () => {
    const flags = new Uint32Array(128).fill(PG_SLAB);
    flags.fill(PG_BUDDY, 0, 32);
    flags.fill(PG_BUDDY, 33, 34);
    const { swatches } = colouring('order');
    const ids = mapCells({ flags }, 0, 128, 64, colouring('order')).map((cell) => swatches[cell.class]!.id);
    expect(ids).toEqual(['order-5', 'used']);
  });
});

describe('colourings', () => {
  it('are not in need of colour: classes that may stand side by side share no glyph', () => {
    for (const name of COLOURINGS) {
      const shapes = colouring(name)
        .swatches.slice(1)
        .flatMap(({ glyphs }) => [...new Set(glyphs)]);
      expect(new Set(shapes).size).toBe(shapes.length);
    }
  });

  it('have four glyphs and colours for both kinds of page to each class', () => {
    for (const name of COLOURINGS)
      for (const { glyphs, light, dark } of colouring(name).swatches) {
        expect([...glyphs]).toHaveLength(4);
        expect([light, dark]).toEqual([
          expect.stringMatching(/^#[0-9a-f]{6}$/),
          expect.stringMatching(/^#[0-9a-f]{6}$/),
        ]);
      }
  });

  it('take any byte, for a file may hold any', () => {
    for (const name of COLOURINGS) {
      const { classes, swatches } = colouring(name);
      expect(Math.max(...(classes ?? [0]))).toBeLessThan(swatches.length);
    }
  });
});
