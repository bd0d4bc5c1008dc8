import { describe, expect, it } from '@jest/globals';
import { PG_ANON, PG_SWAPCACHE } from '../../../src/mm/page-flags.js';
import { isSwap } from '../../../src/mm/pte.js';
import { exitProcess, forkProcess } from '../../../src/sim/address-space.js';
import { pin } from '../../../src/sim/holds.js';
import { type Machine, SCALAR } from '../../../src/sim/machine.js';
import { mappingOfPage } from '../../../src/sim/mappings.js';
import { pteOf } from '../../../src/sim/page-tables.js';
import { reclaimPages } from '../../../src/sim/reclaim.js';
import { remapFromMigration, unmapToMigration } from '../../../src/sim/rmap.js';
import { addToSwap, swapSlotOf } from '../../../src/sim/swap.js';
import { advance, unpin, WRITE_LATENCY_NS } from '../../../src/sim/writeback.js';
import { writeToSwap } from '../migration/cast.js';
import {
  anonProcess,
  countFree,
  expectSound,
  frameAt,
  framesOf,
  get,
  type Mapped,
  put,
  settle,
  smallMachine,
} from './small-machine.js';

/** All anonymous pages of the machine to swap, and their frames freed. */
function swapAll(m: Machine): void {
  for (let round = 0; round < 4; round++) reclaimPages(m, 0, m.spec.nrPfns);
}

const isOut = (m: Machine, { mm, start }: Mapped, page = 0): boolean => isSwap(pteOf(m, mm, start + page));
const child = (m: Machine, of: Mapped): Mapped => ({ ...of, mm: forkProcess(m, 0, of.mm) });

describe('swapping out and in', () => {
  it.each(['token', 'bytes'] as const)('brings back what was written, and gives the slot up (%s)', (contents) => {
    const m = smallMachine({ contents });
    const task = anonProcess(m, 10);
    swapAll(m);
    for (let page = 0; page < 10; page++) expect(isOut(m, task, page)).toBe(true);
    expect(m.scalars[SCALAR.swapUsed]).toBe(10);
    expectSound(m);
    for (let page = 0; page < 10; page++) expect(get(m, task.mm, task.start + page)).toEqual([7, page]);
    // Still in the swap cache: clean pages could be dropped again for nothing.
    expect(m.scalars[SCALAR.swapUsed]).toBe(10);
    put(m, task.mm, task.start, 8, 8);
    expect(m.scalars[SCALAR.swapUsed]).toBe(9);
    expectSound(m);
    exitProcess(m, 0, task.mm);
    settle(m);
    expect(m.scalars[SCALAR.swapUsed]).toBe(0);
    expectSound(m);
  });

  it('does not write a clean page twice, and writes a changed one again', () => {
    const m = smallMachine();
    const task = anonProcess(m, 2);
    swapAll(m);
    get(m, task.mm, task.start);
    put(m, task.mm, task.start + 1, 9, 9);
    swapAll(m);
    expect([isOut(m, task), isOut(m, task, 1)]).toEqual([true, true]);
    expect([get(m, task.mm, task.start), get(m, task.mm, task.start + 1)]).toEqual([
      [7, 0],
      [9, 9],
    ]);
    expectSound(m);
  });

  it('finds a page in the swap cache while its write is still under way', () => {
    const m = smallMachine();
    const task = anonProcess(m, 1);
    const frame = frameAt(m, task.mm, task.start);
    writeToSwap(m, frame);
    expect(get(m, task.mm, task.start)).toEqual([7, 0]);
    expect(frameAt(m, task.mm, task.start)).toBe(frame);
    // A write must not reach the disk half: the device reads the frame when it is done.
    put(m, task.mm, task.start, 55, 55);
    advance(m, 0, WRITE_LATENCY_NS);
    expect(get(m, task.mm, task.start)).toEqual([55, 55]);
    swapAll(m);
    expect(get(m, task.mm, task.start)).toEqual([55, 55]);
    expectSound(m);
  });

  it('stops when swap is full, with everything in its place', () => {
    const m = smallMachine({ swap: 4 });
    const task = anonProcess(m, 10);
    swapAll(m);
    expect(m.scalars[SCALAR.swapUsed]).toBe(4);
    expectSound(m);
    for (let page = 0; page < 10; page++) expect(get(m, task.mm, task.start + page)).toEqual([7, page]);
    expectSound(m);
  });

  it('never takes a pinned page out of the swap cache', () => {
    const m = smallMachine();
    const task = anonProcess(m, 1);
    const frame = frameAt(m, task.mm, task.start);
    pin(m, frame, Number.MAX_VALUE);
    swapAll(m);
    expect(m.flags[frame]! & PG_ANON).toBe(PG_ANON);
    expect(get(m, task.mm, task.start)).toEqual([7, 0]);
    expect(frameAt(m, task.mm, task.start)).toBe(frame);
    exitProcess(m, 0, task.mm);
    swapAll(m);
    expectSound(m);
    unpin(m, 0, frame);
    swapAll(m);
    settle(m);
    expectSound(m);
    expect(m.scalars[SCALAR.swapUsed]).toBe(0);
  });
});

