import { describe, expect, it } from '@jest/globals';
import { MIGRATE_ASYNC, MIGRATE_SYNC, type MigrateMode } from '../../../src/mm/migrate-mode.js';
import { MIGRATE_UNMOVABLE } from '../../../src/mm/migratetype.js';
import { PG_UNEVICTABLE, PG_WRITEBACK } from '../../../src/mm/page-flags.js';
import { pin } from '../../../src/sim/holds.js';
import { compareLedger, takeLedger } from '../../../src/sim/ledger.js';
import type { Machine } from '../../../src/sim/machine.js';
import { setPageblockType } from '../../../src/sim/pageblocks.js';
import {
  CompactControl,
  type CompactRequest,
  WHOLE,
} from '../../../src/strategies/high-order/compaction/compact-control.js';
import { COMPACT_COMPLETE, COMPACT_CONTENDED } from '../../../src/strategies/high-order/compaction/compact-result.js';
import { type CompactWork, compactZone } from '../../../src/strategies/high-order/compaction/compact-zone.js';
import { isolateFreePages } from '../../../src/strategies/high-order/compaction/free-scanner.js';
import { FreeStock } from '../../../src/strategies/high-order/compaction/free-stock.js';
import {
  KERNELS,
  type Kernel,
  nearestKernel,
  RULES,
} from '../../../src/strategies/high-order/compaction/kernel-rules.js';
import { isolateMigratePages } from '../../../src/strategies/high-order/compaction/migrate-scanner.js';
import { ZoneState } from '../../../src/strategies/high-order/compaction/zone-state.js';
import { runToEnd } from '../../../src/strategies/strategy.js';
import { expectSound, makeCompound, serviceOf, smallMachine, zone } from '../sim/small-machine.js';
import { Stage } from './stage.js';

const BLOCK = 512;
const MEMORY: CompactRequest = {
  order: WHOLE,
  mode: MIGRATE_SYNC,
  direct: false,
  wholeZone: true,
  ignoreSkipHint: true,
  ignoreBlockSuitable: false,
  leavesUnevictable: false,
};

/** Eight pageblocks of the kernel's memory; 64 holes in the last, tables in the one before it. */
function stage(): Stage {
  const m = smallMachine({ pages: 8 * BLOCK, capacity: { tables: 128 } });
  return new Stage(m, { room: 7 * BLOCK, tables: 6 * BLOCK });
}

function controlOf(m: Machine, kernel: Kernel, request: Partial<CompactRequest> = {}): CompactControl {
  const { host } = serviceOf(m);
  const control = new CompactControl(host, RULES[kernel], new ZoneState(host, 0), { ...MEMORY, ...request });
  control.freePfn = control.state.lastBlock;
  return control;
}

function compact(m: Machine, kernel: Kernel, request: Partial<CompactRequest> = {}) {
  const { host, service } = serviceOf(m);
  const work: CompactWork = { reports: [], scanned: { migrate: 0, free: 0 } };
  const job = compactZone(service, RULES[kernel], new ZoneState(host, 0), { ...MEMORY, ...request }, work);
  const before = takeLedger(m);
  const result = runToEnd(job);
  expect(compareLedger(m, before).wrong).toBe(0);
  expectSound(m);
  return { result, ...work, batches: work.reports.map(({ asked }) => asked) };
}

/** What the migrate scanner chooses, batch after batch, if nothing is ever moved. */
function choose(control: CompactControl): number[][] {
  const batches: number[][] = [];
  while (!control.haveScannersMet) {
    if (isolateMigratePages(control)) batches.push([...control.batch.subarray(0, control.nrBatch)]);
    control.nrBatch = 0;
    control.nrMigratePages = 0;
  }
  return batches;
}

