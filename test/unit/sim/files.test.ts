import { describe, expect, it } from '@jest/globals';
import { PG_DIRTY, PG_NONLINEAR, PG_PRIVATE, PG_WRITEBACK } from '../../../src/mm/page-flags.js';
import { isFile } from '../../../src/mm/pte.js';
import {
  ACCESS_BLOCKED,
  ACCESS_FAULT,
  ACCESS_OK,
  readFileContents,
  readFilePage,
  readPage,
  writeFilePage,
} from '../../../src/sim/access.js';
import { exitProcess, forkProcess, remapFilePage } from '../../../src/sim/address-space.js';
import { originalHi, originalLo, readStored } from '../../../src/sim/contents.js';
import { createFile, deleteFile, isCached, truncateFile } from '../../../src/sim/files.js';
import { lockPage, pin } from '../../../src/sim/holds.js';
import { type Machine, SCALAR } from '../../../src/sim/machine.js';
import { diskPlaceOf, findInCache, SLOT_DIRTY, SLOT_WRITEBACK, slotAt } from '../../../src/sim/page-cache.js';
import { pteOf } from '../../../src/sim/page-tables.js';
import { reclaimPages } from '../../../src/sim/reclaim.js';
import { advance, startWriteback, unpin, WRITE_LATENCY_NS, waitForWriteback } from '../../../src/sim/writeback.js';
import { countFree, expectSound, fileProcess, frameAt, get, held, put, settle, smallMachine } from './small-machine.js';

const words = new Uint32Array(2);
const inCache = (m: Machine, file: number, page: number): number => findInCache(m, m.mapBase[file]! + page);
const tags = (m: Machine, file: number, page: number): number =>
  m.leafSlots[slotAt(m, m.mapBase[file]! + page)]! & (SLOT_DIRTY | SLOT_WRITEBACK);

function onDisk(m: Machine, file: number, page: number): number[] {
  const place = diskPlaceOf(m, m.mapBase[file]! + page);
  if (place === 0) return [];
  expect(readStored(m, place, words)).toBe(true);
  return [...words];
}

describe('writing back', () => {
  it('takes its time: the disk has the contents when the write is done, and those of that moment', () => {
    const m = smallMachine({ contents: 'bytes' });
    const file = createFile(m, 1);
    expect(writeFilePage(m, 0, file, 0, 1, 1, false)).toBe(ACCESS_OK);
    const pfn = inCache(m, file, 0);
    expect([m.flags[pfn]! & (PG_DIRTY | PG_WRITEBACK), tags(m, file, 0)]).toEqual([PG_DIRTY, SLOT_DIRTY]);
    expect(startWriteback(m, pfn)).toBe(true);
    expect(startWriteback(m, pfn)).toBe(false);
    expect([m.flags[pfn]! & (PG_DIRTY | PG_WRITEBACK), tags(m, file, 0)]).toEqual([PG_WRITEBACK, SLOT_WRITEBACK]);
    advance(m, 0, WRITE_LATENCY_NS - 1);
    expect(m.flags[pfn]! & PG_WRITEBACK).toBe(PG_WRITEBACK);
    writeFilePage(m, 0, file, 0, 2, 2, false);
    expect(tags(m, file, 0)).toBe(SLOT_DIRTY | SLOT_WRITEBACK);
    expectSound(m);
    advance(m, 0, 1);
    expect(onDisk(m, file, 0)).toEqual([2, 2]);
    // Written while under way: it must be written once more.
    expect([m.flags[pfn]! & (PG_DIRTY | PG_WRITEBACK), tags(m, file, 0)]).toEqual([PG_DIRTY, SLOT_DIRTY]);
    expectSound(m);
    startWriteback(m, pfn);
    expect(waitForWriteback(m, 0, pfn)).toBe(true);
    expect(waitForWriteback(m, 0, pfn)).toBe(false);
    expect(m.flags[pfn]! & (PG_DIRTY | PG_WRITEBACK)).toBe(0);
    expectSound(m);
  });

  it('is not begun on clean or locked pages', () => {
    const m = smallMachine();
    const file = createFile(m, 2);
    const clean = readFilePage(m, 0, file, 0);
    expect(startWriteback(m, clean)).toBe(false);
    writeFilePage(m, 0, file, 1, 1, 1, false);
    lockPage(m, inCache(m, file, 1), 10);
    expect(startWriteback(m, inCache(m, file, 1))).toBe(false);
    expectSound(m);
  });

  it('loses no write that a process made through its mapping meanwhile', () => {
    const m = smallMachine();
    const file = createFile(m, 1);
    const task = fileProcess(m, file, 1);
    put(m, task.mm, task.start, 1, 1);
    const pfn = inCache(m, file, 0);
    startWriteback(m, pfn);
    advance(m, 0, WRITE_LATENCY_NS);
    put(m, task.mm, task.start, 2, 2); // through the TLB: nothing marks the page
    for (let round = 0; round < 6; round++) reclaimPages(m, 0, 64);
    expect(isCached(m, file, 0)).toBe(false);
    expect(onDisk(m, file, 0)).toEqual([2, 2]);
    expect(get(m, task.mm, task.start)).toEqual([2, 2]);
    expectSound(m);
  });

  it('a page comes back from disk as it was, and from nowhere as it always was', () => {
    const m = smallMachine();
    const file = createFile(m, 3);
    const original = held(m, readFilePage(m, 0, file, 0));
    writeFilePage(m, 0, file, 1, 5, 5, true);
    expect(m.flags[inCache(m, file, 1)]! & PG_PRIVATE).toBe(PG_PRIVATE);
    expectSound(m);
    for (let round = 0; round < 6; round++) reclaimPages(m, 0, 64);
    expect([isCached(m, file, 0), isCached(m, file, 1)]).toEqual([false, false]);
    expect(held(m, readFilePage(m, 0, file, 0))).toEqual(original);
    expect(held(m, readFilePage(m, 0, file, 1))).toEqual([5, 5]);
    expectSound(m);
  });
});

