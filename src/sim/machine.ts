import { type ColumnViews, f64, layColumns, u8, u16, u32 } from '../base/columns.js';
import { VacateError } from '../base/vacate-error.js';
import { BLOCK_ABSENT, BLOCK_ONLINE, type BlockState, blockRange, type Dimm } from '../mm/memory-block.js';
import { NR_MIGRATETYPES } from '../mm/migratetype.js';
import { pageColumnTable } from '../mm/page-columns.js';
import { PG_NOPAGE } from '../mm/page-flags.js';
import { HAS_HOLES } from '../mm/pageblock-use.js';
import type { PcpShape } from '../mm/pcp.js';
import { type BlockId, MAX_PFN, NR_PAGE_ORDERS, PAGE_SIZE, PAGEBLOCK_ORDER, PAGEBLOCK_PAGES } from '../mm/units.js';
import { ZONE_KINDS, type ZoneKind, type ZoneShape } from '../mm/zone.js';
import { type KernelMemory, type Kernels, kernelMemory } from '../simd/kernels.js';
import { checkSpec } from './check-spec.js';

/** How much a machine can hold of everything that is not a page; fixed when it is built. */
export interface Capacity {
  readonly processes: number;
  readonly vmas: number;
  readonly mappings: number;
  /** Runs of 512 places on the index line (page->mapping and page->index). */
  readonly extents: number;
  /** Page tables of 512 entries, of all levels. */
  readonly tables: number;
  /** Page-cache slots, in units of 512. */
  readonly leaves: number;
  /** Pages of files whose device has other contents than when they were made: written back at least once. */
  readonly stored: number;
  /** Pins, locks and writebacks under way. */
  readonly holds: number;
  /** Stable nodes of KSM, and the places that they are mapped at; 0 for a machine that merges no pages. */
  readonly rmapItems: number;
}

/**
 * What a page holds: 4 KiB of real bytes, a 64-bit token that stands for them, or a mark of 32 bits, which is all that a
 * free page needs for its link back.
 */
export type ContentsKind = 'bytes' | 'token' | 'mark';
const CONTENT_WORDS: Readonly<Record<ContentsKind, number>> = { bytes: PAGE_SIZE / 4, token: 2, mark: 1 };

/**
 * A machine to be built: geometry and sizes, no contents.
 *
 * @example
 * const contents: ContentsKind = 'token';
 * const capacity: Partial<Capacity> = { processes: 16 };
 * const spec: MachineSpec = { ...machine.spec, name: 'empty', contents, capacity };
 * const empty: Machine = createMachine(spec);
 * validateMachine(empty); // []
 */
export interface MachineSpec {
  readonly name: string;
  readonly nrPfns: number;
  readonly nrCpus: number;
  /** Pages of a memory block; a whole number of pageblocks. */
  readonly blockPages: number;
  readonly zones: readonly ZoneShape[];
  readonly blocks: ReadonlyArray<{ readonly block: BlockId; readonly state: BlockState }>;
  readonly dimms: readonly Dimm[];
  readonly nrSwapSlots: number;
  /** Release of the kernel that it is a picture of; absent if there is none. */
  readonly kernel?: string | null;
  /** vm.compact_unevictable_allowed; true, as without PREEMPT_RT, if absent. */
  readonly compactUnevictableAllowed?: boolean;
  /** Per-CPU lists by zone; absent, those of a small machine. */
  readonly pcp?: readonly PcpShape[] | null;
  readonly contents: ContentsKind;
  /** True if threads will share the machine, each as CPUs of its own (src/smp). */
  readonly shared?: boolean;
  readonly capacity?: Partial<Capacity>;
}

export const TABLE_ENTRIES = 512;
/** Pages of an extent of the index line, and slots of a page-cache leaf (XA_CHUNK_SIZE): small files waste little. */
export const EXTENT_SHIFT = 6;
export const EXTENT_PAGES = 1 << EXTENT_SHIFT;
const EXTENTS_PER_RUN = TABLE_ENTRIES / EXTENT_PAGES;
export const LRU_CHUNK = 256;
export const LRU_LISTS_PER_NODE = 4;
export const LRU_ADD_BATCH = 15;
export const PCP_TYPES = 3;
/** Per-CPU lists of a small machine: refilled and flushed so many pages at a time, at most six batches long. */
export const PCP_BATCH = 31;
const PCP_HIGH = 6 * PCP_BATCH;
export const TLB_ENTRIES = 32;
export const NO_ZONE = 0xff;
/** Sizes of huge pages that a machine can have, and words of each pool (hugetlb-pool.ts). */
export const NR_HSTATES = 2;
export const HSTATE_WORDS = 8;
/** In a file's `mapHuge`: its pool keeps huge pages for it. */
export const HUGE_RESERVED = 0x80;
/** From 64 MiB of real contents on, they have a memory of their own. */
const APART_PAGES_MIN = 16_384;

