import { type ColumnViews, f64, layColumns, u8, u16, u32 } from '../base/columns.js';
import { VacateError } from '../base/vacate-error.js';
import { BLOCK_ABSENT, BLOCK_ONLINE, type BlockState, type Dimm } from '../mm/memory-block.js';
import { NR_MIGRATETYPES } from '../mm/migratetype.js';
import { PG_NOPAGE } from '../mm/page-flags.js';
import { pageColumnTable } from '../mm/page-columns.js';
import { type BlockId, MAX_PFN, NR_PAGE_ORDERS, PAGE_SIZE, PAGEBLOCK_ORDER, PAGEBLOCK_PAGES } from '../mm/units.js';
import { ZONE_KINDS, type ZoneKind, type ZoneShape } from '../mm/zone.js';

/** How much a machine can hold of everything that is not a page; fixed when it is built. */
export interface Capacity {
  readonly processes: number;
  readonly vmas: number;
  readonly mappings: number;
  /** Runs of 512 places on the index line (page->mapping and page->index). */
  readonly extents: number;
  /** Page tables of 512 entries, of all levels. */
  readonly tables: number;
  /** Page-cache leaves of 512 slots. */
  readonly leaves: number;
  /** Pins, locks and writebacks under way. */
  readonly holds: number;
}

/** A machine to be built: geometry and sizes, no contents. */
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
  /** What a page holds: 4 KiB of real bytes, or a 64-bit token that stands for them. */
  readonly contents: 'bytes' | 'token';
  readonly capacity?: Partial<Capacity>;
}

export const TABLE_ENTRIES = 512;
export const LRU_CHUNK = 256;
export const LRU_LISTS_PER_NODE = 4;
export const LRU_ADD_BATCH = 15;
export const PCP_TYPES = 3;
export const TLB_ENTRIES = 32;
export const NO_ZONE = 0xff;

/** The whole state of a machine, in columns over one buffer; see ARCHITECTURE.md. Index 0 of every pool is "none". */
function machineColumnTable(spec: MachineSpec, c: Capacity, nrNodes: number) {
  const nrZones = spec.zones.length;
  const nrPageblocks = Math.ceil(spec.nrPfns / PAGEBLOCK_PAGES);
  const lruChunks = Math.ceil((spec.nrPfns * 2) / LRU_CHUNK) + nrNodes * LRU_LISTS_PER_NODE * 4;
  const stored = spec.nrSwapSlots + spec.nrPfns;
  const words = spec.contents === 'token' ? 2 : PAGE_SIZE / 4;
  return {
    ...pageColumnTable(spec.nrPfns),
    /** Contents, as 32-bit words: 2 a page (token) or 1024 (bytes). */
    contents: u32(spec.nrPfns * words),
    /** Contents on the swap device (first) and on disks; allocated as they are written. */
    stored: u32(stored * words),

    // Pageblocks and memory blocks.
    migratetype: u8(nrPageblocks),
    zoneOfPageblock: u8(nrPageblocks),
    booked: u8(Math.ceil(spec.nrPfns / 8)),
    blockState: u8(Math.ceil(spec.nrPfns / spec.blockPages)),

    // Zones: free lists by migratetype and order, per-CPU lists.
    nrFree: u32(nrZones),
    nrIsolatedFree: u32(nrZones),
    managed: u32(nrZones),
    watermarkMin: u32(nrZones),
    watermarkLow: u32(nrZones),
    watermarkHigh: u32(nrZones),
    freeHead: u32(nrZones * NR_MIGRATETYPES * NR_PAGE_ORDERS),
    freeBlocks: u32(nrZones * NR_MIGRATETYPES * NR_PAGE_ORDERS),
    pcpHead: u32(spec.nrCpus * nrZones * PCP_TYPES),
    pcpTail: u32(spec.nrCpus * nrZones * PCP_TYPES),
    pcpCount: u32(spec.nrCpus * nrZones * PCP_TYPES),

    // LRU: queues of chunks per node, and each CPU's batch of pages on their way there.
    lruEntries: u32(lruChunks * LRU_CHUNK),
    lruChunkNext: u32(lruChunks),
    lruFirst: u32(nrNodes * LRU_LISTS_PER_NODE),
    lruLast: u32(nrNodes * LRU_LISTS_PER_NODE),
    lruFirstAt: u32(nrNodes * LRU_LISTS_PER_NODE),
    lruLastAt: u32(nrNodes * LRU_LISTS_PER_NODE),
    lruLength: u32(nrNodes * LRU_LISTS_PER_NODE),
    lruLimit: u32(nrNodes * LRU_LISTS_PER_NODE),
    lruAdd: u32(spec.nrCpus * LRU_ADD_BATCH),
    lruAddCount: u32(spec.nrCpus),

    // Mappings: anon_vmas, files, driver pools; their runs on the index line; their links to VMAs.
    mapKind: u8(c.mappings),
    mapBase: u32(c.mappings),
    mapPages: u32(c.mappings),
    mapCached: u32(c.mappings),
    mapLinks: u32(c.mappings),
    mapNonlinear: u16(c.mappings),
    mapNext: u32(c.mappings),
    mapRoot: u32(c.mappings),
    extentMapping: u32(c.extents),
    extentLeaf: u32(c.extents),
    extentDisk: u32(c.extents),
    leafSlots: u32(c.leaves * TABLE_ENTRIES),
    leafNext: u32(c.leaves),
    linkVma: u32(c.vmas * 4),
    linkMapping: u32(c.vmas * 4),
    linkNext: u32(c.vmas * 4),
    linkVmaNext: u32(c.vmas * 4),

    // Processes: page tables and VMAs.
    mmAlive: u8(c.processes),
    mmPgd: u32(c.processes),
    mmVmas: u32(c.processes),
    mmNext: u32(c.processes),
    ptes: u32(c.tables * TABLE_ENTRIES),
    tableUsed: u16(c.tables),
    tableFrame: u32(c.tables),
    tableNext: u32(c.tables),
    vmaMm: u32(c.vmas),
    vmaStart: u32(c.vmas),
    vmaPages: u32(c.vmas),
    vmaOffset: u32(c.vmas),
    vmaFile: u32(c.vmas),
    vmaAnon: u32(c.vmas),
    vmaFlags: u8(c.vmas),
    vmaNext: u32(c.vmas),
    vmaLinks: u32(c.vmas),

    // Swap and disks.
    swapMap: u8(spec.nrSwapSlots),
    swapCache: u32(spec.nrSwapSlots),
    storedNext: u32(stored),

    // Pins, page locks of other tasks, and writebacks, each until its time.
    holdPfn: u32(c.holds),
    holdKind: u8(c.holds),
    holdUntil: f64(c.holds),

    // Translations that CPUs have cached: process, vpn, entry.
    tlb: u32(spec.nrCpus * TLB_ENTRIES * 3),
    clock: f64(1),
    scalars: u32(32),
  };
}

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
  anonPages: 23,
} as const;

