import { beforeAll, describe, expect, it } from '@jest/globals';
import { Prng } from '../../../src/base/prng.js';
import { type RangeEvent, RangeEvents } from '../../../src/events/range-events.js';
import { BLOCK_OFFLINE } from '../../../src/mm/memory-block.js';
import { FREE_FLAGS, PG_SLAB } from '../../../src/mm/page-flags.js';
import { NO_PAGE } from '../../../src/mm/units.js';
import { readFilePage, writeFilePage } from '../../../src/sim/access.js';
import { exitProcess } from '../../../src/sim/address-space.js';
import { createFile } from '../../../src/sim/files.js';
import { lockPage, pin } from '../../../src/sim/holds.js';
import { compareLedger, takeLedger } from '../../../src/sim/ledger.js';
import type { Machine } from '../../../src/sim/machine.js';
import { putPage } from '../../../src/sim/page-allocator.js';
import { unpin } from '../../../src/sim/writeback.js';
import { IsolateFirst } from '../../../src/strategies/offline/isolate-first.js';
import { MergedOffline } from '../../../src/strategies/offline/merged.js';
import { type OfflineResult, runToEnd } from '../../../src/strategies/strategy.js';
import {
  anonProcess,
  changed,
  expectSound,
  fileProcess,
  freeLists,
  get,
  mustBe,
  SEED,
  serviceOf,
  settle,
  smallMachine,
  snapshot,
  take,
  zone,
} from '../sim/small-machine.js';

const FOR_EVER = Number.MAX_VALUE;

/** The one under test: what they have in common is tested on both. */
let Strategy: typeof IsolateFirst | typeof MergedOffline = IsolateFirst;

function strategyOf(m: Machine): {
  strategy: IsolateFirst | MergedOffline;
  seen: RangeEvent[];
  host: ReturnType<typeof serviceOf>['host'];
} {
  const { service, host } = serviceOf(m);
  const events = new RangeEvents();
  const seen: RangeEvent[] = [];
  events.events$.subscribe((event) => seen.push(event));
  return { strategy: new Strategy(service, events), seen, host };
}

/** Kernel memory in Normal, everything else in Movable; pages of all kinds, dealt over the blocks by chance. */
function busyMachine(seed = 1): Machine {
  const zones = [zone('Normal', 0, 1024, 16), zone('Movable', 1024, 8192, 32)];
  const m = smallMachine({ pages: 8192, blockPages: 512, zones, swap: 128 });
  const prng = new Prng(seed);
  const tasks = [anonProcess(m, 900, 3), anonProcess(m, 300, 4)];
  const file = createFile(m, 400);
  for (let page = 0; page < 400; page++) {
    if (prng.chance(0.3)) writeFilePage(m, 0, file, page, 5, page, prng.chance(0.5));
    else readFilePage(m, 0, file, page);
  }
  const mapped = fileProcess(m, file, 100);
  for (let page = 0; page < 100; page++) get(m, mapped.mm, mapped.start + page);
  // Holes everywhere: a process that took a lot and is gone.
  const gone = anonProcess(m, 3000);
  tasks.push(anonProcess(m, 500, 9));
  exitProcess(m, 0, gone.mm);
  settle(m);
  return m;
}

function used(m: Machine, block: number): number[] {
  return Array.from({ length: m.spec.blockPages }, (_, i) => block * m.spec.blockPages + i).filter(
    (pfn) => (m.flags[pfn]! & FREE_FLAGS) === 0,
  );
}

const busyBlocks = (m: Machine): number[] =>
  Array.from({ length: 14 }, (_, i) => i + 2).filter((block) => used(m, block).length > 0);

function expectNoSecondMove({ moved }: OfflineResult): void {
  expect(new Set(moved.sources).size).toBe(moved.sources.length);
  const sources = new Set(moved.sources);
  expect([...moved.targets].filter((pfn) => sources.has(pfn))).toEqual([]);
}