/** How long the columns are. Index 0 of every pool of records is "none". */
interface Sizes extends Capacity {
  readonly nrPfns: number;
  readonly nrCpus: number;
  readonly nrZones: number;
  readonly nrBlocks: number;
  readonly nrSwapSlots: number;
  readonly nrLruLists: number;
  /** 32-bit words of contents per page. */
  readonly words: number;
  /** Pages whose contents lie among the columns: all or none. */
  readonly nrContents: number;
}

/** Frames and what they hold: 1 word a page (mark), 2 (token) or 1024 (bytes); devices hold the same, swap slots first. */
const contentColumns = (s: Sizes) => ({
  ...pageColumnTable(s.nrPfns),
  contents: u32(s.nrContents * s.words),
  stored: u32((s.nrSwapSlots + s.stored) * s.words),
  storedNext: u32(s.nrSwapSlots + s.stored),
});

/** Pageblocks, memory blocks, zones: free lists by migratetype and order, and each CPU's own lists. */
const zoneColumns = (s: Sizes) => ({
  migratetype: u8(Math.ceil(s.nrPfns / PAGEBLOCK_PAGES)),
  zoneOfPageblock: u8(Math.ceil(s.nrPfns / PAGEBLOCK_PAGES)),
  pageblockUse: u16(Math.ceil(s.nrPfns / PAGEBLOCK_PAGES)),
  booked: u8(Math.ceil(s.nrPfns / 8)),
  blockState: u8(s.nrBlocks),
  nrFree: u32(s.nrZones),
  nrIsolatedFree: u32(s.nrZones),
  managed: u32(s.nrZones),
  watermarkMin: u32(s.nrZones),
  watermarkLow: u32(s.nrZones),
  watermarkHigh: u32(s.nrZones),
  freeHead: u32(s.nrZones * NR_MIGRATETYPES * NR_PAGE_ORDERS),
  freeTail: u32(s.nrZones * NR_MIGRATETYPES * NR_PAGE_ORDERS),
  freeBlocks: u32(s.nrZones * NR_MIGRATETYPES * NR_PAGE_ORDERS),
  pcpHead: u32(s.nrCpus * s.nrZones * PCP_TYPES),
  pcpTail: u32(s.nrCpus * s.nrZones * PCP_TYPES),
  pcpCount: u32(s.nrCpus * s.nrZones * PCP_TYPES),
  pcpHigh: u32(s.nrCpus * s.nrZones),
  pcpFreed: u32(s.nrCpus * s.nrZones),
  hugetlb: u32(NR_HSTATES * HSTATE_WORDS),
});

/** LRU queues, as chunks of entries, and each CPU's batch of pages on their way there. */
const lruColumns = (s: Sizes) => {
  const nrChunks = Math.ceil((s.nrPfns * 2) / LRU_CHUNK) + s.nrLruLists * 4;
  return {
    lruEntries: u32(nrChunks * LRU_CHUNK),
    lruChunkNext: u32(nrChunks),
    lruFirst: u32(s.nrLruLists),
    lruLast: u32(s.nrLruLists),
    lruFirstAt: u32(s.nrLruLists),
    lruLastAt: u32(s.nrLruLists),
    lruLength: u32(s.nrLruLists),
    lruLimit: u32(s.nrLruLists),
    lruFounders: u32(s.nrLruLists),
    lruFounderAt: u32(s.nrLruLists),
    lruGeneration: u8(s.nrLruLists / LRU_LISTS_PER_NODE),
    lruAdd: u32(s.nrCpus * LRU_ADD_BATCH),
    lruAddCount: u32(s.nrCpus),
  };
};

