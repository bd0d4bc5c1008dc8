import { describe, expect, it } from '@jest/globals';
import {
  PG_ACTIVE,
  PG_DIRTY,
  PG_REFERENCED,
  PG_SWAPBACKED,
  PG_UNEVICTABLE,
  PG_WRITEBACK,
} from '../../../src/mm/page-flags.js';
import { NO_PAGE } from '../../../src/mm/units.js';
import { ACCESS_OK, readFilePage, writeFilePage } from '../../../src/sim/access.js';
import { createProcess, setLocked, VM_SHARED, VM_WRITE } from '../../../src/sim/address-space.js';
import { createFile, createShmem, deleteFile, isCached, truncateFile } from '../../../src/sim/files.js';
import { pin } from '../../../src/sim/holds.js';
import { compareLedger, takeLedger } from '../../../src/sim/ledger.js';
import { changeLruFlags } from '../../../src/sim/lru.js';
import { type Machine, SCALAR } from '../../../src/sim/machine.js';
import { drainLruAdd } from '../../../src/sim/page-allocator.js';
import { diskPlaceOf, findInCache } from '../../../src/sim/page-cache.js';
import { zoneOf } from '../../../src/sim/pageblocks.js';
import { pageout } from '../../../src/sim/pageout.js';
import { reclaimPages } from '../../../src/sim/reclaim.js';
import { shrinkZone } from '../../../src/sim/shrink-zone.js';
import { advance, startWriteback, unpin, WRITE_LATENCY_NS } from '../../../src/sim/writeback.js';
import {
  anonProcess,
  countFree,
  driverPage,
  expectSound,
  fileProcess,
  frameAt,
  framesOf,
  get,
  mapInto,
  put,
  settle,
  smallMachine,
  zone,
} from './small-machine.js';

const FOR_EVER = Number.MAX_VALUE;
const frameOf = (m: Machine, file: number, page: number): number => findInCache(m, m.mapBase[file]! + page);
const counters = (m: Machine): [number, number, number] => [
  m.scalars[SCALAR.pgscan]!,
  m.scalars[SCALAR.pgsteal]!,
  m.scalars[SCALAR.pswpout]!,
];

/** A file whose pages have been read, one after the other; nobody maps it. */
function readFile(m: Machine, nrPages: number): number {
  const file = createFile(m, nrPages);
  for (let page = 0; page < nrPages; page++) expect(readFilePage(m, 0, file, page)).not.toBe(NO_PAGE);
  drainLruAdd(m);
  return file;
}

