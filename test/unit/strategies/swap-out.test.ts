import { describe, expect, it } from '@jest/globals';
import { PG_ANON } from '../../../src/mm/page-flags.js';
import { pin } from '../../../src/sim/holds.js';
import { compareLedger, takeLedger } from '../../../src/sim/ledger.js';
import type { Machine } from '../../../src/sim/machine.js';
import { mlockPage } from '../../../src/sim/mlock.js';
import { SwapOut } from '../../../src/strategies/offline/swap-out.js';
import { runToEnd } from '../../../src/strategies/strategy.js';
import { anonProcess, changed, expectSound, get, settle, smallMachine, snapshot, zone } from '../sim/small-machine.js';
import { badBlockCases, companyCases, interruptionCases } from './offline-cases.js';
import {
  BLOCK,
  busyBlocks,
  busyMachine,
  FOR_EVER,
  frontOf,
  nothingIsolated,
  reasonsOf,
  usedIn,
} from './offline-machines.js';

/** All that is free of zone Movable is in one block: without that one, the zone is below its low watermark. */
function shortOfMemory(swap = 4096): Machine {
  const zones = [zone('Normal', 0, 1024, 16), zone('Movable', 1024, 4096, 200)];
  const m = smallMachine({ pages: 4096, zones, swap });
  anonProcess(m, 2750);
  settle(m);
  return m;
}

describe('without pressure', () => {
  it('nothing happens, and it says why', () => {
    const m = busyMachine();
    const block = busyBlocks(m)[0]!;
    const pages = usedIn(m, block).length;
    const before = snapshot(m);
    const { strategy, host, seen } = frontOf(m, SwapOut);
    host.drain();
    const result = runToEnd(strategy.run({ blocks: [block] }));
    expect(result).toMatchObject({ outcome: 'refused', pagesMigrated: 0, pagesReclaimed: 0 });
    expect(result.refusals).toMatchObject([{ reason: 'no-pressure', kind: 'retry', pages }]);
    expect(seen.find(({ kind }) => kind === 'refused')).toMatchObject({ reason: result.refusals[0]!.because });
    expect(usedIn(m, block)).toHaveLength(pages);
    for (const column of ['flags', 'count', 'ptes', 'swapMap']) expect(changed(m, before)).not.toContain(column);
    expect(nothingIsolated(m)).toBe(true);
    expectSound(m);
  });

  it('empty blocks go all the same', () => {
    const m = busyMachine();
    const free = [4, 5, 6, 7].find((block) => usedIn(m, block).length === 0)!;
    expect(runToEnd(frontOf(m, SwapOut).strategy.run({ blocks: [free] })).outcome).toBe('done');
  });

  badBlockCases(SwapOut);
});

describe('under pressure', () => {
  const lastFilled = (m: Machine): number =>
    [2, 3, 4, 5, 6, 7].find((block) => usedIn(m, block).length > 0 && usedIn(m, block).length < BLOCK)!;

  it('a section is swapped out: nothing is migrated, its pages come back elsewhere', () => {
    const m = shortOfMemory();
    const block = lastFilled(m);
    const pages = usedIn(m, block).length;
    expect(pages).toBeGreaterThan(150);
    const ledger = takeLedger(m);
    const { strategy, host } = frontOf(m, SwapOut);
    const result = runToEnd(strategy.run({ blocks: [block] }));
    expect(result).toMatchObject({ outcome: 'done', pagesMigrated: 0, pagesReclaimed: pages, refusals: [] });
    expect(result.moved.sources).toHaveLength(0);
    expect(host.swap.used).toBe(pages);
    expect(host.reclaim.counters.swappedOut).toBe(pages);
    expect(compareLedger(m, ledger)).toMatchObject({ wrong: 0, firstWrong: null });
    expectSound(m);
  });

  it('it costs swap: without, the section stays', () => {
    const m = shortOfMemory(100);
    const ledger = takeLedger(m);
    const { strategy, host } = frontOf(m, SwapOut);
    const result = runToEnd(strategy.run({ blocks: [lastFilled(m)] }));
    expect(result).toMatchObject({ outcome: 'refused', pagesReclaimed: 100 });
    expect(reasonsOf(result)).toEqual(['no-swap']);
    expect(host.swap.used).toBe(100);
    expect(nothingIsolated(m)).toBe(true);
    expect(compareLedger(m, ledger)).toMatchObject({ wrong: 0 });
    expectSound(m);
  });

  it('between the watermarks reclaim sleeps on', () => {
    const m = busyMachine();
    m.watermarkLow[1] = 1;
    m.watermarkHigh[1] = 1 << 30;
    const result = runToEnd(frontOf(m, SwapOut).strategy.run({ blocks: [busyBlocks(m)[0]!] }));
    expect(reasonsOf(result)).toEqual(['no-pressure']);
  });

  it('reclaim goes to sleep at the high watermark', () => {
    const m = busyMachine();
    const [block] = busyBlocks(m) as [number];
    const { strategy, host } = frontOf(m, SwapOut);
    const movable = 1;
    const job = strategy.run({ blocks: [block] });
    const before = usedIn(m, block).length;
    m.watermarkLow[movable] = host.free.nrPages(movable) + 1;
    m.watermarkHigh[movable] = m.watermarkLow[movable]!;
    // Awake while the section is taken out of the zone; then the zone recovers.
    for (let step = job.next(); step.done !== true && usedIn(m, block).length === before; ) step = job.next();
    m.watermarkLow[movable] = 0;
    m.watermarkHigh[movable] = 0;
    const result = runToEnd(job);
    expect(result.outcome).toBe('refused');
    expect(result.pagesReclaimed).toBeGreaterThan(0);
    expect(usedIn(m, block).length).toBeGreaterThan(0);
  });
});

