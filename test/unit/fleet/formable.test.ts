import fc from 'fast-check';
import { formableIn } from '../../../src/fleet/formable.js';
import { PG_ANON, PG_BUDDY, PG_LRU, PG_NOPAGE, PG_PCP, PG_SLAB } from '../../../src/mm/page-flags.js';
import { PAGEBLOCK_PAGES } from '../../../src/mm/units.js';

const GIGA = 2 ** 18;
const PER_GIGA = GIGA / PAGEBLOCK_PAGES;

/** Pages of pageblocks that are each filled with one word. */
function pagesOf(words: readonly number[]): Uint32Array {
  const flags = new Uint32Array(words.length * PAGEBLOCK_PAGES);
  for (const [at, word] of words.entries()) flags.fill(word, at * PAGEBLOCK_PAGES, (at + 1) * PAGEBLOCK_PAGES);
  return flags;
}

const isStuckIn = (flags: Uint32Array) => (pfn: number) => (flags[pfn]! & PG_SLAB) !== 0;
const online = () => true;

describe('places for huge pages', () => {
  it('are free, stuck, or neither; a place with a hole is none', () => {
    const flags = pagesOf([PG_BUDDY, PG_LRU | PG_ANON, PG_SLAB, PG_NOPAGE, PG_PCP]);
    flags[PAGEBLOCK_PAGES + 7] = PG_SLAB;
    expect(formableIn(flags, online, isStuckIn(flags)).hugePages2M).toEqual({ places: 4, stuck: 2, free: 2 });
  });

  it('of 1 GiB are aligned and whole', () => {
    const words = Array.from({ length: 3 * PER_GIGA + 1 }, () => PG_BUDDY);
    words[PER_GIGA + 3] = PG_SLAB;
    const flags = pagesOf(words);
    expect(formableIn(flags, online, isStuckIn(flags)).hugePages1G).toEqual({ places: 3, stuck: 1, free: 2 });
    expect(formableIn(flags, (pfn) => pfn < GIGA, isStuckIn(flags)).hugePages1G).toEqual({
      places: 1,
      stuck: 0,
      free: 1,
    });
  });

  it('are what asking each page one by one says', () => {
    const word = fc.constantFrom(PG_BUDDY, PG_LRU, PG_SLAB, PG_NOPAGE, PG_PCP);
    fc.assert(
      fc.property(fc.array(fc.tuple(word, word, fc.nat(PAGEBLOCK_PAGES)), { maxLength: 6 }), (blocks) => {
        const flags = pagesOf(blocks.map(([first]) => first));
        for (const [at, [, second, from]] of blocks.entries())
          flags.fill(second, at * PAGEBLOCK_PAGES + from, (at + 1) * PAGEBLOCK_PAGES);
        const expected = { places: 0, stuck: 0, free: 0 };
        for (let at = 0; at < blocks.length; at++) {
          const pages = [...flags.subarray(at * PAGEBLOCK_PAGES, (at + 1) * PAGEBLOCK_PAGES)];
          if (pages.some((each) => (each & PG_NOPAGE) !== 0)) continue;
          expected.places++;
          if (pages.some((each) => (each & PG_SLAB) !== 0)) expected.stuck++;
          else if (pages.every((each) => (each & (PG_BUDDY | PG_PCP)) !== 0)) expected.free++;
        }
        expect(formableIn(flags, online, isStuckIn(flags)).hugePages2M).toEqual(expected);
      }),
      { numRuns: 50 },
    );
  });
});
