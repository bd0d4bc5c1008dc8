import { describe, expect, it } from '@jest/globals';
import { BLOCK_OFFLINE } from '../../../src/mm/memory-block.js';
import { PG_BUDDY, PG_HWPOISON, PG_NOPAGE, PG_OFFLINE } from '../../../src/mm/page-flags.js';
import { NO_PAGE } from '../../../src/mm/units.js';
import { createUnplugger, type UnpluggedBy, unplugPage } from '../../../src/sim/drivers/unplugged.js';
import type { Machine } from '../../../src/sim/machine.js';
import { poisonFreePage } from '../../../src/sim/memory-failure.js';
import { MergedHighOrder } from '../../../src/strategies/high-order/merged.js';
import { BlockByBlock } from '../../../src/strategies/offline/block-by-block.js';
import { IsolateFirst } from '../../../src/strategies/offline/isolate-first.js';
import { MergedOffline } from '../../../src/strategies/offline/merged.js';
import { NodeRemap } from '../../../src/strategies/offline/node-remap.js';
import { PageCapture } from '../../../src/strategies/offline/page-capture.js';
import { SwapOut } from '../../../src/strategies/offline/swap-out.js';
import { type Job, type OfflineRequest, type OfflineResult, runToEnd } from '../../../src/strategies/strategy.js';
import { anonProcess, expectSound, serviceOf, settle, smallMachine, zone } from '../sim/small-machine.js';
import { BLOCK, frontOf, type StrategyClass } from './offline-machines.js';

/* Pages that nobody can move, and with which a block may go offline all the same. */

interface Offliner {
  run(request: OfflineRequest & { mode?: string }): Job<OfflineResult>;
}

const OFFLINERS: readonly (readonly [name: string, Of: StrategyClass<Offliner>, mode?: string])[] = [
  ['merged', MergedOffline],
  ['isolate-first', IsolateFirst],
  ['block-by-block', BlockByBlock],
  ['capture', PageCapture],
  ['swap-out', SwapOut, 'forced'],
  ['node-remap', NodeRemap, 'migration-cache'],
];
/** The only block of zone Movable, so that it is a whole zone too. */
const LAST = 3;
const ALL_OF_IT = { start: LAST * BLOCK, end: (LAST + 1) * BLOCK };

/** Zone Normal, and a block of zone Movable with some anonymous memory. */
function machine(): Machine {
  const zones = [zone('Normal', 0, LAST * BLOCK), zone('Movable', ALL_OF_IT.start, ALL_OF_IT.end)];
  const m = smallMachine({ pages: (LAST + 1) * BLOCK, blockPages: BLOCK, zones, swap: 256 });
  anonProcess(m, 100);
  settle(m);
  return m;
}

/** A free page of the last block, the first at or behind a place in it. */
function freeIn(m: Machine, at: number): number {
  const { start, end } = ALL_OF_IT;
  for (let pfn = start + at; pfn < end; pfn++) if ((m.flags[pfn]! & PG_BUDDY) !== 0) return pfn;
  return NO_PAGE;
}

function poison(m: Machine, at: number): number {
  const pfn = freeIn(m, at);
  expect(poisonFreePage(m, pfn)).toBe(true);
  return pfn;
}

/** A page out of service: struck from the allocator, and the driver's from then on. */
function unplug(m: Machine, at: number, by: UnpluggedBy): number {
  const pfn = poison(m, at);
  m.flags[pfn] = 0;
  unplugPage(m, pfn, createUnplugger(m, by, 1), 0);
  return pfn;
}

describe.each(OFFLINERS)('%s', (_name, Of, mode) => {
  const request = { blocks: [LAST], ...(mode === undefined ? {} : { mode }) };

  it('takes a block offline with pages that may stay in it, and they are there again when it is back', () => {
    const m = machine();
    const damaged = poison(m, 200);
    const unplugged = [unplug(m, 300, 'virtio-mem'), unplug(m, 301, 'virtio-mem')];
    const { host, strategy } = frontOf(m, Of);
    const result = runToEnd(strategy.run(request));
    expect(result).toMatchObject({ outcome: 'done', refusals: [] });
    expect(m.blockState[LAST]).toBe(BLOCK_OFFLINE);
    expect(m.flags[damaged]).toBe(PG_NOPAGE | PG_HWPOISON);
    expectSound(m);
    host.onlineBlock(LAST);
    expect([m.flags[damaged], m.count[damaged]]).toEqual([PG_HWPOISON, 1]);
    expect(unplugged.map((pfn) => [m.flags[pfn], m.count[pfn]])).toEqual(unplugged.map(() => [PG_OFFLINE, 1]));
    expectSound(m);
  });

  it('leaves a block whose driver does not let go, and drivers that did have their pages again', () => {
    const m = machine();
    const deaf = unplug(m, 200, 'deaf-balloon');
    const listening = unplug(m, 300, 'virtio-mem');
    const { strategy } = frontOf(m, Of);
    const result = runToEnd(strategy.run(request));
    expect(result.outcome).toBe('refused');
    const [refusal] = result.refusals.filter(({ reason }) => reason === 'logically-offline');
    expect(refusal).toMatchObject({ handler: 'offline-pages', kind: 'permanent', pages: 1, pfns: [deaf] });
    expect([m.count[deaf], m.count[listening]]).toEqual([1, 1]);
    expectSound(m);
  });

  it('gives drivers their pages again when it is stopped, wherever that is', () => {
    for (let nrPauses = 0; nrPauses < 8; nrPauses++) {
      const m = machine();
      const listening = unplug(m, 300, 'virtio-mem');
      const job = frontOf(m, Of).strategy.run(request);
      let ended = false;
      for (let pause = 0; pause < nrPauses && !ended; pause++) ended = job.next().done === true;
      job.return(undefined as never);
      if (ended) continue;
      expect([nrPauses, m.count[listening]]).toEqual([nrPauses, 1]);
      expectSound(m);
    }
  });
});

describe('who makes free blocks', () => {
  it.each([
    ['hwpoison', (m: Machine) => poison(m, 200)],
    ['logically-offline', (m: Machine) => unplug(m, 200, 'virtio-mem')],
  ])('is refused by every page that is out of use: %s', (reason, make) => {
    const m = machine();
    const pfn = make(m);
    const { service } = serviceOf(m);
    expect(service.handlers.refusal(service.judge(pfn))).toMatchObject({ id: reason, kind: 'permanent' });
    const { strategy } = frontOf(m, MergedHighOrder);
    // As many as there are pageblocks: all but the page's own can be had.
    const { ranges } = runToEnd(strategy.run({ order: 9, count: LAST + 1 }));
    expect(ranges.map(({ start }) => start)).not.toContain(ALL_OF_IT.start);
    expect(m.count[pfn]).toBe(1);
    expectSound(m);
  });
});