describe('forced (the purge of /proc/memhotplug)', () => {
  it('reclaims whether there is pressure or not: file pages are dropped, anonymous ones swapped out', () => {
    const m = busyMachine();
    const blocks = busyBlocks(m);
    const pages = blocks.flatMap((block) => usedIn(m, block)).length;
    const ledger = takeLedger(m);
    const { strategy } = frontOf(m, SwapOut);
    const result = runToEnd(strategy.run({ blocks, mode: 'forced' }));
    expect(result).toMatchObject({
      ...{ outcome: 'done', strategy: 'swap-out:forced', pagesMigrated: 0, pagesReclaimed: pages },
    });
    expect(result.blocks.map(({ state }) => state)).toEqual(blocks.map(() => 'offline'));
    expect(compareLedger(m, ledger)).toMatchObject({ wrong: 0, firstWrong: null });
    expectSound(m);
  });

  it('a page that comes back is the same as before', () => {
    const zones = [zone('Normal', 0, 1024, 16), zone('Movable', 1024, 4096, 16)];
    const m = smallMachine({ pages: 4096, zones, swap: 512 });
    const task = anonProcess(m, 200, 6);
    const blocks = [2, 3, 4, 5, 6, 7].filter((block) => usedIn(m, block).length > 0);
    expect(runToEnd(frontOf(m, SwapOut).strategy.run({ blocks, mode: 'forced' })).outcome).toBe('done');
    for (let page = 0; page < 200; page++) expect(get(m, task.mm, task.start + page)).toEqual([6, page]);
    expectSound(m);
  });

  it('what reclaim cannot take stays: mlocked and pinned pages', () => {
    const m = busyMachine();
    const block = busyBlocks(m)[0]!;
    const [locked, pinned] = usedIn(m, block).filter((pfn) => (m.flags[pfn]! & PG_ANON) !== 0) as [number, number];
    mlockPage(m, locked);
    pin(m, pinned, FOR_EVER);
    const ledger = takeLedger(m);
    const result = runToEnd(frontOf(m, SwapOut).strategy.run({ blocks: [block], mode: 'forced' }));
    expect(result.outcome).toBe('refused');
    expect(result.refusals.map(({ reason, kind, pfns }) => [reason, kind, ...pfns]).sort()).toEqual([
      ['mlocked', 'permanent', locked],
      ['pinned', 'retry', pinned],
    ]);
    expect(usedIn(m, block)).toEqual([locked, pinned]);
    expect(compareLedger(m, ledger)).toMatchObject({ wrong: 0 });
  });

  companyCases(SwapOut, { machine: busyMachine, blocks: (m) => busyBlocks(m).slice(0, 3), manner: { mode: 'forced' } });
  interruptionCases(SwapOut, {
    machine: busyMachine,
    blocks: (m) => busyBlocks(m).slice(0, 3),
    manner: { mode: 'forced' },
  });
});
