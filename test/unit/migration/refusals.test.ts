import { describe, expect, it } from '@jest/globals';
import { type PageEventBatch, TOTAL_MIGRATED, TOTAL_REFUSED, TOTAL_RETRIED } from '../../../src/events/page-events.js';
import { MIGRATE_ASYNC, MIGRATE_SYNC, MIGRATE_SYNC_LIGHT, type MigrateMode } from '../../../src/mm/migrate-mode.js';
import { FREE_FLAGS, PG_LOCKED, PG_RESERVED, PG_SLAB } from '../../../src/mm/page-flags.js';
import { NO_PAGE } from '../../../src/mm/units.js';
import { allocateKernelPages } from '../../../src/sim/access.js';
import { exitProcess } from '../../../src/sim/address-space.js';
import { findHold, HOLD_LOCK, lockPage, pin } from '../../../src/sim/holds.js';
import { type Machine, SCALAR } from '../../../src/sim/machine.js';
import { slotAt } from '../../../src/sim/page-cache.js';
import { startWriteback, unpin } from '../../../src/sim/writeback.js';
import {
  anonProcess,
  changed,
  expectSound,
  framesOf,
  serviceOf,
  settle,
  smallMachine,
  snapshot,
  take,
} from '../sim/small-machine.js';
import { CAST, expectContents, N } from './cast.js';

const request = (pfns: readonly number[], mode: MigrateMode = MIGRATE_SYNC) => ({
  pfns: Uint32Array.from(pfns).sort(),
  mode,
  sparedOrder: 9,
});
const FOR_EVER = Number.MAX_VALUE;
const MODES = [MIGRATE_ASYNC, MIGRATE_SYNC_LIGHT, MIGRATE_SYNC] as const;

describe.each(MODES)('in mode %i', (mode) => {
  describe.each(Object.keys(CAST))('%s', (name) => {
    it('pinned for ever: ten passes, then byte for byte as before', () => {
      const m = smallMachine({ pages: 1024, swap: 64, contents: 'bytes' });
      const world = CAST[name]!(m);
      settle(m);
      for (const pfn of world.frames) pin(m, pfn, FOR_EVER);
      const before = snapshot(m);
      const report = serviceOf(m).service.migrate(request(world.frames, mode));
      expect(report).toMatchObject({ asked: N, migrated: 0, freed: 0, passes: 10, retried: 9 * N });
      expect(report.refused).toMatchObject([{ handler: 'core', reason: 'pinned', kind: 'retry', pages: N }]);
      expect(report.refused[0]!.pfns).toEqual([...world.frames].sort((a, b) => a - b));
      expect(changed(m, before)).toEqual(['clock']); // nine times 1 ms
      expect(m.clock[0]).toBeGreaterThanOrEqual(9_000_000);
      expectSound(m);
      for (const pfn of world.frames) unpin(m, 0, pfn);
      expectContents(world);
    });

    it('locked for ever: the same', () => {
      const m = smallMachine({ pages: 1024, swap: 64 });
      const world = CAST[name]!(m);
      settle(m);
      for (const pfn of world.frames) lockPage(m, pfn, FOR_EVER);
      const before = snapshot(m);
      const report = serviceOf(m).service.migrate(request(world.frames, mode));
      expect(report).toMatchObject({ asked: N, migrated: 0, passes: 10, retried: 9 * N });
      expect(report.refused).toMatchObject([{ reason: 'locked', kind: 'retry', pages: N }]);
      expect(changed(m, before)).toEqual(['clock']);
      expectSound(m);
    });

    it('one in the way does not stop the others', () => {
      const m = smallMachine({ pages: 1024, swap: 64 });
      const world = CAST[name]!(m);
      settle(m);
      pin(m, world.frames[2]!, FOR_EVER);
      const report = serviceOf(m).service.migrate(request(world.frames, mode));
      expect(report).toMatchObject({ asked: N, migrated: N - 1, freed: 0, passes: 10, retried: 9 });
      expect(report.refused).toMatchObject([{ reason: 'pinned', pages: 1, pfns: [world.frames[2]] }]);
      expectSound(m);
      unpin(m, 0, world.frames[2]!);
      expectContents(world);
    });

    it('a pin or a lock that ends is waited out', () => {
      const m = smallMachine({ pages: 1024, swap: 64 });
      const world = CAST[name]!(m);
      settle(m);
      pin(m, world.frames[0]!, m.clock[0]! + 2_500_000); // three pauses of 1 ms
      lockPage(m, world.frames[1]!, m.clock[0]! + 500_000);
      const report = serviceOf(m).service.migrate(request(world.frames, mode));
      expect(report).toMatchObject({ asked: N, migrated: N, refused: [], passes: 4, retried: 2 + 1 + 1 });
      expectSound(m);
      expectContents(world);
    });
  });

  it('writeback is waited for in sync mode only, after three passes', () => {
    const m = smallMachine({ pages: 1024 });
    const world = CAST['file, unmapped, clean']!(m);
    settle(m);
    for (const pfn of world.frames) {
      m.flags[pfn]! |= 1 << 4;
      m.leafSlots[slotAt(m, m.index[pfn]!)]! |= 1 << 28;
      expect(startWriteback(m, pfn)).toBe(true);
    }
    // A slow device: it would be done only after all passes.
    for (let at = 0; at < m.scalars[SCALAR.nrHolds]!; at++) m.holdUntil[at] = 60_000_000;
    const before = snapshot(m);
    const report = serviceOf(m).service.migrate(request(world.frames, mode));
    if (mode === MIGRATE_SYNC) {
      expect(report).toMatchObject({ migrated: N, passes: 4, retried: 3 * N, refused: [] });
      expect(m.clock[0]).toBe(60_000_000);
    } else {
      expect(report).toMatchObject({ migrated: 0, passes: 10, retried: 9 * N });
      expect(report.refused).toMatchObject([{ reason: 'writeback', kind: 'retry', pages: N }]);
      expect(changed(m, before)).toEqual(['clock']);
    }
    expectSound(m);
    expectContents(world);
  });
});