/** Mappings (anon_vmas, files, driver pools), their runs on the index line, their page caches, their links to VMAs. */
const mappingColumns = (s: Sizes) => ({
  mapKind: u8(s.mappings),
  mapBase: u32(s.mappings),
  mapPages: u32(s.mappings),
  mapCached: u32(s.mappings),
  mapLinks: u32(s.mappings),
  mapNonlinear: u16(s.mappings),
  mapHuge: u8(s.mappings),
  mapRoot: u32(s.mappings),
  mapNext: u32(s.mappings),
  extentMapping: u32(s.extents * EXTENTS_PER_RUN),
  extentLeaf: u32(s.extents * EXTENTS_PER_RUN),
  extentDisk: u32(s.extents * EXTENTS_PER_RUN),
  leafSlots: u32(s.leaves * TABLE_ENTRIES),
  leafNext: u32(s.leaves * EXTENTS_PER_RUN),
  linkVma: u32(s.vmas * 4),
  linkMapping: u32(s.vmas * 4),
  linkNext: u32(s.vmas * 4),
  linkVmaNext: u32(s.vmas * 4),
  nodePage: u32(s.rmapItems),
  nodeItems: u32(s.rmapItems),
  nodeNext: u32(s.rmapItems),
  itemAnon: u32(s.rmapItems),
  itemOffset: u32(s.rmapItems),
  itemNext: u32(s.rmapItems),
});

/** Processes: page tables and VMAs. */
const processColumns = (s: Sizes) => ({
  mmAlive: u8(s.processes),
  mmPgd: u32(s.processes),
  mmVmas: u32(s.processes),
  mmNext: u32(s.processes),
  ptes: u32(s.tables * TABLE_ENTRIES),
  tableFrame: u32(s.tables),
  tableNext: u32(s.tables),
  vmaMm: u32(s.vmas),
  vmaStart: u32(s.vmas),
  vmaPages: u32(s.vmas),
  vmaOffset: u32(s.vmas),
  vmaFile: u32(s.vmas),
  vmaAnon: u32(s.vmas),
  vmaFlags: u8(s.vmas),
  vmaNext: u32(s.vmas),
  vmaLinks: u32(s.vmas),
});

/** Swap; pins, locks of other tasks and writebacks, each until its time; what CPUs have cached; the clock. */
const deviceColumns = (s: Sizes) => ({
  swapMap: u8(s.nrSwapSlots),
  swapCache: u32(s.nrSwapSlots),
  swapChain: u32(s.nrSwapSlots),
  swapBucket: u32(Math.ceil(s.nrSwapSlots / 4)),
  holdPfn: u32(s.holds),
  holdKind: u8(s.holds),
  holdUntil: f64(s.holds),
  tlb: u32(s.nrCpus * TLB_ENTRIES * 3),
  clock: f64(1),
  scalars: u32(64),
});

/** The whole state of a machine, in columns over one buffer; contents may have one of their own. */
const machineColumns = (s: Sizes) => ({
  ...contentColumns(s),
  ...zoneColumns(s),
  ...lruColumns(s),
  ...mappingColumns(s),
  ...processColumns(s),
  ...deviceColumns(s),
});

/** Where each lonely number lives in the `scalars` column: heads of pools' free lists, fill marks, cursors. */
export const SCALAR = {
  mapFree: 0,
  mapFill: 1,
  extentFill: 2,
  leafFree: 3,
  leafFill: 4,
  linkFree: 5,
  linkFill: 6,
  mmFree: 7,
  mmFill: 8,
  tableFree: 9,
  tableFill: 10,
  vmaFree: 11,
  vmaFill: 12,
  storedFree: 13,
  storedFill: 14,
  lruChunkFree: 15,
  lruChunkFill: 16,
  swapHint: 17,
  swapUsed: 18,
  nrHolds: 19,
  tablesUsed: 20,
  leavesUsed: 21,
  tablesTakeFrames: 22,
  pgscan: 23,
  pgsteal: 24,
  pswpout: 25,
  /** Pages that drivers have taken out of service, and pages that offline blocks took along: mostly none. */
  nrUnplugged: 26,
  nrTakenAlong: 27,
  ksmMapping: 28,
  nodeFree: 29,
  nodeFill: 30,
  itemFree: 31,
  itemFill: 32,
} as const;

type Columns = ColumnViews<ReturnType<typeof machineColumns>>;

/** The CPUs that other threads are. */
export interface OtherCpus {
  /**
   * When this returns, no CPU uses a translation that it had cached before, the caller's own neither: none of the process
   * `mm` (flush_tlb_mm), or none at all if it is absent (flush_tlb_all).
   */
  shootdown(mm?: number): void;
  /** The entry at `ptes[at]` is no migration entry any more: whoever sleeps on it goes on (remove_migration_pte). */
  wake(at: number): void;
}

