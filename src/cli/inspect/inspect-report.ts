import { type BlockRow, type MemoryRow, memoryRow, memoryRows, onlineBytes } from '../../linux/block-table.js';
import { BLOCK_ONLINE } from '../../mm/memory-block.js';
import { MIGRATETYPE_NAMES, NR_MIGRATETYPES } from '../../mm/migratetype.js';
import {
  PG_DIRTY,
  PG_ISOLATED,
  PG_LOCKED,
  PG_MLOCKED,
  PG_NOPAGE,
  PG_PCP,
  PG_PRIVATE,
  PG_THP,
  PG_WRITEBACK,
} from '../../mm/page-flags.js';
import { NR_PAGE_ORDERS, PAGE_SIZE } from '../../mm/units.js';
import { countKinds } from '../../picture/page-bytes.js';
import { KIND_FREE, KIND_HOLE, newCounts } from '../../picture/page-kinds.js';
import { freeListAt } from '../../sim/buddy.js';
import type { Machine } from '../../sim/machine.js';
import { type MachineSize, machineSize } from '../../sim/machine-size.js';
import { blockRows } from '../block-rows.js';
import { fragmentationIndex, freeBlocksByOrder, unusableIndex } from '../fragmentation.js';
import type { OpenMachine } from '../open-machine.js';
import { blocksIn } from '../select-blocks.js';

/** What a page may be besides its kind. */
const CONDITIONS: readonly (readonly [name: string, bits: number])[] = [
  ['dirty', PG_DIRTY],
  ['writeback', PG_WRITEBACK],
  ['locked', PG_LOCKED],
  ['mlocked', PG_MLOCKED],
  ['buffers', PG_PRIVATE],
  ['transparentHuge', PG_THP],
  ['isolated', PG_ISOLATED],
  ['freePerCpu', PG_PCP],
];

export interface ZoneReport {
  readonly name: string;
  readonly node: number;
  readonly kind: string;
  readonly start: number;
  readonly end: number;
  /** Pages that exist. */
  readonly present: number;
  /** Of these, the pages that the allocator has to deal in. */
  readonly managed: number;
  readonly watermarks: { readonly min: number; readonly low: number; readonly high: number };
  readonly kinds: Uint32Array;
  readonly conditions: Readonly<Record<string, number>>;
  /** By order, all migratetypes together; by migratetype below. */
  readonly freeBlocks: readonly number[];
  readonly freeBlocksByType: Readonly<Record<string, readonly number[]>>;
  readonly unusableIndex: readonly number[];
  readonly fragmentationIndex: readonly (number | null)[];
}

/** lsmem's columns stand beside ours: "range", "size", "removable", "node", "zones". */
export interface BlockReport extends Omit<MemoryRow, 'block'> {
  readonly block: number;
  /** Name of its zone; null if none has it. */
  readonly zone: string | null;
  readonly dimm: string | null;
  readonly kinds: Uint32Array;
}

export interface DimmReport {
  readonly name: string;
  readonly node: number;
  readonly start: number;
  readonly end: number;
  readonly blocks: readonly number[];
  readonly online: number;
  readonly kinds: Uint32Array;
}

/** Memory as lsmem shows it. */
export interface MemoryReport {
  /** Neighbouring blocks that agree in every column joined. */
  readonly memory: readonly MemoryRow[];
  readonly blockBytes: number;
  readonly onlineBytes: number;
  readonly offlineBytes: number;
}

/** Everything that `vacate inspect` knows, before it becomes a text or JSON. */
export interface InspectReport {
  readonly open: OpenMachine;
  readonly size: MachineSize;
  readonly lsmem: MemoryReport;
  readonly nodes: ReadonlyArray<{ readonly node: number; readonly present: number; readonly kinds: Uint32Array }>;
  readonly zones: readonly ZoneReport[];
  readonly dimms: readonly DimmReport[];
  readonly blocks: readonly BlockReport[];
}

export function inspectReport(open: OpenMachine): InspectReport {
  const { machine } = open;
  const zones = machine.spec.zones.map((_, zone) => zoneReport(machine, zone));
  const rows = blockRows(open);
  const blocks = rows.map((row) => blockReport(machine, row, zones));
  const dimms = machine.spec.dimms.map((dimm): DimmReport => {
    const own = blocksIn(machine, dimm);
    const kinds = sum(blocks.filter(({ block }) => own.includes(block)).map((each) => each.kinds));
    const online = own.filter((block) => machine.blockState[block] === BLOCK_ONLINE).length;
    return { name: dimm.name, node: dimm.node, ...dimm.range, blocks: own, online, kinds };
  });
  const nodes = [...new Set(zones.map(({ node }) => node))]
    .sort((a, b) => a - b)
    .map((node) => {
      const own = zones.filter((zone) => zone.node === node);
      return {
        node,
        present: own.reduce((pages, zone) => pages + zone.present, 0),
        kinds: sum(own.map((zone) => zone.kinds)),
      };
    });
  const lsmem = memoryReport(rows, machine.spec.blockPages * PAGE_SIZE);
  return { open, size: machineSize(machine), lsmem, nodes, zones, dimms, blocks };
}