describe('a family that shares a page in swap', () => {
  /** Every one must be found from the page: whoever moves it must find all of them. */
  function expectAllFound(m: Machine, frame: number, tasks: readonly Mapped[]): void {
    const mappers = tasks.filter(({ mm, start }) => frameAt(m, mm, start) === frame);
    expect(m.mapcount[frame]).toBe(mappers.length);
    expect(unmapToMigration(m, frame)).toBe(true);
    for (const { mm, start } of mappers) expect(frameAt(m, mm, start)).toBe(-1);
    remapFromMigration(m, frame, frame);
    for (const { mm, start } of mappers) expect(frameAt(m, mm, start)).toBe(frame);
  }

  it.each([
    [0, 1, 2, 3],
    [3, 2, 1, 0],
    [2, 0, 3, 1],
    [1, 3, 0, 2],
  ])('reads it back in the order %i %i %i %i', (...order) => {
    const m = smallMachine();
    const parent = anonProcess(m, 2);
    const first = child(m, parent);
    const grandchild = child(m, first);
    const second = child(m, parent);
    const family = [parent, first, grandchild, second];
    swapAll(m);
    for (const task of family) expect(isOut(m, task)).toBe(true);
    for (const at of order) {
      expect(get(m, family[at]!.mm, family[at]!.start)).toEqual([7, 0]);
      expectSound(m);
      expectAllFound(m, frameAt(m, family[at]!.mm, family[at]!.start), family);
    }
    expect(new Set(family.map(({ mm, start }) => frameAt(m, mm, start))).size).toBe(1);
    // Each sees its own writes, and nobody else's.
    family.forEach((task, i) => {
      put(m, task.mm, task.start, 100 + i, i);
    });
    family.forEach((task, i) => {
      expect(get(m, task.mm, task.start)).toEqual([100 + i, i]);
      expect(get(m, task.mm, task.start + 1)).toEqual([7, 1]);
    });
    expectSound(m);
  });

  it('belongs to the root: the parent exits while it is swapped out', () => {
    const m = smallMachine();
    settle(m);
    const before = countFree(m);
    const parent = anonProcess(m, 1);
    const first = child(m, parent);
    put(m, first.mm, first.start, 40, 4); // the first child has a page of its own now
    const grandchild = child(m, first);
    swapAll(m);
    exitProcess(m, 0, parent.mm);
    expectSound(m);
    expect(get(m, grandchild.mm, grandchild.start)).toEqual([40, 4]);
    const frame = frameAt(m, grandchild.mm, grandchild.start);
    expect(get(m, first.mm, first.start)).toEqual([40, 4]);
    expect(frameAt(m, first.mm, first.start)).toBe(frame);
    expectAllFound(m, frame, [first, grandchild]);
    exitProcess(m, 0, first.mm);
    expectSound(m);
    expectAllFound(m, frame, [grandchild]);
    expect(get(m, grandchild.mm, grandchild.start)).toEqual([40, 4]);
    exitProcess(m, 0, grandchild.mm);
    settle(m);
    expectSound(m);
    expect(countFree(m)).toBe(before);
    expect(m.mapKind.some((kind) => kind !== 0)).toBe(false);
  });

  it('a page that only one of them still has lives in its own anon_vma', () => {
    const m = smallMachine();
    const parent = anonProcess(m, 1);
    const first = child(m, parent);
    put(m, first.mm, first.start, 1, 1);
    swapAll(m);
    expect(get(m, first.mm, first.start)).toEqual([1, 1]);
    const frame = frameAt(m, first.mm, first.start);
    expect(m.mapRoot[mappingOfPage(m, frame)]).not.toBe(mappingOfPage(m, frame));
    expect(m.flags[frame]! & PG_SWAPCACHE).toBe(PG_SWAPCACHE);
    expect(get(m, parent.mm, parent.start)).toEqual([7, 0]);
    expectSound(m);
  });

  it('forks while half of it is in swap and half is not', () => {
    const m = smallMachine();
    const parent = anonProcess(m, 4);
    writeToSwap(m, frameAt(m, parent.mm, parent.start));
    writeToSwap(m, frameAt(m, parent.mm, parent.start + 1));
    advance(m, 0, WRITE_LATENCY_NS);
    get(m, parent.mm, parent.start + 1); // in the swap cache and mapped
    const first = child(m, parent);
    put(m, parent.mm, parent.start + 1, 3, 3);
    const second = child(m, first);
    put(m, second.mm, second.start, 5, 5);
    const read = (task: Mapped): unknown[] => [0, 1, 2, 3].map((page) => get(m, task.mm, task.start + page));
    expect(read(parent)).toEqual([
      [7, 0],
      [3, 3],
      [7, 2],
      [7, 3],
    ]);
    expect(read(first)).toEqual([
      [7, 0],
      [7, 1],
      [7, 2],
      [7, 3],
    ]);
    expect(read(second)).toEqual([
      [5, 5],
      [7, 1],
      [7, 2],
      [7, 3],
    ]);
    expectSound(m);
    for (const task of [first, parent, second]) exitProcess(m, 0, task.mm);
    swapAll(m);
    settle(m);
    expect(m.scalars[SCALAR.swapUsed]).toBe(0);
    expectSound(m);
  });

  it('is refused by swap when slot and page together have more users than a slot can count', () => {
    const m = smallMachine({
      pages: 4096,
      capacity: { processes: 512, vmas: 1024, tables: 1200, mappings: 512, extents: 1024 },
    });
    const parent = anonProcess(m, 1);
    swapAll(m);
    for (let i = 0; i < 254; i++) expect(forkProcess(m, 0, parent.mm)).not.toBe(0);
    get(m, parent.mm, parent.start); // 254 entries name the slot, one maps the page
    for (let i = 0; i < 6; i++) expect(forkProcess(m, 0, parent.mm)).not.toBe(0);
    m.flags[frameAt(m, parent.mm, parent.start)]! &= ~(1 << 2);
    swapAll(m);
    expectSound(m);
  });
});

describe('the frames of a swap device', () => {
  it('are counted: add, duplicate, free', () => {
    const m = smallMachine({ swap: 2 });
    const task = anonProcess(m, 3);
    const frames = framesOf(m, task, 3);
    expect(frames.map((pfn) => addToSwap(m, pfn))).toEqual([true, true, false]);
    expect(swapSlotOf(m, frames[0]!)).not.toBe(swapSlotOf(m, frames[1]!));
    expectSound(m);
    // Writing takes a page that nobody else names out of the swap cache.
    put(m, task.mm, task.start, 1, 1);
    exitProcess(m, 0, task.mm);
    settle(m);
    expect(m.scalars[SCALAR.swapUsed]).toBe(0);
    expectSound(m);
  });
});
