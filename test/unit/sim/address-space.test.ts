import { describe, expect, it } from '@jest/globals';
import { PG_PGTABLE, PG_SLAB } from '../../../src/mm/page-flags.js';
import { NO_PAGE } from '../../../src/mm/units.js';
import {
  ACCESS_BLOCKED,
  ACCESS_FAULT,
  ACCESS_NO_MEMORY,
  ACCESS_OK,
  readPage,
  writePage,
} from '../../../src/sim/access.js';
import {
  createProcess,
  exitProcess,
  findVma,
  forkProcess,
  mapMemory,
  unmapVma,
  VM_SHARED,
  VM_WRITE,
  vmasOf,
} from '../../../src/sim/address-space.js';
import { createFile } from '../../../src/sim/files.js';
import { type Machine, SCALAR } from '../../../src/sim/machine.js';
import { allocatePages, putPage } from '../../../src/sim/page-allocator.js';
import { MAX_VPN, pteAt, pteOf } from '../../../src/sim/page-tables.js';
import { remapFromMigration, unmapToMigration } from '../../../src/sim/rmap.js';
import { SimHost } from '../../../src/sim/sim-host.js';
import {
  anonProcess,
  countFree,
  expectSound,
  frameAt,
  framesOf,
  get,
  mapInto,
  put,
  settle,
  smallMachine,
} from './small-machine.js';

const words = new Uint32Array(2);
const at = (start: number, nrPages: number) => ({ start, nrPages, flags: VM_WRITE, file: 0, offset: 0 });

describe('mapping', () => {
  it('refuses addresses that are taken, in part or whole, and those beyond the page tables', () => {
    const m = smallMachine();
    const mm = createProcess(m, 0);
    expect(mapMemory(m, mm, at(100, 10))).not.toBe(0);
    for (const [start, nr] of [
      [100, 10],
      [95, 6],
      [109, 1],
      [90, 100],
      [104, 2],
    ] as const)
      expect(mapMemory(m, mm, at(start, nr))).toBe(0);
    expect(mapMemory(m, mm, at(90, 10))).not.toBe(0);
    expect(mapMemory(m, mm, at(110, 1))).not.toBe(0);
    expect(mapMemory(m, mm, at(MAX_VPN - 1, 2))).toBe(0);
    expect(mapMemory(m, mm, at(5, 0))).toBe(0);
    expect(mapMemory(m, mm, at(MAX_VPN - 1, 1))).not.toBe(0);
    expect(vmasOf(m, mm)).toHaveLength(4);
    expect([99, 100, 109, 110, 111].map((vpn) => findVma(m, mm, vpn) !== 0)).toEqual([true, true, true, true, false]);
    expectSound(m);
  });

  it('faults outside VMAs and on writes to read-only ones', () => {
    const m = smallMachine();
    const mm = createProcess(m, 0);
    const vma = mapMemory(m, mm, { ...at(50, 2), flags: 0 });
    expect(vma).not.toBe(0);
    expect(readPage(m, 0, mm, 49, words)).toBe(ACCESS_FAULT);
    expect(writePage(m, 0, mm, 50, 1, 1)).toBe(ACCESS_FAULT);
    expect(readPage(m, 0, mm, 50, words)).toBe(ACCESS_OK);
    expect([...words]).toEqual([0, 0]);
    expect(writePage(m, 0, mm, 50, 1, 1)).toBe(ACCESS_FAULT);
    expectSound(m);
  });

  it('gives every frame back at exit, tables too, wherever in the address space they were', () => {
    const m = smallMachine();
    settle(m);
    const before = countFree(m);
    const mm = createProcess(m, 0);
    for (const start of [0, 511, 512 * 512 - 1, 512 * 512 * 3, MAX_VPN - 2]) {
      mapMemory(m, mm, at(start, 2));
      put(m, mm, start, 1, start);
      put(m, mm, start + 1, 2, start);
    }
    // 511 and 512, and the last page of a middle table and the first of the next, need two leaves each.
    expect(m.scalars[SCALAR.tablesUsed]).toBe(1 + 4 + 6);
    expect([...m.flags].filter((flags) => (flags & PG_PGTABLE) !== 0)).toHaveLength(11);
    expectSound(m);
    exitProcess(m, 0, mm);
    settle(m);
    expect(m.scalars[SCALAR.tablesUsed]).toBe(0);
    expect(countFree(m)).toBe(before);
    expectSound(m);
  });

  it('gives a VMA’s frames back at unmap, and its addresses', () => {
    const m = smallMachine();
    const task = anonProcess(m, 20);
    settle(m);
    const before = countFree(m);
    unmapVma(m, 0, task.vma);
    settle(m);
    expect(countFree(m)).toBe(before + 20);
    expect(readPage(m, 0, task.mm, task.start, words)).toBe(ACCESS_FAULT);
    expect(mapMemory(m, task.mm, at(task.start, 20))).not.toBe(0);
    expect(get(m, task.mm, task.start)).toEqual([0, 0]);
    expectSound(m);
  });

  it('runs out of memory without a trace', () => {
    const m = smallMachine({ pages: 512, swap: 0 });
    const task = mapInto(m, createProcess(m, 0), 1000);
    let nr = 0;
    while (writePage(m, 0, task.mm, task.start + nr, 1, nr) === ACCESS_OK) nr++;
    expect(nr).toBeGreaterThan(480);
    expect(writePage(m, 0, task.mm, task.start + nr, 1, nr)).toBe(ACCESS_NO_MEMORY);
    expectSound(m);
    const hoard: number[] = [];
    for (const type of [0, 1] as const)
      for (;;) {
        const pfn = allocatePages(m, 0, { order: 0, type, node: 0, highest: 'Normal', mark: 'min' });
        if (pfn === NO_PAGE) break;
        m.flags[pfn] = PG_SLAB;
        hoard.push(pfn);
      }
    putPage(m, 0, hoard.pop()!);
    expect(forkProcess(m, 0, task.mm)).toBe(0); // fails with one table made
    for (const pfn of hoard) putPage(m, 0, pfn);
    expectSound(m);
    for (let page = 0; page < nr; page++) expect(get(m, task.mm, task.start + page)).toEqual([1, page]);
    put(m, task.mm, task.start, 5, 5); // still its own, though the failed fork had made it read-only
    exitProcess(m, 0, task.mm);
    settle(m);
    expect(countFree(m)).toBe(512);
    expectSound(m);
  });
});

