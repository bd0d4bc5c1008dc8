import { describe, expect, it } from '@jest/globals';
import {
  DMA_PINNED,
  PG_ANON,
  PG_DIRTY,
  PG_HEAD,
  PG_HUGE,
  PG_KSM,
  PG_LOCKED,
  PG_LRU,
  PG_MLOCKED,
  PG_MOVABLE_OPS,
  PG_NONLINEAR,
  PG_OFFLINE,
  PG_PGTABLE,
  PG_PRIVATE,
  PG_RESERVED,
  PG_SLAB,
  PG_SWAPBACKED,
  PG_SWAPCACHE,
  PG_TAIL,
  PG_THP,
  PG_UNEVICTABLE,
  PG_WRITEBACK,
} from '../../../src/mm/page-flags.js';
import { machineFromScenario } from '../../../src/scenario/machine-from-scenario.js';
import { parseScenario } from '../../../src/scenario/parse-scenario.js';
import { readContents } from '../../../src/sim/contents.js';
import { DRIVER_ZSMALLOC, driverOf, kindOfDriver } from '../../../src/sim/drivers/driver.js';
import { hasObjects } from '../../../src/sim/drivers/zsmalloc.js';
import { isLongtermPinnable, isLongtermPinned } from '../../../src/sim/gup.js';
import { HOLD_PIN } from '../../../src/sim/holds.js';
import { findHstate, H_FREE, H_NR, H_RESERVED } from '../../../src/sim/hugetlb-pool.js';
import { type Machine, SCALAR } from '../../../src/sim/machine.js';
import { MAPPING_FILE } from '../../../src/sim/mappings.js';
import { drainLruAdd } from '../../../src/sim/page-allocator.js';
import { nodeOf, pageblockType } from '../../../src/sim/pageblocks.js';
import { reverseMap } from '../../../src/sim/rmap.js';
import { validateMachine } from '../../../src/sim/validate.js';
import { advance } from '../../../src/sim/writeback.js';
import { build, messageOf, pagesWith, rangeOfDimm, small } from './sketch.js';

/** A machine with these workloads, sound and with its LRU batches drained. */
function filled(...workloads: string[]): Machine {
  const m = build(small(...workloads));
  expect(validateMachine(m)).toEqual([]);
  drainLruAdd(m);
  return m;
}

const withMapcount = (m: Machine, pfns: readonly number[], mapcount: number) =>
  pfns.filter((pfn) => m.mapcount[pfn] === mapcount).length;
/** Page-cache pages of files: on the LRU, and neither anonymous nor shared memory. */
const filePages = (m: Machine) =>
  pagesWith(m, PG_LRU).filter((pfn) => ((m.flags[pfn] as number) & (PG_ANON | PG_SWAPBACKED)) === 0);
const has = (m: Machine, flag: number) => (pfn: number) => ((m.flags[pfn] as number) & flag) !== 0;
const nrProcesses = (m: Machine) => m.mmAlive.reduce((sum, alive) => sum + alive, 0);

describe('anonymous', () => {
  it('is memory of each process its own', () => {
    const m = filled('kind: anonymous, size: 1003 pages, processes: 4');
    const pages = pagesWith(m, PG_ANON | PG_SWAPBACKED);
    expect(pages).toHaveLength(1003);
    expect(withMapcount(m, pages, 1)).toBe(1003);
    expect(nrProcesses(m)).toBe(4);
  });

  it('is shared with all forked processes', () => {
    const m = filled('kind: anonymous, size: 1000 pages, processes: 5, sharedByFork: 0.3');
    const pages = pagesWith(m, PG_ANON);
    expect(withMapcount(m, pages, 5)).toBe(300);
    expect(withMapcount(m, pages, 1)).toBe(700);
    expect(nrProcesses(m)).toBe(5);
  });

  it('is shared as a whole', () => {
    const m = filled('kind: anonymous, size: 64 pages, processes: 3, sharedByFork: 1');
    expect(withMapcount(m, pagesWith(m, PG_ANON), 3)).toBe(64);
  });

  it('gives up what is not kept, everywhere', () => {
    const m = filled('kind: anonymous, size: 1000 pages, processes: 2, sharedByFork: 0.5, keep: 0.4, pattern: even');
    const pages = pagesWith(m, PG_ANON);
    expect(withMapcount(m, pages, 2)).toBe(200);
    expect(withMapcount(m, pages, 1)).toBe(200);
  });
});

