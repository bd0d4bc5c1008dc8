import type { RefusalKind } from '../handler/refusal.js';
import {
  BALLOON,
  CLEAN_METADATA,
  DIRTY_METADATA,
  HUGETLB,
  HUGETLB_KEPT,
  IN_TRANSIT,
  ISOLATED,
  KERNEL,
  LOCKED,
  PAGE_TABLE,
  PINNED,
  POISONED,
  RESERVED,
  SLAB,
  TOUCHED,
  UNCLAIMED,
  UNTYPED,
  USED_METADATA,
  WRITEBACK,
} from './page-class.js';
import type { Verdict } from './verdict.js';

type Decides = Exclude<Verdict, 'will-go'> | null;

/** What a class of pages means for its block. */
export interface ReasonWords {
  readonly reason: string;
  readonly kind: RefusalKind;
  /** In a zone that the kernel itself may allocate from, and in zone Movable. */
  readonly decides: Decides;
  readonly decidesInMovable: Decides;
  readonly because: string;
  readonly waitingHelps: boolean;
  readonly waiting: string;
}

const NEVER = 'will-not-go';
const OPEN = 'cannot-know';

/**
 * By class; pages that simply move have no entry. The kernel refuses a block at sight for a page that is neither free nor
 * on the LRU nor movable by its driver (has_unmovable_pages, mm/page_isolation.c). In zone Movable it looks for reserved
 * pages only and takes the rest on trust: a page that does not go then makes it try for ever (offline_pages,
 * mm/memory_hotplug.c).
 */