describe.each(KERNELS)('the migrate scanner of Linux %s', (kernel) => {
  it('takes 32 pages at a time, and the rest of a pageblock at once when it comes back to it', () => {
    const s = stage();
    s.anons(BLOCK + 3, BLOCK + 63);
    s.anons(3 * BLOCK, 3 * BLOCK + 20);
    expect(compact(s.m, kernel).batches).toEqual([32, 28, 20]);
  });

  it('finishes the first pageblock of memory in one go, as it starts from there', () => {
    const s = stage();
    s.anons(3, 63);
    expect(compact(s.m, kernel).batches).toEqual([60]);
  });

  it('passes over free blocks in one step, and counts them as that kernel does', () => {
    const s = stage();
    s.free(BLOCK, BLOCK + 64);
    const control = controlOf(s.m, kernel);
    choose(control);
    // The 64 free pages are one block: one look, or as many as it has pages.
    expect(control.migrateScanned).toBe(7 * BLOCK - 64 + (kernel === '6.1' ? 1 : 64));
  });

  it('leaves alone what is pinned, and what is no page of a process or file', () => {
    const s = stage();
    s.anons(BLOCK, BLOCK + 4);
    pin(s.m, BLOCK + 1, Number.MAX_VALUE);
    expect(choose(controlOf(s.m, kernel))).toEqual([[BLOCK, BLOCK + 2, BLOCK + 3]]);
  });

  it('leaves mlocked pages alone only if it is told so', () => {
    const s = stage();
    s.anons(BLOCK, BLOCK + 2);
    s.m.flags[BLOCK] = s.m.flags[BLOCK]! | PG_UNEVICTABLE;
    expect(choose(controlOf(s.m, kernel))).toEqual([[BLOCK, BLOCK + 1]]);
    expect(choose(controlOf(s.m, kernel, { leavesUnevictable: true }))).toEqual([[BLOCK + 1]]);
  });

  it('does not wait for writeback unless it may', () => {
    const s = stage();
    s.anons(BLOCK, BLOCK + 2);
    s.m.flags[BLOCK] = s.m.flags[BLOCK]! | PG_WRITEBACK;
    const light = controlOf(s.m, kernel, { mode: MIGRATE_ASYNC as MigrateMode });
    expect([choose(controlOf(s.m, kernel)), choose(light)]).toEqual([[[BLOCK, BLOCK + 1]], [[BLOCK + 1]]]);
  });

  it('takes large folios whole or not at all, as that kernel does', () => {
    const s = stage();
    s.anons(BLOCK, BLOCK + 16);
    makeCompound(s.m, BLOCK + 8, 3);
    const single = Array.from({ length: 8 }, (_, i) => BLOCK + i);
    const control = controlOf(s.m, kernel);
    expect(choose(control)).toEqual([kernel === '6.1' ? single : [...single, BLOCK + 8]]);
    expect(control.migrateScanned).toBe(7 * BLOCK - (kernel === '6.1' ? 7 : 0));
    // For a block as large as the folio, moving it gains nothing.
    expect(choose(controlOf(s.m, kernel, { order: 3, ignoreSkipHint: true }))).toEqual([single]);
  });

  it('gives up an aligned block in which a page refuses, when an allocation is in a hurry', () => {
    const s = stage();
    s.anons(BLOCK, BLOCK + 8);
    s.free(BLOCK + 8, BLOCK + 16);
    pin(s.m, BLOCK + 3, Number.MAX_VALUE);
    const hurried = controlOf(s.m, kernel, { order: 2, mode: MIGRATE_ASYNC, direct: true });
    expect(choose(hurried)).toEqual([[BLOCK + 4, BLOCK + 5, BLOCK + 6, BLOCK + 7]]);
    // And takes from pageblocks of its own type only.
    s.anons(2 * BLOCK, 2 * BLOCK + 4);
    setPageblockType(s.m, 2 * BLOCK, MIGRATE_UNMOVABLE);
    const again = controlOf(s.m, kernel, { order: 2, mode: MIGRATE_ASYNC, direct: true });
    expect(
      choose(again)
        .flat()
        .some((pfn) => pfn >= 2 * BLOCK),
    ).toBe(false);
  });
});

