import { describe, expect, it } from '@jest/globals';
import type { MigrationRequest } from '../../../src/migration/migration-run.js';
import { MIGRATE_SYNC } from '../../../src/mm/migrate-mode.js';
import {
  FREE_FLAGS,
  PG_ANON,
  PG_HEAD,
  PG_ISOLATED,
  PG_LOCKED,
  PG_SLAB,
  PG_TAIL,
  PG_THP,
} from '../../../src/mm/page-flags.js';
import { NO_PAGE } from '../../../src/mm/units.js';
import { ACCESS_BLOCKED, ACCESS_OK, writePage } from '../../../src/sim/access.js';
import { createProcess, exitProcess, forkProcess } from '../../../src/sim/address-space.js';
import { lockPage, pin } from '../../../src/sim/holds.js';
import { faultHugePage } from '../../../src/sim/huge-pages.js';
import type { Machine } from '../../../src/sim/machine.js';
import { putPage } from '../../../src/sim/page-allocator.js';
import { reclaimPages } from '../../../src/sim/reclaim.js';
import { advance, unpin } from '../../../src/sim/writeback.js';
import {
  changed,
  countFree,
  expectSound,
  frameAt,
  get,
  type Mapped,
  mapInto,
  mustBe,
  put,
  serviceOf,
  settle,
  smallMachine,
  snapshot,
} from '../sim/small-machine.js';

const request = (pfns: Iterable<number>): MigrationRequest => ({
  pfns: Uint32Array.from(pfns).sort(),
  mode: MIGRATE_SYNC,
  sparedOrder: 11,
});
const run = (from: number, nr: number): number[] => Array.from({ length: nr }, (_, i) => from + i);
const FOR_EVER = Number.MAX_VALUE;

interface Huge extends Mapped {
  readonly head: number;
  readonly nr: number;
}

/** A process with one compound page, every base page written. */
function huge(m: Machine, order: number): Huge {
  const nr = 2 ** order;
  const task = mapInto(m, createProcess(m, 0), nr);
  expect(faultHugePage(m, 0, task.mm, task.start, order)).toBe(ACCESS_OK);
  for (let i = 0; i < nr; i++) put(m, task.mm, task.start + i, 7, i);
  return { ...task, head: frameAt(m, task.mm, task.start), nr };
}

function expectWhole(m: Machine, { mm, start, nr }: Huge, head = frameAt(m, mm, start)): void {
  for (let i = 0; i < nr; i++) {
    expect(frameAt(m, mm, start + i)).toBe(head + i);
    expect(m.flags[head + i]! & (PG_HEAD | PG_TAIL | PG_THP)).toBe(PG_THP | (i === 0 ? PG_HEAD : PG_TAIL));
  }
}

function expectRead(m: Machine, { mm, start, nr }: Huge): void {
  for (let i = 0; i < nr; i++) expect(get(m, mm, start + i, 1)).toEqual([7, i]);
}

/** Leaves no free block of the order, or more, and at least so many single pages. */
function shred(m: Machine, order: number, keep: number): () => void {
  const { host } = serviceOf(m);
  settle(m);
  const hoard: number[] = [];
  for (let pfn = host.allocateTarget(0, 0, 11); pfn !== NO_PAGE; pfn = host.allocateTarget(0, 0, 11)) hoard.push(pfn);
  for (const pfn of hoard) m.flags[pfn] = PG_SLAB;
  hoard.sort((a, b) => a - b);
  let given = 0;
  const rest = hoard.filter((pfn) => {
    if (given >= keep || pfn % 2 ** order === 0) return true;
    putPage(m, 0, pfn);
    given++;
    return false;
  });
  settle(m);
  return () => {
    for (const pfn of rest) putPage(m, 0, pfn);
    settle(m);
  };
}