export const REASON_WORDS: ReadonlyMap<number, ReasonWords> = new Map<number, ReasonWords>([
  [
    RESERVED,
    {
      reason: 'reserved',
      kind: 'permanent',
      decides: NEVER,
      decidesInMovable: NEVER,
      because: 'reserved since boot (firmware, kernel image, memory map): the kernel refuses at sight, in any zone',
      waitingHelps: false,
      waiting: 'they stay until the machine restarts',
    },
  ],
  [
    SLAB,
    {
      reason: 'slab',
      kind: 'permanent',
      decides: NEVER,
      decidesInMovable: NEVER,
      because: 'slab memory: objects of the kernel, which cannot be moved; offlining does not shrink caches',
      waitingHelps: false,
      waiting: 'dropping dentries and inodes may free some of it (echo 2 > /proc/sys/vm/drop_caches), rarely all',
    },
  ],
  [
    PAGE_TABLE,
    {
      reason: 'page-table',
      kind: 'permanent',
      decides: NEVER,
      decidesInMovable: NEVER,
      because: 'page tables of processes, which cannot be moved',
      waitingHelps: false,
      waiting: 'they go when their processes end',
    },
  ],
  [
    KERNEL,
    {
      reason: 'kernel-memory',
      kind: 'permanent',
      decides: NEVER,
      decidesInMovable: NEVER,
      because: 'memory of the kernel itself (stacks, buffers, per-CPU data), which cannot be moved',
      waitingHelps: false,
      waiting: 'only what allocated it can free it',
    },
  ],
  [
    UNCLAIMED,
    {
      reason: 'no-handler',
      kind: 'permanent',
      decides: NEVER,
      decidesInMovable: NEVER,
      because: 'no page-type handler claims them',
      waitingHelps: false,
      waiting: 'load a plugin that moves this page type (--plugin)',
    },
  ],
  [
    UNTYPED,
    {
      reason: 'untyped',
      kind: 'permanent',
      decides: NEVER,
      decidesInMovable: OPEN,
      because: 'without any flag, and more of them than can be free: memory that the kernel took for itself',
      waitingHelps: false,
      waiting: 'only what allocated it can free it',
    },
  ],
  [
    DIRTY_METADATA,
    {
      reason: 'journal-buffers',
      kind: 'retry',
      decides: OPEN,
      decidesInMovable: OPEN,
      because:
        'file-system metadata, dirty or beside dirty pages: if a journal holds their buffers, they do not move ' +
        'until it has written them',
      waitingHelps: true,
      waiting:
        'run sync, then ask again after the journal has committed and checkpointed (seconds; less traffic helps)',
    },
  ],
  [
    CLEAN_METADATA,
    {
      reason: 'buffer-cache',
      kind: 'retry',
      decides: null,
      decidesInMovable: null,
      because: 'file-system metadata, clean: they move unless somebody holds their buffers',
      waitingHelps: true,
      waiting: 'drop_caches frees those that nobody holds',
    },
  ],
  [
    USED_METADATA,
    {
      reason: 'journal-at-rest',
      kind: 'retry',
      decides: OPEN,
      decidesInMovable: OPEN,
      because:
        'file-system metadata, clean but much used, and no metadata is dirty: a journal at rest keeps the buffers of its ' +
        'last transactions, and such pages do not move',
      waitingHelps: true,
      waiting: 'let the journal commit once more (touch a file on that file system, sync), then ask again',
    },
  ],
  [
    PINNED,
    {
      reason: 'pinned',
      kind: 'retry',
      decides: OPEN,
      decidesInMovable: OPEN,
      because:
        'more references than mappings and caches explain: somebody holds them, nobody knows for how long, and until ' +
        'then the kernel tries for ever',
      waitingHelps: true,
      waiting: 'they can go as soon as whoever holds them lets go',
    },
  ],
  [
    TOUCHED,
    {
      reason: 'touched-by-gup',
      kind: 'retry',
      decides: OPEN,
      decidesInMovable: OPEN,
      because:
        'anonymous, marked as referenced although reclaim has never run: get_user_pages went to them, and may hold ' +
        'them still (vmsplice, direct I/O, io_uring)',
      waitingHelps: true,
      waiting: 'a pin for I/O ends with the I/O; one that vmsplice made ends when the pipe is read or closed',
    },
  ],
  [
    HUGETLB,
    {
      reason: 'hugetlb',
      kind: 'retry',
      decides: OPEN,
      decidesInMovable: OPEN,
      because: 'hugetlb pages: each one in use needs a free one elsewhere, and a reserved pool may not shrink',
      waitingHelps: false,
      waiting: 'lower nr_hugepages, or have as many free huge pages outside of the block',
    },
  ],
  [
    HUGETLB_KEPT,
    {
      reason: 'hugetlb-kept',
      kind: 'retry',
      decides: NEVER,
      decidesInMovable: NEVER,
      because:
        'hugetlb pages that their pool keeps: unused ones that a file has been promised, or gigantic ones, for which no ' +
        'other is free elsewhere',
      waitingHelps: false,
      waiting: 'raise nr_hugepages where there is room outside of the block, or end who reserves them',
    },
  ],
  [
    BALLOON,
    {
      reason: 'logically-offline',
      kind: 'retry',
      decides: OPEN,
      decidesInMovable: OPEN,
      because: 'given up to a balloon or virtio-mem: they go if the driver lets go of them when it is told to',
      waitingHelps: false,
      waiting: 'deflate the balloon, or let the hypervisor unplug the memory',
    },
  ],
  [
    LOCKED,
    {
      reason: 'locked',
      kind: 'retry',
      decides: null,
      decidesInMovable: null,
      because: 'locked when they were looked at; the kernel waits for the lock',
      waitingHelps: true,
      waiting: 'locks are held for moments, or for as long as an I/O takes',
    },
  ],
  [
    WRITEBACK,
    {
      reason: 'writeback',
      kind: 'retry',
      decides: null,
      decidesInMovable: null,
      because: 'being written to their device; the kernel waits for the write',
      waitingHelps: true,
      waiting: 'they can go when they are written',
    },
  ],
  [
    IN_TRANSIT,
    {
      reason: 'not-on-lru',
      kind: 'retry',
      decides: null,
      decidesInMovable: null,
      because: 'on their way to the LRU; the kernel drains the per-CPU batches before it looks',
      waitingHelps: true,
      waiting: 'a matter of moments',
    },
  ],
  [
    ISOLATED,
    {
      reason: 'isolated',
      kind: 'retry',
      decides: null,
      decidesInMovable: null,
      because: 'in the hands of another migrator',
      waitingHelps: true,
      waiting: 'a matter of moments',
    },
  ],
  [
    POISONED,
    {
      reason: 'hwpoison',
      kind: 'permanent',
      decides: null,
      decidesInMovable: null,
      because: 'poisoned: given up after a hardware error, and no obstacle to going offline',
      waitingHelps: false,
      waiting: 'nothing has to happen',
    },
  ],
]);
