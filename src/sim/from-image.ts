import { mix32 } from '../base/prng.js';
import { journalledPages } from '../mm/buffer-cache.js';
import type { MachineImage } from '../mm/machine-image.js';
import { BLOCK_GOING_OFFLINE, BLOCK_ONLINE } from '../mm/memory-block.js';
import { MIGRATE_MOVABLE, MIGRATE_UNMOVABLE } from '../mm/migratetype.js';
import {
  PG_ANON,
  PG_BUDDY,
  PG_DIRTY,
  PG_HUGE,
  PG_LOCKED,
  PG_LRU,
  PG_MLOCKED,
  PG_MOVABLE_OPS,
  PG_NOPAGE,
  PG_PCP,
  PG_PRIVATE,
  PG_RESERVED,
  PG_SWAPBACKED,
  PG_SWAPCACHE,
  PG_WRITEBACK,
} from '../mm/page-flags.js';
import { PTE_DIRTY, PTE_WRITE, presentPte } from '../mm/pte.js';
import { MAX_PAGE_ORDER, PAGEBLOCK_PAGES, type Pfn } from '../mm/units.js';
import { anonVmaOf, createProcess, mapMemory, VM_LOCKED, VM_SHARED, VM_WRITE } from './address-space.js';
import { freeBlock } from './buddy.js';
import { checkImage } from './check-spec.js';
import { fillContents, originalHi, originalLo, store } from './contents.js';
import { createDriverPool, createFile, createShmem } from './files.js';
import { addHold, HOLD_WRITEBACK, lockPage, pin } from './holds.js';
import { addToLruBatch, placeOnLru } from './lru.js';
import { createMachine, LRU_ADD_BATCH, type Machine, SCALAR } from './machine.js';
import { linkVma, setIndex } from './mappings.js';
import { addToPcp } from './page-allocator.js';
import { addToCache, markDirty } from './page-cache.js';
import { getPage, refAdd, refSet } from './page-ref.js';
import { ensurePteAt } from './page-tables.js';
import { setHoles, setPageblockType } from './pageblocks.js';
import { addToSwapCache } from './swap.js';
import { WRITE_LATENCY_NS } from './writeback.js';

/** A page lock seen in a capture was held for a moment; it is let go when the first pass of retries is over. */
const LOCK_NS = 1_000_000;
/** After so long dirty metadata is written, and its journal lets go of it (vm.dirty_expire_centisecs). */
const DIRTY_EXPIRE_NS = 30e9;
/** Parts of the work that are done once free pages lie in their lists, and once it is known which pages share a mapping. */
const FRAMES_DONE = 0.2;
const GROUPS_DONE = 0.4;
/** Pages after which progress is told again. */
const TOLD_PAGES = 1 << 16;

/**
 * A machine in the state that an image describes. What the image cannot say is filled in so that every invariant holds:
 * mapcounts become mappings of as many processes, file pages share a file per kind, swap-cache pages get slots. What
 * each page holds is new, and different for each. `onProgress` is told now and then which part of the work is done.
 *
 * @example
 * const host7 = machineFromImage(readCapture('captures/host7'));
 * console.log(formatPages(host7.spec.nrPfns));
 */
