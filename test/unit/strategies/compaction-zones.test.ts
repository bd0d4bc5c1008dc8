import { describe, expect, it } from '@jest/globals';
import { RangeEvents } from '../../../src/events/range-events.js';
import { NO_PAGE } from '../../../src/mm/units.js';
import type { Machine } from '../../../src/sim/machine.js';
import { allocateBlock, countAllocatable } from '../../../src/strategies/high-order/allocate-block.js';
import { Compaction } from '../../../src/strategies/high-order/compaction/compaction.js';
import { blocksByOrder } from '../../../src/strategies/high-order/compaction/fragmentation.js';
import { runToEnd } from '../../../src/strategies/strategy.js';
import {
  anonProcess,
  expectSound,
  SEED,
  serviceOf,
  settle,
  smallMachine,
  snapshot,
  zone,
} from '../sim/small-machine.js';
import { holey } from './holey.js';

const strategyOf = (m: Machine): Compaction => new Compaction(serviceOf(m).service, new RangeEvents());

describe('compaction of some zones', () => {
  it.each([1, 2, 3])('zone by zone leaves the machine as all in one go does (%i)', (seed) => {
    const [whole, parts] = [holey(4096, SEED + seed), holey(4096, SEED + seed)];
    const all = runToEnd(strategyOf(whole).run({ order: 9, count: 'all', bound: false }));
    const strategy = strategyOf(parts);
    const each = [0, 1].map((z) => runToEnd(strategy.run({ order: 9, count: 'all', zones: [z], bound: false })));
    const sum = (value: (result: (typeof each)[number]) => number) => each.reduce((n, result) => n + value(result), 0);
    expect(all.pagesMigrated).toBeGreaterThan(0);
    expect(sum((result) => result.pagesMigrated)).toBe(all.pagesMigrated);
    expect(sum((result) => result.made)).toBe(all.made);
    expect(sum((result) => result.scanned!.migrate)).toBe(all.scanned!.migrate);
    expect(sum((result) => result.scanned!.free)).toBe(all.scanned!.free);
    expect(Buffer.compare(snapshot(parts), snapshot(whole))).toBe(0);
  });

  it('moves nothing in the others', () => {
    const m = holey(4096, SEED);
    const result = runToEnd(strategyOf(m).run({ order: 9, count: 'all', zones: [0], bound: false }));
    expect([...result.moved.sources].filter((pfn) => pfn >= 1024)).toEqual([]);
    expect([...result.moved.targets].filter((pfn) => pfn >= 1024)).toEqual([]);
  });
});

describe('allocations of a block', () => {
  const twoNodes = () =>
    smallMachine({ pages: 4096, zones: [zone('Normal', 0, 2048, 8, 0), zone('Normal', 2048, 4096, 8, 1)] });

  it('come from the zones that are named, or from none', () => {
    const m = twoNodes();
    const { host } = serviceOf(m);
    expect(allocateBlock(host, 9, [1])).toBeGreaterThanOrEqual(2048);
    while (allocateBlock(host, 9, [1]) !== NO_PAGE);
    expect(countAllocatable(host, 9, [1])).toBe(0);
    expect(countAllocatable(host, 9, [0])).toBe(countAllocatable(host, 9));
    expect(countAllocatable(host, 9)).toBeGreaterThan(0);
  });

  it('stay above the min watermark, so that fewer can be had than lie about', () => {
    const m = smallMachine({ pages: 2048, min: 600 });
    const { host } = serviceOf(m);
    const free = host.free.nrPages(0);
    const nr = countAllocatable(host, 9);
    expect(nr).toBe(Math.floor((free - 600 - 511) / 512) + ((free - 600 - 511) % 512 > 0 ? 1 : 0));
  });

  it('are given back when they have been counted', () => {
    const m = holey(4096, SEED);
    const { host } = serviceOf(m);
    const free = () => m.spec.zones.map((_, z) => [host.free.nrPages(z), ...blocksByOrder(host, z)]);
    const before = free();
    expect(countAllocatable(host, 3)).toBeGreaterThan(0);
    expect(free()).toEqual(before);
    expectSound(m);
  });

  it('compact the node that is named, and no other', () => {
    const m = twoNodes();
    const task = anonProcess(m, 64);
    settle(m);
    expect(task.mm).toBeGreaterThan(0);
    const { host } = serviceOf(m);
    const count = countAllocatable(host, 9, [1]) + 1;
    const result = runToEnd(strategyOf(m).run({ order: 9, count, zones: [1], bound: false }));
    expect(result.outcome).not.toBe('done');
    expect(result.ranges).toEqual([]);
  });
});