describe('fork', () => {
  it('shares pages until one side writes, either side', () => {
    const m = smallMachine({ contents: 'bytes' });
    const parent = anonProcess(m, 3);
    const child = forkProcess(m, 0, parent.mm);
    expect(framesOf(m, { ...parent, mm: child }, 3)).toEqual(framesOf(m, parent, 3));
    expect(framesOf(m, parent, 3).map((pfn) => [m.mapcount[pfn], m.count[pfn]])).toEqual([
      [2, 2],
      [2, 2],
      [2, 2],
    ]);
    expectSound(m);
    put(m, parent.mm, parent.start, 10, 0);
    put(m, child, parent.start + 1, 20, 1);
    expect([0, 1, 2].map((page) => get(m, parent.mm, parent.start + page))).toEqual([
      [10, 0],
      [7, 1],
      [7, 2],
    ]);
    expect([0, 1, 2].map((page) => get(m, child, parent.start + page))).toEqual([
      [7, 0],
      [20, 1],
      [7, 2],
    ]);
    // The last user writes in place.
    const frame = frameAt(m, child, parent.start);
    put(m, child, parent.start, 30, 0);
    expect(frameAt(m, child, parent.start)).toBe(frame);
    expectSound(m);
  });

  it('keeps nobody’s stale permission: a CPU that had the page writable writes to a copy of its own', () => {
    const m = smallMachine();
    const parent = anonProcess(m, 1);
    put(m, parent.mm, parent.start, 1, 1, 0); // CPU 0 has it cached, writable and dirty
    put(m, parent.mm, parent.start, 1, 1, 1);
    const child = forkProcess(m, 0, parent.mm);
    put(m, parent.mm, parent.start, 2, 2, 1);
    expect(get(m, child, parent.start)).toEqual([1, 1]);
    expect(get(m, parent.mm, parent.start, 0)).toEqual([2, 2]);
    expectSound(m);
  });

  it('outlives the parent, in any order, and leaves nothing', () => {
    const m = smallMachine();
    settle(m);
    const before = countFree(m);
    const parent = anonProcess(m, 5);
    const child = forkProcess(m, 0, parent.mm);
    const grandchild = forkProcess(m, 0, child);
    put(m, child, parent.start, 4, 4);
    exitProcess(m, 0, parent.mm);
    const other = forkProcess(m, 0, grandchild);
    exitProcess(m, 0, child);
    expectSound(m);
    for (const mm of [grandchild, other]) expect(get(m, mm, parent.start)).toEqual([7, 0]);
    exitProcess(m, 0, grandchild);
    exitProcess(m, 0, other);
    settle(m);
    expect(countFree(m)).toBe(before);
    expect(m.mapKind.every((kind) => kind === 0)).toBe(true);
    expectSound(m);
  });

  it('copies entries that wait for a page on the move, and both wake up to the new page', () => {
    const m = smallMachine();
    const parent = anonProcess(m, 1);
    const frame = frameAt(m, parent.mm, parent.start);
    m.flags[frame]! |= 1 << 29; // isolated, as whoever moves it would have it
    m.count[frame]! += 1;
    expect(unmapToMigration(m, frame)).toBe(true);
    const child = forkProcess(m, 0, parent.mm);
    expect(readPage(m, 0, parent.mm, parent.start, words)).toBe(ACCESS_BLOCKED);
    remapFromMigration(m, frame, frame);
    m.flags[frame]! &= ~(1 << 29);
    m.count[frame]! -= 1;
    expect([frameAt(m, parent.mm, parent.start), frameAt(m, child, parent.start)]).toEqual([frame, frame]);
    put(m, parent.mm, parent.start, 9, 9);
    expect(get(m, child, parent.start)).toEqual([7, 0]);
    expectSound(m);
  });
});