describe('files', () => {
  it('are clean and unmapped unless told otherwise', () => {
    const m = filled('kind: files, size: 700 pages, files: 9');
    const pages = filePages(m);
    expect(pages).toHaveLength(700);
    expect(pages.filter(has(m, PG_DIRTY | PG_PRIVATE))).toEqual([]);
    expect(withMapcount(m, pages, 0)).toBe(700);
    expect(nrProcesses(m)).toBe(0);
  });

  it('are mapped, dirty and buffered in the shares asked for', () => {
    const m = filled('kind: files, size: 1000 pages, files: 7, mapped: 0.4, processes: 3, dirty: 0.25, buffers: 0.3');
    const pages = filePages(m);
    expect(pages).toHaveLength(1000);
    expect(withMapcount(m, pages, 3)).toBe(400);
    expect(withMapcount(m, pages, 0)).toBe(600);
    expect(pages.filter(has(m, PG_DIRTY))).toHaveLength(250);
    expect(pages.filter(has(m, PG_PRIVATE))).toHaveLength(300);
    expect(pages.filter(has(m, PG_WRITEBACK))).toEqual([]);
  });

  it('are deleted at even distances, mapped or not', () => {
    const m = filled('kind: files, size: 1000 pages, files: 10, mapped: 0.5, dirty: 0.3, keepFiles: 0.5');
    expect(filePages(m)).toHaveLength(500);
    expect(m.mapKind.filter((kind) => kind !== 0)).toHaveLength(5);
  });

  it('may be more than pages', () => {
    expect(filePages(filled('kind: files, size: 5 pages, files: 100, mapped: 1'))).toHaveLength(5);
  });

  it('may be more than one process maps', () => {
    const m = filled('kind: files, size: 300 pages, files: 150, mapped: 1, processes: 2');
    expect(withMapcount(m, filePages(m), 2)).toBe(300);
    expect(nrProcesses(m)).toBe(6);
  });
});

describe('scattered', () => {
  const m = filled('kind: scattered, size: 24MiB, processes: 2, files: 3, cached: 0.4, kernel: 0.4');

  it('is processes, files and the kernel, all over memory', () => {
    const used = [PG_LRU, PG_SLAB, PG_PGTABLE].flatMap((flag) => pagesWith(m, flag));
    expect(used.length).toBeGreaterThan(5900);
    expect(used.length).toBeLessThanOrEqual(6144);
    expect(nrProcesses(m)).toBe(2);
    expect(m.mapKind.filter((kind) => kind === MAPPING_FILE)).toHaveLength(3);
    expect(new Set(used.map((pfn) => pfn >>> 9)).size).toBe(m.spec.nrPfns >>> 9);
    expect(filePages(m).length / pagesWith(m, PG_LRU).length).toBeCloseTo(0.4, 2);
  });

  it('comes before all others, and after what boot takes', () => {
    const others = filled(
      'kind: anonymous, size: 4MiB',
      'kind: scattered, size: 16MiB, processes: 2, kernel: 0.4',
      'kind: reserved, pages: 100',
    );
    expect(pagesWith(others, PG_RESERVED)).toEqual(Array.from({ length: 100 }, (_, pfn) => pfn));
    expect(nrProcesses(others)).toBe(3);
  });

  it('is said once', () => {
    const twice = small('kind: scattered, size: 4MiB', 'kind: scattered, size: 4MiB');
    expect(messageOf(() => build(twice))).toContain('workloads have 2 of kind scattered; put them into one');
  });
});