describe.each(KERNELS)('the free scanner of Linux %s', (kernel) => {
  function isolate(s: Stage, wanted: number, request: Partial<CompactRequest> = {}) {
    const control = controlOf(s.m, kernel, request);
    const stock = new FreeStock(control);
    control.nrMigratePages = wanted;
    isolateFreePages(control, stock);
    return { control, stock };
  }

  it('stops in the midst of a pageblock, as soon as it has enough, and goes on from there', () => {
    const s = stage();
    const { control, stock } = isolate(s, 10);
    expect([control.nrFreePages, control.freePfn, control.freeScanned]).toEqual([10, 7 * BLOCK + 19, 19]);
    control.nrMigratePages = 15;
    isolateFreePages(control, stock);
    expect([control.nrFreePages, control.freePfn]).toEqual([15, 7 * BLOCK + 29]);
    stock.release();
    expectSound(s.m);
  });

  it('takes free blocks whole, and uses the last or the smallest first', () => {
    const s = stage();
    s.free(7 * BLOCK + 256, 7 * BLOCK + 264);
    const { control, stock } = isolate(s, 65);
    expect(control.nrFreePages).toBe(72);
    expect(stock.get(0)).toBe(kernel === '6.1' ? 7 * BLOCK + 263 : 7 * BLOCK);
    stock.put(7 * BLOCK + (kernel === '6.1' ? 263 : 0), 0);
    stock.release();
    expectSound(s.m);
  });

  it('leaves out pageblocks that are not movable, unless it may take anything', () => {
    const s = stage();
    setPageblockType(s.m, 5 * BLOCK, MIGRATE_UNMOVABLE);
    s.holes(5 * BLOCK);
    s.holes(4 * BLOCK);
    expect(isolate(s, 80).control.freePfn).toBeLessThan(5 * BLOCK);
    const any = stage();
    setPageblockType(any.m, 5 * BLOCK, MIGRATE_UNMOVABLE);
    any.holes(5 * BLOCK);
    expect(isolate(any, 80, { ignoreBlockSuitable: true }).control.freePfn).toBeGreaterThanOrEqual(5 * BLOCK);
  });

  it('leaves out pageblocks that begin with a free block as large as what is to be made', () => {
    const s = stage();
    s.free(5 * BLOCK, 6 * BLOCK);
    s.holes(4 * BLOCK);
    expect(Math.floor(isolate(s, 80).control.freePfn / BLOCK)).toBe(4);
    const small = stage();
    small.free(5 * BLOCK, 5 * BLOCK + 16);
    const { control } = isolate(small, 70, { order: 4, ignoreSkipHint: true });
    // Linux 6.1 spares whole pageblocks only.
    expect(control.nrFreePages).toBe(kernel === '6.1' ? 80 : 64);
  });

  it('stops at the watermark', () => {
    const s = stage();
    s.m.watermarkMin[0] = s.m.nrFree[0]! - 6;
    const { control, stock } = isolate(s, 32);
    expect(control.nrFreePages).toBe(5);
    stock.release();
    expectSound(s.m);
  });
});

describe.each(KERNELS)('one compaction of a zone by Linux %s', (kernel) => {
  it('ends where the scanners meet, having moved pages up only', () => {
    const s = stage();
    s.anons(BLOCK, BLOCK + 200);
    s.holes(3 * BLOCK);
    const { result, reports } = compact(s.m, kernel);
    expect(result).toBe(COMPACT_COMPLETE);
    const [sources, targets] = [reports.flatMap((r) => [...r.sources]), reports.flatMap((r) => [...r.targets])];
    expect(sources.every((pfn, at) => pfn < targets[at]!)).toBe(true);
    const perBlock = Array.from({ length: 8 }, (_, i) => targets.filter((pfn) => Math.floor(pfn / BLOCK) === i).length);
    // After two pageblocks without a free page the scanner looks at every fourth page: of every second it sees half.
    expect(perBlock).toEqual([0, 0, 0, 32, 0, 0, 0, 64]);
  });

  it('leaves what it freed on the CPU’s list', () => {
    const s = stage();
    s.anons(BLOCK, BLOCK + 32);
    compact(s.m, kernel);
    expect(s.m.pcpCount[1]).toBe(32);
  });

  it('moves nothing that is held, however often it asks, and goes on', () => {
    const s = stage();
    s.anons(BLOCK, BLOCK + 3);
    s.anons(2 * BLOCK, 2 * BLOCK + 3);
    pin(s.m, BLOCK, Number.MAX_VALUE);
    const { reports } = compact(s.m, kernel);
    expect(reports.flatMap(({ sources }) => [...sources]).sort()).toEqual(
      [BLOCK + 1, BLOCK + 2, 2 * BLOCK, 2 * BLOCK + 1, 2 * BLOCK + 2].sort(),
    );
  });

  it('gives everything back when it is stopped, wherever it stands', () => {
    for (const pauses of [1, 3, 5, 9, 14, 20]) {
      const s = stage();
      s.anons(BLOCK, BLOCK + 60);
      const before = takeLedger(s.m);
      const { host, service } = serviceOf(s.m);
      const work: CompactWork = { reports: [], scanned: { migrate: 0, free: 0 } };
      const job = compactZone(service, RULES[kernel], new ZoneState(host, 0), MEMORY, work);
      for (let i = 0; i < pauses; i++) expect(job.next().done).toBe(false);
      job.return(COMPACT_CONTENDED);
      expect(compareLedger(s.m, before).wrong).toBe(0);
      expectSound(s.m);
    }
  });

  it('ends early when free memory is used up down to the watermark', () => {
    const zones = [zone('Normal', 0, 8 * BLOCK, 0)];
    const s = new Stage(smallMachine({ pages: 8 * BLOCK, zones, capacity: { tables: 128 } }), {
      room: 7 * BLOCK,
      tables: 6 * BLOCK,
    });
    s.anons(BLOCK, BLOCK + 32);
    s.m.watermarkMin[0] = s.m.nrFree[0]! - 8;
    const { result, reports } = compact(s.m, kernel);
    expect([result, reports[0]!.migrated]).toEqual([COMPACT_CONTENDED, 7]);
  });
});