export function machineFromImage(image: MachineImage, onProgress: (part: number) => void = () => {}): Machine {
  checkImage(image);
  const machine = createMachine({
    name: image.name,
    nrPfns: image.nrPfns,
    nrCpus: image.nrCpus,
    blockPages: image.blockPages,
    zones: image.zones,
    // A block that somebody is taking off line just now has all its pages still.
    blocks: image.blocks.map((each) => (each.state === BLOCK_GOING_OFFLINE ? { ...each, state: BLOCK_ONLINE } : each)),
    dimms: image.dimms,
    nrSwapSlots: image.nrSwapSlots,
    kernel: image.kernel ?? null,
    pcp: image.pcp ?? null,
    contents: 'token',
    capacity: capacityOf(image),
  });
  // The image has its page-table pages already.
  machine.scalars[SCALAR.tablesTakeFrames] = 0;
  for (const { block, state } of image.blocks) machine.blockState[block] = state;
  countManaged(machine, image);
  typePageblocks(machine, image);
  freePagesOf(machine, image);
  findHoles(machine, image);
  onProgress(FRAMES_DONE);
  const groups = ownedPages(machine, image);
  onProgress(GROUPS_DONE);
  const processes = Array.from({ length: groups.maxMapcount }, () => createProcess(machine, 0));
  const nrOwned = groups.list.reduce((sum, { pfns }) => sum + pfns.length, 0);
  let settled = 0;
  const onSettled = (nrPages: number) => {
    settled += nrPages;
    onProgress(GROUPS_DONE + ((1 - GROUPS_DONE) * settled) / nrOwned);
  };
  for (const group of groups.list) populate(machine, image, group, processes, onSettled);
  for (const pfn of journalledPages(image.flags)) pin(machine, pfn, DIRTY_EXPIRE_NS);
  return machine;
}

function capacityOf(image: MachineImage) {
  let maxMapcount = 1;
  for (const mapcount of image.mapcounts) if (mapcount > maxMapcount) maxMapcount = mapcount;
  const leaves = Math.ceil(image.nrPfns / 512);
  let held = journalledPages(image.flags).length;
  for (const flags of image.flags) if ((flags & (PG_LOCKED | PG_WRITEBACK)) !== 0) held++;
  return {
    holds: 65_536 + 2 * held,
    processes: maxMapcount + 64,
    vmas: 4096 + maxMapcount * 64,
    extents: leaves * 4 + 8192,
    tables: leaves * 4 + maxMapcount * 64 + 1024,
  };
}

function countManaged(m: Machine, image: MachineImage): void {
  for (let pfn = 0; pfn < image.nrPfns; pfn++) {
    const zone = m.zoneOfPageblock[pfn >>> 9]!;
    if ((image.flags[pfn]! & (PG_NOPAGE | PG_RESERVED)) === 0 && zone < m.managed.length)
      m.managed[zone] = m.managed[zone]! + 1;
  }
}

/** Where the image has no migratetypes: a pageblock with kernel pages was, most likely, an unmovable one. */
function typePageblocks(m: Machine, image: MachineImage): void {
  if (image.migratetypes) {
    for (const [block, type] of image.migratetypes.entries()) setPageblockType(m, block * PAGEBLOCK_PAGES, type);
    return;
  }
  for (let start = 0; start < image.nrPfns; start += PAGEBLOCK_PAGES) {
    let type: 0 | 1 = MIGRATE_MOVABLE;
    for (let pfn = start; pfn < Math.min(start + PAGEBLOCK_PAGES, image.nrPfns); pfn++) {
      if (isKernelPage(image.flags[pfn]!)) {
        type = MIGRATE_UNMOVABLE;
        break;
      }
    }
    setPageblockType(m, start, type);
  }
}

const OWNED = PG_LRU | PG_ANON | PG_MOVABLE_OPS | PG_SWAPBACKED;

function isKernelPage(flags: number): boolean {
  return (flags & (OWNED | PG_BUDDY | PG_PCP | PG_NOPAGE)) === 0 || (flags & PG_HUGE) !== 0;
}

/** Free pages into free lists, in the largest aligned blocks; kernel pages as they are, with one reference. */
function freePagesOf(m: Machine, image: MachineImage): void {
  for (let pfn = 0; pfn < image.nrPfns; ) {
    const flags = image.flags[pfn]!;
    if ((flags & PG_BUDDY) !== 0) {
      const order = freeOrderAt(image, pfn);
      freeBlock(m, pfn, order);
      pfn += 2 ** order;
      continue;
    }
    if ((flags & PG_PCP) !== 0 && !image.pcp) addToPcp(m, pfn % image.nrCpus, pfn);
    else if ((flags & (PG_NOPAGE | PG_PCP)) === 0) {
      m.flags[pfn] = flags;
      if (isKernelPage(flags)) refSet(m, pfn, 1);
    }
    pfn++;
  }
  for (const { pages } of image.pcp ?? [])
    for (const [cpu, pfns] of pages.entries()) for (const pfn of pfns) addToPcp(m, cpu, pfn);
}

