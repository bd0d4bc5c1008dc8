import type { HandlerTable } from '../migration/handler-table.js';
import type { RefusalCount } from '../migration/migration-report.js';
import type { PfnRange } from '../mm/pfn-range.js';
import { nrPagesIn } from '../mm/pfn-range.js';
import { PAGE_SIZE, PAGEBLOCK_PAGES, type Pfn } from '../mm/units.js';
import type { ZoneShape } from '../mm/zone.js';
import type { BlockScan } from './block-scan.js';
import type { HugeRoom } from './huge-room.js';
import type { KernelSaid, Unmarked } from './kernel-said.js';
import { BALLOON, HUGETLB, MOVES, NR_CLASSES, RESERVED, TOUCHED, UNTYPED, USED_METADATA } from './page-class.js';
import { REASON_WORDS, type ReasonWords } from './reason-words.js';
import type { Verdict } from './verdict.js';

/** A reason before its pages are put into words. */
export interface BareReason extends Omit<ReasonWords, 'decidesInMovable'> {
  readonly pages: number;
  readonly pfns: readonly Pfn[];
}

/** Fewer are no sign of a pin: starting a program touches the first pages of its stack in the same way. */
const TOUCHED_LEAST = 8;

/** A journal that still commits forgets what it has written, each time. */
const STILL_COMMITTING = {
  reason: 'buffer-cache',
  decides: null,
  because: 'file-system metadata, clean: they move unless a journal holds their buffers, and this one lets go of them',
  waiting: 'a journal commits every few seconds',
} as const;

/** sizeof(struct page) on 64-bit kernels. */
const STRUCT_PAGE_BYTES = 64;

/** What a block is, apart from its pages. */
export interface BlockPlace {
  /** Zones that its pageblocks lie in. */
  readonly zones: readonly ZoneShape[];
  /** False if the kernel says "none" of it. */
  readonly isOfOneZone: boolean;
  /** Asked only of a block with huge pages: it looks at each of its pageblocks. */
  readonly huge: () => HugeRoom;
  /** Asked only of a block with pages out of service: how many their drivers keep; null where drivers are not to be told. */
  readonly keptByDrivers: () => number | null;
  /** Pages of its zone that are taken to be on per-CPU lists already. */
  readonly nrOnLists: number;
  /** No file-system metadata is dirty in all of the machine: no journal has anything to do. */
  readonly isJournalAtRest: boolean;
}

/**
 * The kernel's own order of questions (offline_pages, mm/memory_hotplug.c): no holes, one zone, no page that is unmovable
 * at sight, and then whether everything else really goes.
 */
export function reasonsOf(
  scan: BlockScan,
  place: BlockPlace,
  handlers: HandlerTable,
  said: KernelSaid | null,
): BareReason[] {
  const reasons: BareReason[] = [...structureOf(scan, place, said)];
  const zone = place.zones[0] ?? null;
  for (let kind = 0; kind < NR_CLASSES; kind++) {
    const words = REASON_WORDS.get(kind);
    const pages = scan.counts[kind]!;
    if (words === undefined || pages === 0) continue;
    const bare = {
      reason: words.reason,
      because: words.because,
      kind: words.kind,
      decides: zone?.kind === 'Movable' ? words.decidesInMovable : words.decides,
      waitingHelps: words.waitingHelps,
      waiting: words.waiting,
      pages,
      pfns: scan.pfns[kind]!,
    };
    if (kind === UNTYPED) reasons.push(untyped(bare, scan, place, said));
    else if (kind === RESERVED) reasons.push(reserved(bare, scan, said));
    else if (kind === USED_METADATA && !place.isJournalAtRest) reasons.push({ ...bare, ...STILL_COMMITTING });
    else if (kind === BALLOON) reasons.push(outOfService(bare, place.keptByDrivers()));
    else if (kind === HUGETLB) reasons.push(hugetlb(bare, scan, place.huge(), said));
    else if (kind !== TOUCHED || isTelling(pages, said)) reasons.push(bare);
  }
  for (const refused of scan.refusals.counts(handlers)) reasons.push(ofHandler(refused, handlers));
  return reasons;
}

