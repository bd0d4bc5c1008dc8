import { PG_ANON, PG_HEAD, PG_HUGE, PG_HWPOISON, PG_LRU, PG_TAIL, PG_THP } from 'vacate/handler';
import {
  type Fixture,
  firstDifference,
  hugetlbFixture,
  hugetlbPages,
  isFree,
  openWorld,
  pageThatIs,
  pageTypeConformance,
  recordOf,
  runWith,
  snapshotOf,
  type World,
} from 'vacate/testing';
import { BLOCK_ONLINE } from '../../src/mm/memory-block.js';
import { NO_LOWMEM_RESERVE, watermarksFromMin } from '../../src/mm/zone.js';
import { ACCESS_NO_MEMORY, ACCESS_OK, readPage, writePage } from '../../src/sim/access.js';
import { createProcess, exitProcess, mapMemory, VM_SHARED, VM_WRITE } from '../../src/sim/address-space.js';
import { deleteFile, truncateFile } from '../../src/sim/files.js';
import { createHugetlbFile, growPool, hugetlbPage, setOvercommit } from '../../src/sim/hugetlb.js';
import { findHstate, findUnused, H_FREE, H_NR, H_RESERVED, H_SURPLUS } from '../../src/sim/hugetlb-pool.js';
import { createMachine, type Machine } from '../../src/sim/machine.js';
import { onlineBlock } from '../../src/sim/memory-blocks.js';
import { putPage } from '../../src/sim/page-allocator.js';
import hugetlb from './index.js';

const ORDER = 2;
const NR = 4;
/** Two blocks of the highest order: the smallest that is gigantic. */
const GIGANTIC_ORDER = 11;
const skip = ['is said, and nothing changes', 'it goes, or is gone, once its cause is'].map((end) => ({
  name: end.startsWith('is') ? `"gigantic" ${end}` : `"gigantic": ${end}`,
  because: 'a gigantic page is larger than the machine of these cases; it is asked below',
}));