export function memoryReport(rows: readonly BlockRow[], blockBytes: number): MemoryReport {
  const { online, offline } = onlineBytes(rows, blockBytes);
  return { memory: memoryRows(rows, blockBytes), blockBytes, onlineBytes: online, offlineBytes: offline };
}

function sum(lists: readonly Uint32Array[]): Uint32Array {
  const total = newCounts();
  for (const counts of lists) for (const [kind, pages] of counts.entries()) total[kind] = total[kind]! + pages;
  return total;
}

/** "Normal", or "Normal of node 1" on a machine with several. */
function zoneName(machine: Machine, zone: number): string {
  const { kind, node } = machine.spec.zones[zone]!;
  return machine.nrNodes === 1 ? kind : `${kind}/${node}`;
}

function zoneReport(machine: Machine, zone: number): ZoneReport {
  const { node, kind, start, end } = machine.spec.zones[zone]!;
  const kinds = countKinds(machine.flags, start, end);
  const freeBlocks = freeBlocksByOrder(machine, zone);
  const orders = Array.from({ length: NR_PAGE_ORDERS }, (_, order) => order);
  const byType = Array.from({ length: NR_MIGRATETYPES }, (_, type) => type as 0 | 1 | 2 | 3).map((type) => [
    MIGRATETYPE_NAMES[type],
    orders.map((order) => machine.freeBlocks[freeListAt(zone, type, order)]!),
  ]);
  return {
    name: zoneName(machine, zone),
    node,
    kind,
    start,
    end,
    present: end - start - kinds[KIND_HOLE]!,
    managed: machine.managed[zone]!,
    watermarks: {
      min: machine.watermarkMin[zone]!,
      low: machine.watermarkLow[zone]!,
      high: machine.watermarkHigh[zone]!,
    },
    kinds,
    conditions: conditionsIn(machine, start, end),
    freeBlocks,
    freeBlocksByType: Object.fromEntries(byType),
    unusableIndex: orders.map((order) => unusableIndex(freeBlocks, order)),
    fragmentationIndex: orders.map((order) => fragmentationIndex(freeBlocks, order)),
  };
}

function conditionsIn({ flags }: Machine, start: number, end: number): Record<string, number> {
  const pagesOf = countConditions(flags, start, end);
  return Object.fromEntries(
    CONDITIONS.map(([name], i) => [
      name,
      pagesOf.reduce((sum, pages, met) => sum + (((met >> i) & 1) === 1 ? pages : 0), 0),
    ]),
  );
}

/** Pages by the conditions that they meet, a bit each. Neighbours are alike more often than not. */
function countConditions(flags: Uint32Array, start: number, end: number): Uint32Array {
  const counts = new Uint32Array(1 << CONDITIONS.length);
  let known = PG_NOPAGE;
  let met = 0;
  for (let pfn = start; pfn < end; pfn++) {
    const has = flags[pfn]!;
    if (has !== known) {
      known = has;
      met = 0;
      if ((has & PG_NOPAGE) === 0)
        for (let i = 0; i < CONDITIONS.length; i++) if ((has & CONDITIONS[i]![1]) !== 0) met |= 1 << i;
    }
    counts[met] = counts[met]! + 1;
  }
  return counts;
}

function blockReport(machine: Machine, row: BlockRow, zones: readonly ZoneReport[]): BlockReport {
  const { block } = row;
  const { blockPages, nrPfns, dimms } = machine.spec;
  const start = block * blockPages;
  const end = Math.min(start + blockPages, nrPfns);
  const zone = zones.find((each) => start < each.end && each.start < end);
  const dimm = dimms.find(({ range }) => start >= range.start && start < range.end);
  return {
    ...memoryRow(row, blockPages * PAGE_SIZE),
    block,
    zone: zone?.name ?? null,
    dimm: dimm?.name ?? null,
    kinds: countKinds(machine.flags, start, end),
  };
}

/** Bytes of memory that is there and online. */
export function bytesOf(report: InspectReport): number {
  return report.nodes.reduce((bytes, { present }) => bytes + present * PAGE_SIZE, 0);
}

/** Free pages of a count. */
export function freeIn(kinds: Uint32Array): number {
  return kinds[KIND_FREE]!;
}