function findHoles(m: Machine, image: MachineImage): void {
  for (let start = 0; start + PAGEBLOCK_PAGES <= image.nrPfns; start += PAGEBLOCK_PAGES) {
    let holes = 0;
    for (let pfn = start; pfn < start + PAGEBLOCK_PAGES; pfn++) holes |= image.flags[pfn]! & PG_NOPAGE;
    setHoles(m, start, holes !== 0);
  }
}

function freeOrderAt(image: MachineImage, pfn: Pfn): number {
  let order = 0;
  while (order < MAX_PAGE_ORDER && pfn % 2 ** (order + 1) === 0 && isFreeRun(image, pfn + 2 ** order, 2 ** order))
    order++;
  return order;
}

function isFreeRun(image: MachineImage, start: Pfn, nrPages: number): boolean {
  if (start + nrPages > image.nrPfns) return false;
  for (let pfn = start; pfn < start + nrPages; pfn++) if ((image.flags[pfn]! & PG_BUDDY) === 0) return false;
  return true;
}

/** Pages that one mapping can hold: of one kind, mapped equally often. */
interface Group {
  readonly kind: 'anon' | 'file' | 'shmem' | 'driver';
  readonly mapcount: number;
  readonly mlocked: boolean;
  readonly pfns: number[];
}

function ownedPages(m: Machine, image: MachineImage): { list: Group[]; maxMapcount: number } {
  const groups = new Map<string, Group>();
  let maxMapcount = 1;
  for (let pfn = 0; pfn < image.nrPfns; pfn++) {
    const flags = m.flags[pfn]!;
    if ((flags & (PG_BUDDY | PG_PCP | PG_NOPAGE)) !== 0 || isKernelPage(flags)) continue;
    const kind =
      (flags & PG_MOVABLE_OPS) !== 0
        ? 'driver'
        : (flags & PG_ANON) !== 0
          ? 'anon'
          : (flags & PG_SWAPBACKED) !== 0
            ? 'shmem'
            : 'file';
    // An anonymous page lives by its mappings: one that lost them between the two reads of the capture had one.
    const alive = kind === 'anon' && (flags & PG_SWAPCACHE) === 0 ? 1 : 0;
    const mapcount = kind === 'driver' ? 0 : Math.max(alive, image.mapcounts[pfn]!);
    const mlocked = (flags & PG_MLOCKED) !== 0;
    const key = `${kind} ${mapcount} ${mlocked}`;
    let group = groups.get(key);
    if (group === undefined) {
      group = { kind, mapcount, mlocked, pfns: [] };
      groups.set(key, group);
    }
    group.pfns.push(pfn);
    if (mapcount > maxMapcount) maxMapcount = mapcount;
  }
  return { list: [...groups.values()], maxMapcount };
}