describe('hugetlb', () => {
  const ready = hugetlbPages();
  const options = { ...ready, skip: [...(ready.skip ?? []), ...skip], operations: 1000 };
  for (const { name, run } of pageTypeConformance(hugetlb, options)) it(name, run);

  it.each([
    ['the head of one', PG_HUGE | PG_HEAD, true],
    ['a tail of one', PG_HUGE | PG_TAIL, true],
    ['one with a memory error', PG_HUGE | PG_HEAD | PG_HWPOISON, false],
    ['a transparent huge page', PG_ANON | PG_LRU | PG_THP | PG_HEAD, false],
    ['compound kernel memory', PG_HEAD, false],
  ])('of %s: claims is right', (_page, flags, claimed) => {
    const { handler } = openWorld(hugetlb, hugetlbFixture());
    expect(handler.claims(flags)).toBe(claimed);
  });

  it('gives an unused one back, and the pool is smaller by one', () => {
    const world = openWorld(hugetlb, hugetlbFixture());
    const { machine, host } = world;
    const pfn = unusedIn(world);
    growPool(machine, 0, ORDER, 1);
    const before = poolOf(machine, ORDER);
    expect(runWith(world, [pfn + 1], 'isolate', () => {})).toMatchObject({
      asked: NR,
      migrated: 0,
      freed: NR,
      refused: [],
    });
    for (let i = 0; i < NR; i++) expect(isFree(machine, pfn + i)).toBe(true);
    expect(poolOf(machine, ORDER)).toEqual({ ...before, nr: before.nr - 1, free: before.free - 1 });
    expect(host.validate()).toEqual([]);
  });

  it('keeps an unused one that a file has been promised, until the file has let go of it', () => {
    const world = openWorld(hugetlb, hugetlbFixture());
    const { machine, service, refusals } = world;
    const pfn = unusedIn(world);
    const before = snapshotOf(machine);
    const report = runWith(world, [pfn], 'isolate', () => {});
    expect(report.refused).toMatchObject([{ handler: 'hugetlb', reason: 'reserved', pages: NR }]);
    expect(firstDifference(machine, before, ['clock'])).toBeNull();
    refusals.reserved!.relieve?.();
    expect(service.judge(pfn)).toBe(0);
  });

  it('moves to an unused one of the pool, which is smaller by one then', () => {
    const world = openWorld(hugetlb, hugetlbFixture());
    const { machine, host } = world;
    growPool(machine, 0, ORDER, 1);
    const pool = poolOf(machine, ORDER);
    const pfn = pageThatIs('mapped by two processes', world);
    const { mappings, slots } = recordOf(machine, pfn + NR - 1);
    const { targets } = runWith(world, [pfn], 'isolate', () => {});
    expect(recordOf(machine, targets[NR - 1]!)).toMatchObject({ mappings, slots });
    expect(poolOf(machine, ORDER)).toEqual({ ...pool, nr: pool.nr - 1, free: pool.free - 1 });
    for (let i = 0; i < NR; i++) expect(isFree(machine, pfn + i)).toBe(true);
    expect(host.validate()).toEqual([]);
  });

  it('moves to a fresh one if the pool has none to spare, and the pool stays as large', () => {
    const world = openWorld(hugetlb, hugetlbFixture());
    const { machine, host } = world;
    const pool = poolOf(machine, ORDER);
    const report = runWith(world, [pageThatIs('mapped once', world)], 'isolate', () => {});
    expect(report).toMatchObject({ migrated: NR, split: 0, refused: [] });
    expect(poolOf(machine, ORDER)).toEqual(pool);
    expect(host.validate()).toEqual([]);
  });

  it('goes back to its pool when its file is truncated while it is in hand', () => {
    const world = openWorld(hugetlb, hugetlbFixture());
    const { machine, host } = world;
    const file = createHugetlbFile(machine, ORDER, 1, false);
    setOvercommit(machine, ORDER, 1);
    const pfn = hugetlbPage(machine, 0, file, 0);
    const pool = poolOf(machine, ORDER);
    expect(pool.surplus).toBe(1);
    const report = runWith(world, [pfn], 'isolate', () => truncateFile(machine, 0, file, 0));
    expect(report).toMatchObject({ migrated: 0, freed: NR, refused: [] });
    // It was surplus: the allocator has it.
    expect(isFree(machine, pfn)).toBe(true);
    expect(poolOf(machine, ORDER)).toEqual({ ...pool, nr: pool.nr - 1, surplus: 0 });
    expect(host.validate()).toEqual([]);
  });

  it('of no pool comes apart when its owner gives it back, and no pool has it then', () => {
    const world = openWorld(hugetlb, hugetlbFixture());
    const { machine, host } = world;
    const pool = poolOf(machine, ORDER);
    const { pfn } = world.refusals['of no pool']!;
    for (let page = pfn; page < pfn + NR / 2; page++) {
      putPage(machine, 0, page);
      expect(host.validate()).toEqual([]);
    }
    for (let page = pfn; page < pfn + NR / 2; page++) expect(isFree(machine, page)).toBe(true);
    expect(poolOf(machine, ORDER)).toEqual(pool);
  });

  it('leaves the target in the pool if somebody pins the page at the last moment', () => {
    const world = openWorld(hugetlb, hugetlbFixture());
    const { machine, host } = world;
    growPool(machine, 0, ORDER, 1);
    const pool = poolOf(machine, ORDER);
    const pfn = pageThatIs('mapped once', world);
    const report = runWith(world, [pfn], 'shootdown', () => {
      machine.count[pfn + 2] = machine.count[pfn + 2]! + 1;
    });
    machine.count[pfn + 2] = machine.count[pfn + 2]! - 1;
    expect(report.refused).toMatchObject([{ reason: 'pinned', pages: NR }]);
    expect(poolOf(machine, ORDER)).toEqual(pool);
    expect(host.validate()).toEqual([]);
  });

  it('is reserved, faulted in, and freed by its file; without a promise a fault may fail', () => {
    const { machine } = hugetlbFixture();
    const pool = poolOf(machine, ORDER);
    expect(createHugetlbFile(machine, ORDER, 1, true)).toBe(0);
    growPool(machine, 0, ORDER, 2);
    const file = createHugetlbFile(machine, ORDER, 2, true);
    expect(poolOf(machine, ORDER)).toMatchObject({ reserved: pool.reserved + 2 });
    const mm = createProcess(machine, 0);
    const flags = VM_WRITE | VM_SHARED;
    const vma = mapMemory(machine, mm, { start: -1, nrPages: 2 * NR, flags, file, offset: 0 });
    const vpn = machine.vmaStart[vma]!;
    const words = new Uint32Array(2);
    expect(writePage(machine, 0, mm, vpn + 5, 7, 8)).toBe(ACCESS_OK);
    expect(readPage(machine, 1, mm, vpn + 5, words)).toBe(ACCESS_OK);
    expect([...words]).toEqual([7, 8]);
    expect(poolOf(machine, ORDER)).toMatchObject({ reserved: pool.reserved + 1, free: pool.free + 1 });
    const loose = createHugetlbFile(machine, ORDER, 1, false);
    const late = mapMemory(machine, mm, { start: -1, nrPages: NR, flags, file: loose, offset: 0 });
    expect(writePage(machine, 0, mm, machine.vmaStart[late]!, 1, 1)).toBe(ACCESS_NO_MEMORY);
    exitProcess(machine, 0, mm);
    expect(deleteFile(machine, 0, file)).toBe(true);
    expect(poolOf(machine, ORDER)).toEqual({ ...pool, nr: pool.nr + 2, free: pool.free + 2 });
  });
});