type Columns = ColumnViews<ReturnType<typeof machineColumnTable>>;

/** A simulated machine: its shape and its columns. Functions in this folder take it as their first argument. */
export interface Machine extends Columns {
  readonly spec: MachineSpec;
  readonly capacity: Capacity;
  readonly nrNodes: number;
  /** 32-bit words of contents per page. */
  readonly contentWords: number;
  readonly buffer: SharedArrayBuffer;
  /** Zones to try, by node and highest usable kind: own node first, then the most capable zone first. */
  readonly zonelists: ReadonlyArray<readonly number[]>;
}

/**
 * A machine with all its memory absent or offline; `onlineBlock` gives it pages.
 *
 * @throws VacateError kind 'range' if zones or blocks are off their alignment, overlap, or lie outside memory.
 */
export function createMachine(spec: MachineSpec): Machine {
  checkShape(spec);
  const capacity = capacityFor(spec);
  const nrNodes = Math.max(...spec.zones.map((zone) => zone.node)) + 1;
  const { buffer, views } = layColumns(machineColumnTable(spec, capacity, nrNodes));
  const contentWords = spec.contents === 'token' ? 2 : PAGE_SIZE / 4;
  const zonelists = buildZonelists(spec.zones, nrNodes);
  const machine: Machine = { ...views, spec, capacity, nrNodes, contentWords, buffer, zonelists };
  machine.zoneOfPageblock.fill(NO_ZONE);
  spec.zones.forEach((zone, id) => {
    // Outside zones nothing is ever written, so holes cost no memory.
    machine.flags.fill(PG_NOPAGE, zone.start, zone.end);
    machine.zoneOfPageblock.fill(id, zone.start >> PAGEBLOCK_ORDER, zone.end >> PAGEBLOCK_ORDER);
    machine.watermarkMin[id] = zone.watermarks.min;
    machine.watermarkLow[id] = zone.watermarks.low;
    machine.watermarkHigh[id] = zone.watermarks.high;
  });
  machine.scalars[SCALAR.storedFill] = spec.nrSwapSlots;
  machine.scalars[SCALAR.extentFill] = 1;
  machine.scalars[SCALAR.tablesTakeFrames] = 1;
  return machine;
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
    holds: 65_536,
  };
  return { ...derived, ...spec.capacity };
}

function checkShape(spec: MachineSpec): void {
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
    for (const other of spec.zones)
      if (other !== zone && other.start < zone.end && zone.start < other.end)
        fail(`zones ${zone.kind} (node ${zone.node}) and ${other.kind} (node ${other.node}) overlap`);
  }
  const nrBlocks = Math.ceil(spec.nrPfns / spec.blockPages);
  for (const { block, state } of spec.blocks) {
    if (block < 0 || block >= nrBlocks) fail(`memory block ${block} lies outside memory (0 to ${nrBlocks - 1})`);
    if (state !== BLOCK_ABSENT && state !== BLOCK_ONLINE && state !== 3) fail(`memory block ${block} has no start state`);
  }
}