/** A simulated machine: its shape and its columns. Functions in this folder take it as their first argument. */
export interface Machine extends Columns {
  readonly spec: MachineSpec;
  readonly capacity: Capacity;
  readonly nrNodes: number;
  /** 32-bit words of contents per page. */
  readonly contentWords: number;
  /** All columns, but contents if these lie apart; `stateOf` has both. */
  readonly buffer: ArrayBufferLike;
  /** What copies contents that lie apart; null if they are among the columns. */
  readonly contentKernels: Kernels | null;
  /** Null if one thread has the machine to itself. Otherwise counts and page-table entries change atomically. */
  readonly others: OtherCpus | null;
  /** Zones to try, by node and highest usable kind: own node first, then the most capable zone first. */
  readonly zonelists: ReadonlyArray<readonly number[]>;
  /** Pages of each zone in the blocks that are online when the machine starts: what its watermarks are meant for. */
  readonly presentAtStart: readonly number[];
}

/**
 * A machine with all its memory absent or offline; `onlineBlock` gives it pages.
 *
 * @throws VacateError kind 'range' if zones or blocks are off their alignment, overlap, or lie outside memory.
 * @example
 * const empty = createMachine(machine.spec);
 * validateMachine(empty); // []
 */
export function createMachine(spec: MachineSpec): Machine {
  checkShape(spec);
  const machine = machineOver(spec, spec.shared ? 'shared' : 'private', null);
  reset(machine);
  return machine;
}

/** The same machine for another thread: columns over the buffer that `createMachine` made from this spec. */
export function attachMachine(spec: MachineSpec, buffer: SharedArrayBuffer, others: OtherCpus): Machine {
  return machineOver(spec, buffer, others);
}

function machineOver(
  spec: MachineSpec,
  where: 'private' | 'shared' | SharedArrayBuffer,
  others: OtherCpus | null,
): Machine {
  const capacity = capacityFor(spec);
  const nrNodes = Math.max(...spec.zones.map((zone) => zone.node)) + 1;
  const contentWords = CONTENT_WORDS[spec.contents];
  const apart = where === 'private' ? contentsApart(spec) : null;
  const { buffer, views } = layColumns(
    machineColumns({
      ...capacity,
      nrPfns: spec.nrPfns,
      nrCpus: spec.nrCpus,
      nrZones: spec.zones.length,
      nrBlocks: Math.ceil(spec.nrPfns / spec.blockPages),
      nrSwapSlots: spec.nrSwapSlots,
      nrLruLists: nrNodes * LRU_LISTS_PER_NODE,
      words: contentWords,
      nrContents: apart === null ? spec.nrPfns : 0,
    }),
    where,
  );
  const contents = apart === null ? views.contents : new Uint32Array(apart.buffer, 0, spec.nrPfns * contentWords);
  const zonelists = buildZonelists(spec.zones, nrNodes);
  const presentAtStart = spec.zones.map((zone) => onlinePagesOf(spec, zone));
  const contentKernels = apart?.kernels ?? null;
  const shape = { spec, capacity, nrNodes, contentWords, buffer, contentKernels, others, zonelists, presentAtStart };
  // Into the views themselves: a copy would not look like that of the machine before.
  return Object.assign(views, { contents, ...shape });
}

/**
 * Memory of its own for real contents, which kernels copy faster than we can. Small machines have all in one piece:
 * there the caches are what counts, and each such memory takes gigabytes of address space.
 */
function contentsApart({ contents, nrPfns }: MachineSpec): KernelMemory | null {
  return contents === 'bytes' && nrPfns >= APART_PAGES_MIN ? kernelMemory(nrPfns * PAGE_SIZE) : null;
}

/** The whole state in the order of the columns, as runs of words, wherever they lie. */
export function stateOf({ buffer, contents, stored }: Machine): Uint32Array[] {
  const words = buffer.byteLength / Uint32Array.BYTES_PER_ELEMENT;
  if (contents.buffer === buffer) return [new Uint32Array(buffer, 0, words)];
  // Contents would stand before the column that is laid out after them.
  const before = stored.byteOffset / Uint32Array.BYTES_PER_ELEMENT;
  return [new Uint32Array(buffer, 0, before), contents, new Uint32Array(buffer, stored.byteOffset, words - before)];
}

