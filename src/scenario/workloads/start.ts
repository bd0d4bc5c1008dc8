import { PAGEBLOCK_PAGES } from '../../mm/units.js';
import type { Workload } from '../workload-schema.js';
import { AnonymousLoad } from './anonymous.js';
import { BalloonLoad, ZsmallocLoad } from './driver-pool.js';
import { FilesLoad } from './files.js';
import { HugePagesLoad } from './huge-pages.js';
import { HugetlbLoad } from './hugetlb.js';
import { SlabLoad } from './kernel-memory.js';
import { KsmLoad } from './ksm.js';
import type { Load, Site } from './load.js';
import { MlockedLoad } from './mlocked.js';
import { NonlinearLoad } from './nonlinear.js';
import { RegisteredLoad } from './registered.js';
import { SharedMemoryLoad } from './shared-memory.js';
import { SwappedLoad } from './swapped.js';
import type { Trouble } from './trouble.js';

/** Workloads that fill memory page by page: all but what is there from the start, and what happens to pages of others. */
export type FillingWorkload = Exclude<Workload, Trouble | { kind: 'reserved' | 'scattered' }>;

export function isFilling(workload: Workload): workload is FillingWorkload {
  return workload.kind !== 'reserved' && workload.kind !== 'scattered' && !isTrouble(workload);
}

export function isTrouble(workload: Workload): workload is Trouble {
  return workload.kind === 'pins' || workload.kind === 'locks' || workload.kind === 'writeback';
}

/** Pages that a workload fills. */
export function pagesOf(workload: FillingWorkload): number {
  return 'size' in workload ? workload.size : workload.count * PAGEBLOCK_PAGES;
}

export function startWorkload(site: Site, workload: FillingWorkload): Load {
  switch (workload.kind) {
    case 'anonymous':
      return new AnonymousLoad(site, workload);
    case 'files':
      return new FilesLoad(site, workload);
    case 'shmem':
      return new SharedMemoryLoad(site, workload);
    case 'swapped':
      return new SwappedLoad(site, workload);
    case 'mlocked':
      return new MlockedLoad(site, workload);
    case 'ksm':
      return new KsmLoad(site, workload);
    case 'registered':
      return new RegisteredLoad(site, workload);
    case 'slab':
      return new SlabLoad(site, workload);
    case 'hugetlb':
      return new HugetlbLoad(site, workload);
    case 'zsmalloc':
      return new ZsmallocLoad(site, workload);
    case 'balloon':
      return new BalloonLoad(site, workload);
    case 'hugepages':
      return new HugePagesLoad(site, workload);
    case 'nonlinear':
      return new NonlinearLoad(site, workload);
  }
}
