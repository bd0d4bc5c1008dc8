import { describe, expect, it } from '@jest/globals';
import { MIGRATE_ASYNC, MIGRATE_SYNC, MIGRATE_SYNC_LIGHT } from '../../../src/mm/migrate-mode.js';
import {
  FREE_FLAGS,
  PG_ACTIVE,
  PG_ANON,
  PG_DIRTY,
  PG_ISOLATED,
  PG_LOCKED,
  PG_MLOCKED,
  PG_NONLINEAR,
  PG_PRIVATE,
  PG_REFERENCED,
  PG_SWAPCACHE,
  PG_UNEVICTABLE,
  PG_UPTODATE,
} from '../../../src/mm/page-flags.js';
import { PTE_DIRTY, PTE_WRITE, pteBits } from '../../../src/mm/pte.js';
import { remapFilePage, setLocked } from '../../../src/sim/address-space.js';
import { createFile } from '../../../src/sim/files.js';
import { changeLruFlags } from '../../../src/sim/lru.js';
import { findInCache, SLOT_DIRTY, slotAt } from '../../../src/sim/page-cache.js';
import { pteOf } from '../../../src/sim/page-tables.js';
import { reclaimPages } from '../../../src/sim/reclaim.js';
import { swapSlotOf } from '../../../src/sim/swap.js';
import {
  anonProcess,
  changed,
  countFree,
  expectSound,
  fileProcess,
  frameAt,
  framesOf,
  get,
  put,
  serviceOf,
  settle,
  smallMachine,
  snapshot,
} from '../sim/small-machine.js';
import { CAST, expectContents, N, writeSomewhere } from './cast.js';

const request = (pfns: readonly number[], mode: 0 | 1 | 2 = MIGRATE_SYNC) => ({
  pfns: Uint32Array.from(pfns).sort(),
  mode,
  sparedOrder: 9,
});

describe.each(Object.keys(CAST))('%s', (name) => {
  it.each([
    [MIGRATE_ASYNC, 'token'],
    [MIGRATE_SYNC_LIGHT, 'token'],
    [MIGRATE_SYNC, 'bytes'],
  ] as const)('goes, in mode %i, with everything it is (%s)', (mode, contents) => {
    const m = smallMachine({ pages: 1024, swap: 64, contents });
    const world = CAST[name]!(m);
    settle(m);
    const free = countFree(m);
    const before = world.frames.map((pfn) => ({
      flags: m.flags[pfn]!,
      count: m.count[pfn],
      mapcount: m.mapcount[pfn],
      index: m.index[pfn],
      slot: (m.flags[pfn]! & PG_SWAPCACHE) !== 0 ? swapSlotOf(m, pfn) : -1,
    }));
    const { service } = serviceOf(m);
    expect(world.frames.map((pfn) => service.judge(pfn))).toEqual(world.frames.map(() => 0));
    const report = service.migrate(request(world.frames, mode));
    expect(report).toMatchObject({ asked: N, migrated: N, freed: 0, refused: [], retried: 0, passes: 1, split: 0 });
    expect([...report.sources]).toEqual([...world.frames].sort((a, b) => a - b));
    expect(report.targets.some((pfn) => world.frames.includes(pfn))).toBe(false);
    world.frames.forEach((source, i) => {
      const pfn = report.targets[report.sources.indexOf(source)]!;
      expect({
        flags: m.flags[pfn]!,
        count: m.count[pfn],
        mapcount: m.mapcount[pfn],
        index: m.index[pfn],
        slot: (m.flags[pfn]! & PG_SWAPCACHE) !== 0 ? swapSlotOf(m, pfn) : -1,
      }).toEqual(before[i]);
      expect(m.flags[source]! & FREE_FLAGS).not.toBe(0);
    });
    expectSound(m);
    expectContents(world);
    settle(m);
    expect(countFree(m)).toBe(free);
    expectSound(m);
  });

  it('goes again and again', () => {
    const m = smallMachine({ pages: 1024, swap: 64 });
    const world = CAST[name]!(m);
    settle(m);
    const { service } = serviceOf(m);
    let frames = world.frames;
    // Fewer rounds than an LRU epoch tells apart; see test/unit/sim/lru.test.ts.
    for (let round = 0; round < 12; round++) {
      const report = service.migrate(request(frames));
      expect(report.migrated).toBe(N);
      frames = [...report.targets];
      writeSomewhere(world, round % N, 1000 + round);
      settle(m);
      frames = [...new Set(frames)].filter((pfn) => (m.flags[pfn]! & FREE_FLAGS) === 0);
      if (frames.length < N) break; // a write gave a page a new frame, or took it out of the swap cache
    }
    expectSound(m);
    expectContents(world);
  });
});

