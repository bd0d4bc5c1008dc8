import 'reflect-metadata';
import { expect } from '@jest/globals';
import { PageEvents } from '../../../src/events/page-events.js';
import { MigrationService } from '../../../src/migration/migration-service.js';
import { BLOCK_OFFLINE, BLOCK_ONLINE } from '../../../src/mm/memory-block.js';
import type { Migratetype } from '../../../src/mm/migratetype.js';
import {
  FREE_FLAGS,
  PG_HEAD,
  PG_ISOLATED,
  PG_LRU,
  PG_MOVABLE_OPS,
  PG_NOPAGE,
  PG_PGTABLE,
  PG_RESERVED,
  PG_SLAB,
  PG_TAIL,
  PG_THP,
} from '../../../src/mm/page-flags.js';
import { isPresent, ptePayload } from '../../../src/mm/pte.js';
import { NO_PAGE, NR_PAGE_ORDERS } from '../../../src/mm/units.js';
import { NO_LOWMEM_RESERVE, watermarksFromMin, type ZoneKind, type ZoneShape } from '../../../src/mm/zone.js';
import { ACCESS_OK, readPage, writePage } from '../../../src/sim/access.js';
import { createProcess, mapMemory, VM_SHARED, VM_WRITE } from '../../../src/sim/address-space.js';
import { freeBlockOrder, freeListAt } from '../../../src/sim/buddy.js';
import { fillContents, readContents } from '../../../src/sim/contents.js';
import { addDriverPage } from '../../../src/sim/files.js';
import { lruListOf } from '../../../src/sim/lru.js';
import {
  type Capacity,
  type ContentsKind,
  createMachine,
  LRU_CHUNK,
  LRU_LISTS_PER_NODE,
  type Machine,
  SCALAR,
} from '../../../src/sim/machine.js';
import { mappingOfPage } from '../../../src/sim/mappings.js';
import { onlineBlock } from '../../../src/sim/memory-blocks.js';
import { allocatePages, drainLruAdd, drainPcp } from '../../../src/sim/page-allocator.js';
import { pteOf } from '../../../src/sim/page-tables.js';
import { nodeOf, zoneOf } from '../../../src/sim/pageblocks.js';
import { SimHost } from '../../../src/sim/sim-host.js';
import { validateMachine } from '../../../src/sim/validate.js';
import { SHIPPED_PAGE_TYPES } from '../../../src/testing/shipped.js';

/** A small machine, as a test wants it; what it leaves out does not matter to it. */
export interface Shape {
  readonly pages?: number;
  readonly cpus?: number;
  readonly blockPages?: number;
  readonly zones?: readonly ZoneShape[];
  readonly offline?: readonly number[];
  readonly absent?: readonly number[];
  readonly swap?: number;
  readonly contents?: ContentsKind;
  readonly min?: number;
  /** True for a machine that threads can share. */
  readonly shared?: boolean;
  readonly capacity?: Partial<Capacity>;
}

/** Enough for tests, and quick to clear. */
const CAPACITY = { processes: 64, vmas: 128, mappings: 128, extents: 256, tables: 256, leaves: 64, holds: 128 };

export function zone(kind: ZoneKind, start: number, end: number, min = 0, node = 0, reserve = 0): ZoneShape {
  const lowmemReserve = reserve === 0 ? NO_LOWMEM_RESERVE : { ...NO_LOWMEM_RESERVE, Movable: reserve };
  return { node, kind, start, end, watermarks: watermarksFromMin(min), lowmemReserve };
}

/** Built and brought online; one zone Normal unless the shape says otherwise. */
export function smallMachine(shape: Shape = {}): Machine {
  const { pages = 2048, cpus = 2, blockPages = 512, swap = 256, contents = 'token', min = 0 } = shape;
  const { zones = [zone('Normal', 0, pages, min)], offline = [], absent = [], shared = false } = shape;
  const blocks = Array.from({ length: Math.ceil(pages / blockPages) }, (_, block) => block)
    .filter((block) => !absent.includes(block))
    .map((block) => ({ block, state: offline.includes(block) ? BLOCK_OFFLINE : BLOCK_ONLINE }) as const);
  const spec = { name: 'small', nrPfns: pages, nrCpus: cpus, blockPages, zones, blocks, dimms: [], nrSwapSlots: swap };
  const machine = createMachine({ ...spec, contents, shared, capacity: { ...CAPACITY, ...shape.capacity } });
  for (const { block, state } of blocks) {
    if (state === BLOCK_ONLINE) onlineBlock(machine, block);
    else machine.blockState[block] = BLOCK_OFFLINE;
  }
  return machine;
}