/** What a machine says of itself before any of its memory is online. */
function reset(machine: Machine): void {
  const { spec } = machine;
  machine.zoneOfPageblock.fill(NO_ZONE);
  spec.zones.forEach((zone, id) => {
    // Outside zones nothing is ever written, so holes cost no memory.
    machine.flags.fill(PG_NOPAGE, zone.start, zone.end);
    machine.zoneOfPageblock.fill(id, zone.start >> PAGEBLOCK_ORDER, zone.end >> PAGEBLOCK_ORDER);
    machine.pageblockUse.fill(PAGEBLOCK_PAGES | HAS_HOLES, zone.start >> PAGEBLOCK_ORDER, zone.end >> PAGEBLOCK_ORDER);
    machine.watermarkMin[id] = zone.watermarks.min;
    machine.watermarkLow[id] = zone.watermarks.low;
    machine.watermarkHigh[id] = zone.watermarks.high;
    for (let cpu = 0; cpu < spec.nrCpus; cpu++)
      machine.pcpHigh[cpu * spec.zones.length + id] = spec.pcp?.[id]?.high[cpu] ?? PCP_HIGH;
  });
  machine.scalars[SCALAR.storedFill] = spec.nrSwapSlots;
  machine.scalars[SCALAR.extentFill] = 1;
  machine.scalars[SCALAR.tablesTakeFrames] = 1;
}

function buildZonelists(zones: readonly ZoneShape[], nrNodes: number): number[][] {
  const rank = (kind: ZoneKind) => ZONE_KINDS.indexOf(kind);
  const listFor = (node: number, highest: number) =>
    zones
      .map((zone, id) => ({ zone, id, distance: Math.abs(zone.node - node) }))
      .filter(({ zone }) => rank(zone.kind) <= highest)
      .sort((a, b) => a.distance - b.distance || rank(b.zone.kind) - rank(a.zone.kind))
      .map(({ id }) => id);
  return Array.from({ length: nrNodes }, (_, node) => ZONE_KINDS.map((_, highest) => listFor(node, highest))).flat();
}

function onlinePagesOf({ blocks, blockPages }: MachineSpec, zone: ZoneShape): number {
  let pages = 0;
  for (const { block, state } of blocks) {
    const { start, end } = blockRange(block, blockPages);
    if (state === BLOCK_ONLINE) pages += Math.max(0, Math.min(zone.end, end) - Math.max(zone.start, start));
  }
  return pages;
}

function capacityFor(spec: MachineSpec): Capacity {
  const groups = Math.ceil(spec.nrPfns / TABLE_ENTRIES);
  const processes = 512;
  const derived = {
    processes,
    vmas: 4096,
    mappings: 4096,
    extents: groups * 8 + 8192,
    tables: groups * 4 + processes * 4,
    leaves: groups * 3 + 1024,
    stored: spec.nrPfns,
    holds: 65_536,
    rmapItems: 0,
  };
  return { ...derived, ...spec.capacity };
}

function checkShape(spec: MachineSpec): void {
  checkSpec(spec);
  const fail = (because: string): never => {
    throw new VacateError('range', because);
  };
  if (spec.nrPfns < 1 || spec.nrPfns > MAX_PFN) fail(`a machine has 1 to ${MAX_PFN} pages, not ${spec.nrPfns}`);
  if (spec.blockPages % PAGEBLOCK_PAGES !== 0)
    fail(`a memory block must be a whole number of ${PAGEBLOCK_PAGES}-page pageblocks, not ${spec.blockPages} pages`);
  if (spec.zones.length === 0 || spec.zones.length >= NO_ZONE) fail('a machine needs at least one zone');
  for (const zone of spec.zones) {
    if (zone.start % PAGEBLOCK_PAGES !== 0 || zone.end % PAGEBLOCK_PAGES !== 0 || zone.end <= zone.start)
      fail(`zone ${zone.kind} of node ${zone.node} must start and end on a pageblock (${PAGEBLOCK_PAGES} pages)`);
    if (zone.end > spec.nrPfns)
      fail(`zone ${zone.kind} of node ${zone.node} ends at ${zone.end}, outside memory of ${spec.nrPfns} pages`);
    for (const other of spec.zones)
      if (other !== zone && other.start < zone.end && zone.start < other.end)
        fail(`zones ${zone.kind} (node ${zone.node}) and ${other.kind} (node ${other.node}) overlap`);
  }
  const nrBlocks = Math.ceil(spec.nrPfns / spec.blockPages);
  for (const { block, state } of spec.blocks) {
    if (block < 0 || block >= nrBlocks) fail(`memory block ${block} lies outside memory (0 to ${nrBlocks - 1})`);
    if (state !== BLOCK_ABSENT && state !== BLOCK_ONLINE && state !== 3)
      fail(`memory block ${block} has no start state`);
  }
}