function populate(
  m: Machine,
  image: MachineImage,
  group: Group,
  processes: readonly number[],
  onSettled: (nrPages: number) => void,
): void {
  const { kind, mapcount, pfns } = group;
  const mapping = kind === 'file' ? createFile(m, pfns.length) : kind === 'shmem' ? createShmem(m, pfns.length) : 0;
  const pool = kind === 'driver' ? createDriverPool(m, pfns.length) : 0;
  const vmas = mapInto(m, group, mapping, processes);
  const anon = kind === 'anon' ? m.vmaAnon[vmas[0]!]! : 0;
  let slot = 0;
  for (let page = 0; page < pfns.length; page++) {
    const pfn = pfns[page]!;
    const flags = m.flags[pfn]!;
    // What a device has a copy of may be dropped at any time, so it is what the device has.
    if (kind === 'file' && (flags & PG_DIRTY) === 0)
      fillContents(m, pfn, originalLo(mapping, page), originalHi(mapping, page));
    else fillContents(m, pfn, mix32(pfn), mix32(pfn ^ 0x5bd1e995));
    if (pool !== 0) own(m, pfn, flags, m.mapBase[pool]! + page);
    else if (anon !== 0) setIndex(m, pfn, m.mapBase[anon]! + page);
    else own(m, pfn, flags & ~PG_DIRTY, m.mapBase[mapping]! + page);
    if (anon !== 0 && (flags & PG_SWAPCACHE) !== 0) {
      while (m.swapCache[slot] !== 0) slot++;
      addToSwapCache(m, pfn, slot);
      store(m, pfn, slot);
      m.scalars[SCALAR.swapUsed] = m.scalars[SCALAR.swapUsed]! + 1;
    }
    m.mapcount[pfn] = mapcount;
    refAdd(m, pfn, mapcount);
    for (const vma of vmas.slice(0, mapcount))
      m.ptes[ensurePteAt(m, 0, m.vmaMm[vma]!, m.vmaStart[vma]! + page)] = presentPte(
        pfn,
        mapcount === 1 && anon !== 0 ? PTE_WRITE | PTE_DIRTY : 0,
      );
    if (kind !== 'driver') settle(m, image, pfn, flags);
    if (page % TOLD_PAGES === TOLD_PAGES - 1) onSettled(TOLD_PAGES);
  }
  onSettled(pfns.length % TOLD_PAGES);
}

/** The page into its cache slot, with what its flags say it has besides: buffers. */
function own(m: Machine, pfn: Pfn, flags: number, index: number): void {
  m.flags[pfn] = flags;
  addToCache(m, pfn, index);
  m.flags[pfn] = flags;
  if ((flags & PG_PRIVATE) !== 0) getPage(m, pfn);
}

function mapInto(m: Machine, group: Group, file: number, processes: readonly number[]): number[] {
  const flags = VM_WRITE | (group.mlocked ? VM_LOCKED : 0) | (file === 0 ? 0 : VM_SHARED);
  const request = { start: -1, nrPages: group.pfns.length, flags, file, offset: 0 };
  // Unmapped swap-cache pages still belong to the anon_vma of a process.
  const nr = group.kind === 'driver' ? 0 : group.kind === 'anon' ? Math.max(1, group.mapcount) : group.mapcount;
  const vmas = processes.slice(0, nr).map((mm) => mapMemory(m, mm, request));
  if (group.kind !== 'anon') return vmas;
  const anon = anonVmaOf(m, vmas[0]!);
  for (const vma of vmas.slice(1)) linkVma(m, vma, anon);
  return vmas;
}

/** LRU place, dirty tag, and what was under way when the image was taken. */
function settle(m: Machine, image: MachineImage, pfn: Pfn, flags: number): void {
  if ((flags & PG_LRU) !== 0) placeOnLru(m, pfn);
  else if (m.lruAddCount[pfn % image.nrCpus]! < LRU_ADD_BATCH - 1) addToLruBatch(m, pfn % image.nrCpus, pfn);
  else {
    m.flags[pfn] = m.flags[pfn]! | PG_LRU;
    placeOnLru(m, pfn);
  }
  // Shared memory has no copy anywhere until it is swapped out.
  const shared = (flags & (PG_SWAPBACKED | PG_ANON)) === PG_SWAPBACKED;
  if ((flags & PG_DIRTY) !== 0 || shared) {
    if ((flags & PG_ANON) !== 0) m.flags[pfn] = m.flags[pfn]! | PG_DIRTY;
    else markDirty(m, pfn);
  }
  if ((flags & PG_WRITEBACK) !== 0) addHold(m, pfn, HOLD_WRITEBACK, WRITE_LATENCY_NS);
  if ((flags & PG_LOCKED) !== 0) {
    m.flags[pfn] = m.flags[pfn]! & ~PG_LOCKED;
    lockPage(m, pfn, LOCK_NS);
  }
}