describe('skip hints', () => {
  const POLITE: Partial<CompactRequest> = { ignoreSkipHint: false, order: 4 };

  it('spare the next compaction the pageblocks that held nothing', () => {
    const s = stage();
    s.anons(3 * BLOCK, 3 * BLOCK + 4);
    const control = controlOf(s.m, '6.12', POLITE);
    choose(control);
    expect([1, 2, 4].map((block) => control.state.getSkip(block * BLOCK))).toEqual([true, true, true]);
    const again = new CompactControl(control.host, control.rules, control.state, control.request);
    again.freePfn = control.state.lastBlock;
    choose(again);
    expect(again.migrateScanned).toBe(0);
  });

  it('are reset by a sample of each pageblock, once the scanners have met', () => {
    const s = stage();
    s.anons(3 * BLOCK, 3 * BLOCK + 16);
    const { state } = controlOf(s.m, '6.12');
    for (let block = 0; block < 8; block++) state.setSkip(block * BLOCK);
    state.resetIsolationSuitable();
    expect(state.getSkip(3 * BLOCK)).toBe(true);
    state.blockskipFlush = true;
    state.resetIsolationSuitable();
    const left = Array.from({ length: 8 }, (_, block) => state.getSkip(block * BLOCK));
    // A source in 3; targets in 7, where the free scanner would begin, and, now that it has begun, in 6.
    expect(left).toEqual([true, true, true, false, true, true, false, false]);
    expect([state.cachedMigratePfn[1], state.cachedFreePfn]).toEqual([3 * BLOCK, 8 * BLOCK - 1]);
    expect(state.blockskipFlush).toBe(false);
  });
});

describe('deferral', () => {
  it('doubles the window of skipped attempts with every failure, up to 64', () => {
    const { state } = controlOf(smallMachine(), '6.12');
    const skipped = (): number => {
      for (let nr = 0; ; nr++) if (!state.isDeferred(9)) return nr;
    };
    expect(skipped()).toBe(0);
    const windows = Array.from({ length: 8 }, () => {
      state.defer(9);
      return skipped();
    });
    expect(windows).toEqual([1, 3, 7, 15, 31, 63, 63, 63]);
    expect(state.isRestarting(9)).toBe(true);
  });

  it('spares lower orders, and ends with a success', () => {
    const { state } = controlOf(smallMachine(), '6.12');
    state.resetDeferral(9, false);
    state.defer(5);
    state.defer(5);
    expect([state.isDeferred(4), state.isDeferred(5), state.isDeferred(9)]).toEqual([false, true, true]);
    state.resetDeferral(5, true);
    expect([state.isDeferred(5), state.isDeferred(6)]).toEqual([false, false]);
  });
});

describe('kernels', () => {
  it.each([
    ['5.10.0', '6.1'],
    ['6.1.0-56-amd64', '6.1'],
    ['6.3', '6.1'],
    ['6.4', '6.12'],
    ['6.12.117+deb12-amd64', '6.12'],
    ['7.0', '6.12'],
    [null, '6.12'],
  ] as const)('%s goes by the rules of %s', (release, kernel) => expect(nearestKernel(release)).toBe(kernel));
});