describe('memory that processes have besides', () => {
  it('shmem: dirty, swap-backed, mapped by all', () => {
    const m = filled('kind: shmem, size: 100 pages, processes: 4');
    const pages = pagesWith(m, PG_SWAPBACKED | PG_DIRTY | PG_LRU);
    expect(withMapcount(m, pages, 4)).toBe(100);
    expect(pages.filter(has(m, PG_ANON))).toEqual([]);
  });

  it('swapped: in slots, and what was read back in the swap cache and mapped', () => {
    const m = filled('kind: swapped, size: 600 pages, readBack: 0.25');
    const pages = pagesWith(m, PG_ANON);
    expect(pages).toHaveLength(150);
    expect(pages.filter(has(m, PG_SWAPCACHE))).toHaveLength(150);
    expect(withMapcount(m, pages, 1)).toBe(150);
    expect(m.scalars[SCALAR.swapUsed]).toBe(600);
  });

  it('mlocked: unevictable', () => {
    const m = filled('kind: mlocked, size: 50 pages');
    expect(pagesWith(m, PG_ANON | PG_MLOCKED | PG_UNEVICTABLE)).toHaveLength(50);
  });

  it('ksm: one page for all that hold the same, found from each of them', () => {
    const m = filled('kind: ksm, size: 20 pages, processes: 3');
    const pages = pagesWith(m, PG_KSM | PG_ANON | PG_LRU);
    expect([pages.length, withMapcount(m, pages, 3), pagesWith(m, PG_ANON).length]).toEqual([20, 20, 20]);
    for (const pfn of pages) expect(reverseMap(m, pfn).filter(({ maps }) => maps)).toHaveLength(3);
  });

  it('registered: pinned for long, in kernel zones', () => {
    const m = filled('kind: registered, size: 40 pages', 'kind: anonymous, size: 100 pages');
    const pages = pagesWith(m, DMA_PINNED | PG_ANON);
    expect(pages.filter((pfn) => isLongtermPinned(m, pfn) && isLongtermPinnable(m, pfn))).toHaveLength(40);
    advance(m, 0, 1e15);
    expect(pagesWith(m, DMA_PINNED)).toEqual(pages);
  });

  it('hugepages: compound, mapped page by page', () => {
    const m = filled('kind: hugepages, count: 3');
    const heads = pagesWith(m, PG_HEAD | PG_THP | PG_ANON | PG_LRU);
    expect(heads).toHaveLength(3);
    for (const head of heads) expect(head % 512).toBe(0);
    const tails = pagesWith(m, PG_TAIL | PG_THP | PG_ANON | PG_LRU);
    expect(withMapcount(m, tails, 1)).toBe(3 * 511);
  });

  it('nonlinear: a file that reverse maps cannot find', () => {
    const m = filled('kind: nonlinear, size: 40 pages');
    const pages = pagesWith(m, PG_NONLINEAR);
    expect(withMapcount(m, pages, 1)).toBe(40);
    expect(filePages(m)).toEqual(pages);
  });
});

