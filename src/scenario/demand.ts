import { PAGEBLOCK_PAGES } from '../mm/units.js';
import type { Workload } from './workload-schema.js';
import { placesOfPool } from './workloads/driver-pool.js';

/** What a workload takes of a machine, counted before it is built. Everything but `processes` and below is in pages. */
export interface Demand {
  /** Movable memory. */
  readonly user: number;
  /** Memory that only kernel zones have, without page tables. */
  readonly kernel: number;
  /** Page tables, at most. */
  readonly tables: number;
  readonly swap: number;
  readonly processes: number;
  readonly vmas: number;
  readonly mappings: number;
  /** Places on the index line. */
  readonly places: number;
  readonly holds: number;
  /** Places at which merged pages are mapped, and as many nodes for them. */
  readonly rmapItems: number;
}

const NOTHING: Demand = {
  user: 0,
  kernel: 0,
  tables: 0,
  swap: 0,
  processes: 0,
  vmas: 0,
  mappings: 0,
  places: 0,
  holds: 0,
  rmapItems: 0,
};

/** Files that one process maps: finding a VMA takes time in proportion. */
export const FILES_PER_PROCESS = 64;
/** Pages that a workload fills at a time; the next few are another's. */
export const SLICE_PAGES = 32;

export function demandOf(workload: Workload): Demand {
  switch (workload.kind) {
    case 'scattered':
      return demandOfScattered(workload);
    case 'anonymous':
      return demandOfAnonymous(workload);
    case 'files':
      return demandOfFiles(workload);
    case 'shmem':
      return mapped(workload.size, workload.processes, 1);
    case 'swapped': {
      const readBack = Math.round(workload.size * workload.readBack);
      const user = Math.min(workload.size, readBack + SLICE_PAGES);
      return { ...mapped(workload.size, 1, 1), user, swap: workload.size };
    }
    case 'mlocked':
    case 'nonlinear':
      return mapped(workload.size, 1, 1);
    case 'hugepages':
      return mapped(workload.count * PAGEBLOCK_PAGES, 1, 1);
    case 'ksm':
      return demandOfKsm(workload);
    case 'registered':
      return { ...mapped(workload.size, 1, 1), user: 0, kernel: workload.size, holds: workload.size };
    case 'zsmalloc':
      return { ...NOTHING, user: workload.size, mappings: 1, places: placesOfPool(workload.size) };
    case 'balloon':
      return { ...NOTHING, user: workload.size, mappings: 1, places: workload.size };
    case 'slab':
      return { ...NOTHING, kernel: workload.size };
    case 'hugetlb':
      return demandOfHugetlb(workload);
    case 'reserved':
      return { ...NOTHING, kernel: workload.pages };
    case 'pins':
    case 'locks':
    case 'writeback':
      return { ...NOTHING, holds: workload.pages };
  }
}

/** One run of memory that so many processes map, on so many mappings. */
function mapped(pages: number, processes: number, mappings: number): Demand {
  const tables = processes * tablesFor(pages);
  return { ...NOTHING, user: pages, tables, processes, vmas: processes, mappings, places: pages };
}

/** Page tables of a process that has one run of pages. */
function tablesFor(pages: number): number {
  return Math.ceil(pages / PAGEBLOCK_PAGES) + 4;
}

/** Its page tables are among its own pages. */
function demandOfScattered({ size, processes, files }: Extract<Workload, { kind: 'scattered' }>): Demand {
  return { ...NOTHING, user: size, processes, vmas: processes, mappings: processes + files, places: size };
}

function demandOfAnonymous({ size, processes, sharedByFork }: Extract<Workload, { kind: 'anonymous' }>): Demand {
  const shared = Math.round(size * sharedByFork);
  const own = Math.ceil((size - shared) / processes);
  return {
    ...mapped(size, processes, processes + 1),
    tables: processes * (tablesFor(shared) + tablesFor(own)),
    vmas: processes * 2,
  };
}

function demandOfFiles(workload: Extract<Workload, { kind: 'files' }>): Demand {
  const { size, files, processes } = workload;
  if (workload.mapped === 0) return { ...mapped(size, 0, files) };
  const groups = Math.ceil(files / FILES_PER_PROCESS);
  // Every file begins a run of its own, so it may need one table more than its pages do.
  const tables = processes * (tablesFor(size) + files + groups * 4);
  return { ...mapped(size, groups * processes, files), tables, vmas: files * processes };
}

/** Until they are merged, a page of each process that holds the same. */
function demandOfKsm({ size, processes }: Extract<Workload, { kind: 'ksm' }>): Demand {
  const rmapItems = size * processes;
  return {
    ...mapped(size, processes, processes + 1),
    user: size + processes,
    places: size * processes + rmapItems,
    rmapItems,
  };
}

/** Of the pool and its files, one that is used and one that has been promised huge pages. */
function demandOfHugetlb({ count, used }: Extract<Workload, { kind: 'hugetlb' }>): Demand {
  const pages = count * PAGEBLOCK_PAGES;
  const isUsed = used > 0 ? 1 : 0;
  return { ...mapped(pages, isUsed, 2), user: pages };
}

export function totalDemand(workloads: readonly Workload[]): Demand {
  return workloads.map(demandOf).reduce(
    (sum, demand) => ({
      user: sum.user + demand.user,
      kernel: sum.kernel + demand.kernel,
      tables: sum.tables + demand.tables,
      swap: sum.swap + demand.swap,
      processes: sum.processes + demand.processes,
      vmas: sum.vmas + demand.vmas,
      mappings: sum.mappings + demand.mappings,
      places: sum.places + demand.places,
      holds: sum.holds + demand.holds,
      rmapItems: sum.rmapItems + demand.rmapItems,
    }),
    NOTHING,
  );
}