describe.each([1, 2, 3, 5, 9])('a compound page of order %i', (order) => {
  it.each(['all of it', 'its head', 'its last page'] as const)('goes whole, asked for by %s', (what) => {
    const m = smallMachine({ pages: 4096, contents: order < 5 ? 'bytes' : 'token' });
    const task = huge(m, order);
    settle(m);
    const free = countFree(m);
    const { head, nr } = task;
    const pfns = what === 'all of it' ? run(head, nr) : what === 'its head' ? [head] : [head + nr - 1];
    const report = serviceOf(m).service.migrate(request(pfns));
    expect(report).toMatchObject({ asked: nr, migrated: nr, freed: 0, refused: [], split: 0, passes: 1 });
    const now = frameAt(m, task.mm, task.start);
    expect(now).not.toBe(head);
    expect(now % nr).toBe(0);
    expect([...report.targets]).toEqual(run(now, nr));
    expectWhole(m, task);
    expectSound(m);
    expectRead(m, task);
    settle(m);
    expect(countFree(m)).toBe(free);
    exitProcess(m, 0, task.mm);
    settle(m);
    expect(countFree(m)).toBe(4096);
    expectSound(m);
  });

  it('is split when no target is as large, and goes page by page', () => {
    const m = smallMachine({ pages: 4096 });
    const task = huge(m, order);
    const before = shred(m, order, task.nr + 16);
    const report = serviceOf(m).service.migrate(request(run(task.head, task.nr)));
    expect(report).toMatchObject({ asked: task.nr, migrated: task.nr, split: 1, refused: [] });
    for (let i = 0; i < task.nr; i++)
      expect(m.flags[frameAt(m, task.mm, task.start + i)]! & (PG_HEAD | PG_TAIL | PG_THP)).toBe(0);
    expectSound(m);
    expectRead(m, task);
    before();
    exitProcess(m, 0, task.mm);
    settle(m);
    expect(countFree(m)).toBe(4096);
    expectSound(m);
  });

  it('is not split for nothing: a hugetlb-like page stays, byte for byte', () => {
    const m = smallMachine({ pages: 4096 });
    const task = huge(m, order);
    for (let i = 0; i < task.nr; i++) m.flags[task.head + i]! &= ~PG_THP;
    shred(m, order, task.nr + 16);
    const before = snapshot(m);
    const report = serviceOf(m).service.migrate(request([task.head]));
    expect(report).toMatchObject({ asked: task.nr, migrated: 0, split: 0, passes: 1 });
    expect(report.refused).toMatchObject([{ reason: 'no-target', pages: task.nr }]);
    expect(changed(m, before)).toEqual([]);
    expectSound(m);
  });

  it.each(['pinned', 'locked'] as const)('one base page %s for ever holds all of it, byte for byte', (how) => {
    const m = smallMachine({ pages: 4096 });
    const task = huge(m, order);
    settle(m);
    const last = task.head + task.nr - 1;
    if (how === 'pinned') pin(m, last, FOR_EVER);
    else lockPage(m, last, FOR_EVER);
    const before = snapshot(m);
    const report = serviceOf(m).service.migrate(request(run(task.head, task.nr)));
    expect(report).toMatchObject({ asked: task.nr, migrated: 0, passes: 10, retried: 9 });
    expect(report.refused).toMatchObject([{ reason: how, pages: task.nr, pfns: [task.head] }]);
    expect(changed(m, before)).toEqual(['clock']);
    expectWhole(m, task, task.head);
    expectSound(m);
  });
});

describe('a batch', () => {
  it('of compound and base pages goes together', () => {
    const m = smallMachine({ pages: 4096 });
    const tasks = [huge(m, 4), huge(m, 0), huge(m, 2), huge(m, 9), huge(m, 3)].map((task) => task);
    settle(m);
    const pfns = tasks.flatMap(({ head, nr }) => run(head, nr));
    const report = serviceOf(m).service.migrate(request(pfns));
    expect(report).toMatchObject({ asked: pfns.length, migrated: pfns.length, refused: [] });
    for (const task of tasks) expectRead(m, task);
    expectSound(m);
  });

  it('splits those for which there is no block and moves the others whole', () => {
    const m = smallMachine({ pages: 4096 });
    const tasks = [huge(m, 5), huge(m, 2)];
    settle(m);
    shred(m, 3, 200);
    const report = serviceOf(m).service.migrate(request(tasks.flatMap(({ head, nr }) => run(head, nr))));
    expect(report).toMatchObject({ asked: 36, migrated: 36, split: 1, refused: [] });
    expectWhole(m, tasks[1]!);
    for (const task of tasks) expectRead(m, task);
    expectSound(m);
  });
});

