import { WIDTH } from '../base/columns.js';
import { PAGE_COLUMN_BYTES } from '../mm/page-columns.js';
import { PG_NOPAGE } from '../mm/page-flags.js';
import { EXTENT_PAGES, LRU_CHUNK, type Machine, SCALAR, TABLE_ENTRIES } from './machine.js';

/**
 * What a simulated machine costs its host.
 *
 * @example
 * const { pages, bytesPerPage }: MachineSize = machineSize(machine);
 * bytesPerPage * pages > 0; // true
 */
export interface MachineSize {
  /** Page frames that stand behind a pfn. */
  readonly pages: number;
  /** All state, without real contents: frames, tokens, page tables, caches, LRU, swap, processes. */
  readonly bytes: number;
  readonly bytesPerPage: number;
  /** Real contents, 0 on a machine of tokens or marks. */
  readonly contentsBytes: number;
  /** The same bytes by what they are for, largest first. */
  readonly parts: ReadonlyArray<{ readonly name: string; readonly bytes: number }>;
}

const WORD = WIDTH.u32;

/**
 * Measures a machine. Columns are laid out for the most that they may hold, but the operating system gives memory only to
 * what has been written; counted is what is in use: frames inside zones, tables, leaves, chunks and records handed out.
 *
 * @example
 * console.log(machineSize(machine));
 */
export function machineSize(m: Machine): MachineSize {
  const frames = m.spec.zones.reduce((sum, zone) => sum + zone.end - zone.start, 0);
  const areReal = m.spec.contents === 'bytes';
  const tokens = areReal ? 0 : frames * m.contentWords * WORD;
  const stored =
    (m.scalars[SCALAR.swapUsed]! + m.scalars[SCALAR.storedFill]! - m.spec.nrSwapSlots) * m.contentWords * WORD;
  const chunks = nrInUse(m.lruChunkNext, m.scalars[SCALAR.lruChunkFree]!, m.scalars[SCALAR.lruChunkFill]!);
  const parts = [
    { name: 'page frames', bytes: frames * PAGE_COLUMN_BYTES },
    { name: `content ${m.spec.contents === 'mark' ? 'marks' : 'tokens'}`, bytes: tokens },
    { name: 'page tables', bytes: m.scalars[SCALAR.tablesUsed]! * (TABLE_ENTRIES * WORD + 2 * WORD) },
    { name: 'page-cache slots', bytes: m.scalars[SCALAR.leavesUsed]! * (EXTENT_PAGES + 1) * WORD },
    { name: 'LRU queues', bytes: chunks * (LRU_CHUNK + 1) * WORD },
    { name: 'swap', bytes: m.spec.nrSwapSlots * (WIDTH.u8 + 2 * WORD) + m.swapBucket.byteLength },
    { name: 'devices', bytes: areReal ? 0 : stored },
    { name: 'mappings and VMAs', bytes: recordBytes(m) },
    { name: 'pageblocks, zones, CPUs', bytes: fixedBytes(m) },
  ];
  let pages = 0;
  for (const { start, end } of m.spec.zones)
    for (let pfn = start; pfn < end; pfn++) if ((m.flags[pfn]! & PG_NOPAGE) === 0) pages++;
  const bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
  const contentsBytes = areReal ? frames * m.contentWords * WORD + stored : 0;
  return {
    pages,
    bytes,
    bytesPerPage: bytes / Math.max(pages, 1),
    contentsBytes,
    parts: parts.filter((part) => part.bytes > 0).sort((a, b) => b.bytes - a.bytes),
  };
}

function nrInUse(next: Uint32Array, freeHead: number, fill: number): number {
  let free = 0;
  for (let id = freeHead; id !== 0; id = next[id]!) free++;
  return fill - free;
}

function recordBytes(m: Machine): number {
  const mapping = m.scalars[SCALAR.mapFill]! * (2 * WIDTH.u8 + WIDTH.u16 + 7 * WORD);
  const extents = m.scalars[SCALAR.extentFill]! * 3 * WORD;
  const links = m.scalars[SCALAR.linkFill]! * 4 * WORD;
  const vmas = m.scalars[SCALAR.vmaFill]! * (WIDTH.u8 + 8 * WORD);
  const processes = m.scalars[SCALAR.mmFill]! * (WIDTH.u8 + 3 * WORD);
  const holds = m.scalars[SCALAR.nrHolds]! * (WIDTH.u8 + WORD + WIDTH.f64);
  return mapping + extents + links + vmas + processes + holds;
}

function fixedBytes(m: Machine): number {
  const columns = [
    m.migratetype,
    m.zoneOfPageblock,
    m.pageblockUse,
    m.booked,
    m.blockState,
    m.nrFree,
    m.nrIsolatedFree,
    m.managed,
    m.watermarkMin,
    m.watermarkLow,
    m.watermarkHigh,
    m.freeHead,
    m.freeTail,
    m.freeBlocks,
    m.pcpHead,
    m.pcpTail,
    m.pcpCount,
    m.pcpHigh,
    m.pcpFreed,
    m.lruFirst,
    m.lruLast,
    m.lruFirstAt,
    m.lruLastAt,
    m.lruLength,
    m.lruLimit,
    m.lruFounders,
    m.lruFounderAt,
    m.lruGeneration,
    m.lruAdd,
    m.lruAddCount,
    m.tlb,
    m.clock,
    m.scalars,
  ];
  return columns.reduce((sum, column) => sum + column.byteLength, 0);
}
