import { Prng } from '../../../src/base/prng.js';
import { MIGRATE_MOVABLE } from '../../../src/mm/migratetype.js';
import { PG_ANON, PG_LRU, PG_REFERENCED, PG_SWAPBACKED, PG_UPTODATE } from '../../../src/mm/page-flags.js';
import type { PfnRange } from '../../../src/mm/pfn-range.js';
import { PTE_DIRTY, PTE_WRITE, presentPte } from '../../../src/mm/pte.js';
import { MAX_PAGE_ORDER, NO_PAGE } from '../../../src/mm/units.js';
import { anonVmaOf, createProcess, mapMemory, VM_WRITE } from '../../../src/sim/address-space.js';
import { freeBlock } from '../../../src/sim/buddy.js';
import { fillContents } from '../../../src/sim/contents.js';
import { isolateRange } from '../../../src/sim/isolation.js';
import { placeOnLru } from '../../../src/sim/lru.js';
import { createMachine, type Machine, type MachineSpec, TABLE_ENTRIES } from '../../../src/sim/machine.js';
import { setIndex } from '../../../src/sim/mappings.js';
import { onlineBlock } from '../../../src/sim/memory-blocks.js';
import { allocatePages, drainPcp } from '../../../src/sim/page-allocator.js';
import { ensurePteAt } from '../../../src/sim/page-tables.js';

/** Pages of a memory block: 128 MiB. */
const BLOCK_PAGES = 32_768;
const FIRST_VPN = 512;
const CPU = 0;
/** The share of memory that is in use. */
const USED = 0.5;
/** The share of memory, at its upper end, that is to be emptied: what is in use there finds room below. */
const EMPTIED = 3 / 8;

export interface MachineWish {
  readonly nrPages: number;
  readonly nrProcesses: number;
  readonly contents: MachineSpec['contents'];
  /**
   * 'random': virtual pages lie anywhere, and holes are handed out in any order; 'ascending': both in that of memory, as
   * compaction would have them.
   */
  readonly order: 'random' | 'ascending';
  readonly seed: number;
}

/** A machine half in use, and what is to go: every page in use at its upper end, which is isolated. */
export interface MachineToEmpty {
  readonly machine: Machine;
  /** Ascending. */
  readonly pfns: Uint32Array;
}

/** Anonymous pages of some processes all over memory, holes of all sizes between them. */
export function machineToEmpty(wish: MachineWish): MachineToEmpty {
  const prng = new Prng(wish.seed);
  const machine = createMachine(specOf(wish));
  for (let block = 0; block < wish.nrPages / BLOCK_PAGES; block++) onlineBlock(machine, block);
  const perProcess = Math.floor((wish.nrPages * USED) / wish.nrProcesses);
  const processes = Array.from({ length: wish.nrProcesses }, () => processWithTables(machine, perProcess));
  drainPcp(machine);
  const { used, holes } = deal(takeAll(machine), prng, perProcess * wish.nrProcesses);
  place(machine, processes, used, wish.order === 'random' ? prng : null);
  giveBack(machine, holes, wish.order === 'random' ? prng : null);
  const range = { start: wish.nrPages - Math.floor((wish.nrPages * EMPTIED) / 1024) * 1024, end: wish.nrPages };
  isolateRange(machine, range);
  return { machine, pfns: usedIn(machine, range) };
}

function specOf({ nrPages, contents }: MachineWish): MachineSpec {
  const watermarks = { min: 64, low: 128, high: 192 };
  const lowmemReserve = { DMA: 0, DMA32: 0, Normal: 0, Movable: 0 };
  return {
    name: 'a machine to empty',
    nrPfns: nrPages,
    nrCpus: 1,
    blockPages: BLOCK_PAGES,
    zones: [{ node: 0, kind: 'Normal', start: 0, end: nrPages, watermarks, lowmemReserve }],
    blocks: Array.from({ length: nrPages / BLOCK_PAGES }, (_, block) => ({ block, state: 1 as const })),
    dimms: [],
    nrSwapSlots: 0,
    contents,
  };
}