describe('dirty tags', () => {
  it('come with the first write through a shared mapping, and with the exit of whoever wrote', () => {
    const m = smallMachine();
    const file = createFile(m, 2);
    const task = fileProcess(m, file, 2);
    get(m, task.mm, task.start);
    expect(tags(m, file, 0)).toBe(0);
    put(m, task.mm, task.start, 1, 1);
    expect(tags(m, file, 0)).toBe(SLOT_DIRTY);
    const pfn = inCache(m, file, 0);
    startWriteback(m, pfn);
    advance(m, 0, WRITE_LATENCY_NS);
    put(m, task.mm, task.start, 2, 2);
    exitProcess(m, 0, task.mm);
    expect(tags(m, file, 0)).toBe(SLOT_DIRTY);
    expectSound(m);
  });
});

describe('truncation', () => {
  it('unmaps the pages everywhere, frees them, and leaves what comes before', () => {
    const m = smallMachine();
    const file = createFile(m, 6);
    settle(m);
    const tasks = [fileProcess(m, file, 6), fileProcess(m, file, 6)];
    for (const { mm, start } of tasks) for (let page = 0; page < 6; page++) put(m, mm, start + page, 1, page);
    settle(m);
    const before = countFree(m);
    expect(truncateFile(m, 0, file, 2)).toBe(true);
    settle(m);
    expect(countFree(m)).toBe(before + 4);
    for (const { mm, start } of tasks) {
      expect(readPage(m, 0, mm, start + 2, words)).toBe(ACCESS_FAULT);
      expect(get(m, mm, start + 1)).toEqual([1, 1]);
    }
    expect(writeFilePage(m, 0, file, 2, 1, 1, false)).toBe(ACCESS_FAULT);
    expectSound(m);
  });

  it('leaves a page whose write does not end: its frame is nobody else’s until the device has read it', () => {
    const m = smallMachine();
    const file = createFile(m, 2);
    for (const page of [0, 1]) expect(writeFilePage(m, 0, file, page, page, 1, false)).toBe(ACCESS_OK);
    settle(m);
    const pfn = inCache(m, file, 0);
    expect(startWriteback(m, pfn)).toBe(true);
    m.holdUntil[0] = Number.POSITIVE_INFINITY;
    expect(truncateFile(m, 0, file, 0)).toBe(false);
    expect([m.mapPages[file], inCache(m, file, 0), m.count[pfn]! > 0]).toEqual([1, pfn, true]);
    m.holdUntil[0] = 0;
    expect(truncateFile(m, 0, file, 0)).toBe(true);
    expectSound(m);
  });

  it('stops at a locked page and goes on when asked again', () => {
    const m = smallMachine();
    const file = createFile(m, 4);
    for (let page = 0; page < 4; page++) readFilePage(m, 0, file, page);
    lockPage(m, inCache(m, file, 1), 1000);
    expect(truncateFile(m, 0, file, 0)).toBe(false);
    expect(m.mapPages[file]).toBe(2);
    expect(isCached(m, file, 1)).toBe(true);
    expectSound(m);
    advance(m, 0, 1000);
    expect(truncateFile(m, 0, file, 0)).toBe(true);
    settle(m);
    expect(countFree(m)).toBe(m.spec.nrPfns);
    expectSound(m);
  });

  it('leaves a pinned page to whoever pins it, also when reclaim meets it', () => {
    const m = smallMachine();
    const file = createFile(m, 1);
    const pfn = readFilePage(m, 0, file, 0);
    settle(m);
    pin(m, pfn, Number.MAX_VALUE);
    expect(truncateFile(m, 0, file, 0)).toBe(true);
    for (let round = 0; round < 4; round++) reclaimPages(m, 0, 64);
    expect(m.count[pfn]).toBe(1);
    expectSound(m);
    expect(unpin(m, 0, pfn)).toBe(true);
    settle(m);
    expect(countFree(m)).toBe(m.spec.nrPfns);
    expectSound(m);
  });

  it('waits for the writes that are under way', () => {
    const m = smallMachine();
    const file = createFile(m, 1);
    writeFilePage(m, 0, file, 0, 1, 1, true);
    startWriteback(m, inCache(m, file, 0));
    expect(truncateFile(m, 0, file, 0)).toBe(true);
    expect(m.clock[0]).toBe(WRITE_LATENCY_NS);
    expect(m.scalars[SCALAR.nrHolds]).toBe(0);
    expectSound(m);
  });
});