describe('pages that nobody can move', () => {
  it('are refused with the reason, at once, and nothing changes, not even the clock', () => {
    const m = smallMachine({ pages: 1024 });
    const slab = allocateKernelPages(m, 0, 0, PG_SLAB);
    const reserved = take(m);
    m.flags[reserved] = PG_RESERVED;
    anonProcess(m, 1);
    const table = [...m.flags].findIndex((flags) => (flags & (1 << 26)) !== 0);
    const before = snapshot(m);
    const report = serviceOf(m).service.migrate(request([slab, reserved, table]));
    expect(report).toMatchObject({ asked: 3, migrated: 0, passes: 1, retried: 0 });
    expect(report.refused).toMatchObject([
      { reason: 'unmovable', kind: 'permanent', pages: 2 },
      { reason: 'reserved', kind: 'permanent', pages: 1 },
    ]);
    expect(changed(m, before)).toEqual([]);
    expectSound(m);
  });

  it('no target: one pass, and what there was room for has gone', () => {
    const m = smallMachine({ pages: 1024, min: 64 });
    const frames = framesOf(m, anonProcess(m, 8), 8);
    settle(m);
    const { service, host } = serviceOf(m);
    const room = host.roomOutside([]).pages;
    for (let i = 0; i < room - 3; i++) m.flags[host.allocateTarget(0, 0, 11)] = PG_SLAB;
    const report = service.migrate(request(frames));
    expect(report).toMatchObject({ asked: 8, migrated: 3, passes: 1, retried: 0 });
    expect(report.refused).toMatchObject([{ reason: 'no-target', kind: 'retry', pages: 5 }]);
    expectSound(m);
  });

  it('free pages, and holes, are passed over and not counted', () => {
    const m = smallMachine({ pages: 1024, offline: [1] });
    const frames = framesOf(m, anonProcess(m, 3), 3);
    settle(m);
    const all = Array.from({ length: 1024 }, (_, pfn) => pfn).filter((pfn) => m.flags[pfn]! & FREE_FLAGS || pfn >= 512);
    const report = serviceOf(m).service.migrate(request([...all, ...frames]));
    expect(report).toMatchObject({ asked: 3, migrated: 3 });
    expectSound(m);
  });
});

