import fc from 'fast-check';
import { Prng } from '../../../src/base/prng.js';
import { unpackPalettes } from '../../../src/recording/unpack-palettes.js';
import { packPalettes, packPalettesPlainly } from '../../../src/simd/palettes.js';
import { SEED } from '../sim/small-machine.js';

/** Stretches of any length, each with so many different values in any order. */
function someBytes(length: number, seed: number): Uint8Array {
  const prng = new Prng(seed);
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; ) {
    const past = at + 1 + prng.below(3 * 128);
    const nrValues = [1, 1, 2, 3, 4, 5, 16, 17, 200][prng.below(9)]!;
    const first = prng.below(4);
    for (; at < Math.min(past, length); at++) bytes[at] = first + 3 * prng.below(nrValues);
  }
  return bytes;
}

describe(`bytes of few values (seed ${SEED})`, () => {
  it('kernels pack as TypeScript does, and both can be unpacked', () => {
    const property = fc.property(fc.integer({ min: 0, max: 6000 }), fc.integer(), (length, seed) => {
      const bytes = someBytes(length, seed);
      const packed = packPalettes(bytes);
      expect(Buffer.compare(packed, packPalettesPlainly(bytes))).toBe(0);
      expect(Buffer.compare(unpackPalettes(packed), bytes)).toBe(0);
    });
    fc.assert(property, { seed: SEED, numRuns: 150 });
  });

  it('a long stretch of one value takes next to nothing, more than a piece too', () => {
    const alike = new Uint8Array(300_000).fill(7);
    expect(packPalettes(alike.subarray(0, 65_536)).length).toBeLessThan(20);
    expect(Buffer.compare(unpackPalettes(packPalettes(alike)), alike)).toBe(0);
  });

  it('three values take two bits each and a little', () => {
    const prng = new Prng(SEED);
    const bytes = Uint8Array.from({ length: 65_536 }, () => 2 + prng.below(3));
    expect((8 * packPalettes(bytes).length) / bytes.length).toBeLessThan(2.08);
  });

  const block = (...bytes: number[]) => Uint8Array.from([128, 0, 0, 0, ...bytes]);
  it.each([
    ['nothing', new Uint8Array(0)],
    ['a length and no bytes', block()],
    ['more than any payload', Uint8Array.of(0, 0, 0, 255, 0, 1)],
    ['a width that is none', block(3, 1, 2, 3, 4, 5, 6, 7, 8)],
    ['the palette before, where there is none', block(0x11, ...new Uint8Array(16))],
    ['planes that break off', block(1, 5, 6, 0, 0)],
    ['a repetition of nothing', block(0x81)],
    ['a repetition beyond the end', block(0, 7, 0x81)],
    ['something behind the end', block(0, 7, 9)],
  ])('what was packed by nobody is refused: %s', (_what, packed) => {
    expect(() => unpackPalettes(packed)).toThrow('not packed as it should be');
  });
});
