import { describe, expect, it } from '@jest/globals';
import { MIGRATE_SYNC } from '../../../src/mm/migrate-mode.js';
import { FREE_FLAGS } from '../../../src/mm/page-flags.js';
import { NO_PAGE } from '../../../src/mm/units.js';
import { remapFilePage, setLocked } from '../../../src/sim/address-space.js';
import { lockPage, pin } from '../../../src/sim/holds.js';
import { reclaimPages } from '../../../src/sim/reclaim.js';
import { freeTarget } from '../../../src/sim/targets.js';
import { advance, startWriteback, unpin } from '../../../src/sim/writeback.js';
import { countFree, expectSound, serviceOf, settle, smallMachine } from '../sim/small-machine.js';
import {
  CAST,
  endWorld,
  exitTask,
  expectContents,
  forkFirst,
  N,
  releaseDriverPage,
  truncate,
  type World,
  writeSomewhere,
} from './cast.js';

const PHASES = ['isolate', 'target', 'lock', 'unmap', 'shootdown', 'move', 'copy', 'carry', 'remap', 'finish'] as const;

/** What other CPUs may do between two phases. What it returns is done once the migration is over. */
type Interference = (world: World) => (() => void) | undefined;

/** What can be done only while nobody has the page locked is done afterwards instead. */
const later = (done: boolean, again: () => void): (() => void) | undefined => (done ? undefined : again);

const INTERFERENCE: Readonly<Record<string, Interference>> = {
  'nothing happens': () => undefined,
  'the first owner exits': (world) => {
    exitTask(world, 0);
    return undefined;
  },
  'everybody exits': (world) => {
    while (world.tasks.length > 0) exitTask(world, 0);
    return undefined;
  },
  'the file is truncated': (world) => later(truncate(world), () => truncate(world)),
  'the driver lets go of a page': (world) => {
    if (world.kind === 'driver') releaseDriverPage(world, 1);
    return undefined;
  },
  'a process forks': (world) => {
    forkFirst(world);
    return undefined;
  },
  'a child is born and its parent exits': (world) => {
    forkFirst(world);
    exitTask(world, 0);
    return undefined;
  },
  'a page is written': (world) => {
    writeSomewhere(world, 2, 99);
    return () => writeSomewhere(world, 1, 98);
  },
  'a source is pinned for ever': (world) => {
    const frame = world.frames[0]!;
    if ((world.m.flags[frame]! & FREE_FLAGS) !== 0) return undefined;
    // After the freeze nobody can get at a source any more: a lookup finds the target.
    if (world.m.index[frame] === 0) return undefined;
    pin(world.m, frame, Number.MAX_VALUE);
    return () => expect(unpin(world.m, 0, frame)).toBe(true);
  },
  'reclaim runs': (world) => {
    reclaimPages(world.m, 0, 64);
    return undefined;
  },
  'writeback begins': (world) => {
    for (const frame of world.frames) startWriteback(world.m, frame);
    return undefined;
  },
  'everything is locked into memory and let go': (world) => {
    for (const { vma } of world.tasks) setLocked(world.m, vma, true);
    for (const { vma } of world.tasks) setLocked(world.m, vma, false);
    return undefined;
  },
  'memory runs out': (world) => {
    const { host } = serviceOf(world.m);
    const hoard: number[] = [];
    for (let pfn = host.allocateTarget(0, 0, 11); pfn !== NO_PAGE; pfn = host.allocateTarget(0, 0, 11)) hoard.push(pfn);
    return () => {
      for (const pfn of hoard) freeTarget(world.m, pfn, 0);
    };
  },
  'a page is mapped out of line': (world) => {
    const task = world.tasks[0];
    if (world.kind !== 'file' || task === undefined || world.truncated) return undefined;
    // Page 0 of the file where page 3 was; and back, so that contents are where they were.
    const there = remapFilePage(world.m, 1, task.vma, task.start + 3, 0);
    return () => {
      if (there) expect(remapFilePage(world.m, 1, task.vma, task.start + 3, 3)).toBe(true);
    };
  },
  'time passes': (world) => {
    advance(world.m, 0, 10_000_000);
    return undefined;
  },
};

describe.each(Object.keys(CAST))('%s', (name) => {
  describe.each(Object.keys(INTERFERENCE))('%s', (what) => {
    it.each(PHASES)('after "%s"', (phase) => {
      const m = smallMachine({ pages: 1024, swap: 64 });
      settle(m);
      const before = countFree(m);
      const world = CAST[name]!(m);
      expectContents(world);
      settle(m);
      const { service } = serviceOf(m);
      const steps = service.steps({ pfns: Uint32Array.from(world.frames).sort(), mode: MIGRATE_SYNC, sparedOrder: 9 });
      let afterwards: (() => void) | undefined;
      let done = false;
      for (;;) {
        const step = steps.next();
        if (step.done === true) {
          const { asked, migrated, freed, refused } = step.value;
          expect(asked).toBe(N);
          expect(migrated + freed + refused.reduce((sum, { pages }) => sum + pages, 0)).toBe(N);
          break;
        }
        if (step.value.phase !== phase || done) continue;
        done = true;
        afterwards = INTERFERENCE[what]!(world);
      }
      expect(done).toBe(true);
      afterwards?.();
      settle(m);
      expectSound(m);
      expectContents(world);
      expectSound(m);
      endWorld(world);
      settle(m);
      expectSound(m);
      expect(countFree(m)).toBe(before);
    });
  });
});

describe('a driver that stops between two phases', () => {
  it.each(Object.keys(CAST))('leaves %s whole', (name) => {
    for (const phase of [...PHASES, 'relax', 'putback'] as const) {
      const m = smallMachine({ pages: 1024, swap: 64, contents: 'bytes' });
      const before = countFree(m);
      const world = CAST[name]!(m);
      settle(m);
      const { service } = serviceOf(m);
      // A lock that outlives the first pass, so that there is a pause to relax in.
      if (phase === 'relax') lockPage(m, world.frames[3]!, m.clock[0]! + 500_000);
      const steps = service.steps({ pfns: Uint32Array.from(world.frames).sort(), mode: MIGRATE_SYNC, sparedOrder: 9 });
      for (let step = steps.next(); step.done !== true; step = steps.next()) if (step.value.phase === phase) break;
      steps.return(undefined as never);
      settle(m);
      advance(m, 0, 1_000_000);
      expectSound(m);
      expectContents(world);
      endWorld(world);
      settle(m);
      expectSound(m);
      expect(countFree(m)).toBe(before);
    }
  });
});