describe('what owners do meanwhile', () => {
  it('pages freed while they were waiting for the last pass are freed, not refused', () => {
    const m = smallMachine({ pages: 1024 });
    const task = anonProcess(m, 1);
    const [frame] = framesOf(m, task, 1) as [number];
    pin(m, frame, FOR_EVER);
    const steps = serviceOf(m).service.steps(request([frame]));
    let finishes = 0;
    let step = steps.next();
    for (; step.done !== true; step = steps.next()) {
      if (step.value.phase !== 'finish' || ++finishes < 10) continue;
      exitProcess(m, 0, task.mm);
      unpin(m, 0, frame);
    }
    settle(m);
    expectSound(m);
    expect(m.flags[frame]! & FREE_FLAGS).not.toBe(0);
    expect(step.value).toMatchObject({ asked: 1, migrated: 0, freed: 1, refused: [] });
  });

  it('whoever locks a page holds it: it is freed when the lock goes, and no later owner loses his', () => {
    const m = smallMachine({ pages: 1024 });
    const first = anonProcess(m, 1);
    const [frame] = framesOf(m, first, 1) as [number];
    lockPage(m, frame, 1_000_000);
    exitProcess(m, 0, first.mm);
    settle(m);
    expect(m.flags[frame]! & (FREE_FLAGS | PG_LOCKED)).toBe(PG_LOCKED);
    expectSound(m);
    const { service, host } = serviceOf(m);
    // It belongs to nobody any more; the migrator waits for the lock and finds it gone.
    expect(service.migrate(request([frame]))).toMatchObject({ asked: 1, migrated: 0, freed: 1, refused: [] });
    host.relax();
    settle(m);
    expect(findHold(m, frame, HOLD_LOCK)).toBe(-1);
    expectSound(m);
    const second = anonProcess(m, 8);
    expect(framesOf(m, second, 8)).toContain(frame);
    expect(lockPage(m, frame, FOR_EVER)).toBe(true);
    host.relax();
    expect(m.flags[frame]! & PG_LOCKED).toBe(PG_LOCKED);
    expectSound(m);
  });
});

describe('counters and events', () => {
  function run(listen: boolean): { m: Machine; seen: number[][]; totals: number[]; report: { migrated: number } } {
    const m = smallMachine({ pages: 2048 });
    const frames = framesOf(m, anonProcess(m, 600), 600);
    settle(m);
    pin(m, frames[5]!, FOR_EVER);
    const { service, events } = serviceOf(m);
    const seen: number[][] = [];
    const copy = ({ words, nrEvents }: PageEventBatch): void => {
      for (let i = 0; i < nrEvents; i++) seen.push([...words.subarray(i * 3, i * 3 + 3)]);
    };
    if (listen) events.batches$.subscribe(copy);
    const report = service.migrate(request(frames));
    const { totals } = events;
    expectSound(m);
    return { m, seen, totals: [totals[TOTAL_MIGRATED]!, totals[TOTAL_REFUSED]!, totals[TOTAL_RETRIED]!], report };
  }

  it('count always, and record while somebody listens', () => {
    const silent = run(false);
    const heard = run(true);
    expect(silent.totals).toEqual([599, 1, 9]);
    expect(heard.totals).toEqual(silent.totals);
    expect(silent.seen).toEqual([]);
    expect(heard.seen).toHaveLength(600);
    expect(heard.seen.filter(([, target]) => target === NO_PAGE)).toHaveLength(1);
    expect(new Set(heard.seen.map(([source]) => source)).size).toBe(600);
    // Listening changes nothing in the machine.
    expect(changed(heard.m, snapshot(silent.m))).toEqual([]);
  });

  it('progress never falls and ends at what was asked', () => {
    const m = smallMachine({ pages: 4096 });
    const frames = framesOf(m, anonProcess(m, 1200), 1200);
    settle(m);
    let last = 0;
    let pauses = 0;
    const steps = serviceOf(m).service.steps(request(frames));
    for (let step = steps.next(); step.done !== true; step = steps.next()) {
      expect(step.value.settled).toBeGreaterThanOrEqual(last);
      last = step.value.settled;
      pauses++;
    }
    expect(last).toBe(1200);
    expect(pauses).toBe(3 * 11); // three batches of 512, 512 and 176: isolate, nine phases, putback
    expectSound(m);
  });
});