/**
 * What a handler refuses. What passes with the shipped ones is known to pass in moments; how long somebody else's takes,
 * nobody here knows.
 */
function ofHandler({ handler, ...refused }: RefusalCount, handlers: HandlerTable): BareReason {
  if (refused.kind === 'permanent')
    return { ...refused, decides: 'will-not-go', waitingHelps: false, waiting: 'it does not change by itself' };
  if (!handlers.isOutside(handlers.names.indexOf(handler)))
    return { ...refused, decides: null, waitingHelps: true, waiting: 'a matter of moments' };
  const waiting = `they go once plugin "${handler}" says yes; how long that takes is not known`;
  return { ...refused, decides: 'cannot-know', waitingHelps: true, waiting };
}

/** Those that refuse first, then those that leave it open, then remarks; most pages first. */
export function byWeight(a: BareReason, b: BareReason): number {
  return rankOf(a) - rankOf(b) || b.pages - a.pages;
}

/** What all reasons together make of the block. */
export function verdictOf(reasons: readonly Pick<BareReason, 'decides'>[]): Verdict {
  if (reasons.some(({ decides }) => decides === 'will-not-go')) return 'will-not-go';
  return reasons.some(({ decides }) => decides === 'cannot-know') ? 'cannot-know' : 'will-go';
}

function rankOf({ decides }: BareReason): number {
  return decides === 'will-not-go' ? 0 : decides === 'cannot-know' ? 1 : 2;
}

/** EINVAL, before a page is looked at. */
function structureOf({ range, holes, holePfns }: BlockScan, place: BlockPlace, said: KernelSaid | null): BareReason[] {
  const final = {
    kind: 'permanent',
    decides: 'will-not-go',
    waitingHelps: false,
    waiting: 'it cannot change',
  } as const;
  const reasons: BareReason[] = [];
  const missing = Math.max(holes, said?.systemRam ? nrPagesIn(range) - covered(range, said.systemRam) : 0);
  if (missing > 0) {
    const because = 'no memory there: the kernel takes no block with holes offline (EINVAL)';
    reasons.push({ ...final, reason: 'holes', because, pages: missing, pfns: holePfns });
  }
  if (!place.isOfOneZone) {
    const because = 'the block spans two zones or nodes; the kernel takes no such block offline (EINVAL)';
    reasons.push({ ...final, reason: 'two-zones', because, pages: 0, pfns: [] });
  }
  return reasons;
}

function covered({ start, end }: PfnRange, ram: readonly PfnRange[]): number {
  let pages = 0;
  for (const area of ram) pages += Math.max(0, Math.min(end, area.end) - Math.max(start, area.start));
  return pages;
}

/**
 * More than can be free on lists, besides the pages that are taken to be there already, are memory of the kernel; fewer may
 * be either. zsmalloc lives in movable pageblocks only.
 */
function untyped(
  bare: BareReason,
  { nrUntypedInMovable }: BlockScan,
  { zones: [zone], nrOnLists }: BlockPlace,
  said: KernelSaid | null,
): BareReason {
  const unmarked = zone === undefined ? null : (said?.unmarkedIn(zone) ?? null);
  const zspages = unmarked?.zspages ?? 0;
  if (nrUntypedInMovable === bare.pages && bare.pages <= zspages) {
    const because =
      'without any flag, in movable pageblocks: pages of zsmalloc, which this kernel does not mark, and which move ' +
      `(its zone has ${zspages.toLocaleString('en-US')})`;
    return { ...bare, reason: 'zsmalloc', kind: 'retry', decides: null, because, waiting: 'nothing has to happen' };
  }
  const most = unmarked === null ? Number.POSITIVE_INFINITY : leftOnLists(unmarked, nrOnLists) + unmarked.churn;
  if (bare.pages - Math.min(nrUntypedInMovable, zspages) > most) return bare;
  const because =
    'without any flag: memory of the kernel, which stays, or free on per-CPU lists, which go' +
    (unmarked === null ? '' : ` (those of its zone had ${unmarked.onLists.toLocaleString('en-US')} pages)`);
  const waiting = 'ask again: lists are emptied within seconds, memory of the kernel stays';
  return { ...bare, kind: 'retry', decides: 'cannot-know', because, waitingHelps: true, waiting };
}

