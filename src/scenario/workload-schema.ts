import { z } from 'zod';
import { duration, fraction, size, text, wholeNumber } from './leaves.js';

/** Keys that several workloads have. */
const on = text('the name of a DIMM or node')
  .optional()
  .describe('A DIMM or node: the workload takes its pages there and nowhere else.');
const processes = wholeNumber(1, 255);
const keep = fraction
  .default(1)
  .describe('How much of it stays when all workloads have filled their memory; the rest is freed and leaves holes.');
const pattern = z
  .enum(['random', 'runs', 'even', 'skew'], 'random, runs, even or skew')
  .default('random')
  .describe(
    'What is freed: pages at random, random runs of 16 pages, pages at even distances, or pages at random with a share ' +
      'of its own in every 4 MiB, from next to none to nearly all.',
  );
const until = duration.describe('How long, from the moment at which the machine is handed over: "5ms", "forever".');
const pages = wholeNumber(1, 1_000_000);

const anonymous = z
  .strictObject({
    kind: z.literal('anonymous').describe('Memory of processes: heap and stack.'),
    size: size.describe('Memory that the processes write.'),
    processes: processes.default(1).describe('Processes that share the work.'),
    sharedByFork: fraction
      .default(0)
      .describe('How much of it the first process wrote before the others were forked from it: shared, copy on write.'),
    keep,
    pattern,
    on,
  })
  .describe('Anonymous memory, of each process its own or shared by fork.');

const files = z
  .strictObject({
    kind: z.literal('files').describe('The page cache.'),
    size: size.describe('Pages of files that are cached.'),
    files: wholeNumber(1, 2000).default(1).describe('Files of equal size.'),
    mapped: fraction.default(0).describe('How much of it processes have mapped.'),
    processes: processes.default(1).describe('Processes that map each file.'),
    dirty: fraction.default(0).describe('How much of it is written and not yet on disk.'),
    buffers: fraction.default(0).describe('How much of it has filesystem buffers, which hold a reference.'),
    keepFiles: fraction
      .default(1)
      .describe(
        'How many of the files stay when all workloads have filled their memory; the others are deleted, at even ' +
          'distances: 0.5 deletes every second file.',
      ),
    on,
  })
  .describe('Files in the page cache, read or written, mapped or not.');

const shmem = z
  .strictObject({
    kind: z.literal('shmem').describe('Shared memory: tmpfs, POSIX shared memory.'),
    size: size.describe('Memory that is shared.'),
    processes: processes.default(2).describe('Processes that map it.'),
    on,
  })
  .describe('Shared memory, mapped by all of its processes.');

const swapped = z
  .strictObject({
    kind: z.literal('swapped').describe('Anonymous memory on the swap device.'),
    size: size.describe('Memory that is swapped out.'),
    readBack: fraction.default(0).describe('How much of it was read since: mapped again, and still in the swap cache.'),
    on,
  })
  .describe('Anonymous memory that was swapped out, part of it back in the swap cache.');

const mlocked = z
  .strictObject({
    kind: z.literal('mlocked').describe('Memory under mlock.'),
    size: size.describe('Memory that is locked.'),
    on,
  })
  .describe('Anonymous memory under mlock: never reclaimed, yet it moves.');

const ksm = z
  .strictObject({
    kind: z.literal('ksm').describe('Memory that KSM has merged: guests that run the same system.'),
    size: size.describe('Merged pages; every process maps each of them.'),
    processes: wholeNumber(2, 255).default(2).describe('Processes that hold the same.'),
    on,
  })
  .describe('Anonymous memory of several processes that holds the same, and is one by now.');

const registered = z
  .strictObject({
    kind: z.literal('registered').describe('Memory that a process has registered with a device: RDMA, VFIO.'),
    size: size.describe('Memory that the device writes to; it lies in kernel zones.'),
    on,
  })
  .describe('Anonymous memory that a device has pinned for long (FOLL_LONGTERM): it never moves.');

const slab = z
  .strictObject({
    kind: z.literal('slab').describe('Kernel objects.'),
    size: size.describe('Pages of slabs.'),
    reclaimable: fraction.default(0).describe('How much of it is reclaimable: dentries, inodes.'),
    order: wholeNumber(0, 3).default(0).describe('log2 of the pages of a slab.'),
    keep,
    pattern,
    on,
  })
  .describe('Slabs: kernel memory, which never moves.');

const zsmalloc = z
  .strictObject({
    kind: z.literal('zsmalloc').describe('Compressed swap in memory: zram, zswap.'),
    size: size.describe('Pages of the pool.'),
    on,
  })
  .describe('Pages of a zsmalloc pool, which its driver can move.');

