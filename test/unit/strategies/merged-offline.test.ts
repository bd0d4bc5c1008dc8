import { describe, expect, it } from '@jest/globals';
import { RangeEvents } from '../../../src/events/range-events.js';
import { BLOCK_OFFLINE, blockRange } from '../../../src/mm/memory-block.js';
import { PG_LRU } from '../../../src/mm/page-flags.js';
import { readFilePage } from '../../../src/sim/access.js';
import { createFile } from '../../../src/sim/files.js';
import { pin } from '../../../src/sim/holds.js';
import { compareLedger, takeLedger } from '../../../src/sim/ledger.js';
import type { Machine } from '../../../src/sim/machine.js';
import { IsolateFirst } from '../../../src/strategies/offline/isolate-first.js';
import { MergedOffline } from '../../../src/strategies/offline/merged.js';
import type { OfflineResult } from '../../../src/strategies/strategy.js';
import { anonProcess, expectSound, serviceOf, settle, smallMachine, zone } from '../sim/small-machine.js';

const FOR_EVER = Number.MAX_VALUE;

/** Runs it to its end, with what others do at each pause, and checks what holds after every run. */
function take(
  m: Machine,
  blocks: readonly number[],
  Strategy: typeof MergedOffline | typeof IsolateFirst = MergedOffline,
  meanwhile: () => void = () => {},
): { result: OfflineResult; steps: string[] } {
  const ledger = takeLedger(m);
  const job = new Strategy(serviceOf(m).service, new RangeEvents()).run({ blocks });
  const steps: string[] = [];
  meanwhile();
  let step = job.next();
  for (; step.done !== true; step = job.next()) {
    steps.push(step.value.step);
    meanwhile();
  }
  expect(compareLedger(m, ledger)).toMatchObject({ wrong: 0, firstWrong: null });
  expect(m.nrIsolatedFree.every((nr) => nr === 0)).toBe(true);
  expectSound(m);
  return { result: step.value, steps };
}

function onLru(m: Machine, block: number): number[] {
  const { start, end } = blockRange(block, m.spec.blockPages);
  return Array.from({ length: end - start }, (_, i) => start + i).filter((pfn) => (m.flags[pfn]! & PG_LRU) !== 0);
}

describe('room', () => {
  /** Blocks 2 to 5 are movable; so many cold file pages leave no room for a block of anonymous ones. */
  function full(): Machine {
    const zones = [zone('Normal', 0, 1024, 8), zone('Movable', 1024, 3072, 16)];
    const m = smallMachine({ pages: 3072, zones, swap: 0, capacity: { extents: 1024, leaves: 512 } });
    anonProcess(m, 512);
    const file = createFile(m, 4096);
    for (let page = 0; m.nrFree[0]! + m.nrFree[1]! > 200; page++) readFilePage(m, 0, file, page);
    settle(m);
    return m;
  }

  it('that is missing is taken from the page cache, and no more', () => {
    const { result: refused } = take(full(), [3], IsolateFirst);
    expect(refused.refusals.map(({ reason }) => reason)).toEqual(['no-room']);
    const missing = refused.refusals[0]!.pages;
    const m = full();
    const { result, steps } = take(m, [3]);
    expect(result.outcome).toBe('done');
    expect(m.blockState[3]).toBe(BLOCK_OFFLINE);
    expect(steps).toContain('isolating');
    expect(result.pagesReclaimed).toBeGreaterThanOrEqual(missing);
    expect(result.pagesReclaimed).toBeLessThanOrEqual(missing + 64);
    // What was reclaimed inside the block did not have to move.
    expect(result.pagesMigrated).toBeLessThanOrEqual(512);
  });

  it('is not taken for a block that cannot go', () => {
    const m = full();
    pin(m, onLru(m, 3)[0]!, FOR_EVER);
    const { result } = take(m, [3]);
    expect(result).toMatchObject({ outcome: 'refused', pagesMigrated: 0, pagesReclaimed: 0 });
    expect(result.refusals).toMatchObject([{ reason: 'pinned', pages: 1 }]);
  });
});

describe('pages in somebody’s hands', () => {
  const zones = [zone('Normal', 0, 1024, 8), zone('Movable', 1024, 4096, 16)];
  const machine = (): Machine => {
    const m = smallMachine({ pages: 4096, zones, swap: 0 });
    anonProcess(m, 1200);
    settle(m);
    return m;
  };
  /** Always so many pages of the block are pinned, for 2 ms each: direct I/O that goes on. */
  const directIo = (m: Machine, block: number, nr: number) => {
    let next = 0;
    let until = Array.from({ length: nr }, () => 0);
    return () => {
      const pages = onLru(m, block);
      until = until.map((time) => {
        if (time > m.clock[0]! || pages.length === 0) return time;
        pin(m, pages[next++ % pages.length]!, m.clock[0]! + 2_000_000);
        return m.clock[0]! + 2_000_000;
      });
    };
  };
  const busyBlock = (m: Machine): number => [2, 3, 4, 5, 6, 7].find((block) => onLru(m, block).length > 300)!;

  it('now these and now those are no reason to refuse', () => {
    const [m, other] = [machine(), machine()];
    const block = busyBlock(m);
    expect(take(other, [block], IsolateFirst, directIo(other, block, 3)).result.outcome).toBe('refused');
    const { result } = take(m, [block], MergedOffline, directIo(m, block, 3));
    expect(result.outcome).toBe('done');
    expect(new Set(result.moved.sources).size).toBe(result.moved.sources.length);
  });

  it('always the same refuse before anything moves', () => {
    const m = machine();
    const block = busyBlock(m);
    const [stuck] = onLru(m, block);
    pin(m, stuck!, FOR_EVER);
    const { result, steps } = take(m, [block], MergedOffline, directIo(m, block, 2));
    expect(result).toMatchObject({ outcome: 'refused', pagesMigrated: 0 });
    expect(result.refusals[0]!.pfns).toContain(stuck);
    expect(steps.filter((step) => step === 'waiting')).toHaveLength(9);
  });
});