describe('flags, tags and entries', () => {
  it('travel: dirty, referenced, active, mlocked, uptodate, and the tag of the slot', () => {
    const m = smallMachine();
    const file = createFile(m, 1);
    const task = fileProcess(m, file, 1);
    put(m, task.mm, task.start, 1, 1);
    settle(m);
    const source = findInCache(m, m.mapBase[file]!);
    changeLruFlags(m, source, PG_ACTIVE | PG_REFERENCED, 0);
    setLocked(m, task.vma, true);
    const flags = m.flags[source]!;
    const marks = PG_DIRTY | PG_UPTODATE | PG_ACTIVE | PG_REFERENCED | PG_MLOCKED | PG_UNEVICTABLE;
    expect(flags & marks).toBe(marks);
    const { targets } = serviceOf(m).service.migrate(request([source]));
    expect(m.flags[targets[0]!]).toBe(flags);
    expect(m.leafSlots[slotAt(m, m.mapBase[file]!)]).toBe((SLOT_DIRTY | (targets[0]! + 1)) >>> 0);
    expect(pteBits(pteOf(m, task.mm, task.start))).toBe(PTE_WRITE | PTE_DIRTY);
    setLocked(m, task.vma, false);
    expect(m.flags[targets[0]!]! & (PG_MLOCKED | PG_UNEVICTABLE)).toBe(0);
    expectSound(m);
  });

  it('read-only entries stay read-only, so sharing survives', () => {
    const m = smallMachine({ pages: 1024, swap: 64 });
    const world = CAST['anonymous, shared by five']!(m);
    settle(m);
    const { targets } = serviceOf(m).service.migrate(request(world.frames));
    for (const { mm, start } of world.tasks)
      for (let page = 0; page < N; page++) {
        expect(frameAt(m, mm, start + page)).toBe(targets[page]);
        expect(pteBits(pteOf(m, mm, start + page)) & PTE_WRITE).toBe(0);
      }
    world.tasks.forEach(({ mm, start }, i) => {
      put(m, mm, start, 50 + i, i);
      world.holds.get(mm)![0] = [50 + i, i];
    });
    expectContents(world);
    expectSound(m);
  });

  it('buffers keep their reference', () => {
    const m = smallMachine({ pages: 1024, swap: 64 });
    const world = CAST['file, mapped, dirty, with buffers']!(m);
    settle(m);
    const { targets } = serviceOf(m).service.migrate(request(world.frames));
    for (const pfn of targets) {
      expect(m.flags[pfn]! & PG_PRIVATE).toBe(PG_PRIVATE);
      expect(m.count[pfn]).toBe(3); // cache, buffers, one mapping
    }
    expectSound(m);
  });
});

