import { describe, expect, it } from '@jest/globals';
import { copySlot, createLedger, isNotBefore, writerOf } from '../../../src/soak/ledger.js';
import { AREAS, firstRow, nrRows, placeAt, type SoakShape } from '../../../src/soak/shape.js';

const SHAPE: SoakShape = {
  nrThreads: 3,
  words: 2,
  nrSlots: 4,
  privatePages: 5,
  libraryPages: 3,
  sharedPages: 7,
  tempPages: 2,
};

describe('the ledger', () => {
  it('has a place of its own for every word of every area, and names it', () => {
    const places = Array.from({ length: nrRows(SHAPE) * SHAPE.words }, (_, at) => placeAt(SHAPE, at));
    expect(new Set(places.map((place) => JSON.stringify(place))).size).toBe(places.length);
    for (const [at, { area, holder, page, word }] of places.entries())
      expect((firstRow(SHAPE, area, holder) + page) * SHAPE.words + word).toBe(at);
    expect([...new Set(places.map(({ area }) => area))]).toEqual([...AREAS]);
  });

  it('has one writer for each word that all may read, and every thread writes some', () => {
    const writers = Array.from({ length: 60 }, (_, at) => writerOf(SHAPE, at));
    expect([...new Set(writers)].sort()).toEqual([0, 1, 2]);
  });

  it('gives a child what its parent has, and nobody else', () => {
    const ledger = createLedger(SHAPE);
    ledger.expected.forEach((_, at) => {
      ledger.expected[at] = at;
    });
    const before = ledger.expected.slice();
    copySlot(ledger, 3, 1);
    for (const [at, value] of ledger.expected.entries()) {
      const place = placeAt(SHAPE, at);
      const isCopied = (place.area === 'private' || place.area === 'library') && place.holder === 1;
      const of = isCopied ? (firstRow(SHAPE, place.area, 3) + place.page) * SHAPE.words + place.word : at;
      expect(value).toBe(before[of]);
    }
  });

  it('begins the sequences of threads far apart', () => {
    const { issued } = createLedger(SHAPE);
    expect(issued[1]! - issued[0]!).toBeGreaterThan(2 ** 30);
    expect(issued[2]! - issued[1]!).toBeGreaterThan(2 ** 30);
  });
});

it.each([
  [5, 5, true],
  [6, 5, true],
  [5, 6, false],
  [2, 0xffff_fffe, true],
  [0xffff_fffe, 2, false],
])('sequence %d is not before %d: %p, also when it has wrapped around', (a, b, expected) => {
  expect(isNotBefore(a, b)).toBe(expected);
});