describe('deletion', () => {
  it('gives back pages, slots, places on disk and on the index line, and others may have them', () => {
    const m = smallMachine({ capacity: { extents: 2, mappings: 4, leaves: 8 } });
    settle(m);
    const free = countFree(m);
    for (let round = 0; round < 40; round++) {
      const file = createFile(m, 130);
      for (let page = 0; page < 130; page++) writeFilePage(m, 0, file, page, round, page, page % 2 === 0);
      for (let page = 0; page < 130; page += 3) startWriteback(m, inCache(m, file, page));
      expect(readFileContents(m, 0, file, 129, words)).toBe(ACCESS_OK);
      expect([...words]).toEqual([round, 129]);
      expect(deleteFile(m, 0, file)).toBe(true);
      settle(m);
      expect([countFree(m), m.scalars[SCALAR.leavesUsed], m.mapKind[file]]).toEqual([free, 0, 0]);
    }
    expect(m.scalars[SCALAR.storedFill]! - m.spec.nrSwapSlots).toBeLessThanOrEqual(130);
    expectSound(m);
    // A new file has nothing of the old ones on its disk.
    const file = createFile(m, 130);
    readFileContents(m, 0, file, 0, words);
    expect([...words]).toEqual([originalLo(file, 0), originalHi(file, 0)]);
  });

  it('waits for a locked page, and then goes on', () => {
    const m = smallMachine();
    const file = createFile(m, 10);
    for (let page = 0; page < 10; page++) readFilePage(m, 0, file, page);
    settle(m);
    lockPage(m, inCache(m, file, 4), 1000);
    expect(readFileContents(m, 0, file, 4, words)).toBe(ACCESS_BLOCKED);
    expect(deleteFile(m, 0, file)).toBe(false);
    expect([isCached(m, file, 4), isCached(m, file, 5)]).toEqual([true, false]);
    advance(m, 0, 1000);
    expect(deleteFile(m, 0, file)).toBe(true);
    expectSound(m);
  });

  it('is not for a file that is mapped', () => {
    const m = smallMachine();
    const file = createFile(m, 4);
    fileProcess(m, file, 4);
    expect(() => deleteFile(m, 0, file)).toThrow('a file that is mapped is not deleted');
  });
});