describe('meanwhile', () => {
  const PHASES = [
    'isolate',
    'target',
    'lock',
    'unmap',
    'shootdown',
    'move',
    'copy',
    'carry',
    'remap',
    'finish',
  ] as const;

  const ACTIONS: Readonly<Record<string, (m: Machine, task: Huge) => (() => void) | undefined>> = {
    'its owner exits': (m, { mm }) => {
      exitProcess(m, 0, mm);
      return undefined;
    },
    'its owner forks, and one of the two writes': (m, task) => {
      const child = forkProcess(m, 0, task.mm);
      const access = writePage(m, 1, child, task.start + 1, 9, 9);
      expect([ACCESS_OK, ACCESS_BLOCKED]).toContain(access);
      return () => {
        expect(get(m, child, task.start + 1)).toEqual(access === ACCESS_OK ? [9, 9] : [7, 1]);
        expectRead(m, task);
        exitProcess(m, 0, child);
      };
    },
    'its owner forks, and both write': (m, task) => {
      const child = forkProcess(m, 0, task.mm);
      for (const mm of [child, task.mm]) for (let i = 0; i < 4; i++) writePage(m, 1, mm, task.start + i, 7, i);
      return () => {
        expectRead(m, { ...task, mm: child });
        expectRead(m, task);
        exitProcess(m, 0, child);
      };
    },
    'reclaim runs': (m) => {
      reclaimPages(m, 0, 64);
      advance(m, 0, 1_000_000);
      reclaimPages(m, 0, 64);
      return undefined;
    },
    'a base page is pinned for a while': (m, task) => {
      const pfn = task.head + 2;
      if ((m.flags[pfn]! & PG_ANON) === 0 || m.index[pfn] === 0) return undefined;
      pin(m, pfn, m.clock[0]! + 1_500_000);
      return undefined;
    },
  };

  describe.each(Object.keys(ACTIONS))('%s', (what) => {
    it.each(PHASES)('after "%s"', (phase) => {
      const m = smallMachine({ pages: 2048, swap: 64 });
      const task = huge(m, 3);
      settle(m);
      const steps = serviceOf(m).service.steps(request(run(task.head, task.nr)));
      let afterwards: (() => void) | undefined;
      let done = false;
      let step = steps.next();
      for (; step.done !== true; step = steps.next()) {
        if (step.value.phase !== phase || done) continue;
        done = true;
        afterwards = ACTIONS[what]!(m, task);
      }
      const { asked, migrated, freed, refused } = step.value;
      expect(migrated + freed + refused.reduce((sum, { pages }) => sum + pages, 0)).toBe(asked);
      expect(asked).toBe(task.nr);
      afterwards?.();
      settle(m);
      expectSound(m);
      if (m.mmAlive[task.mm] === 1) {
        expectRead(m, task);
        exitProcess(m, 0, task.mm);
      }
      advance(m, 0, 10_000_000);
      reclaimPages(m, 0, 2048);
      settle(m);
      expectSound(m);
      expect(countFree(m)).toBe(2048);
    });
  });

  it('its owner exits: it is freed, and nothing is copied', () => {
    const m = smallMachine({ pages: 2048 });
    const task = huge(m, 3);
    settle(m);
    const steps = serviceOf(m).service.steps(request([task.head]));
    let step = steps.next();
    exitProcess(m, 0, task.mm);
    while (step.done !== true) step = steps.next();
    expectSound(m);
    expect(step.value).toMatchObject({ asked: 8, migrated: 0, freed: 8 });
  });

  it.each([
    'isolate',
    'target',
    'lock',
    'unmap',
    'shootdown',
    'move',
    'copy',
    'carry',
    'remap',
    'finish',
    'putback',
  ] as const)('its driver stops after "%s"', (phase) => {
    const m = smallMachine({ pages: 2048 });
    const task = huge(m, 4);
    settle(m);
    const steps = serviceOf(m).service.steps(request([task.head]));
    for (let step = steps.next(); step.done !== true; step = steps.next()) if (step.value.phase === phase) break;
    steps.return(undefined as never);
    expectSound(m);
    expectWhole(m, task);
    expectRead(m, task);
    for (let pfn = 0; pfn < 2048; pfn++) mustBe(m.flags[pfn]! & (PG_LOCKED | PG_ISOLATED), 0);
    exitProcess(m, 0, task.mm);
    settle(m);
    expect(countFree(m)).toBe(2048);
  });
});

describe('taken apart by its owners', () => {
  it('a page that is freed alone makes base pages of the rest, and they still go', () => {
    const m = smallMachine({ pages: 2048 });
    const task = huge(m, 3);
    const child = forkProcess(m, 0, task.mm);
    put(m, task.mm, task.start, 2, 2); // a copy: the first page is the child's alone
    exitProcess(m, 0, child);
    settle(m);
    expect(m.flags[task.head]! & FREE_FLAGS).not.toBe(0);
    const report = serviceOf(m).service.migrate(request(run(task.head, 8)));
    expect(report).toMatchObject({ asked: 7, migrated: 7, refused: [] });
    expect(get(m, task.mm, task.start)).toEqual([2, 2]);
    for (let i = 1; i < 8; i++) expect(get(m, task.mm, task.start + i)).toEqual([7, i]);
    expectSound(m);
  });

  it('reclaim swaps it out page by page, and back in', () => {
    const m = smallMachine({ pages: 2048, swap: 64 });
    const task = huge(m, 4);
    settle(m);
    for (let round = 0; round < 8; round++) reclaimPages(m, 0, 64);
    expectSound(m);
    expect(frameAt(m, task.mm, task.start)).toBe(-1);
    expectRead(m, task);
    expectSound(m);
  });

  it('a pin that outlives the owner keeps one base page, alone', () => {
    const m = smallMachine({ pages: 2048 });
    const task = huge(m, 3);
    pin(m, task.head + 3, FOR_EVER);
    exitProcess(m, 0, task.mm);
    settle(m);
    expect(countFree(m)).toBe(2047);
    expectSound(m);
    const report = serviceOf(m).service.migrate(request(run(task.head, 8)));
    expect(report.asked).toBe(1);
    unpin(m, 0, task.head + 3);
    settle(m);
    expect(countFree(m)).toBe(2048);
    expectSound(m);
  });
});