describe('a gigantic page of hugetlb', () => {
  it('is refused, and nothing changes, as long as no unused one lies elsewhere', () => {
    const world = openWorld(hugetlb, giganticFixture(1));
    const { machine, pages, host } = world;
    const { pfn } = pages[0]!;
    const before = snapshotOf(machine);
    const report = runWith(world, [pfn], 'isolate', () => {});
    expect(report.refused).toMatchObject([{ handler: 'hugetlb', reason: 'gigantic', pages: 2 ** GIGANTIC_ORDER }]);
    expect(firstDifference(machine, before, ['clock'])).toBeNull();
    growPool(machine, 0, GIGANTIC_ORDER, 1);
    const other = findUnused(machine, findHstate(machine, GIGANTIC_ORDER), 0);
    const range = { start: other, end: other + 2 ** GIGANTIC_ORDER };
    host.isolateRange(range);
    expect(runWith(world, [pfn], 'isolate', () => {}).refused).toMatchObject([{ reason: 'gigantic' }]);
    host.undoIsolateRange(range);
    const moved = runWith(world, [pfn], 'isolate', () => {});
    expect(moved).toMatchObject({ migrated: 2 ** GIGANTIC_ORDER, refused: [] });
    expect(moved.targets[0]).toBe(other);
    expect(poolOf(machine, GIGANTIC_ORDER)).toMatchObject({ nr: 1, free: 0 });
    expect(host.validate()).toEqual([]);
  });

  it('is given back if nobody uses it', () => {
    const world = openWorld(hugetlb, giganticFixture(2));
    const { machine, host } = world;
    const pfn = findUnused(machine, findHstate(machine, GIGANTIC_ORDER), 0);
    expect(runWith(world, [pfn], 'isolate', () => {})).toMatchObject({ freed: 2 ** GIGANTIC_ORDER, refused: [] });
    expect(isFree(machine, pfn + 2 ** GIGANTIC_ORDER - 1)).toBe(true);
    expect(host.validate()).toEqual([]);
  });
});

interface Pool {
  readonly nr: number;
  readonly free: number;
  readonly reserved: number;
  readonly surplus: number;
}

function poolOf(m: Machine, order: number): Pool {
  const words = m.hugetlb.subarray(findHstate(m, order));
  return { nr: words[H_NR]!, free: words[H_FREE]!, reserved: words[H_RESERVED]!, surplus: words[H_SURPLUS]! };
}

function unusedIn({ refusals }: World): number {
  return refusals.reserved!.pfn;
}

/** So many gigantic pages, of which a file has one, beside a small pool. */
function giganticFixture(nr: number): Fixture {
  const nrPfns = 4 * 2 ** GIGANTIC_ORDER;
  const zone = { node: 0, watermarks: watermarksFromMin(0), lowmemReserve: NO_LOWMEM_RESERVE };
  const machine = createMachine({
    name: 'gigantic',
    nrPfns,
    nrCpus: 1,
    blockPages: nrPfns,
    zones: [{ ...zone, kind: 'Normal', start: 0, end: nrPfns }],
    blocks: [{ block: 0, state: BLOCK_ONLINE }],
    dimms: [],
    nrSwapSlots: 1,
    contents: 'token',
  });
  onlineBlock(machine, 0);
  expect(growPool(machine, 0, GIGANTIC_ORDER, nr)).toBe(nr);
  growPool(machine, 0, 9, 1);
  const file = createHugetlbFile(machine, GIGANTIC_ORDER, 1, true);
  const pfn = hugetlbPage(machine, 0, file, 0);
  return { machine, pages: [{ pfn, state: 'of a file' }], refusals: {} };
}