/** Pages on lists that are not found yet. If more seem found than there were, not all of those were right, and any may be. */
function leftOnLists({ onLists }: Unmarked, nrFound: number): number {
  return nrFound > onLists ? onLists : onLists - nrFound;
}

/**
 * Plugged-in memory may begin with its own memory map, reserved pages that offlining leaves out and that go with the block
 * (memmap_on_memory, Documentation/admin-guide/mm/memory-hotplug.rst). One that boot memory has there looks the same.
 */
function reserved(bare: BareReason, { range, pfns }: BlockScan, said: KernelSaid | null): BareReason {
  const nrMemmap = (nrPagesIn(range) * STRUCT_PAGE_BYTES) / PAGE_SIZE;
  const isMap = bare.pages === nrMemmap && pfns[RESERVED]!.every((pfn, index) => pfn === range.start + index);
  if (!isMap || said === null || said.hasMemmapOnMemory === false) return bare;
  const isCertain = said.hasMemmapOnMemory === true;
  const because = isCertain
    ? 'reserved at the start of the block for its own memory map (memmap_on_memory): they go with it'
    : 'reserved at the start of the block: its own memory map, which goes with it (memmap_on_memory), or firmware, which stays';
  const waiting = isCertain ? 'nothing has to happen' : 'see /sys/module/memory_hotplug/parameters/memmap_on_memory';
  return { ...bare, reason: 'memory-map', decides: isCertain ? null : 'cannot-know', because, waiting };
}

/**
 * Huge pages in use move to free ones, which the kernel makes if it can; those in the pool are dissolved, unless all that
 * are free have been promised to somebody (dissolve_free_huge_page, mm/hugetlb.c).
 */
function hugetlb(bare: BareReason, { counts }: BlockScan, huge: HugeRoom, said: KernelSaid | null): BareReason {
  const others = (counts[MOVES]! + counts[TOUCHED]!) / PAGEBLOCK_PAGES;
  const hasRoom = huge.freeOutside >= huge.pages + others;
  // A simulated machine's pools are known: what they keep is a class of its own.
  const isCertain = said === null || (said.nrHugeReserved === 0 && !huge.hasGigantic);
  if (!isCertain || !hasRoom) return bare;
  const because =
    `hugetlb pages, ${huge.pages} of 2 MiB: they move, as ${huge.freeOutside} free blocks of that size lie elsewhere; ` +
    'those in the pool are dissolved';
  return { ...bare, decides: null, because, waiting: 'nothing has to happen' };
}

/** What drivers say who may be asked: all pages go along with the block, or some do not. */
function outOfService(bare: BareReason, nrKept: number | null): BareReason {
  if (nrKept === null) return bare;
  if (nrKept > 0) {
    const because = `given up to a balloon or virtio-mem, and for ${nrKept} of them the driver does not let go of the page`;
    return { ...bare, kind: 'permanent', decides: 'will-not-go', because };
  }
  const because = 'given up to virtio-mem, which lets go of them when it is told: they go along with the block';
  return { ...bare, decides: null, because, waiting: 'nothing has to happen' };
}

/** Once reclaim has run, it has marked pages as referenced too, and the mark says nothing. */
function isTelling(pages: number, said: KernelSaid | null): boolean {
  return said?.nrScanned === 0 && pages >= TOUCHED_LEAST;
}