describe('kernel memory', () => {
  it('slab: in kernel zones, by reclaimability', () => {
    const m = filled('kind: slab, size: 1000 pages, reclaimable: 0.4');
    const pages = pagesWith(m, PG_SLAB);
    expect(pages).toHaveLength(1000);
    expect(pages.filter((pfn) => pageblockType(m, pfn) === 2)).toHaveLength(400);
    expect(pages.filter((pfn) => pageblockType(m, pfn) === 0)).toHaveLength(600);
    expect(pagesWith(m, PG_SLAB, rangeOfDimm(m, 'fast'))).toEqual([]);
  });

  it('slab: of an order, some freed', () => {
    const m = filled('kind: slab, size: 800 pages, order: 3, keep: 0.5');
    expect(pagesWith(m, PG_SLAB)).toHaveLength(400);
  });

  it('hugetlb: compound, and nobody’s', () => {
    const m = filled('kind: hugetlb, count: 2');
    expect(pagesWith(m, PG_HUGE | PG_HEAD)).toHaveLength(2);
    expect(pagesWith(m, PG_HUGE | PG_TAIL)).toHaveLength(2 * 511);
  });

  it('hugetlb: a pool, of which some are used and some promised', () => {
    const m = filled('kind: hugetlb, count: 4, used: 0.25, reserved: 0.5, on: fast');
    const h = findHstate(m, 9);
    expect([H_NR, H_FREE, H_RESERVED].map((word) => m.hugetlb[h + word])).toEqual([4, 3, 2]);
    const pages = pagesWith(m, PG_HUGE, rangeOfDimm(m, 'fast'));
    expect(pages).toHaveLength(4 * 512);
    expect(pages.filter((pfn) => m.count[pfn] === 0)).toHaveLength(3 * 512);
    expect(withMapcount(m, pages, 1)).toBe(512);
  });

  it('zsmalloc: objects in every zspage that is whole', () => {
    const m = filled('kind: zsmalloc, size: 32 pages');
    const pool = driverOf(m, pagesWith(m, PG_MOVABLE_OPS)[0]!);
    expect(kindOfDriver(m, pool)).toBe(DRIVER_ZSMALLOC);
    const withObjects = pagesWith(m, PG_MOVABLE_OPS).filter((pfn) => hasObjects(m, pool, pfn));
    expect(withObjects).toHaveLength(30);
  });

  it('drivers’ pools: movable by their drivers', () => {
    const m = filled('kind: zsmalloc, size: 30 pages', 'kind: balloon, size: 20 pages');
    expect(pagesWith(m, PG_MOVABLE_OPS)).toHaveLength(50);
    expect(pagesWith(m, PG_MOVABLE_OPS | PG_OFFLINE)).toHaveLength(20);
  });

  it('reserved: one run, at the start of memory or in its place, and not managed', () => {
    const m = filled('kind: reserved, pages: 100', 'kind: reserved, pages: 7, on: fast', 'kind: reserved, pages: 9');
    expect(pagesWith(m, PG_RESERVED, { start: 0, end: 109 })).toHaveLength(109);
    const onFast = pagesWith(m, PG_RESERVED, rangeOfDimm(m, 'fast'));
    expect(onFast).toEqual(Array.from({ length: 7 }, (_, i) => (onFast[0] as number) + i));
    expect([...m.managed]).toEqual([1024 - 109, 5120, 4096 - 7, 2048]);
  });

  it('page tables: as many as processes need', () => {
    // Three levels for each of three processes; the memory of each lies in one table.
    const m = filled('kind: anonymous, size: 90 pages, processes: 3');
    expect(pagesWith(m, PG_PGTABLE)).toHaveLength(9);
  });
});

