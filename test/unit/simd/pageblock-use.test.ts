import fc from 'fast-check';
import { Prng } from '../../../src/base/prng.js';
import { PG_ANON, PG_BUDDY, PG_LRU, PG_NONLINEAR, PG_NOPAGE, PG_PCP } from '../../../src/mm/page-flags.js';
import { countBytes, createPageBytes } from '../../../src/simd/page-bytes.js';
import { countPageblockUse, countPageblockUseFast } from '../../../src/simd/pageblock-use.js';
import { SEED } from '../sim/small-machine.js';

const WORDS = [PG_BUDDY, PG_PCP, PG_LRU | PG_ANON, 0, PG_NONLINEAR, PG_NOPAGE, PG_BUDDY | PG_NONLINEAR] as const;

/** Flags of so many pages: blocks that are alike throughout, or a mixture with or without holes. */
function someFlags(nrPages: number, seed: number): Uint32Array {
  const prng = new Prng(seed);
  const flags = new Uint32Array(nrPages);
  for (let start = 0; start < nrPages; start += 512) {
    const nrKinds = 1 + prng.below(WORDS.length);
    const first = prng.below(WORDS.length);
    for (let pfn = start; pfn < Math.min(start + 512, nrPages); pfn++)
      flags[pfn] = WORDS[(first + prng.below(nrKinds)) % WORDS.length]!;
  }
  return flags;
}

/** Up to two chunks of 128 pageblocks and a bit; the last pageblock may be cut short. */
const NR_PAGES = fc.integer({ min: 0, max: 300 * 512 });

describe(`use of pageblocks (seed ${SEED})`, () => {
  it('from flags, wherever they lie, kernels count what TypeScript counts', () => {
    const property = fc.property(NR_PAGES, fc.nat(15), fc.integer(), (nrPages, offset, seed) => {
      const flags = new Uint32Array(new ArrayBuffer((nrPages + offset) * 4), offset * 4, nrPages);
      flags.set(someFlags(nrPages, seed));
      const [use, wanted] = [0, 1].map(() => new Uint16Array(nrPages >>> 9)) as [Uint16Array, Uint16Array];
      countPageblockUseFast(flags, use);
      countPageblockUse(flags, wanted);
      expect(Buffer.compare(new Uint8Array(use.buffer), new Uint8Array(wanted.buffer))).toBe(0);
    });
    fc.assert(property, { seed: SEED, numRuns: 40 });
  });

  it('is right for a block that is full, one that is empty, and one with a hole', () => {
    const flags = new Uint32Array(3 * 512).fill(PG_LRU, 0, 512).fill(PG_BUDDY, 512);
    flags[1500] = PG_NOPAGE;
    for (const count of [countPageblockUse, countPageblockUseFast]) {
      const use = new Uint16Array(3);
      count(flags, use);
      expect([...use]).toEqual([512, 0, 0x8000 + 1]);
    }
  });

  it('from a byte a page, kernels count what TypeScript counts', () => {
    const property = fc.property(NR_PAGES, fc.integer(), (nrPages, seed) => {
      const pages = createPageBytes(nrPages);
      const prng = new Prng(seed);
      for (let page = 0; page < nrPages; page++) pages.bytes[page] = prng.below(256);
      if (nrPages > 1024) pages.bytes.fill(255, 0, 512).fill(254, 512, 1024);
      const wanted = new Uint16Array(nrPages >>> 9);
      countBytes(pages.bytes, wanted);
      expect(pages.countByPageblock()).toEqual(wanted);
    });
    fc.assert(property, { seed: SEED, numRuns: 20 });
  });
});