// --- chance -----------------------------------------------------------------------------------------------------------

/** The seed of every random test: VACATE_SEED, or a new one. Tests have it in their names. */
export const SEED = Number(process.env.VACATE_SEED ?? Date.now() % 1_000_000);

// --- processes --------------------------------------------------------------------------------------------------------

export interface Mapped {
  readonly mm: number;
  readonly vma: number;
  readonly start: number;
}

export function mapInto(m: Machine, mm: number, nrPages: number, flags = VM_WRITE, file = 0, offset = 0): Mapped {
  const vma = mapMemory(m, mm, { start: -1, nrPages, flags, file, offset });
  expect(vma).not.toBe(0);
  return { mm, vma, start: m.vmaStart[vma]! };
}

/** A process with one anonymous VMA; its pages are written, each with contents of its own, and on the LRU. */
export function anonProcess(m: Machine, nrPages: number, tag = 7): Mapped {
  const mapped = mapInto(m, createProcess(m, 0), nrPages);
  for (let page = 0; page < nrPages; page++) put(m, mapped.mm, mapped.start + page, tag, page);
  drainLruAdd(m);
  return mapped;
}

/** A process that maps a file shared and writable; nothing faulted in. */
export function fileProcess(m: Machine, file: number, nrPages: number): Mapped {
  return mapInto(m, createProcess(m, 0), nrPages, VM_WRITE | VM_SHARED, file);
}

export function put(m: Machine, mm: number, vpn: number, lo: number, hi: number, cpu = 0): void {
  mustBe(writePage(m, cpu, mm, vpn, lo, hi), ACCESS_OK);
}

/** For what is done to thousands of pages: an `expect` takes longer than what it looks at, so only a failure gets one. */
export function mustBe<T>(found: T, wanted: T): void {
  if (found !== wanted) expect(found).toBe(wanted);
}

const words = new Uint32Array(2);

/** What a virtual page holds, read through its page tables. */
export function get(m: Machine, mm: number, vpn: number, cpu = 0): [number, number] {
  mustBe(readPage(m, cpu, mm, vpn, words), ACCESS_OK);
  return [words[0]!, words[1]!];
}

/** What a frame holds; fails on a torn one. */
export function held(m: Machine, pfn: number): [number, number] {
  mustBe(readContents(m, pfn, words), true);
  return [words[0]!, words[1]!];
}

/** The frame that a present entry names, -1 if none is present. */
export function frameAt(m: Machine, mm: number, vpn: number): number {
  const pte = pteOf(m, mm, vpn);
  return isPresent(pte) ? ptePayload(pte) : -1;
}

export function framesOf(m: Machine, { mm, start }: Mapped, nrPages: number): number[] {
  return Array.from({ length: nrPages }, (_, page) => frameAt(m, mm, start + page));
}

/** One page off the allocator, with count 1, of any kind the test wants; fails if there is none. */
export function take(m: Machine, order = 0, type: Migratetype = 1, cpu = 0): number {
  const pfn = allocatePages(m, cpu, { order, type, node: 0, highest: 'Movable', mark: 'min' });
  if (pfn === NO_PAGE) expect(pfn).not.toBe(NO_PAGE);
  return pfn;
}

/** A page of a driver's pool, filled. */
export function driverPage(m: Machine, pool: number, page: number, lo: number, hi: number): number {
  const pfn = take(m);
  fillContents(m, pfn, lo, hi);
  addDriverPage(m, pfn, pool, page, PG_MOVABLE_OPS);
  return pfn;
}

/** Makes 2^order neighbouring pages one compound page (THP). */
export function makeCompound(m: Machine, head: number, order: number, thp = true): void {
  const kind = thp ? PG_THP : 0;
  m.flags[head] = m.flags[head]! | PG_HEAD | kind;
  for (let i = 1; i < 2 ** order; i++) m.flags[head + i] = m.flags[head + i]! | PG_TAIL | kind;
}

