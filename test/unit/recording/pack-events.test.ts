import fc from 'fast-check';
import { outcomeOf, WORDS_PER_EVENT } from '../../../src/events/page-events.js';
import { MAX_PFN, NO_PAGE } from '../../../src/mm/units.js';
import { CHUNK_EVENTS_MAX, packPageEvents, packPageEventsPlainly } from '../../../src/recording/pack-events.js';
import { unpackPageEvents } from '../../../src/recording/unpack-events.js';
import { SEED } from '../sim/small-machine.js';

const NR_PFNS = MAX_PFN + 1;
const pfn = fc.oneof(fc.nat(MAX_PFN), fc.nat(100), fc.integer({ min: MAX_PFN - 3, max: MAX_PFN }));
const moved = fc.tuple(
  pfn,
  pfn,
  fc.nat(255).map((handler) => outcomeOf(handler, 0)),
);
const refused = fc.tuple(
  pfn,
  fc.oneof(fc.constant(NO_PAGE), pfn),
  fc.tuple(fc.nat(255), fc.integer({ min: 1, max: 255 })).map(([handler, code]) => outcomeOf(handler, code)),
);
const events = fc.array(fc.oneof(moved, refused), { maxLength: 300 });

describe(`page events in a chunk (seed ${SEED})`, () => {
  it('are the same when they are unpacked, and kernels pack as TypeScript does', () => {
    const property = fc.property(events, (list) => {
      const words = Uint32Array.from(list.flat());
      const packed = packPageEvents(words, list.length);
      expect(unpackPageEvents(packed, NR_PFNS)).toEqual(words);
      expect(packed).toEqual(packPageEventsPlainly(words, list.length));
    });
    fc.assert(property, { seed: SEED, numRuns: 300 });
  });

  it('take less than three bytes each where pages move as they do', () => {
    const nr = CHUNK_EVENTS_MAX;
    const words = new Uint32Array(nr * WORDS_PER_EVENT);
    for (let i = 0, source = 5e6, target = 9e6; i < nr; i++) {
      source += i % 3 === 0 ? 3 : 1;
      target += i % 2 === 0 ? 1 : ((i * 7919) % 900) - 450;
      words.set([source, target, outcomeOf(1 + (i >> 14), 0)], i * WORDS_PER_EVENT);
    }
    expect(packPageEvents(words, nr).length / nr).toBeLessThan(3);
    expect(unpackPageEvents(packPageEvents(words, nr), NR_PFNS)).toEqual(words);
  });

  it('are refused by a sentence wherever they break off, and if anything follows', () => {
    const words = Uint32Array.from([9, 1000, 256, 10, NO_PAGE, 257, 200_000, 3, 256]);
    const packed = packPageEvents(words, 3);
    for (let length = 0; length < packed.length; length++)
      expect(() => unpackPageEvents(packed.subarray(0, length), NR_PFNS)).toThrow(/the recording is damaged: .*;/);
    expect(() => unpackPageEvents(Uint8Array.of(...packed, 0), NR_PFNS)).toThrow('goes on behind its last event');
    expect(() => unpackPageEvents(packed, 200_000)).toThrow('names a page that is not there');
  });

  it('never name a page that is not there, whatever the bytes are', () => {
    const property = fc.property(
      fc.uint8Array({ maxLength: 60 }),
      fc.integer({ min: 1, max: 5000 }),
      (bytes, nrPfns) => {
        let words: Uint32Array;
        try {
          words = unpackPageEvents(bytes, nrPfns);
        } catch (error) {
          expect(error).toMatchObject({ kind: 'recording' });
          return;
        }
        for (let at = 0; at < words.length; at += WORDS_PER_EVENT) {
          expect(words[at]).toBeLessThan(nrPfns);
          expect(words[at + 1] === NO_PAGE || words[at + 1]! < nrPfns).toBe(true);
        }
      },
    );
    fc.assert(property, { seed: SEED, numRuns: 2000 });
  });
});
