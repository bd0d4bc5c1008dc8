import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { censusOf, countMerged } from '../../../src/capture/census.js';
import { type CountedFlags, keepOnlinePages, keepZonedPages } from '../../../src/capture/present-pages.js';
import type { PlacedZone } from '../../../src/capture/zone-ranges.js';
import { BLOCK_OFFLINE, BLOCK_ONLINE } from '../../../src/mm/memory-block.js';
import { PG_ANON, PG_BUDDY, PG_HEAD, PG_KSM, PG_LRU, PG_NOPAGE, PG_SLAB, PG_TAIL } from '../../../src/mm/page-flags.js';
import { PAGEBLOCK_PAGES } from '../../../src/mm/units.js';

const NR_PAGEBLOCKS = 6;
const NR_PFNS = NR_PAGEBLOCKS * PAGEBLOCK_PAGES;
const BLOCK_PAGES = 2 * PAGEBLOCK_PAGES;
const WORDS = [PG_NOPAGE, 0, PG_BUDDY, PG_LRU, PG_ANON | PG_KSM, PG_SLAB | PG_HEAD, PG_TAIL | PG_ANON | PG_KSM];

/** Runs of pages alike, over all of memory; often a hole of pageblocks. */
const memory = fc
  .array(fc.tuple(fc.constantFrom(...WORDS), fc.integer({ min: 1, max: 2 * PAGEBLOCK_PAGES })), { maxLength: 24 })
  .map((runs) => {
    const flags = new Uint32Array(NR_PFNS).fill(PG_NOPAGE);
    let pfn = 0;
    for (const [word, nr] of runs) {
      flags.fill(word, pfn, pfn + nr);
      pfn += nr;
    }
    return flags;
  });

const range = fc
  .tuple(fc.integer({ min: 0, max: NR_PFNS }), fc.integer({ min: 0, max: NR_PFNS }))
  .map(([a, b]) => ({ start: Math.min(a, b), end: Math.max(a, b) }));

function counted(flags: Uint32Array): CountedFlags {
  return { flags: flags.slice(), census: censusOf(flags, PG_KSM) };
}

/** The same by looking at each page; says how many were lost as well. */
function keptBy(flags: Uint32Array, isKept: (pfn: number) => boolean): { kept: Uint32Array; nrLost: number } {
  const kept = flags.map((word, pfn) => (isKept(pfn) ? word : PG_NOPAGE));
  return { kept, nrLost: kept.filter((word, pfn) => word !== flags[pfn]).length };
}

describe('pages that are there', () => {
  it('are those of blocks that are listed and on line, and the count of each pageblock says so', () => {
    const state = fc.constantFrom(BLOCK_ONLINE, BLOCK_OFFLINE, null);
    fc.assert(
      fc.property(memory, fc.tuple(state, state, state), (flags, states) => {
        const blocks = states.flatMap((state, block) =>
          state === null ? [] : [{ block, state, isRemovable: null, zoneKinds: [] }],
        );
        const after = counted(flags);
        const caveats: string[] = [];
        keepOnlinePages(after, blocks, BLOCK_PAGES, caveats);
        const { kept } = keptBy(flags, (pfn) => states[Math.floor(pfn / BLOCK_PAGES)] === BLOCK_ONLINE);
        const { nrLost: nrOutside } = keptBy(flags, (pfn) => states[Math.floor(pfn / BLOCK_PAGES)] !== null);
        expect(after).toEqual(counted(kept));
        expect(caveats.map((caveat) => Number.parseInt(caveat.replaceAll(',', ''), 10))).toEqual(
          nrOutside === 0 ? [] : [nrOutside],
        );
      }),
    );
  });

  it('are those of zones, wherever in a pageblock these end', () => {
    fc.assert(
      fc.property(memory, fc.array(range, { maxLength: 3 }), (flags, ranges) => {
        const after = counted(flags);
        keepZonedPages(after, [{ record: {}, ranges } as unknown as PlacedZone], []);
        const { kept } = keptBy(flags, (pfn) => ranges.some(({ start, end }) => start <= pfn && pfn < end));
        expect(after).toEqual(counted(kept));
      }),
    );
  });
});

describe('merged pages', () => {
  it('are counted as by looking at each page', () => {
    fc.assert(
      fc.property(memory, (flags) => {
        const number = (wanted: number) => flags.filter((word) => (word & wanted) === wanted).length;
        expect(countMerged(flags, censusOf(flags, PG_KSM))).toEqual({
          nrAnon: number(PG_ANON),
          nrMerged: number(PG_ANON | PG_KSM),
          nrKsm: number(PG_KSM),
        });
      }),
    );
  });
});
