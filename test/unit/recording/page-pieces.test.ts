import fc from 'fast-check';
import { Prng } from '../../../src/base/prng.js';
import { writeMemoryBytes } from '../../../src/picture/page-bytes.js';
import { readPiece } from '../../../src/recording/page-pieces.js';
import { nextDifference, searchIn, wordsOf } from '../../../src/recording/patch.js';
import { SEED } from '../sim/small-machine.js';

describe(`pieces of memory (seed ${SEED})`, () => {
  it('look as page by page, with more words of flags than there is room for, and gaps between zones', () => {
    const property = fc.property(fc.nat(5000), fc.nat(400), fc.integer(), (nrPages, start, seed) => {
      const prng = new Prng(seed);
      const kinds = Array.from({ length: 1 + prng.below(4000) }, () => prng.below(2 ** 31) * 2 + prng.below(2));
      const flags = Uint32Array.from({ length: start + nrPages }, () => kinds[prng.below(kinds.length)]!);
      const zones = [
        { start: 3000, end: 6000 },
        { start: 100, end: 2000 },
      ];
      const wanted = new Uint8Array(nrPages);
      writeMemoryBytes(flags, zones, start, start + nrPages, wanted, 0);
      expect(Buffer.compare(readPiece(flags, zones, start, start + nrPages), wanted)).toBe(0);
    });
    fc.assert(property, { seed: SEED, numRuns: 60 });
  });

  it('differ where they do page by page, wherever one asks from', () => {
    const property = fc.property(fc.nat(600), fc.integer(), (nrPages, seed) => {
      const prng = new Prng(seed);
      const known = Uint8Array.from({ length: nrPages }, () => prng.below(256));
      const now = known.map((byte) => (prng.below(12) === 0 ? prng.below(256) : byte));
      const words = { known: wordsOf(known), now: wordsOf(now) };
      const search = searchIn(known, now);
      for (let at = 0; at < nrPages; at += 1 + prng.below(20)) {
        const wanted = nextDifference(known, now, words, at);
        expect(search(at)).toBe(wanted);
        at = Math.max(at, wanted);
      }
    });
    fc.assert(property, { seed: SEED, numRuns: 100 });
  });
});
