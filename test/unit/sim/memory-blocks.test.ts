import { describe, expect, it } from '@jest/globals';
import { BLOCK_OFFLINE, BLOCK_ONLINE } from '../../../src/mm/memory-block.js';
import { PG_NOPAGE, PG_SLAB } from '../../../src/mm/page-flags.js';
import { NO_PAGE } from '../../../src/mm/units.js';
import { isolateRange } from '../../../src/sim/isolation.js';
import { createMachine } from '../../../src/sim/machine.js';
import { offlineBlock, onlineBlock } from '../../../src/sim/memory-blocks.js';
import { putPage } from '../../../src/sim/page-allocator.js';
import { allocateTarget } from '../../../src/sim/targets.js';
import { changed, expectSound, freeLists, smallMachine, snapshot, take, zone } from './small-machine.js';

const shape = (zones: ReturnType<typeof zone>[], nrPfns = 1024) => ({
  name: 'bad',
  nrPfns,
  nrCpus: 1,
  blockPages: 512,
  zones,
  blocks: [],
  dimms: [],
  nrSwapSlots: 0,
  contents: 'token' as const,
});

describe('a block', () => {
  it('goes offline and comes back, and the zone’s marks go with it', () => {
    const m = smallMachine({ pages: 4096, blockPages: 1024, min: 400 });
    expect([m.watermarkMin[0], m.watermarkLow[0], m.watermarkHigh[0]]).toEqual([400, 500, 600]);
    isolateRange(m, { start: 1024, end: 2048 });
    expect(offlineBlock(m, 1)).toBe(true);
    expect(m.blockState[1]).toBe(BLOCK_OFFLINE);
    expect(m.managed[0]).toBe(3072);
    expect([m.watermarkMin[0], m.watermarkLow[0], m.watermarkHigh[0]]).toEqual([300, 375, 450]);
    for (let pfn = 1024; pfn < 2048; pfn++) expect(m.flags[pfn]).toBe(PG_NOPAGE);
    expect(freeLists(m)).toEqual({ '0 1 10': [0, 2048, 3072] });
    expect([m.nrFree[0], m.nrIsolatedFree[0]]).toEqual([3072, 0]);
    expectSound(m);
    onlineBlock(m, 1);
    expect(m.blockState[1]).toBe(BLOCK_ONLINE);
    expect(m.watermarkMin[0]).toBe(400);
    expect(freeLists(m)).toEqual({ '0 1 10': [0, 1024, 2048, 3072] });
    expectSound(m);
  });

  it('stays, with nothing changed, while a page of it is in use', () => {
    const m = smallMachine({ pages: 2048 });
    const pfn = allocateTarget(m, 0, 0, 11);
    m.flags[pfn] = PG_SLAB;
    const before = snapshot(m);
    expect(offlineBlock(m, pfn >> 9)).toBe(false);
    expect(changed(m, before)).toEqual([]);
    expectSound(m);
  });

  it('counts what per-CPU lists have of it as free', () => {
    const m = smallMachine({ pages: 1024 });
    const pfn = take(m);
    putPage(m, 1, pfn);
    expect(offlineBlock(m, 0)).toBe(true);
    expect(m.pcpCount.every((count) => count === 0)).toBe(true);
    expectSound(m);
  });

  it('that is offline gives nobody a page, and cannot go again', () => {
    const m = smallMachine({ pages: 2048, offline: [1, 2] });
    expect(offlineBlock(m, 1)).toBe(false);
    const got: number[] = [];
    for (let pfn = allocateTarget(m, 0, 0, 11); pfn !== NO_PAGE; pfn = allocateTarget(m, 0, 0, 11)) got.push(pfn);
    expect(got).toHaveLength(1024);
    expect(got.every((pfn) => pfn < 512 || pfn >= 1536)).toBe(true);
  });

  it('may be smaller than the largest free block, and cuts it', () => {
    const m = smallMachine({ pages: 1024 });
    expect(freeLists(m)).toEqual({ '0 1 10': [0] });
    expect(offlineBlock(m, 1)).toBe(true);
    expect(freeLists(m)).toEqual({ '0 1 9': [0] });
    expectSound(m);
    onlineBlock(m, 1);
    expect(freeLists(m)).toEqual({ '0 1 10': [0] });
    expectSound(m);
  });
});

describe('a machine that cannot be', () => {
  it.each([
    ['off a pageblock', shape([zone('Normal', 0, 1000)]), 'pageblock'],
    ['overlapping', shape([zone('DMA32', 0, 1024), zone('Normal', 512, 1024)]), 'overlap'],
    ['without zones', shape([]), 'at least one zone'],
    ['of odd blocks', { ...shape([zone('Normal', 0, 1024)]), blockPages: 700 }, 'pageblocks'],
    [
      'with blocks elsewhere',
      { ...shape([zone('Normal', 0, 1024)]), blocks: [{ block: 2, state: 1 as const }] },
      'outside',
    ],
  ] as const)('%s is refused', (_what, spec, because) => {
    expect(() => createMachine(spec)).toThrow(because);
  });

  it('with a zone beyond its memory is refused', () => {
    expect(() => createMachine(shape([zone('Normal', 0, 4096)], 1024))).toThrow('outside');
  });
});