// --- service ----------------------------------------------------------------------------------------------------------

export const PLUGINS = SHIPPED_PAGE_TYPES;

export function serviceOf(m: Machine): { host: SimHost; service: MigrationService; events: PageEvents } {
  const host = new SimHost(m);
  const events = new PageEvents();
  return { host, events, service: new MigrationService(host, PLUGINS, events) };
}

// --- looking at machines ----------------------------------------------------------------------------------------------

export function snapshot(m: Machine): Uint8Array {
  return new Uint8Array(m.buffer).slice();
}

/** Names of the columns that differ from a snapshot of the same machine, so that a failure says where. */
export function changed(m: Machine, before: Uint8Array): string[] {
  const now = new Uint8Array(m.buffer);
  return Object.entries(m)
    .filter((entry): entry is [string, Uint8Array | Uint32Array] => ArrayBuffer.isView(entry[1]))
    .filter(([, { byteOffset, byteLength }]) => {
      for (let at = byteOffset; at < byteOffset + byteLength; at++) if (now[at] !== before[at]) return true;
      return false;
    })
    .map(([name]) => name);
}

/** Free blocks by list, "zone type order": pfns ascending, or in list order. */
export function freeLists(m: Machine, inOrder = false): Record<string, number[]> {
  const lists: Record<string, number[]> = {};
  for (let zoneId = 0; zoneId < m.spec.zones.length; zoneId++)
    for (const type of [0, 1, 2, 3] as const)
      for (let order = 0; order < NR_PAGE_ORDERS; order++) {
        const pfns = freeListOf(m, zoneId, type, order);
        if (pfns.length > 0) lists[`${zoneId} ${type} ${order}`] = inOrder ? pfns : pfns.sort((a, b) => a - b);
      }
  return lists;
}

/** Blocks of one free list, first to be handed out first. */
export function freeListOf(m: Machine, zoneId: number, type: Migratetype, order: number): number[] {
  const pfns: number[] = [];
  for (let link = m.freeHead[freeListAt(zoneId, type, order)]!; link !== 0; link = m.index[link - 1]!) {
    pfns.push(link - 1);
    if (pfns.length > m.spec.nrPfns) throw new Error(`free list ${zoneId} ${type} ${order} is a ring`);
  }
  return pfns;
}

export function countFree(m: Machine): number {
  let free = 0;
  for (let pfn = 0; pfn < m.spec.nrPfns; pfn++) if ((m.flags[pfn]! & FREE_FLAGS) !== 0) free++;
  return free;
}

/** Everything on a per-CPU list or on its way to an LRU is put where it belongs. */
export function settle(m: Machine): void {
  drainLruAdd(m);
  drainPcp(m);
}

/** Every invariant of the machine, and some that `validateMachine` does not look at: nothing is broken. */
export function expectSound(m: Machine): void {
  expect([...validateMachine(m), ...audit(m)]).toEqual([]);
}

/** What `validateMachine` does not look at. */
export function audit(m: Machine): string[] {
  return [...auditLinks(m), ...auditLeaks(m), ...auditLru(m), ...auditSwap(m), ...auditMappings(m)].slice(0, 12);
}

/** Lists are whole backwards too, and blocks are aligned and as merged as they can be. */
function auditLinks(m: Machine): string[] {
  const broken: string[] = [];
  for (const [list, pfns] of Object.entries(freeLists(m, true))) {
    const order = Number(list.split(' ')[2]);
    pfns.forEach((pfn, at) => {
      const previous = m.contents[pfn * m.contentWords]!;
      if (previous !== (at === 0 ? 0 : pfns[at - 1]! + 1)) broken.push(`free block ${pfn} on ${list}: bad back link`);
      if (pfn % 2 ** order !== 0) broken.push(`free block ${pfn} on ${list} is off its alignment`);
    });
    const here = new Set(pfns);
    const unmerged = pfns.filter((pfn) => here.has(pfn ^ (1 << order)) && order < 10);
    if (unmerged.length > 0) broken.push(`${list} has both halves of a block: ${unmerged.slice(0, 4)}`);
  }
  return broken;
}