describe.each([IsolateFirst, MergedOffline])('%p', (each) => {
  beforeAll(() => {
    Strategy = each;
  });

  describe('all blocks or none', () => {
    it('takes busy blocks offline; each page moves once, never into a block that goes too', () => {
      const m = busyMachine();
      const blocks = busyBlocks(m).slice(0, 3);
      const toMove = blocks.flatMap((block) => used(m, block));
      const ledger = takeLedger(m);
      const { strategy, seen } = strategyOf(m);
      const result = runToEnd(strategy.run({ blocks: [...blocks].reverse() }));
      expect(result).toMatchObject({ outcome: 'done', pagesMigrated: toMove.length, refusals: [] });
      expect([...result.moved.sources]).toEqual(toMove);
      expect(result.blocks.map(({ block, state, pagesMigrated }) => [block, state, pagesMigrated])).toEqual(
        blocks.map((block, i) => [block, 'offline', toMove.filter((pfn) => pfn >> 9 === blocks[i]).length]),
      );
      expectNoSecondMove(result);
      for (const pfn of result.moved.targets) mustBe(blocks.includes(pfn >> 9), false);
      for (const block of blocks) expect(m.blockState[block]).toBe(BLOCK_OFFLINE);
      expect(compareLedger(m, ledger)).toMatchObject({ wrong: 0, firstWrong: null });
      expect(seen.map(({ kind }) => kind)).toEqual([
        'run-started',
        ...blocks.map(() => 'range-isolated'),
        ...blocks.map(() => 'block-state'),
        'run-finished',
      ]);
      expectSound(m);
      const { host } = strategyOf(m);
      for (const block of blocks) host.onlineBlock(block);
      expectSound(m);
    });

    it('empty blocks go without a move', () => {
      const m = smallMachine({ pages: 4096 });
      const { strategy } = strategyOf(m);
      expect(runToEnd(strategy.run({ blocks: [3, 5] }))).toMatchObject({ outcome: 'done', pagesMigrated: 0 });
      expect(m.managed[0]).toBe(3072);
      expectSound(m);
    });

    it('a block that is named twice goes once', () => {
      const m = smallMachine({ pages: 4096 });
      const { strategy } = strategyOf(m);
      expect(runToEnd(strategy.run({ blocks: [3, 3] })).blocks).toHaveLength(1);
      expectSound(m);
    });

    it('undoes everything when one page of one block stays: nothing goes, nothing is lost', () => {
      const m = busyMachine();
      const blocks = busyBlocks(m).slice(0, 3);
      const { strategy, seen } = strategyOf(m);
      const job = strategy.run({ blocks });
      const stuck = used(m, blocks[1]!)[7]!;
      const ledger = takeLedger(m);
      let isolated = false;
      let step = job.next();
      for (; step.done !== true; step = job.next()) {
        if (step.value.step !== 'isolating' || isolated) continue;
        isolated = true;
        pin(m, stuck, FOR_EVER); // it showed only on the way
      }
      const result = step.value;
      expect(result.outcome).toBe('refused');
      expect(result.refusals).toMatchObject([{ reason: 'pinned', pages: 1, pfns: [stuck] }]);
      expect(result.blocks.map(({ state, refusals }) => [state, refusals.length])).toEqual([
        ['online', 0],
        ['online', 1],
        ['online', 0],
      ]);
      expectNoSecondMove(result);
      expect(compareLedger(m, ledger)).toMatchObject({ wrong: 0 });
      expect(Object.keys(freeLists(m)).filter((list) => list.split(' ')[1] === '3')).toEqual([]);
      expect(seen.filter(({ kind }) => kind === 'range-isolation-undone')).toHaveLength(3);
      expectSound(m);
      unpin(m, 0, stuck);
      expect(runToEnd(strategyOf(m).strategy.run({ blocks })).outcome).toBe('done');
      expect(compareLedger(m, ledger)).toMatchObject({ wrong: 0 });
      expectSound(m);
    });
  });

  describe('refused before the first move', () => {
    it('a permanent refusal leaves the machine byte for byte as it was', () => {
      const m = busyMachine();
      const { strategy, host, seen } = strategyOf(m);
      const [good, bad] = busyBlocks(m) as [number, number];
      const pfn = take(m);
      m.flags[pfn] = PG_SLAB;
      host.drain();
      const before = snapshot(m);
      const result = runToEnd(strategy.run({ blocks: [good, bad, pfn >> 9] }));
      expect(result.outcome).toBe('refused');
      expect(result.refusals).toMatchObject([{ reason: 'unmovable', kind: 'permanent', pages: 1, pfns: [pfn] }]);
      expect(changed(m, before)).toEqual([]);
      expect(seen.map(({ kind }) => kind)).toEqual(['run-started', 'refused', 'run-finished']);
      expectSound(m);
    });

    it('a pin that does not end costs nothing but time', () => {
      const m = busyMachine();
      const { strategy, host } = strategyOf(m);
      const block = busyBlocks(m)[0]!;
      pin(m, used(m, block)[0]!, FOR_EVER);
      host.drain();
      const before = snapshot(m);
      const result = runToEnd(strategy.run({ blocks: [block] }));
      expect(result).toMatchObject({ outcome: 'refused', pagesMigrated: 0 });
      expect(result.refusals).toMatchObject([{ reason: 'pinned', pages: 1 }]);
      expect(changed(m, before)).toEqual(['clock']);
      expectSound(m);
    });

    it('pins and locks that end in time are waited for', () => {
      const m = busyMachine();
      const { strategy } = strategyOf(m);
      const block = busyBlocks(m)[0]!;
      pin(m, used(m, block)[0]!, m.clock[0]! + 5_500_000);
      lockPage(m, used(m, block)[1]!, m.clock[0]! + 1_500_000);
      const steps: string[] = [];
      const job = strategy.run({ blocks: [block] });
      let step = job.next();
      for (; step.done !== true; step = job.next()) steps.push(step.value.step);
      expect(step.value.outcome).toBe('done');
      expect(steps.filter((name) => name === 'waiting')).toHaveLength(6);
      expectSound(m);
    });

    it('no room: says how many pages are missing, exactly', () => {
      const zones = [zone('Normal', 0, 512), zone('Movable', 512, 2048, 100)];
      const m = smallMachine({ pages: 2048, zones, swap: 0 });
      anonProcess(m, 1700);
      settle(m);
      const { strategy, host } = strategyOf(m);
      const toMove = used(m, 2).length;
      const room = host.roomOutside([{ start: 1024, end: 1536 }]).pages;
      expect(toMove).toBeGreaterThan(room);
      const before = snapshot(m);
      const result = runToEnd(strategy.run({ blocks: [2] }));
      expect(result.outcome).toBe('refused');
      expect(result.refusals).toMatchObject([{ reason: 'no-room', pages: toMove - room }]);
      expect(result.refusals[0]!.because).toContain(`${toMove} pages`);
      expect(result.refusals[0]!.because).toContain(`${room} free pages`);
      expect(changed(m, before)).toEqual([]);
      expectSound(m);
    });

    it('just enough room is enough, one page less is not', () => {
      for (const short of [0, 1]) {
        const zones = [zone('Normal', 0, 512), zone('Movable', 512, 2048, 100)];
        const m = smallMachine({ pages: 2048, zones, swap: 0 });
        anonProcess(m, 600);
        settle(m);
        const { strategy, host } = strategyOf(m);
        const block = [1, 2, 3].find((candidate) => used(m, candidate).length > 0)!;
        const range = { start: block * 512, end: block * 512 + 512 };
        const surplus = host.roomOutside([range]).pages - used(m, block).length + short;
        const hoard: number[] = [];
        for (let pfn = NO_PAGE; hoard.length < surplus; hoard.push(pfn)) {
          host.isolateRange(range);
          pfn = host.allocateTarget(0, 0, 11);
          host.undoIsolateRange(range);
          m.flags[pfn] = PG_SLAB;
        }
        const result = runToEnd(strategy.run({ blocks: [block] }));
        expect(result.outcome).toBe(short === 0 ? 'done' : 'refused');
        if (short === 1) expect(result.refusals).toMatchObject([{ reason: 'no-room', pages: 1 }]);
        expectSound(m);
        for (const pfn of hoard) putPage(m, 0, pfn);
        settle(m);
        expectSound(m);
      }
    });
  });

  describe('stopped', () => {
    it('after any step: isolation is undone, everything reads as before', () => {
      const pauses = ((): number => {
        const m = busyMachine();
        const job = strategyOf(m).strategy.run({ blocks: busyBlocks(m).slice(0, 2) });
        let nr = 0;
        while (job.next().done !== true) nr++;
        return nr;
      })();
      expect(pauses).toBeGreaterThan(10);
      for (let stopAt = 0; stopAt < pauses; stopAt += stopAt < 4 ? 1 : 2) {
        const m = busyMachine();
        const ledger = takeLedger(m);
        const { strategy } = strategyOf(m);
        const blocks = busyBlocks(m).slice(0, 2);
        const job = strategy.run({ blocks });
        for (let i = 0; i <= stopAt; i++) job.next();
        job.return(undefined as never);
        expect(blocks.map((block) => m.blockState[block])).toEqual([1, 1]);
        expect(m.nrIsolatedFree.every((nr) => nr === 0)).toBe(true);
        expect(compareLedger(m, ledger)).toMatchObject({ wrong: 0 });
        expectSound(m);
      }
    });

    it('says so: a run that began ends, as interrupted', () => {
      const { strategy, seen } = strategyOf(busyMachine());
      const job = strategy.run({ blocks: [4] });
      job.next();
      job.return(undefined as never);
      expect(seen.at(-1)).toEqual({ kind: 'run-finished', outcome: 'interrupted' });
    });
  });

  describe('blocks that cannot be asked for', () => {
    const zones = [zone('Normal', 0, 1536), zone('Movable', 1536, 4096)];
    const machine = (): Machine => smallMachine({ pages: 5120, blockPages: 1024, zones, offline: [2], absent: [3] });

    it.each([
      ['none at all', [], 'at least one'],
      ['outside memory', [5], 'lies outside memory; blocks are 0 to 4'],
      ['below zero', [-1], 'outside'],
      ['offline already', [2], 'is offline, not online'],
      ['a hole', [3], 'is a hole'],
      ['in two zones', [1], 'spans two zones'],
      ['one good, one outside its zone', [0, 4], 'has a hole'],
    ] as const)('%s', (_what, blocks, because) => {
      const m = machine();
      const { strategy } = strategyOf(m);
      expect(() => runToEnd(strategy.run({ blocks }))).toThrow(because);
      expect(() => runToEnd(strategy.run({ blocks }))).toThrow(expect.objectContaining({ kind: 'range' }));
    });
  });

  describe(`chance, seed ${SEED}`, () => {
    it('any set of blocks, again and again: the invariants hold and nothing changes contents', () => {
      const prng = new Prng(SEED);
      const m = busyMachine(SEED);
      const ledger = takeLedger(m);
      const outcomes: string[] = [];
      for (let round = 0; round < 40; round++) {
        const { strategy, host } = strategyOf(m);
        const online = Array.from({ length: 14 }, (_, i) => i + 2).filter((block) => m.blockState[block] === 1);
        const blocks = online.filter(() => prng.chance(0.3));
        if (blocks.length > 0) {
          const result = runToEnd(strategy.run({ blocks }));
          outcomes.push(result.outcome);
          expectNoSecondMove(result);
          for (const block of blocks) expect(m.blockState[block]).toBe(result.outcome === 'done' ? BLOCK_OFFLINE : 1);
        }
        expectSound(m);
        expect(compareLedger(m, ledger)).toMatchObject({ wrong: 0, firstWrong: null });
        for (let block = 2; block < 16; block++)
          if (m.blockState[block] !== 1 && prng.chance(0.5)) host.onlineBlock(block);
      }
      expect(outcomes).toContain('done');
      expectSound(m);
    });
  });
});