const balloon = z
  .strictObject({
    kind: z.literal('balloon').describe('Pages that a guest has given to its host.'),
    size: size.describe('What the balloon holds.'),
    on,
  })
  .describe('Pages of a memory balloon, which its driver can move.');

const hugepages = z
  .strictObject({
    kind: z.literal('hugepages').describe('Transparent huge pages.'),
    count: wholeNumber(1, 100_000).describe('How many, of 2 MiB each.'),
    on,
  })
  .describe('Anonymous memory in transparent huge pages, which move whole or are split.');

const hugetlb = z
  .strictObject({
    kind: z.literal('hugetlb').describe('Huge pages that an operator has set aside.'),
    count: wholeNumber(1, 100_000).describe('How many, of 2 MiB each.'),
    used: fraction.default(0).describe('How much of them a process has mapped. Those are copied when they go.'),
    reserved: fraction
      .default(0)
      .describe('How much of them a file has been promised and does not use yet. The pool does not give those up.'),
    on,
  })
  .describe('A pool of hugetlb: unused pages are given back when memory goes, used ones move to other huge pages.');

const nonlinear = z
  .strictObject({
    kind: z.literal('nonlinear').describe('A file that remap_file_pages has mapped out of order.'),
    size: size.describe('Pages of the file.'),
    on,
  })
  .describe('A file in a nonlinear VMA, whose pages reverse mapping cannot find.');

const pins = z
  .strictObject({
    kind: z.literal('pins').describe('Pages that a device or driver holds (get_user_pages).'),
    pages: pages.describe('How many pages, chosen at random among the mapped ones.'),
    by: z
      .enum(['get_user_pages', 'pin_user_pages'], 'get_user_pages or pin_user_pages')
      .optional()
      .describe(
        'pin_user_pages if the pages say that a device has them (direct I/O); by get_user_pages, as without it, nothing says so.',
      ),
    for: until,
    on,
  })
  .describe('Extra references on mapped pages of other workloads.');

const locks = z
  .strictObject({
    kind: z.literal('locks').describe('Pages that another task has locked.'),
    pages: pages.describe('How many pages, chosen at random among those of processes and files.'),
    for: until,
    on,
  })
  .describe('Page locks on pages of other workloads.');

const writeback = z
  .strictObject({
    kind: z.literal('writeback').describe('Pages on their way to disk.'),
    pages: pages.describe('How many pages, chosen at random among the dirty ones of files.'),
    on,
  })
  .describe('Writes under way, of dirty file pages of other workloads.');

const reserved = z
  .strictObject({
    kind: z.literal('reserved').describe('Pages that firmware or boot has taken.'),
    pages: pages.describe('How many pages, in one run: at the start of memory, or at a random place on `on`.'),
    on,
  })
  .describe('A run of pages that nobody may touch.');

const scattered = z
  .strictObject({
    kind: z.literal('scattered').describe('Everything at once, and anywhere: what large machines are filled with.'),
    size: size.describe('Memory that is in use in the end.'),
    processes: processes.default(64).describe('Processes that have its anonymous memory.'),
    files: wholeNumber(1, 2000).default(64).describe('Files that are in the page cache, of equal size, unmapped.'),
    cached: fraction.default(0.25).describe('How much of what is not the kernel’s is page cache.'),
    kernel: fraction
      .default(0.05)
      .describe('In how many pageblocks the kernel has its pages: page tables and slab. Zone Movable has none.'),
  })
  .describe(
    'A machine that has run for weeks: each page of memory and files at a place that chance has chosen, each pageblock ' +
      'filled to a degree of its own, from next to none to nearly all. Pages get there at once instead of by faults, ' +
      'before all other workloads: a terabyte takes half a minute.',
  );

export const workload = z.discriminatedUnion(
  'kind',
  [
    anonymous,
    files,
    shmem,
    swapped,
    mlocked,
    ksm,
    registered,
    slab,
    zsmalloc,
    balloon,
    hugepages,
    hugetlb,
    nonlinear,
    pins,
    locks,
    writeback,
    reserved,
    scattered,
  ],
  'a workload',
);

/** A workload as a scenario states it; sizes are in pages, durations in nanoseconds. */
export type Workload = z.infer<typeof workload>;
export type WorkloadKind = Workload['kind'];
export type WorkloadOf<Kind extends WorkloadKind> = Extract<Workload, { kind: Kind }>;

/** The DIMM or node that a workload has for itself; most have none, and some cannot. */
export function placeNameOf(stated: Workload): string | undefined {
  return 'on' in stated ? stated.on : undefined;
}

/** Keys that a workload of each kind may have. */
export const WORKLOAD_KEYS: ReadonlyMap<string, readonly string[]> = new Map(
  workload.options.map(({ shape }) => [shape.kind.value, Object.keys(shape)]),
);
