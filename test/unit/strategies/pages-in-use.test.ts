import { describe, expect, it } from '@jest/globals';
import { Prng } from '../../../src/base/prng.js';
import { PageEvents } from '../../../src/events/page-events.js';
import type { MemoryHost } from '../../../src/host/memory-host.js';
import { MigrationService } from '../../../src/migration/migration-service.js';
import { FREE_FLAGS, PG_NOPAGE } from '../../../src/mm/page-flags.js';
import { HAS_HOLES, PAGES_IN_USE } from '../../../src/mm/pageblock-use.js';
import { zapPte } from '../../../src/sim/address-space.js';
import { isolateRange } from '../../../src/sim/isolation.js';
import type { Machine } from '../../../src/sim/machine.js';
import { offlineBlock, onlineBlock } from '../../../src/sim/memory-blocks.js';
import { SimHost } from '../../../src/sim/sim-host.js';
import { validateMachine } from '../../../src/sim/validate.js';
import { countFreeRanges } from '../../../src/strategies/high-order/free-ranges.js';
import { rangeCosts } from '../../../src/strategies/high-order/range-costs.js';
import { IMPOSSIBLE, RangeGlance, usedPagesByRange } from '../../../src/strategies/high-order/range-glance.js';
import { roomInFragments } from '../../../src/strategies/high-order/range-maker.js';
import { HostDecorator } from '../../../src/strategies/high-order/tosatti/host-decorator.js';
import { nrInUse, nrNotFree } from '../../../src/strategies/pages-in-use.js';
import { PLUGINS, put, SEED, serviceOf, smallMachine } from '../sim/small-machine.js';
import { holey } from './holey.js';

const PAGES = 16_384;
const ORDERS = [0, 3, 8, 9, 10, 11, 13];

/** A machine with holes in memory, pages on per-CPU lists, blocks that came and went; and pageblocks that are empty. */
function worn(seed: number): Machine {
  const m = holey(PAGES, seed, 0.5, 8, 6000);
  const prng = new Prng(seed);
  for (let round = 0; round < 2; round++)
    for (let block = 0; block < PAGES / 512; block++) {
      const range = { start: block * 512, end: (block + 1) * 512 };
      if (m.flags[range.start] === PG_NOPAGE) onlineBlock(m, block);
      else if (m.pageblockUse[block] === 0 && prng.chance(0.6)) {
        isolateRange(m, range);
        expect(offlineBlock(m, block)).toBe(true);
      }
    }
  const mm = 1;
  const vma = m.mmVmas[mm]!;
  for (let i = 0; i < 400; i++) {
    const vpn = m.vmaStart[vma]! + prng.below(m.vmaPages[vma]!);
    if (prng.chance(0.5)) zapPte(m, 0, mm, vpn, vma);
    else put(m, mm, vpn, 9, i);
  }
  expect(validateMachine(m)).toEqual([]);
  return m;
}

/** The same machine as two hosts see it: one keeps the use of pageblocks, the other has to look at every page. */
function bothHosts(m: Machine): MigrationService[] {
  const host = new SimHost(m);
  const looking: MemoryHost = new HostDecorator(host);
  expect([host.pageblockUse, looking.pageblockUse]).toEqual([m.pageblockUse, undefined]);
  return [host, looking].map((each) => new MigrationService(each, PLUGINS, new PageEvents()));
}

describe.each([SEED, SEED + 1, SEED + 2])('use of pageblocks (seed %i)', (seed) => {
  const m = worn(seed);
  const [kept, looking] = bothHosts(m) as [MigrationService, MigrationService];

  it.each(ORDERS)('order %i: costs, glances, room and whole ranges are those of a look at every page', (order) => {
    for (const zones of [undefined, [1]]) {
      expect(usedPagesByRange(kept, order, zones)).toEqual(usedPagesByRange(looking, order, zones));
      expect(rangeCosts(kept, order, zones)).toEqual(rangeCosts(looking, order, zones));
      expect(countFreeRanges(kept.host, order, zones)).toBe(countFreeRanges(looking.host, order, zones));
    }
    expect(roomInFragments(kept, order)).toBe(roomInFragments(looking, order));
  });

  it.each(ORDERS)('order %i: a glance names the first of the cheapest, and ranks all that cost something', (order) => {
    for (const service of [kept, looking]) {
      const glance = new RangeGlance(service, order, [1]);
      const used = [...glance.look()];
      const candidates = used.flatMap((cost, range) => (cost === 0 || cost === IMPOSSIBLE ? [] : [range]));
      const ranked = candidates.sort((a, b) => used[a]! - used[b]! || a - b);
      expect([...glance.cheapestFirst()]).toEqual(ranked);
      expect(glance.cheapest()).toBe(ranked[0] ?? -1);
    }
  });

  it('counts pages of any range', () => {
    const prng = new Prng(seed);
    for (let i = 0; i < 200; i++) {
      const unit = prng.chance(0.5) ? 512 : 1;
      const start = prng.below(PAGES / unit) * unit;
      const end = start + (1 + prng.below((PAGES - start) / unit)) * unit;
      const pages = m.flags.subarray(start, end);
      for (const { host } of [kept, looking]) {
        expect(nrNotFree(host, start, end)).toBe(pages.filter((flags) => (flags & FREE_FLAGS) === 0).length);
        expect(nrInUse(host, { start, end })).toBe(
          pages.filter((flags) => (flags & (FREE_FLAGS | PG_NOPAGE)) === 0).length,
        );
      }
    }
  });
});

describe('a count that is wrong', () => {
  it.each([
    [PAGES_IN_USE, 'has 0 pages in use, its count says 1$'],
    [HAS_HOLES, 'has 0 pages in use, its count says 0 and holes$'],
  ])('is found (bits %i)', (bits, sentence) => {
    const m = smallMachine();
    m.pageblockUse[2] = m.pageblockUse[2]! ^ (bits & (1 | HAS_HOLES));
    expect(validateMachine(m)).toEqual([expect.stringMatching(`^the pageblock of pfn:0x400 ${sentence}`)]);
  });

  it('of a block that is offline is, too', () => {
    const m = smallMachine({ offline: [1] });
    expect(m.pageblockUse[1]).toBe(512 | HAS_HOLES);
    m.pageblockUse[1] = 512;
    expect(validateMachine(m)).toHaveLength(1);
  });
});

describe('a glance', () => {
  it('sees at each look what is there then, holes too, of an odd number of pageblocks', () => {
    const m = smallMachine({ pages: 5 * 512 });
    const { service } = serviceOf(m);
    const glance = new RangeGlance(service, 9);
    expect([...glance.look()]).toEqual([0, 0, 0, 0, 0]);
    expect(glance.cheapest()).toBe(-1);
    expect([...glance.cheapestFirst()]).toEqual([]);
    const pages = [7, 4, 3, 2, 5];
    m.pageblockUse.set(pages);
    expect([...glance.look()]).toEqual(pages);
    expect([...glance.cheapestFirst()]).toEqual([3, 2, 1, 4, 0]);
    for (const block of [0, 3, 4]) {
      m.pageblockUse.set(pages);
      m.pageblockUse[block] = pages[block]! | HAS_HOLES;
      expect([...glance.look()]).toEqual(pages.with(block, IMPOSSIBLE));
      expect(glance.cheapest()).toBe(block === 3 ? 2 : 3);
    }
  });
});