describe('trouble', () => {
  const holds = (m: Machine) => m.scalars[SCALAR.nrHolds] as number;

  it('pins: extra references on mapped pages, for their time', () => {
    const m = filled(
      'kind: pins, pages: 5, for: forever',
      'kind: pins, pages: 3, for: 2ms',
      'kind: anonymous, size: 20 pages',
    );
    expect(holds(m)).toBe(8);
    expect(pagesWith(m, PG_ANON).filter((pfn) => m.count[pfn] === 2)).toHaveLength(8);
    expect([...m.holdKind.subarray(0, 8)]).toEqual(new Array(8).fill(HOLD_PIN));
    advance(m, 0, 2_000_000);
    expect(holds(m)).toBe(5);
    advance(m, 0, 1e15);
    expect(holds(m)).toBe(5);
    expect(validateMachine(m)).toEqual([]);
  });

  it('pins of pin_user_pages: the pages say so, until the transfer has ended', () => {
    const m = filled('kind: pins, pages: 5, by: pin_user_pages, for: 1ms', 'kind: anonymous, size: 20 pages');
    expect(pagesWith(m, DMA_PINNED).map((pfn) => [m.count[pfn], isLongtermPinned(m, pfn)])).toEqual(
      Array.from({ length: 5 }, () => [2, false]),
    );
    advance(m, 0, 1_000_000);
    expect(pagesWith(m, DMA_PINNED)).toEqual([]);
    expect(validateMachine(m)).toEqual([]);
  });

  it('locks: pages of processes and files, for their time', () => {
    const m = filled('kind: locks, pages: 6, for: 1ms', 'kind: files, size: 20 pages');
    expect(pagesWith(m, PG_LOCKED)).toHaveLength(6);
    advance(m, 0, 1_000_000);
    expect(pagesWith(m, PG_LOCKED)).toEqual([]);
  });

  it('writeback: dirty pages of files on their way to disk', () => {
    const m = filled(
      'kind: writeback, pages: 6',
      'kind: files, size: 20 pages, dirty: 0.5',
      'kind: shmem, size: 20 pages',
    );
    const pages = pagesWith(m, PG_WRITEBACK);
    expect(pages).toHaveLength(6);
    expect(filePages(m)).toEqual(expect.arrayContaining(pages));
    expect(filePages(m).filter(has(m, PG_DIRTY))).toHaveLength(4);
    advance(m, 0, 1_000_000);
    expect(pagesWith(m, PG_WRITEBACK)).toEqual([]);
    expect(validateMachine(m)).toEqual([]);
  });

  it('begins when time no longer passes', () => {
    const m = filled('kind: locks, pages: 6, for: 100us', 'kind: swapped, size: 900 pages, readBack: 0.5');
    expect(pagesWith(m, PG_LOCKED)).toHaveLength(6);
  });

  it('never strikes a page twice', () => {
    const m = filled(
      'kind: pins, pages: 10, for: 1s',
      'kind: locks, pages: 10, for: 1s',
      'kind: mlocked, size: 20 pages',
    );
    expect(new Set(m.holdPfn.subarray(0, holds(m))).size).toBe(20);
  });

  it.each([
    [
      'kind: pins, pages: 3, for: 1ms',
      'workloads[0] (pins) wants 3 pages, but only 0 there are mapped and free of other trouble; add a workload that maps pages there',
    ],
    [
      'kind: locks, pages: 2, for: 1ms',
      'workloads[0] (locks) wants 2 pages, but only 0 there are of processes or files and free of other trouble; add a workload there',
    ],
    [
      'kind: writeback, pages: 9',
      'workloads[0] (writeback) wants 9 pages, but only 0 there are dirty pages of files and free of other trouble; add a files workload with dirty pages there',
    ],
    [
      'kind: reserved, pages: 4097',
      'workloads[0] (reserved) wants 4097 free pages in one run, and there is no such run; make it smaller',
    ],
  ])('says what it lacks: %s', (workload, complaint) => {
    expect(messageOf(() => build(small(workload)))).toBe(`small: ${complaint}`);
  });
});

describe('a place of its own', () => {
  it('movable DIMM: pages there, page tables elsewhere', () => {
    const m = filled('kind: anonymous, size: 2000 pages, on: fast', 'kind: files, size: 1000 pages, on: fast');
    expect(pagesWith(m, PG_LRU, rangeOfDimm(m, 'fast'))).toHaveLength(3000);
    expect(pagesWith(m, PG_PGTABLE, rangeOfDimm(m, 'fast'))).toEqual([]);
  });

  it('kernel DIMM: pages and page tables there', () => {
    const m = filled('kind: anonymous, size: 500 pages, on: slow', 'kind: slab, size: 30 pages, on: slow');
    const slow = rangeOfDimm(m, 'slow');
    expect(pagesWith(m, PG_ANON, slow)).toHaveLength(500);
    expect(pagesWith(m, PG_SLAB, slow)).toHaveLength(30);
    expect(pagesWith(m, PG_PGTABLE, slow)).toEqual(pagesWith(m, PG_PGTABLE));
  });

  it('node: all of it on its memory', () => {
    const m = filled('kind: anonymous, size: 300 pages, processes: 3, on: far', 'kind: slab, size: 40 pages, on: far');
    const pages = [...pagesWith(m, PG_ANON), ...pagesWith(m, PG_SLAB), ...pagesWith(m, PG_PGTABLE)];
    expect(pages.filter((pfn) => nodeOf(m, pfn) === 1)).toHaveLength(pages.length);
  });

  it('trouble: on pages of that place alone', () => {
    const m = filled(
      'kind: anonymous, size: 100 pages, on: slow',
      'kind: shmem, size: 100 pages, on: fast',
      'kind: pins, pages: 9, for: forever, on: slow',
    );
    const slow = rangeOfDimm(m, 'slow');
    for (const pfn of m.holdPfn.subarray(0, 9)) expect(pfn >= slow.start && pfn < slow.end).toBe(true);
  });

  it('leaves nothing isolated', () => {
    const m = filled('kind: anonymous, size: 100 pages, on: slow');
    expect([...m.nrIsolatedFree]).toEqual([0, 0, 0, 0]);
  });
});