describe('TLBs', () => {
  /** The steps of a migration by hand, with or without the shootdown; the page is written from another CPU midway. */
  function moveUnderFire(m: Machine, shootdown: boolean): [number, number] {
    const host = new SimHost(m);
    const task = anonProcess(m, 1);
    put(m, task.mm, task.start, 1, 1, 1); // CPU 1 has the translation
    const source = frameAt(m, task.mm, task.start);
    const target = host.allocateTarget(0, source, 11);
    host.pages.isolateFromLru(source, 1);
    host.unmap(source);
    if (shootdown) host.shootdown();
    m.count[source] = 0;
    host.pages.moveSlot(source, target);
    m.count[source] = 1;
    host.copy(Uint32Array.of(source), Uint32Array.of(target), 1);
    const access = writePage(m, 1, task.mm, task.start, 2, 2);
    expect(access).toBe(shootdown ? ACCESS_BLOCKED : ACCESS_OK);
    host.carry(source, target);
    m.flags[target]! |= 1 << 29;
    host.remap(source, target);
    host.pages.putbackToLru(target);
    host.freeSource(source);
    host.shootdown();
    if (shootdown) put(m, task.mm, task.start, 2, 2, 1);
    expectSound(m);
    return get(m, task.mm, task.start);
  }

  it('must be flushed: a CPU that was not told loses its write', () => {
    expect(moveUnderFire(smallMachine(), false)).toEqual([1, 1]);
  });

  it('once flushed, the writer sleeps and nothing is lost', () => {
    expect(moveUnderFire(smallMachine(), true)).toEqual([2, 2]);
  });

  it('do not mix up processes, nor a process with one that had its number', () => {
    const m = smallMachine();
    const first = anonProcess(m, 1);
    get(m, first.mm, first.start);
    exitProcess(m, 0, first.mm);
    const second = mapInto(m, createProcess(m, 0), 1);
    expect(second.mm).toBe(first.mm);
    expect(second.start).toBe(first.start);
    expect(get(m, second.mm, second.start)).toEqual([0, 0]);
    expectSound(m);
  });
});

describe('page tables', () => {
  it('say 0 where there is none, and never name entry 0', () => {
    const m = smallMachine();
    const task = anonProcess(m, 1);
    expect(pteAt(m, task.mm, task.start + 100_000)).toBe(0);
    expect(pteOf(m, task.mm, task.start + 100_000)).toBe(0);
    expect(pteAt(m, task.mm, task.start)).toBeGreaterThan(511);
    expect(m.ptes.subarray(0, 512).every((pte) => pte === 0)).toBe(true);
    expectSound(m);
  });

  it('a private mapping of a file is copied on write, a shared one is written', () => {
    const m = smallMachine();
    const file = createFile(m, 2);
    const shared = mapInto(m, createProcess(m, 0), 2, VM_WRITE | VM_SHARED, file);
    const own = mapInto(m, createProcess(m, 0), 2, VM_WRITE, file);
    const original = get(m, shared.mm, shared.start);
    expect(get(m, own.mm, own.start)).toEqual(original);
    expect(frameAt(m, own.mm, own.start)).toBe(frameAt(m, shared.mm, shared.start));
    put(m, own.mm, own.start, 3, 3);
    expect(get(m, shared.mm, shared.start)).toEqual(original);
    put(m, shared.mm, shared.start, 4, 4);
    expect(get(m, own.mm, own.start)).toEqual([3, 3]);
    // A page that the private mapping has only read is still the file's.
    put(m, shared.mm, shared.start + 1, 5, 5);
    expect(get(m, own.mm, own.start + 1)).toEqual([5, 5]);
    expectSound(m);
  });
});