/** A page in use is somebody's: a mapping's, a table's, the kernel's, or it is held by whoever moves it. */
function auditLeaks(m: Machine): string[] {
  const broken: string[] = [];
  const held = new Set(m.holdPfn.subarray(0, m.scalars[SCALAR.nrHolds]!));
  for (let pfn = 0; pfn < m.spec.nrPfns; pfn++) {
    const flags = m.flags[pfn]!;
    if (zoneOf(m, pfn) < 0) continue;
    if ((flags & (FREE_FLAGS | PG_NOPAGE)) !== 0) {
      if (m.count[pfn] !== 0) broken.push(`free page ${pfn} has count ${m.count[pfn]}`);
      if (freeBlockOrder(m, pfn) < 0 && (flags & FREE_FLAGS) !== 0 && held.has(pfn)) broken.push(`free ${pfn} is held`);
      continue;
    }
    if (m.count[pfn] === 0) broken.push(`page ${pfn} is in use with count 0, flags 0x${flags.toString(16)}`);
    const owned = m.index[pfn] !== 0 || (flags & (PG_PGTABLE | PG_SLAB | PG_RESERVED)) !== 0 || held.has(pfn);
    if (!owned && flags === 0) broken.push(`page ${pfn} is in use and nobody's`);
    if ((flags & PG_ISOLATED) !== 0) broken.push(`page ${pfn} is still isolated`);
  }
  return broken;
}

/** Every page has one valid entry at most. */
function auditLru(m: Machine): string[] {
  const broken: string[] = [];
  const seen = new Uint8Array(m.spec.nrPfns);
  for (let list = 0; list < m.lruFirst.length; list++)
    for (const entry of lruEntries(m, list)) {
      const pfn = entry & 0x0fff_ffff;
      const flags = m.flags[pfn]!;
      const valid = (flags & PG_LRU) !== 0 && m.lruEpoch[pfn]! === entry >>> 28;
      if (!valid || nodeOf(m, pfn) * LRU_LISTS_PER_NODE + lruListOf(flags) !== list) continue;
      if (seen[pfn]! > 0) broken.push(`page ${pfn} has two valid entries on the LRU`);
      seen[pfn] = 1;
    }
  return broken;
}

export function lruEntries(m: Machine, list: number): number[] {
  const entries: number[] = [];
  let chunk = m.lruFirst[list]!;
  let at = m.lruFirstAt[list]!;
  for (let left = m.lruLength[list]!; left > 0; left--) {
    entries.push(m.lruEntries[chunk * LRU_CHUNK + at]!);
    if (++at === LRU_CHUNK) {
      chunk = m.lruChunkNext[chunk]!;
      at = 0;
    }
  }
  return entries;
}

function auditSwap(m: Machine): string[] {
  let used = 0;
  for (let slot = 0; slot < m.spec.nrSwapSlots; slot++) if (m.swapMap[slot] !== 0 || m.swapCache[slot] !== 0) used++;
  return used === m.scalars[SCALAR.swapUsed]
    ? []
    : [`${used} slots are in use, swapUsed is ${m.scalars[SCALAR.swapUsed]}`];
}

/** A mapping counts its pages. */
function auditMappings(m: Machine): string[] {
  const pages = new Uint32Array(m.mapCached.length);
  for (let pfn = 0; pfn < m.spec.nrPfns; pfn++) {
    if ((m.flags[pfn]! & FREE_FLAGS) !== 0 || m.index[pfn] === 0) continue;
    const mapping = mappingOfPage(m, pfn);
    pages[mapping] = pages[mapping]! + 1;
  }
  // Each place at which KSM has merged a page keeps its anon_vma.
  for (const anon of m.itemAnon) if (anon !== 0) pages[anon] = pages[anon]! + 1;
  const broken: string[] = [];
  if (pages[0] !== 0) broken.push(`${pages[0]} pages lie on runs of the index line that nobody owns`);
  for (let mapping = 1; mapping < pages.length; mapping++)
    if (pages[mapping] !== m.mapCached[mapping])
      broken.push(`mapping ${mapping} has ${pages[mapping]} pages, counts ${m.mapCached[mapping]}`);
  return broken;
}
