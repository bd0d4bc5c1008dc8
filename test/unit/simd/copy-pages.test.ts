import fc from 'fast-check';
import { Prng } from '../../../src/base/prng.js';
import { PAGE_SIZE } from '../../../src/mm/units.js';
import { copyPages, copyPagesFast } from '../../../src/simd/copy-pages.js';
import { type KernelMemory, kernelMemory } from '../../../src/simd/kernels.js';
import { SEED } from '../sim/small-machine.js';

const NR_PAGES = 64;

/** Memory of the kernels; every machine that runs tests has them. */
function memoryOf(nrPages: number): KernelMemory {
  const memory = kernelMemory(nrPages * PAGE_SIZE);
  if (memory === null) throw new Error('no WebAssembly with vectors here');
  return memory;
}

/** Any words: some are no numbers when they are read as doubles, and must arrive all the same. */
function scribble(words: Uint32Array, seed: number): void {
  const prng = new Prng(seed);
  for (let i = 0; i < words.length; i++) words[i] = prng.below(8) === 0 ? 0x7ff4_0000 + i : prng.below(2 ** 31) * 2 + 1;
}

describe(`copies of pages (seed ${SEED})`, () => {
  const { buffer, kernels } = memoryOf(NR_PAGES);
  const words = new Uint32Array(buffer, 0, (NR_PAGES * PAGE_SIZE) / 4);

  it.each([
    ['kernels', (s: Uint32Array, t: Uint32Array, nr: number) => copyPagesFast(kernels, s, t, nr)],
    ['TypeScript', (s: Uint32Array, t: Uint32Array, nr: number) => copyPages(new Float64Array(buffer), s, t, nr)],
  ])('%s: bytes of each source are in its target, and nothing else changes', (_name, copy) => {
    const pages = fc.shuffledSubarray(
      Array.from({ length: NR_PAGES }, (_, page) => page),
      { minLength: 0, maxLength: NR_PAGES },
    );
    const property = fc.property(pages, fc.integer(), (some, seed) => {
      const nr = some.length >>> 1;
      const sources = Uint32Array.from(some.slice(0, nr));
      const targets = Uint32Array.from(some.slice(nr, 2 * nr));
      scribble(words, seed);
      const wanted = words.slice();
      for (let i = 0; i < nr; i++)
        for (let w = 0; w < 1024; w++) wanted[targets[i]! * 1024 + w] = words[sources[i]! * 1024 + w]!;
      copy(sources, targets, nr);
      return Buffer.compare(new Uint8Array(buffer, 0, words.byteLength), new Uint8Array(wanted.buffer)) === 0;
    });
    fc.assert(property, { seed: SEED, numRuns: 60 });
  });
});

describe('memory of the kernels', () => {
  it('is zero, as long as was asked for, and starts on a page boundary as far as anybody can see', () => {
    const { buffer } = memoryOf(17);
    expect(buffer.byteLength).toBeGreaterThanOrEqual(17 * PAGE_SIZE);
    expect(new Uint8Array(buffer).every((byte) => byte === 0)).toBe(true);
  });

  it('has kernels up to its very end, where addresses wrap', () => {
    const { buffer, kernels } = memoryOf(2 ** 20);
    expect(buffer.byteLength).toBe(2 ** 32);
    const last = new Uint32Array(buffer, 2 ** 32 - PAGE_SIZE);
    scribble(last, SEED);
    kernels.copyPage(2 ** 20 - 1, 3);
    expect(new Uint32Array(buffer, 3 * PAGE_SIZE, 1024)).toEqual(last);
    kernels.copyFourPages(3, 2 ** 20 - 1, 3, 3, 4, 5, 6, 2 ** 20 - 2);
    for (const page of [4, 5, 6, 2 ** 20 - 2]) expect(new Uint32Array(buffer, page * PAGE_SIZE, 1024)).toEqual(last);
    kernels.copyPage(4, 2 ** 20 - 1);
    expect(last).toEqual(new Uint32Array(buffer, 4 * PAGE_SIZE, 1024));
  });

  it('is null where there cannot be any', () => {
    expect(kernelMemory(2 ** 32 + 1)).toBeNull();
  });
});
