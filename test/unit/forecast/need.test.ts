import { describe, expect, it } from '@jest/globals';
import { Prng } from '../../../src/base/prng.js';
import { cheapestSet } from '../../../src/forecast/need.js';
import { bestOrder } from '../../../src/forecast/offline-order.js';
import { RoomBook } from '../../../src/forecast/room.js';
import { surveyBlocks } from '../../../src/forecast/survey.js';
import { moversOf } from '../../../src/forecast/together.js';
import { PG_ANON, PG_BUDDY, PG_LRU } from '../../../src/mm/page-flags.js';
import type { SimHost } from '../../../src/sim/sim-host.js';
import { SEED, serviceOf, smallMachine, zone } from '../sim/small-machine.js';

const BLOCK = 512;
const BLOCK_BYTES = BLOCK * 4096;

/** Blocks 0 to 3 in zone Normal, 4 to 9 in Movable, each with so many pages in use; a survey needs no more than flags. */
function bookOf(used: readonly number[]): RoomBook {
  const zones = [zone('Normal', 0, 4 * BLOCK, 8), zone('Movable', 4 * BLOCK, 10 * BLOCK, 8)];
  const m = smallMachine({ pages: 10 * BLOCK, blockPages: BLOCK, zones, swap: 0 });
  for (const [block, pages] of used.entries()) m.flags.fill(PG_LRU | PG_ANON, block * BLOCK, block * BLOCK + pages);
  const { host } = serviceOf(m);
  const free = { nrPages: (id: number) => freeIn(m.flags, id), watermark: () => 8 };
  return new RoomBook(Object.assign(Object.create(host) as SimHost, { free }), surveyBlocks(host));
}

function freeIn(flags: Uint32Array, zoneId: number): number {
  const [start, end] = zoneId === 0 ? [0, 4 * BLOCK] : [4 * BLOCK, 10 * BLOCK];
  return flags.subarray(start, end).filter((word) => (word & PG_BUDDY) !== 0).length;
}

const candidatesOf = (used: readonly number[]) => used.map((pagesToMove, block) => ({ block, pagesToMove }));

/** Every set of `count` blocks, tried. */
function cheapestByTrial(room: RoomBook, used: readonly number[], count: number): number | null {
  let least: number | null = null;
  for (let set = 0; set < 2 ** used.length; set++) {
    const chosen = candidatesOf(used).filter(({ block }) => ((set >> block) & 1) === 1);
    if (chosen.length !== count) continue;
    const cost = chosen.reduce((sum, { pagesToMove }) => sum + pagesToMove, 0);
    const blocks = chosen.map(({ block }) => block);
    if (room.roomFor(blocks, moversOf(room, chosen)).missing === 0 && (least === null || cost < least)) least = cost;
  }
  return least;
}

describe('the cheapest set', () => {
  it(`is the one that trying all of them finds (seed ${SEED})`, () => {
    const prng = new Prng(SEED);
    for (let round = 0; round < 12; round++) {
      const used = Array.from({ length: 10 }, () => prng.below(BLOCK + 1));
      const room = bookOf(used);
      for (const count of [1, 3, 5, 8]) {
        const found = cheapestSet(room, candidatesOf(used), count * BLOCK_BYTES, BLOCK);
        const least = cheapestByTrial(room, used, count);
        expect([used, count, found.enough]).toEqual([used, count, least !== null]);
        if (least !== null) expect(found).toMatchObject({ pagesToMove: least, bytes: count * BLOCK_BYTES });
        else expect(cheapestByTrial(room, used, found.blocks.length + 1)).toBeNull();
        expect([...found.order.blocks].sort((a, b) => a - b)).toEqual(found.blocks);
      }
    }
  });

  it('rounds up to whole blocks, and says how much there is if it is too little', () => {
    const room = bookOf([0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    expect(cheapestSet(room, candidatesOf([0, 0]), 1, BLOCK)).toMatchObject({ enough: true, bytes: BLOCK_BYTES });
    const little = cheapestSet(room, candidatesOf([0, 0]), 3 * BLOCK_BYTES, BLOCK);
    expect(little).toMatchObject({ enough: false, bytes: 2 * BLOCK_BYTES, blocks: [0, 1] });
    expect(little.because).toBe('at most 4 MiB of the 6 MiB can be had: no other block is sure to go');
    expect(cheapestSet(room, [], BLOCK_BYTES, BLOCK)).toMatchObject({ enough: false, bytes: 0, blocks: [] });
  });
});

describe('the order', () => {
  it('saves the second move of pages that land in the next block', () => {
    // Block 9 is the only one with free memory besides those that go: upwards, each block fills up the next.
    const used = [512, 512, 512, 512, 300, 300, 300, 300, 300, 0];
    const { blocks, pagesCopied, pagesCopiedAscending } = bestOrder(bookOf(used), [4, 5, 6]);
    expect(pagesCopied).toBeLessThanOrEqual(pagesCopiedAscending);
    expect([...blocks].sort()).toEqual([4, 5, 6]);
  });

  it('downwards, everything lands below, and is moved again: by hand', () => {
    // Six blocks of zone Movable, the lowest two half full, all others free; nothing else is free.
    const used = [512, 512, 512, 512, 256, 256, 0, 0, 512, 512];
    const order = bestOrder(bookOf(used), [4, 5]);
    // Block 4 first: its 256 pages fill block 5, whose 512 go on to block 6. Likewise from block 5 on.
    expect(order).toMatchObject({ pagesCopied: 768, pagesCopiedAscending: 768, pagesCopiedDescending: 768 });
    // With a block in use that stays, both go there: 256 each, once.
    const better = bestOrder(bookOf([512, 512, 512, 512, 0, 256, 0, 0, 500, 512]), [4, 5]);
    expect(better).toMatchObject({ pagesCopied: 256, blocks: expect.arrayContaining([4, 5]) });
  });
});
