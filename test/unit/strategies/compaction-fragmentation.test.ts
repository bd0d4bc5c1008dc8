import { describe, expect, it } from '@jest/globals';
import {
  blocksByOrder,
  contigPageInfo,
  extfragForOrder,
  fragmentationIndex,
  unusableFreeIndex,
} from '../../../src/strategies/high-order/compaction/fragmentation.js';
import { serviceOf, smallMachine } from '../sim/small-machine.js';

/** A line of /proc/buddyinfo, orders 0 to 10. */
const line = (text: string): number[] => text.trim().split(/\s+/).map(Number);

/** Zone Movable of a machine whose memory was thinned page by page (Linux 6.1). */
const THINNED = line('32222 12950 3289 117 1 0 1 0 0 1 29');

describe('fragmentation of free memory', () => {
  it('is counted from the free lists', () => {
    expect(contigPageInfo(THINNED, 9)).toEqual({
      freePages: 32222 + 2 * 12950 + 4 * 3289 + 8 * 117 + 16 + 64 + 512 + 29 * 1024,
      freeBlocksTotal: 32222 + 12950 + 3289 + 117 + 1 + 1 + 1 + 29,
      freeBlocksSuitable: 1 + 58,
    });
    expect(contigPageInfo(THINNED, 9).freePages).toBe(102_502);
  });

  it.each([
    // Nothing is free: not a matter of fragments.
    ['0 0 0 0 0 0 0 0 0 0 0', 9, 0],
    // A block is there: it would not fail.
    ['0 0 0 0 0 0 0 0 0 1 0', 9, -1000],
    ['0 0 0 0 0 0 0 0 0 0 1', 3, -1000],
    // 1000 - (1000 + 1024 * 1000 / 16) / 1024, rounded down before it is taken off.
    ['1024 0 0 0 0 0 0 0 0 0 0', 4, 1000 - 63],
    // One block of half the size: 1000 - (1000 + 500) / 1.
    ['0 0 0 0 0 0 0 0 1 0 0', 9, -500],
    // Ten single pages for an order-9 block: lack of memory would show as 0, fragments as 1000.
    ['10 0 0 0 0 0 0 0 0 0 0', 9, 1000 - 101],
    // A host on which io_uring failed for order 7 and more: 0.936 and up in extfrag_index.
    ['10000 5000 100 20 5 2 1 0 0 0 0', 7, 1000 - 10],
  ])('%s has index %i for order %i', (blocks, order, index) => {
    expect(fragmentationIndex(contigPageInfo(line(blocks), order), order)).toBe(index);
  });

  it('leaves so much of free memory useless for an order', () => {
    const info = contigPageInfo(THINNED, 9);
    // 102,502 free pages, 59 blocks of 512 among them.
    expect([extfragForOrder(info, 9), unusableFreeIndex(info, 9)]).toEqual([70, 705]);
    const none = contigPageInfo(line('0 0 0 0 0 0 0 0 0 0 0'), 9);
    expect([extfragForOrder(none, 9), unusableFreeIndex(none, 9)]).toEqual([0, 1000]);
    const whole = contigPageInfo(line('0 0 0 0 0 0 0 0 0 0 4'), 9);
    expect([extfragForOrder(whole, 9), unusableFreeIndex(whole, 9)]).toEqual([0, 0]);
  });

  it('is read off a machine', () => {
    const { host } = serviceOf(smallMachine({ pages: 2048 + 512 }));
    expect(blocksByOrder(host, 0)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2]);
  });
});
