import { PG_DIRTY, PG_SWAPCACHE } from '../../../src/mm/page-flags.js';
import { ACCESS_BLOCKED, readFilePage, readPage, writeFilePage } from '../../../src/sim/access.js';
import { createProcess, VM_SHARED, VM_WRITE } from '../../../src/sim/address-space.js';
import { createFile, createShmem, deleteFile, isCached, truncateFile } from '../../../src/sim/files.js';
import { lockPage } from '../../../src/sim/holds.js';
import { compareLedger, takeLedger } from '../../../src/sim/ledger.js';
import { type Machine, SCALAR } from '../../../src/sim/machine.js';
import { pageout } from '../../../src/sim/pageout.js';
import { moveToSwapCache, swapCachePageOf } from '../../../src/sim/shmem.js';
import { advance, WRITE_LATENCY_NS } from '../../../src/sim/writeback.js';
import { expectSound, get, mapInto, put, settle, smallMachine } from './small-machine.js';

/** A file of one page that is in the swap cache, dirty. */
function leaving(m: Machine) {
  const file = createShmem(m, 1);
  writeFilePage(m, 0, file, 0, 5, 6, false);
  const pfn = readFilePage(m, 0, file, 0);
  const mapped = mapInto(m, createProcess(m, 0), 1, VM_WRITE | VM_SHARED, file);
  settle(m);
  expect(moveToSwapCache(m, pfn)).toBe(true);
  return { file, pfn, mapped };
}

describe('shared memory in the swap cache', () => {
  it('is in one of the two caches, and reads the same', () => {
    const m = smallMachine();
    const file = createShmem(m, 1);
    writeFilePage(m, 0, file, 0, 5, 6, false);
    settle(m);
    const pfn = readFilePage(m, 0, file, 0);
    const ledger = takeLedger(m);
    expect(moveToSwapCache(m, pfn)).toBe(true);
    expect([isCached(m, file, 0), swapCachePageOf(m, m.mapBase[file]!)]).toEqual([false, pfn]);
    expect([m.scalars[SCALAR.swapUsed], m.count[pfn]]).toEqual([1, 1]);
    expect(compareLedger(m, ledger).wrong).toBe(0);
    expectSound(m);
  });

  it('comes back with a fault, dirty, and gives its slot up', () => {
    const m = smallMachine();
    const { file, pfn, mapped } = leaving(m);
    expect(get(m, mapped.mm, mapped.start)).toEqual([5, 6]);
    expect([isCached(m, file, 0), m.flags[pfn]! & (PG_DIRTY | PG_SWAPCACHE)]).toEqual([true, PG_DIRTY]);
    expect(m.scalars[SCALAR.swapUsed]).toBe(0);
    expectSound(m);
  });

  it('has whoever wants it wait for its write, and loses none that comes then', () => {
    const m = smallMachine();
    const { pfn, mapped } = leaving(m);
    expect(pageout(m, 0, pfn)).toBe('writing');
    const before = m.clock[0]!;
    put(m, mapped.mm, mapped.start, 7, 7);
    expect(m.clock[0]! - before).toBe(WRITE_LATENCY_NS);
    expect(get(m, mapped.mm, mapped.start)).toEqual([7, 7]);
    expectSound(m);
  });

  it('is dropped once swap has it, and read from there', () => {
    const m = smallMachine();
    const { pfn, mapped } = leaving(m);
    pageout(m, 0, pfn);
    advance(m, 0, WRITE_LATENCY_NS);
    expect(pageout(m, 0, pfn)).toBe('freed');
    expect(m.scalars[SCALAR.swapUsed]).toBe(1);
    expect(get(m, mapped.mm, mapped.start)).toEqual([5, 6]);
    expectSound(m);
  });

  it('has whoever wants it sleep while somebody has it locked', () => {
    const m = smallMachine();
    const { file, pfn, mapped } = leaving(m);
    lockPage(m, pfn, m.clock[0]! + 10);
    expect(readPage(m, 0, mapped.mm, mapped.start, new Uint32Array(2))).toBe(ACCESS_BLOCKED);
    expect(writeFilePage(m, 0, file, 0, 1, 1, false)).toBe(ACCESS_BLOCKED);
    expect(truncateFile(m, 0, file, 0)).toBe(false);
    advance(m, 0, 10);
    expect(truncateFile(m, 0, file, 0)).toBe(true);
    expectSound(m);
  });

  it('goes with its file', () => {
    const m = smallMachine();
    const file = createShmem(m, 1);
    writeFilePage(m, 0, file, 0, 5, 6, false);
    settle(m);
    moveToSwapCache(m, readFilePage(m, 0, file, 0));
    expect(deleteFile(m, 0, file)).toBe(true);
    expect(m.scalars[SCALAR.swapUsed]).toBe(0);
    expectSound(m);
  });

  it('is there only if nobody maps it, nobody has it locked, it is shared memory, and swap has room', () => {
    const m = smallMachine({ swap: 1 });
    const file = createShmem(m, 1);
    const mapped = mapInto(m, createProcess(m, 0), 1, VM_WRITE | VM_SHARED, file);
    put(m, mapped.mm, mapped.start, 1, 1);
    const disk = createFile(m, 1);
    const tried = [readFilePage(m, 0, file, 0), readFilePage(m, 0, disk, 0)];
    // Slot 0 is never shared memory's.
    const full = createShmem(m, 1);
    writeFilePage(m, 0, full, 0, 1, 1, false);
    tried.push(readFilePage(m, 0, full, 0));
    settle(m);
    expect(tried.map((pfn) => moveToSwapCache(m, pfn))).toEqual([false, false, false]);
    expectSound(m);
  });
});