describe('nonlinear mappings (remap_file_pages)', () => {
  it('show another page of the file, mark the file’s pages, and end with the VMA', () => {
    const m = smallMachine();
    const file = createFile(m, 4);
    const other = fileProcess(m, file, 4);
    const task = fileProcess(m, file, 4);
    for (let page = 0; page < 4; page++) put(m, other.mm, other.start + page, 1, page);
    expect(get(m, task.mm, task.start)).toEqual([1, 0]);
    expect(remapFilePage(m, 0, task.vma, task.start, 3)).toBe(true);
    expect(isFile(pteOf(m, task.mm, task.start))).toBe(true);
    expect(get(m, task.mm, task.start)).toEqual([1, 3]);
    expect(get(m, task.mm, task.start + 3)).toEqual([1, 3]);
    for (let page = 0; page < 4; page++) expect(m.flags[inCache(m, file, page)]! & PG_NONLINEAR).not.toBe(0);
    put(m, task.mm, task.start, 9, 9);
    expect(get(m, other.mm, other.start + 3)).toEqual([9, 9]);
    expectSound(m);
    const child = forkProcess(m, 0, task.mm);
    expect(get(m, child, task.start)).toEqual([9, 9]);
    exitProcess(m, 0, task.mm);
    expect(m.flags[inCache(m, file, 0)]! & PG_NONLINEAR).not.toBe(0);
    exitProcess(m, 0, child);
    for (let page = 0; page < 4; page++) expect(m.flags[inCache(m, file, page)]! & PG_NONLINEAR).toBe(0);
    expectSound(m);
  });

  it('are found by truncation, page by page', () => {
    const m = smallMachine();
    const file = createFile(m, 4);
    const task = fileProcess(m, file, 4);
    expect(remapFilePage(m, 0, task.vma, task.start, 3)).toBe(true);
    get(m, task.mm, task.start);
    get(m, task.mm, task.start + 1);
    expect(truncateFile(m, 0, file, 2)).toBe(true);
    expect(readPage(m, 0, task.mm, task.start, words)).toBe(ACCESS_FAULT);
    expect(readPage(m, 0, task.mm, task.start + 1, words)).toBe(ACCESS_OK);
    expect(frameAt(m, task.mm, task.start)).toBe(-1);
    settle(m);
    expectSound(m);
  });

  it('are for shared mappings of the file only', () => {
    const m = smallMachine();
    const file = createFile(m, 2);
    const task = fileProcess(m, file, 2);
    expect(remapFilePage(m, 0, task.vma, task.start, 2)).toBe(false);
    m.vmaFlags[task.vma]! &= ~2;
    expect(remapFilePage(m, 0, task.vma, task.start, 1)).toBe(false);
    expectSound(m);
  });
});

describe('a locked page', () => {
  it('makes whoever needs it wait', () => {
    const m = smallMachine();
    const file = createFile(m, 1);
    const task = fileProcess(m, file, 1);
    const pfn = readFilePage(m, 0, file, 0);
    expect(lockPage(m, pfn, 100)).toBe(true);
    expect(lockPage(m, pfn, 100)).toBe(false);
    expect(readPage(m, 0, task.mm, task.start, words)).toBe(ACCESS_BLOCKED);
    expect(writeFilePage(m, 0, file, 0, 1, 1, false)).toBe(ACCESS_BLOCKED);
    advance(m, 0, 100);
    expect(readPage(m, 0, task.mm, task.start, words)).toBe(ACCESS_OK);
    expectSound(m);
  });
});