/** Pages of the file that are in memory. */
function cached(m: Machine, file: number): number[] {
  return Array.from({ length: m.mapPages[file]! }, (_, page) => page).filter((page) => isCached(m, file, page));
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

describe('a pass over a zone', () => {
  it.each([
    [12, 1],
    [4, 16],
    [2, 64],
    [1, 128],
    [0, 256],
  ])('at priority %i looks at %i of 256 pages', (priority, looked) => {
    const m = smallMachine();
    const file = readFile(m, 256);
    expect(shrinkZone(m, 0, 0, priority, 1000)).toBe(looked);
    expect(counters(m)).toEqual([looked, looked, 0]);
    expect(cached(m, file)).toEqual(range(looked, 256));
    expectSound(m);
  });

  it('stops when it has what was wanted, and takes the oldest', () => {
    const m = smallMachine();
    const file = readFile(m, 256);
    expect(shrinkZone(m, 0, 0, 0, 10)).toBe(10);
    expect(counters(m)).toEqual([10, 10, 0]);
    expect(cached(m, file)).toEqual(range(10, 256));
    expect(shrinkZone(m, 0, 0, 0, 10)).toBe(10);
    expect(cached(m, file)).toEqual(range(20, 256));
    expectSound(m);
  });

  it('frees pages of its zone only; those of the others keep their age', () => {
    const m = smallMachine({ zones: [zone('Normal', 0, 1024), zone('Movable', 1024, 2048)] });
    const file = readFile(m, 1500);
    const home = range(0, 1500).map((page) => zoneOf(m, frameOf(m, file, page)));
    const inNormal = range(0, 1500).filter((page) => home[page] === 0);
    const inMovable = range(0, 1500).filter((page) => home[page] === 1);
    expect([inNormal.length > 400, inMovable.length > 900]).toEqual([true, true]);
    expect(shrinkZone(m, 0, 0, 0, 50)).toBe(50);
    expect(cached(m, file)).toEqual([...inMovable, ...inNormal.slice(50)].sort((a, b) => a - b));
    expect(shrinkZone(m, 0, 1, 0, 50)).toBe(50);
    expect(cached(m, file)).toEqual([...inMovable.slice(50), ...inNormal.slice(50)].sort((a, b) => a - b));
    expect(counters(m)).toEqual([100, 100, 0]);
    expectSound(m);
  });

  it('writes dirty pages first, passes over them meanwhile, and frees them first when they are written', () => {
    const m = smallMachine();
    const file = readFile(m, 64);
    const ledger = takeLedger(m);
    for (let page = 0; page < 8; page++) expect(writeFilePage(m, 0, file, page, 3, page, false)).toBe(ACCESS_OK);
    expect(shrinkZone(m, 0, 0, 0, 16)).toBe(16);
    expect(cached(m, file)).toEqual([...range(0, 8), ...range(24, 64)]);
    for (let page = 0; page < 8; page++) expect(m.flags[frameOf(m, file, page)]! & PG_WRITEBACK).not.toBe(0);
    expect(counters(m)).toEqual([24, 16, 0]);
    expect(shrinkZone(m, 0, 0, 0, 4)).toBe(4);
    expect(counters(m)).toEqual([28, 20, 0]);
    advance(m, 0, WRITE_LATENCY_NS);
    expect(shrinkZone(m, 0, 0, 0, 8)).toBe(8);
    expect(cached(m, file)).toEqual(range(28, 64));
    expect(compareLedger(m, ledger).wrong).toBe(8); // those that were written since
    expectSound(m);
  });

  it('gives a mapped page that was used a second chance, and an unmapped one another round', () => {
    const m = smallMachine();
    const file = readFile(m, 6);
    const task = fileProcess(m, file, 2);
    for (let page = 0; page < 2; page++) get(m, task.mm, task.start + page);
    m.flags[frameOf(m, file, 2)]! |= PG_REFERENCED;
    expect(shrinkZone(m, 0, 0, 0, 100)).toBe(3);
    expect(cached(m, file)).toEqual([0, 1, 2]);
    for (const page of [0, 1]) expect(m.flags[frameOf(m, file, page)]! & PG_ACTIVE).toBe(PG_ACTIVE);
    expect(m.flags[frameOf(m, file, 2)]! & (PG_ACTIVE | PG_REFERENCED)).toBe(0);
    get(m, task.mm, task.start); // through the TLB: nobody notices
    m.flags[frameOf(m, file, 0)]! |= PG_REFERENCED;
    expect(shrinkZone(m, 0, 0, 0, 100)).toBe(2); // page 2, and page 1 by way of the inactive list
    expect(cached(m, file)).toEqual([0]);
    expect(m.flags[frameOf(m, file, 0)]! & (PG_ACTIVE | PG_REFERENCED)).toBe(PG_ACTIVE);
    expectSound(m);
  });

  it.each([
    [12, 'page cache alone', false],
    [3, 'page cache alone', false],
    [2, 'anonymous memory too', true],
    [0, 'anonymous memory too', true],
  ])('at priority %i of a half anonymous machine takes %s', (priority, _, swaps) => {
    const m = smallMachine();
    readFile(m, 200);
    const task = anonProcess(m, 200);
    for (const pfn of framesOf(m, task, 200)) m.flags[pfn]! &= ~PG_REFERENCED;
    shrinkZone(m, 0, 0, priority, 1000);
    expect(m.scalars[SCALAR.pswpout]! > 0).toBe(swaps);
    expectSound(m);
  });

  it('takes anonymous memory at once when there is little else', () => {
    const m = smallMachine();
    const task = anonProcess(m, 128);
    for (const pfn of framesOf(m, task, 128)) m.flags[pfn]! &= ~PG_REFERENCED;
    const ledger = takeLedger(m);
    expect(shrinkZone(m, 0, 0, 4, 32)).toBe(0);
    expect(counters(m)).toEqual([8, 0, 8]);
    advance(m, 0, WRITE_LATENCY_NS);
    expect(shrinkZone(m, 0, 0, 4, 32)).toBe(8);
    expect(framesOf(m, task, 128)).toEqual([...range(0, 8).map(() => -1), ...framesOf(m, task, 128).slice(8)]);
    expect(compareLedger(m, ledger)).toMatchObject({ wrong: 0, pages: 128 });
    expectSound(m);
  });

  it('leaves it all, unsplit and unread, where there is no swap', () => {
    const m = smallMachine({ swap: 0 });
    const task = anonProcess(m, 128);
    for (const pfn of framesOf(m, task, 128)) m.flags[pfn]! &= ~PG_REFERENCED;
    expect(shrinkZone(m, 0, 0, 0, 32)).toBe(0);
    expect(counters(m)).toEqual([0, 0, 0]);
    expectSound(m);
  });

  it('moves old pages of a long active list to the inactive one, but not those in use', () => {
    const m = smallMachine();
    const file = readFile(m, 40);
    const task = fileProcess(m, file, 10);
    for (let page = 0; page < 10; page++) get(m, task.mm, task.start + page);
    for (const page of range(0, 40)) changeLruFlags(m, frameOf(m, file, page), PG_ACTIVE, 0);
    expect(shrinkZone(m, 0, 0, 0, 1000)).toBe(30);
    expect(cached(m, file)).toEqual(range(0, 10));
    for (const page of range(0, 10)) expect(m.flags[frameOf(m, file, page)]! & PG_ACTIVE).toBe(PG_ACTIVE);
    expectSound(m);
  });
});

describe('the queue of writes', () => {
  it('is never filled by reclaim: others have an eighth of it', () => {
    const m = smallMachine({ swap: 512, capacity: { holds: 64 } });
    const task = anonProcess(m, 300);
    for (const pfn of framesOf(m, task, 300)) m.flags[pfn]! &= ~PG_REFERENCED;
    const ledger = takeLedger(m);
    expect(shrinkZone(m, 0, 0, 0, 1000)).toBe(0);
    expect([m.scalars[SCALAR.nrHolds], m.scalars[SCALAR.pswpout]]).toEqual([56, 56]);
    advance(m, 0, WRITE_LATENCY_NS);
    expect(shrinkZone(m, 0, 0, 0, 1000)).toBe(56);
    expect(compareLedger(m, ledger)).toMatchObject({ wrong: 0, pages: 300 });
    expectSound(m);
  });
});

describe('one page', () => {
  it('is freed, being written, or kept, and counted', () => {
    const m = smallMachine();
    const file = readFile(m, 4);
    writeFilePage(m, 0, file, 1, 1, 1, true);
    pin(m, frameOf(m, file, 2), FOR_EVER);
    m.flags[frameOf(m, file, 3)]! |= PG_REFERENCED;
    const results = range(0, 4).map((page) => pageout(m, 0, frameOf(m, file, page)));
    expect(results).toEqual(['freed', 'writing', 'kept', 'freed']);
    expect(counters(m)).toEqual([4, 2, 0]);
    expect(pageout(m, 0, frameOf(m, file, 1))).toBe('writing');
    advance(m, 0, WRITE_LATENCY_NS);
    expect(pageout(m, 0, frameOf(m, file, 1))).toBe('freed');
    expect(counters(m)).toEqual([6, 3, 0]);
    expectSound(m);
  });

  it('is kept, and not looked at, when it is mlocked or on no list', () => {
    const m = smallMachine();
    const task = anonProcess(m, 1);
    const pfn = frameAt(m, task.mm, task.start);
    setLocked(m, task.vma, true);
    expect(m.flags[pfn]! & PG_UNEVICTABLE).toBe(PG_UNEVICTABLE);
    expect(pageout(m, 0, pfn)).toBe('kept');
    expect(frameAt(m, task.mm, task.start)).toBe(pfn);
    const pool = createFile(m, 1);
    expect(pageout(m, 0, driverPage(m, pool, 0, 1, 1))).toBe('kept');
    expect(counters(m)).toEqual([0, 0, 0]);
  });

  it('of anonymous memory goes to swap in two steps', () => {
    const m = smallMachine();
    const task = anonProcess(m, 1);
    const pfn = frameAt(m, task.mm, task.start);
    expect(pageout(m, 0, pfn)).toBe('writing');
    advance(m, 0, WRITE_LATENCY_NS);
    expect(pageout(m, 0, pfn)).toBe('freed');
    expect(counters(m)).toEqual([2, 1, 1]);
    expect(get(m, task.mm, task.start)).toEqual([7, 0]);
    expectSound(m);
  });
});

describe('shared memory', () => {
  /** Two processes that map the same shared memory, written by the first. */
  function shared(m: Machine, nrPages: number) {
    const file = createShmem(m, nrPages);
    const tasks = [0, 1].map(() => mapInto(m, createProcess(m, 0), nrPages, VM_WRITE | VM_SHARED, file));
    const [writer, reader] = [tasks[0]!, tasks[1]!];
    for (let page = 0; page < nrPages; page++) put(m, writer.mm, writer.start + page, 6, page);
    for (let page = 0; page < nrPages; page++) expect(get(m, reader.mm, reader.start + page)).toEqual([6, page]);
    settle(m);
    return { file, writer, reader };
  }

  const allOut = (m: Machine): void => {
    for (let round = 0; round < 4; round++) reclaimPages(m, 0, m.spec.nrPfns);
  };

  it.each(['token', 'bytes'] as const)(
    'goes to swap and comes back for everyone, and gives the slot up (%s)',
    (contents) => {
      const m = smallMachine({ contents });
      const { file, writer, reader } = shared(m, 70);
      const ledger = takeLedger(m);
      allOut(m);
      expect(cached(m, file)).toEqual([]);
      expect([m.scalars[SCALAR.swapUsed], m.scalars[SCALAR.pswpout]]).toEqual([70, 70]);
      expect(compareLedger(m, ledger)).toMatchObject({ wrong: 0, pages: 210 });
      expectSound(m);
      for (let page = 0; page < 70; page++) expect(get(m, reader.mm, reader.start + page)).toEqual([6, page]);
      expect(m.scalars[SCALAR.swapUsed]).toBe(0);
      for (const page of [0, 69]) {
        const pfn = frameAt(m, reader.mm, reader.start + page);
        expect(m.flags[pfn]! & (PG_DIRTY | PG_SWAPBACKED)).toBe(PG_DIRTY | PG_SWAPBACKED);
        expect(get(m, writer.mm, writer.start + page)).toEqual([6, page]);
        expect(frameAt(m, writer.mm, writer.start + page)).toBe(pfn);
      }
      expectSound(m);
    },
  );

  it('loses no write that comes while it is being written, or after', () => {
    const m = smallMachine();
    const { file, writer, reader } = shared(m, 1);
    const pfn = frameOf(m, file, 0);
    m.flags[pfn]! &= ~PG_REFERENCED;
    expect(pageout(m, 0, pfn)).toBe('writing');
    put(m, writer.mm, writer.start, 8, 8);
    advance(m, 0, WRITE_LATENCY_NS);
    expect(pageout(m, 0, pfn)).toBe('writing'); // it was written to, and must be written out once more
    advance(m, 0, WRITE_LATENCY_NS);
    put(m, writer.mm, writer.start, 9, 9);
    expect(m.scalars[SCALAR.swapUsed]).toBe(1);
    allOut(m);
    expect(get(m, reader.mm, reader.start)).toEqual([9, 9]);
    expectSound(m);
  });

  it('stays while swap is full', () => {
    const m = smallMachine({ swap: 4 });
    const { file, reader } = shared(m, 10);
    allOut(m);
    expect(cached(m, file)).toHaveLength(7); // slot 0 is never shared memory's
    expect(m.scalars[SCALAR.swapUsed]).toBe(3);
    for (let page = 0; page < 10; page++) expect(get(m, reader.mm, reader.start + page)).toEqual([6, page]);
    expectSound(m);
  });

  it('gives its slots up when it is truncated or deleted', () => {
    const m = smallMachine();
    const file = createShmem(m, 80);
    for (let page = 0; page < 80; page++) writeFilePage(m, 0, file, page, 1, page, false);
    settle(m);
    allOut(m);
    expect(m.scalars[SCALAR.swapUsed]).toBe(80);
    expect(truncateFile(m, 0, file, 30)).toBe(true);
    expect(m.scalars[SCALAR.swapUsed]).toBe(30);
    expectSound(m);
    expect(deleteFile(m, 0, file)).toBe(true);
    expect(m.scalars[SCALAR.swapUsed]).toBe(0);
    settle(m);
    expect(countFree(m)).toBe(m.spec.nrPfns);
    expectSound(m);
  });

  it('is not freed while somebody pins it', () => {
    const m = smallMachine();
    const { file, writer } = shared(m, 1);
    const pfn = frameOf(m, file, 0);
    pin(m, pfn, FOR_EVER);
    allOut(m);
    expect([frameOf(m, file, 0), diskPlaceOf(m, m.mapBase[file]!) > 0]).toEqual([pfn, true]);
    expect(startWriteback(m, pfn)).toBe(false); // clean: swap has it
    expectSound(m);
    unpin(m, 0, pfn);
    allOut(m);
    expect(cached(m, file)).toEqual([]);
    expect(get(m, writer.mm, writer.start)).toEqual([6, 0]);
    expectSound(m);
  });
});
