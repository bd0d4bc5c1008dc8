/** What keeps a page: the ids are stable, scripts rely on them. */
export type VerdictId =
  | 'reserved'
  | 'slab'
  | 'page-table'
  | 'kernel'
  | 'balloon'
  | 'poisoned'
  | 'cma'
  | 'hugetlb'
  | 'driver'
  | 'secret-memory'
  | 'guest-memory'
  | 'no-target'
  | 'dma-pin'
  | 'short-term-pin'
  | 'file-reference'
  | 'journal'
  | 'file-system'
  | 'writeback'
  | 'locked'
  | 'isolated-elsewhere'
  | 'being-freed'
  | 'explained'
  | 'unknown';

export interface Verdict {
  /** Who holds it, as the end of "likely held by …". */
  readonly holder: string;
  /** Null if only the holder knows. */
  readonly waitingHelps: boolean | null;
  /** What to do, sentences. */
  readonly advice: string;
}

const ONLINE_MOVABLE =
  'Memory that is to be removed one day belongs in ZONE_MOVABLE (online_movable), where the kernel puts nothing of its own.';

/**
 * The table that explains. Facts are from mm/page_isolation.c, mm/migrate.c, mm/gup.c, fs/buffer.c, fs/jbd2 and
 * Documentation/core-api/pin_user_pages.rst of Linux 6.12.
 */
export const VERDICTS: Readonly<Record<VerdictId, Verdict>> = {
  reserved: {
    holder: 'the kernel since boot: its image, the memory map, firmware, or memory that never reached the allocator',
    waitingHelps: false,
    advice:
      'It never goes, in whatever zone it lies: choose another block. Where the kernel lands differs from boot to boot; ' +
      'nokaslr makes it the same.',
  },
  slab: {
    holder: 'the slab allocator: kernel objects in use, such as inodes and dentries',
    waitingHelps: false,
    advice: `echo 2 > /proc/sys/vm/drop_caches frees inodes and dentries, which may empty it; else choose another block. ${ONLINE_MOVABLE}`,
  },
  'page-table': {
    holder: 'a page table of a running process',
    waitingHelps: false,
    advice: `It goes when its process ends: choose another block, or stop processes with much memory mapped. ${ONLINE_MOVABLE}`,
  },
  kernel: {
    holder: 'the kernel: a stack, a buffer of a driver, or other memory without a type',
    waitingHelps: false,
    advice: `Choose another block; page_owner=on at boot makes the kernel say who allocated it. ${ONLINE_MOVABLE}`,
  },
  balloon: {
    holder: 'a driver that has given the page to the hypervisor (balloon, virtio-mem)',
    waitingHelps: false,
    advice: 'Deflate the balloon, or let virtio-mem unplug the block: its driver must let go of the page first.',
  },
  poisoned: {
    holder: 'nobody: its memory failed (hardware poison)',
    waitingHelps: false,
    advice: 'The page cannot be copied; see the machine-check log. Processes that still map it must end.',
  },
  cma: {
    holder: 'the contiguous memory allocator: its region is kept for devices',
    waitingHelps: false,
    advice: 'Move the region with the boot parameter cma=SIZE@ADDRESS, or choose another block.',
  },
  hugetlb: {
    holder: 'a huge page of hugetlbfs for which there was no other of its size, or that cannot move at all',
    waitingHelps: false,
    advice:
      'Lower nr_hugepages, or raise it so that as many are free outside the block; gigantic pages go only when freed.',
  },
  driver: {
    holder: 'the driver that owns it (zsmalloc, balloon), which could not move it now',
    waitingHelps: true,
    advice: 'Try again; with zram or zswap, less compressed memory leaves fewer such pages.',
  },
  'secret-memory': {
    holder: "memfd_secret: such memory is taken out of the kernel's own map and never migrates",
    waitingHelps: false,
    advice: 'It goes when the process that made it ends; secretmem.enable=0 at boot forbids it.',
  },
  'guest-memory': {
    holder: 'a confidential guest (guest_memfd), whose pages the host may not move',
    waitingHelps: false,
    advice: 'Stop the guest, or start it with its memory on another node.',
  },
  'no-target': {
    holder: 'nobody: there was no free page outside the block to move it to',
    waitingHelps: null,
    advice: 'Free memory first: end processes, add swap, or drop caches (echo 1 > /proc/sys/vm/drop_caches).',
  },
  'dma-pin': {
    holder:
      'pin_user_pages: a device or the kernel writes to it directly (RDMA, VFIO, buffers registered with io_uring, O_DIRECT)',
    waitingHelps: null,
    advice:
      'Registered memory stays until it is unregistered: stop its process. Only direct I/O in flight ends by itself.',
  },
  'short-term-pin': {
    holder:
      'a short-term reference that no mapping shows: vmsplice into a pipe that nobody reads, direct I/O or io_uring in flight',
    waitingHelps: null,
    advice:
      'Only its holder lets go: read the pipe empty or close it, end the I/O, or stop the process. /proc/PID/fd shows pipes, ' +
      '/proc/PID/fdinfo io_uring.',
  },
  'file-reference': {
    holder:
      'a reference to a page of a file: a pipe or socket that splice or sendfile filled, direct I/O or a read in flight',
    waitingHelps: null,
    advice: 'Close the pipe or socket, or stop its process; references of reads go by themselves.',
  },
  journal: {
    holder: 'the journal of a file system: buffers of the page are in use, which its references do not show',
    waitingHelps: true,
    advice:
      'sync first. If it stays, fsfreeze -f and -u of that file system empty its journal; then echo 1 > ' +
      '/proc/sys/vm/drop_caches, and try again.',
  },
  'file-system': {
    holder: 'the file system: its private data on the page could not be released (dirty, or part of a transaction)',
    waitingHelps: true,
    advice: 'sync, and try again.',
  },
  writeback: {
    holder: 'the block layer: the page is being written out',
    waitingHelps: true,
    advice: 'Try again; if it stays in writeback, its device or server does not answer.',
  },
  locked: {
    holder: 'a task that holds the page lock: I/O, truncation or another migration',
    waitingHelps: true,
    advice: 'Try again; a lock that stays points to I/O that does not end.',
  },
  'isolated-elsewhere': {
    holder: "whoever took it off the LRU: compaction, reclaim, or a CPU's batch on its way there",
    waitingHelps: true,
    advice: 'Try again.',
  },
  'being-freed': {
    holder: 'nobody any more: references were dropped while it was looked at',
    waitingHelps: true,
    advice: 'Try again.',
  },
  explained: {
    holder:
      'nobody that the dump shows: every reference is accounted for, so the failure was of a moment (a lock, a read)',
    waitingHelps: true,
    advice: 'Try again; if the same page fails in every pass, something takes a reference to it again and again.',
  },
  unknown: {
    holder: 'somebody that the log does not show: its lines were cut',
    waitingHelps: null,
    advice: 'Try again, and read the log at once: dmesg --follow, or vacate explain live.',
  },
};