describe('what only shows on the way', () => {
  it('a page that leaves the swap cache after isolation goes as the anonymous page that it now is', () => {
    const m = smallMachine({ pages: 1024, swap: 64 });
    const world = CAST['swap cache, mapped and exclusive']!(m);
    settle(m);
    const steps = serviceOf(m).service.steps(request(world.frames));
    steps.next();
    expect(writeSomewhere(world, 0, 77)).toBe(true);
    let step = steps.next();
    while (step.done !== true) step = steps.next();
    expectSound(m);
    expectContents(world);
    expect(step.value.refused).toEqual([]);
    expect(step.value.migrated).toBe(N);
  });

  it('a page that is on its way when its VMA is locked is locked when it arrives', () => {
    const m = smallMachine({ pages: 1024, swap: 64 });
    const task = anonProcess(m, 1);
    const steps = serviceOf(m).service.steps(request(framesOf(m, task, 1)));
    while (steps.next().value !== undefined) {
      if (frameAt(m, task.mm, task.start) >= 0) continue;
      setLocked(m, task.vma, true);
      break;
    }
    for (let step = steps.next(); step.done !== true; ) step = steps.next();
    settle(m);
    const frame = frameAt(m, task.mm, task.start);
    m.flags[frame]! &= ~PG_REFERENCED;
    for (let round = 0; round < 4; round++) reclaimPages(m, 0, 64);
    expectSound(m);
    expect(frameAt(m, task.mm, task.start)).toBe(frame);
  });

  it('a page that is on its way when its VMA is unlocked is evictable when it arrives', () => {
    const m = smallMachine({ pages: 1024, swap: 64 });
    const task = anonProcess(m, 1);
    setLocked(m, task.vma, true);
    const steps = serviceOf(m).service.steps(request(framesOf(m, task, 1)));
    while (steps.next().value !== undefined) {
      if (frameAt(m, task.mm, task.start) >= 0) continue;
      setLocked(m, task.vma, false);
      break;
    }
    for (let step = steps.next(); step.done !== true; ) step = steps.next();
    expectSound(m);
    expect(m.flags[frameAt(m, task.mm, task.start)]! & (PG_MLOCKED | PG_UNEVICTABLE)).toBe(0);
  });

  it('a file that becomes nonlinear between move and carry has all its pages marked', () => {
    const m = smallMachine({ pages: 1024 });
    const file = createFile(m, 4);
    const task = fileProcess(m, file, 4);
    for (let page = 0; page < 4; page++) get(m, task.mm, task.start + page);
    settle(m);
    const steps = serviceOf(m).service.steps(request([findInCache(m, m.mapBase[file]!)]));
    for (let step = steps.next(); step.done !== true; step = steps.next())
      if (step.value.phase === 'move') expect(remapFilePage(m, 0, task.vma, task.start + 1, 3)).toBe(true);
    expectSound(m);
    for (let page = 0; page < 4; page++) {
      const pfn = findInCache(m, m.mapBase[file]! + page);
      expect([page, (m.flags[pfn]! & PG_NONLINEAR) !== 0]).toEqual([page, true]);
    }
  });

  it('a nonlinear file’s pages are refused before anybody touches them', () => {
    const m = smallMachine({ pages: 1024 });
    const file = createFile(m, 4);
    const task = fileProcess(m, file, 4);
    remapFilePage(m, 0, task.vma, task.start, 3);
    get(m, task.mm, task.start);
    settle(m);
    const pfn = findInCache(m, m.mapBase[file]! + 3);
    const { service } = serviceOf(m);
    const report = service.migrate(request([pfn]));
    expect(report.refused).toMatchObject([
      { handler: 'nonlinear', reason: 'nonlinear-mapping', kind: 'permanent', pages: 1 },
    ]);
    expect(m.flags[pfn]! & (PG_ISOLATED | PG_LOCKED)).toBe(0);
    expect(m.flags[pfn]! & PG_ANON).toBe(0);
    expectSound(m);
  });

  it('a page that cannot be unmapped whole keeps its lock in memory, byte for byte', () => {
    const m = smallMachine({ pages: 1024 });
    const file = createFile(m, 4);
    const linear = fileProcess(m, file, 4);
    const other = fileProcess(m, file, 4);
    for (let page = 0; page < 4; page++) get(m, linear.mm, linear.start + page);
    settle(m);
    const steps = serviceOf(m).service.steps(request([findInCache(m, m.mapBase[file]!)]));
    steps.next(); // isolated as an ordinary page of a file; then it is mapped out of line by a locked VMA
    setLocked(m, other.vma, true);
    expect(remapFilePage(m, 0, other.vma, other.start + 2, 0)).toBe(true);
    get(m, other.mm, other.start + 2);
    const pfn = findInCache(m, m.mapBase[file]!);
    expect(m.flags[pfn]! & PG_MLOCKED).toBe(PG_MLOCKED);
    const before = snapshot(m);
    let step = steps.next();
    for (; step.done !== true && step.value.phase !== 'shootdown'; step = steps.next());
    expect(m.flags[pfn]! & PG_MLOCKED).toBe(PG_MLOCKED);
    const now = changed(m, before);
    while (step.done !== true) step = steps.next();
    expect(step.value.migrated).toBe(0);
    expectSound(m);
    expect(now).not.toContain('lruEntries');
    expect(m.flags[pfn]! & PG_MLOCKED).toBe(PG_MLOCKED);
  });
});
