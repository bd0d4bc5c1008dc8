import { expect } from '@jest/globals';
import { swapPte } from '../../../src/mm/pte.js';
import { NO_PAGE } from '../../../src/mm/units.js';
import {
  ACCESS_BLOCKED,
  ACCESS_FAULT,
  ACCESS_OK,
  readFilePage,
  readPage,
  writeFilePage,
  writePage,
} from '../../../src/sim/access.js';
import { exitProcess, forkProcess } from '../../../src/sim/address-space.js';
import { createDriverPool, createFile, createShmem, truncateFile } from '../../../src/sim/files.js';
import type { Machine } from '../../../src/sim/machine.js';
import { drainLruAdd, putPage } from '../../../src/sim/page-allocator.js';
import { findInCache, removeFromCache } from '../../../src/sim/page-cache.js';
import { reclaimPages } from '../../../src/sim/reclaim.js';
import { unmapForGood } from '../../../src/sim/rmap.js';
import { addToSwap, duplicateSwap, swapSlotOf } from '../../../src/sim/swap.js';
import { advance, startWriteback, WRITE_LATENCY_NS } from '../../../src/sim/writeback.js';
import { anonProcess, driverPage, fileProcess, framesOf, get, held, type Mapped } from '../sim/small-machine.js';

/** Pages that every world has to move. */
export const N = 4;

type Words = [number, number];

/** Pages of one type, who owns them, and what they must hold. */
export interface World {
  readonly m: Machine;
  /** The frames to move. */
  readonly frames: number[];
  /** Processes that map the pages. */
  readonly tasks: Mapped[];
  /** File, shared-memory file or driver pool; 0 for none. */
  readonly file: number;
  readonly kind: 'anon' | 'file' | 'driver';
  /** What page i holds, by task; a file has one list for all. */
  readonly holds: Map<number, Words[]>;
  truncated: boolean;
}

const ALL = 0;
const written = (): Words[] => Array.from({ length: N }, (_, page): Words => [7, page]);

function anonWorld(m: Machine, tasks: Mapped[], frames = framesOf(m, tasks[0]!, N)): World {
  const holds = new Map(tasks.map(({ mm }) => [mm, written()] as const));
  return { m, frames, tasks, file: 0, kind: 'anon', holds, truncated: false };
}

function forked(m: Machine, parent: Mapped): Mapped {
  const mm = forkProcess(m, 0, parent.mm);
  expect(mm).not.toBe(0);
  return { ...parent, mm };
}

/** A family whose pages have been written to swap; they are still in the swap cache, clean and unmapped. */
function swappedOut(m: Machine, families = 1): { tasks: Mapped[]; frames: number[] } {
  const tasks = [anonProcess(m, N)];
  while (tasks.length < families) tasks.push(forked(m, tasks[0]!));
  const frames = framesOf(m, tasks[0]!, N);
  for (const frame of frames) writeToSwap(m, frame);
  advance(m, 0, WRITE_LATENCY_NS);
  return { tasks, frames };
}

/** What reclaim does to an anonymous page up to the point at which it would free the frame. */
export function writeToSwap(m: Machine, pfn: number): number {
  expect(addToSwap(m, pfn)).toBe(true);
  const slot = swapSlotOf(m, pfn);
  expect(unmapForGood(m, pfn, swapPte(slot), () => duplicateSwap(m, slot))).toBe(true);
  expect(startWriteback(m, pfn)).toBe(true);
  return slot;
}

function fileWorld(m: Machine, file: number, nrTasks: number, buffers: boolean, dirty: boolean): World {
  const tasks = Array.from({ length: nrTasks }, () => fileProcess(m, file, N));
  for (let page = 0; page < N; page++) {
    if (dirty) expect(writeFilePage(m, 0, file, page, 7, page, buffers)).toBe(ACCESS_OK);
    else readFilePage(m, 0, file, page);
    for (const { mm, start } of tasks) get(m, mm, start + page);
  }
  drainLruAdd(m);
  const frames = Array.from({ length: N }, (_, page) => findInCache(m, m.mapBase[file]! + page));
  const holds = new Map([[ALL, dirty ? written() : frames.map((frame) => held(m, frame))]]);
  return { m, frames, tasks, file, kind: 'file', holds, truncated: false };
}