interface Process {
  readonly mm: number;
  /** The place of its first virtual page on the index line. */
  readonly base: number;
  readonly nrPages: number;
}

/** A process whose page tables are there already, at the lower end of memory: nothing else takes frames later. */
function processWithTables(m: Machine, nrPages: number): Process {
  const mm = createProcess(m, CPU);
  const vma = mapMemory(m, mm, { start: FIRST_VPN, nrPages, flags: VM_WRITE, file: 0, offset: 0 });
  for (let vpn = FIRST_VPN; vpn < FIRST_VPN + nrPages; vpn += TABLE_ENTRIES) ensurePteAt(m, CPU, mm, vpn);
  ensurePteAt(m, CPU, mm, FIRST_VPN + nrPages - 1);
  return { mm, base: m.mapBase[anonVmaOf(m, vma)]!, nrPages };
}

/** All blocks of the highest order that can be had, ascending: each is pages of its own. */
function takeAll(m: Machine): Uint32Array {
  const request = { type: MIGRATE_MOVABLE, node: 0, highest: 'Movable', mark: 'min', order: MAX_PAGE_ORDER } as const;
  const blocks: number[] = [];
  for (let pfn = allocatePages(m, CPU, request); pfn !== NO_PAGE; pfn = allocatePages(m, CPU, request))
    blocks.push(pfn);
  blocks.sort((a, b) => a - b);
  const size = 2 ** MAX_PAGE_ORDER;
  const pages = new Uint32Array(blocks.length * size);
  for (let i = 0; i < pages.length; i++) pages[i] = blocks[Math.floor(i / size)]! + (i % size);
  return pages;
}

/** Which pages will be in use and which will be holes, at random; both ascending. */
function deal(pages: Uint32Array, prng: Prng, nrUsed: number): { used: Uint32Array; holes: Uint32Array } {
  const used = new Uint32Array(nrUsed);
  const holes = new Uint32Array(pages.length - nrUsed);
  let nr = 0;
  for (let i = 0; i < pages.length; i++) {
    if (prng.below(pages.length - i) < nrUsed - nr) used[nr++] = pages[i]!;
    else holes[i - nr] = pages[i]!;
  }
  return { used, holes };
}

/** Gives each page to a virtual page, writes it, and puts it onto its LRU list. */
function place(m: Machine, processes: readonly Process[], used: Uint32Array, prng: Prng | null): void {
  const places = new Uint32Array(used.length);
  for (let i = 0; i < places.length; i++) places[i] = i;
  if (prng !== null) prng.shuffle(places);
  const { flags, mapcount, ptes } = m;
  const perProcess = processes[0]!.nrPages;
  for (let i = 0; i < used.length; i++) {
    const pfn = used[i]!;
    const { mm, base } = processes[Math.floor(places[i]! / perProcess)]!;
    const offset = places[i]! % perProcess;
    flags[pfn] = PG_ANON | PG_SWAPBACKED | PG_UPTODATE | PG_REFERENCED;
    mapcount[pfn] = 1;
    setIndex(m, pfn, base + offset);
    ptes[ensurePteAt(m, CPU, mm, FIRST_VPN + offset)] = presentPte(pfn, PTE_WRITE | PTE_DIRTY);
    fillContents(m, pfn, places[i]!, mm);
    placeOnLru(m, pfn);
    flags[pfn] = flags[pfn]! | PG_LRU;
  }
}

/** The last that is given back is the first that is handed out. */
function giveBack(m: Machine, holes: Uint32Array, prng: Prng | null): void {
  if (prng !== null) prng.shuffle(holes);
  for (let i = holes.length - 1; i >= 0; i--) {
    m.count[holes[i]!] = 0;
    freeBlock(m, holes[i]!, 0);
  }
}

function usedIn({ flags }: Machine, { start, end }: PfnRange): Uint32Array {
  const pfns: number[] = [];
  for (let pfn = start; pfn < end; pfn++) if ((flags[pfn]! & PG_ANON) !== 0) pfns.push(pfn);
  return Uint32Array.from(pfns);
}