describe('a machine with everything', () => {
  const EVERYTHING = small(
    'kind: anonymous, size: 6MiB, processes: 3, sharedByFork: 0.3, keep: 0.6',
    'kind: files, size: 5MiB, files: 6, mapped: 0.5, dirty: 0.3, buffers: 0.3',
    'kind: shmem, size: 1MiB',
    'kind: swapped, size: 4MiB, readBack: 0.5',
    'kind: mlocked, size: 512KiB',
    'kind: ksm, size: 40 pages, processes: 3',
    'kind: registered, size: 50 pages',
    'kind: slab, size: 2MiB, reclaimable: 0.5, keep: 0.5, pattern: runs',
    'kind: zsmalloc, size: 1MiB',
    'kind: hugepages, count: 2',
    'kind: nonlinear, size: 100 pages',
    'kind: hugetlb, count: 2, used: 0.5, reserved: 0.5',
    'kind: reserved, pages: 50',
    'kind: pins, pages: 5, for: 1ms',
    'kind: locks, pages: 5, for: 1ms',
    'kind: writeback, pages: 5',
  );
  const bytesOf = (m: Machine) => Buffer.from(m.buffer);

  it('is sound', () => {
    expect(validateMachine(build(EVERYTHING))).toEqual([]);
  });

  it('is the same for the same seed, byte for byte', () => {
    expect(bytesOf(build(EVERYTHING)).equals(bytesOf(build(EVERYTHING)))).toBe(true);
    expect(bytesOf(build(EVERYTHING, 7)).equals(bytesOf(build(EVERYTHING, 7)))).toBe(true);
    expect(bytesOf(build(EVERYTHING)).equals(bytesOf(build(EVERYTHING, 1)))).toBe(true);
  });

  it('is another for another seed', () => {
    const flags = (seed: number) => Buffer.from(build(EVERYTHING, seed).flags);
    expect(flags(1).equals(flags(2))).toBe(false);
  });

  it('tells how far it is', () => {
    const told: number[] = [];
    machineFromScenario(parseScenario(EVERYTHING, 'a'), { onProgress: (fraction) => told.push(fraction) });
    expect(told.length).toBeGreaterThan(20);
    expect(told.length).toBeLessThan(120);
    expect(told).toEqual([...told].sort((a, b) => a - b));
    expect(told.at(-1)).toBe(1);
  });

  it('holds something else in every page', () => {
    const m = build(EVERYTHING.replace('workloads:', 'contents: token\nworkloads:'));
    const words = new Uint32Array(2);
    const seen = new Set<string>();
    const written = [
      ...pagesWith(m, PG_ANON),
      ...pagesWith(m, PG_DIRTY),
      ...pagesWith(m, PG_SLAB),
      ...pagesWith(m, PG_MOVABLE_OPS),
    ];
    for (const pfn of new Set(written)) {
      expect(readContents(m, pfn, words)).toBe(true);
      seen.add(`${words[0]} ${words[1]}`);
    }
    expect(seen.size).toBe(new Set(written).size);
  });
});

describe('a machine filled to the brim', () => {
  it('has all that was asked for, and had to reclaim nothing', () => {
    const m = filled('kind: anonymous, size: 29MiB, processes: 6', 'kind: files, size: 14MiB, files: 20, dirty: 0.5');
    expect(pagesWith(m, PG_ANON)).toHaveLength(29 * 256);
    expect(filePages(m)).toHaveLength(14 * 256);
    expect(m.scalars[SCALAR.swapUsed]).toBe(0);
  });
});