export const CAST: Readonly<Record<string, (m: Machine) => World>> = {
  'anonymous, one mapping': (m) => anonWorld(m, [anonProcess(m, N)]),
  'anonymous, shared by five': (m) => {
    const parent = anonProcess(m, N);
    const child = forked(m, parent);
    return anonWorld(m, [parent, child, forked(m, parent), forked(m, child), forked(m, child)]);
  },
  'swap cache, unmapped': (m) => {
    const { tasks, frames } = swappedOut(m);
    return anonWorld(m, tasks, frames);
  },
  'swap cache, mapped by one of three': (m) => {
    const { tasks, frames } = swappedOut(m, 3);
    for (let page = 0; page < N; page++) get(m, tasks[1]!.mm, tasks[1]!.start + page);
    return anonWorld(m, tasks, frames);
  },
  'swap cache, mapped and exclusive': (m) => {
    const { tasks, frames } = swappedOut(m);
    for (let page = 0; page < N; page++) get(m, tasks[0]!.mm, tasks[0]!.start + page);
    return anonWorld(m, tasks, frames);
  },
  'file, mapped by two, dirty': (m) => fileWorld(m, createFile(m, N), 2, false, true),
  'file, unmapped, clean': (m) => fileWorld(m, createFile(m, N), 0, false, false),
  'file, mapped, dirty, with buffers': (m) => fileWorld(m, createFile(m, N), 1, true, true),
  'shared memory, mapped by two': (m) => fileWorld(m, createShmem(m, N), 2, false, true),
  'driver pages': (m) => {
    const file = createDriverPool(m, N);
    const frames = Array.from({ length: N }, (_, page) => driverPage(m, file, page, 7, page));
    return { m, frames, tasks: [], file, kind: 'driver', holds: new Map([[ALL, written()]]), truncated: false };
  },
};

/** A write by the first task (or by write(2), or by the driver); what it must be afterwards is noted. Blocked is fine. */
export function writeSomewhere(world: World, page: number, lo: number, cpu = 1): boolean {
  const { m, file, kind, tasks, holds } = world;
  if (kind === 'driver' || (world.truncated && kind === 'file')) return false;
  const task = tasks[0];
  const access =
    task !== undefined
      ? writePage(m, cpu, task.mm, task.start + page, lo, page)
      : writeFilePage(m, cpu, file, page, lo, page, false);
  if (access === ACCESS_BLOCKED) return false;
  expect(access).toBe(ACCESS_OK);
  holds.get(kind === 'anon' ? task!.mm : ALL)![page] = [lo, page];
  return true;
}

export function forkFirst(world: World): void {
  const parent = world.tasks[0];
  if (parent === undefined) return;
  const child = forked(world.m, parent);
  world.tasks.push(child);
  if (world.kind === 'anon') world.holds.set(child.mm, [...world.holds.get(parent.mm)!]);
}

export function exitTask(world: World, at: number): void {
  const [task] = world.tasks.splice(at, 1);
  if (task === undefined) return;
  world.holds.delete(task.mm);
  exitProcess(world.m, 0, task.mm);
}

export function truncate(world: World): boolean {
  if (world.kind !== 'file') return true;
  world.truncated = truncateFile(world.m, 0, world.file, 0);
  return world.truncated;
}

/** The driver lets go of a page. */
export function releaseDriverPage(world: World, page: number): void {
  const pfn = findInCache(world.m, world.m.mapBase[world.file]! + page);
  if (pfn === NO_PAGE) return;
  for (let references = removeFromCache(world.m, pfn); references > 0; references--) putPage(world.m, 0, pfn);
  world.holds.get(ALL)![page] = [-1, -1];
}

const words = new Uint32Array(2);

/** Every virtual page reads back what was written to it, and every page of a file is what it was. */
export function expectContents(world: World): void {
  const { m, tasks, kind, holds } = world;
  for (const { mm, start } of tasks)
    for (let page = 0; page < N; page++) {
      const expected = holds.get(kind === 'anon' ? mm : ALL)![page]!;
      if (kind === 'file' && world.truncated) expect(readPage(m, 1, mm, start + page, words)).toBe(ACCESS_FAULT);
      else expect([mm, page, get(m, mm, start + page, 1)]).toEqual([mm, page, expected]);
    }
  if (kind === 'anon' || world.truncated) return;
  for (let page = 0; page < N; page++) {
    const expected = holds.get(ALL)![page]!;
    if (kind === 'driver' && expected[0] < 0) continue;
    const pfn =
      kind === 'driver' ? findInCache(m, m.mapBase[world.file]! + page) : readFilePage(m, 0, world.file, page);
    expect(held(m, pfn)).toEqual(expected);
  }
}

/** Ends everything: all that is left in memory is nobody's. */
export function endWorld(world: World): void {
  while (world.tasks.length > 0) exitTask(world, 0);
  if (world.kind === 'file') expect(truncate(world)).toBe(true);
  if (world.kind === 'driver') for (let page = 0; page < N; page++) releaseDriverPage(world, page);
  // Swap-cache pages that nobody names any more wait for reclaim, as in Linux.
  advance(world.m, 0, 10 * WRITE_LATENCY_NS);
  reclaimPages(world.m, 0, world.m.spec.nrPfns);
}
