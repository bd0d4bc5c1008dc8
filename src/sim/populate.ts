import { bitsFor, permuted } from '../base/permutation.js';
import { mix32 } from '../base/prng.js';
import { VacateError } from '../base/vacate-error.js';
import { PG_BUDDY } from '../mm/page-flags.js';
import { PAGEBLOCK_ORDER, PAGEBLOCK_PAGES, type Pfn } from '../mm/units.js';
import { freeBlock } from './buddy.js';
import { addFounders, LRU_INACTIVE_ANON, LRU_INACTIVE_FILE } from './lru.js';
import { type Capacity, type Machine, TABLE_ENTRIES } from './machine.js';
import { zoneOf } from './pageblocks.js';
import { createOwners, giveToKernel, giveToOwners } from './population-owners.js';
import { removeFreeRange } from './relink-free.js';

/** What fills a machine that has run for weeks: everything is anywhere. */
export interface Population {
  readonly seed: number;
  /** How much of memory is in use. Pageblocks have shares of their own, evenly from next to none to nearly all. */
  readonly used: number;
  /** How much of what processes and files have is page cache, which nobody maps. */
  readonly cached: number;
  /** How many pageblocks of all are the kernel's: page tables and slab. Zone Movable has none of them. */
  readonly kernelBlocks: number;
  readonly processes: number;
  readonly files: number;
}

/** How many pages of each pageblock will be in use, and of what kind. */
interface Plan {
  /** 0 too for a pageblock that is left as it is. */
  readonly nrUsed: Uint16Array;
  readonly isKernel: Uint8Array;
  readonly nrOwned: number;
  readonly nrKernel: number;
}

/** Records that a population needs, to be added to what else the machine is to hold. */
export function populationCapacity(
  population: Population,
  nrPages: number,
): Omit<Capacity, 'stored' | 'holds' | 'rmapItems'> {
  const { processes, files, cached } = population;
  const used = Math.ceil(nrPages * population.used);
  const nrAnon = Math.ceil(used * (1 - cached));
  return {
    processes: processes + 1,
    vmas: processes + 1,
    mappings: processes + files + 1,
    extents: Math.ceil(used / TABLE_ENTRIES) + processes + files + 1,
    // A table of tables for every 512 of them; each process has a top, and may begin and end in the middle of tables.
    tables: Math.ceil((nrAnon * (1 + 1 / TABLE_ENTRIES)) / TABLE_ENTRIES) + processes * 6 + 1,
    leaves: Math.ceil((used - nrAnon) / TABLE_ENTRIES) + files + 1,
  };
}

/** A step takes about ten milliseconds. */
const BLOCKS_PER_STEP = 512;

const SHARES = 1;
const KERNEL = 2;
const PLACES = 3;
const PAGES = 4;
const ORDER = 5;

/** A stream of its own for everything that is drawn. */
function seedOf({ seed }: Population, what: number): number {
  return mix32(seed ^ mix32(what + 0x85ebca6b));
}

/**
 * Fills a machine that is on line, has free pages only, and has run nothing yet: anonymous memory of processes, files in
 * the page cache, the kernel's pages, each page at a place that chance has chosen. Faults would take minutes for what is
 * here done in seconds, so pages are given to their owners directly; the machine is as whole as if it had been faults.
 * On the LRU they are founders (`lru.ts`). Pageblocks of which anything is in use already are left alone.
 *
 * It goes in steps, each of which says how much is done, from 0 to 1. Anonymous pages hold what `anonymousMark` says, pages of files what their device has.
 *
 * @throws VacateError kind 'limit' if page tables find no room among the kernel's pages, or records run out.
 */
export function* populate(m: Machine, population: Population): Generator<number, void> {
  const plan = planOf(m, population);
  const { seed, cached, processes, files } = population;
  const places = { seed: seedOf(population, PLACES), marks: seed, nrPages: plan.nrOwned };
  const owners = createOwners(m, { ...places, cached, processes, files });
  if (owners.nrTables > plan.nrKernel)
    throw new VacateError(
      'limit',
      `${owners.nrTables} page tables do not fit into the ${plan.nrKernel} pages of the kernel; give it more pageblocks`,
    );
  const nrBlocks = plan.nrUsed.length;
  const bits = bitsFor(nrBlocks);
  const order = seedOf(population, ORDER);
  let owned = 0;
  let kernel = 0;
  // Pageblocks in random order, so that neighbours on free lists are not neighbours in memory.
  for (let i = 0; i < nrBlocks; i++) {
    const block = permuted(i, nrBlocks, bits, order);
    const nr = plan.nrUsed[block]!;
    if (nr === 0) continue;
    const start = block << PAGEBLOCK_ORDER;
    removeFreeRange(m, start, start + PAGEBLOCK_PAGES);
    useSome(m, start, nr, seedOf(population, PAGES));
    if (plan.isKernel[block] !== 0) kernel = giveToKernel(m, start, kernel, owners);
    else owned = giveToOwners(m, start, owned, owners);
    freeRest(m, start);
    if (i % BLOCKS_PER_STEP === BLOCKS_PER_STEP - 1) yield i / nrBlocks;
  }
  for (let node = 0; node < m.nrNodes; node++) {
    addFounders(m, node, LRU_INACTIVE_ANON, owners.founders[node * 2]!);
    addFounders(m, node, LRU_INACTIVE_FILE, owners.founders[node * 2 + 1]!);
  }
}

function planOf(m: Machine, population: Population): Plan {
  const { used, kernelBlocks } = population;
  const nrBlocks = m.spec.nrPfns >>> PAGEBLOCK_ORDER;
  const bits = bitsFor(nrBlocks);
  const nrUsed = new Uint16Array(nrBlocks);
  const isKernel = new Uint8Array(nrBlocks);
  const least = Math.max(0, 2 * used - 1);
  const range = 2 * Math.min(used, 1 - used);
  let nrOwned = 0;
  let nrKernel = 0;
  for (let block = 0; block < nrBlocks; block++) {
    const zone = zoneOf(m, block << PAGEBLOCK_ORDER);
    if (zone < 0 || m.pageblockUse[block] !== 0) continue;
    const place = permuted(block, nrBlocks, bits, seedOf(population, SHARES));
    const nr = Math.floor(PAGEBLOCK_PAGES * (least + (range * (place + 0.5)) / nrBlocks));
    const wanted = permuted(block, nrBlocks, bits, seedOf(population, KERNEL)) < kernelBlocks * nrBlocks;
    isKernel[block] = wanted && m.spec.zones[zone]!.kind !== 'Movable' ? 1 : 0;
    nrUsed[block] = nr;
    if (isKernel[block] !== 0) nrKernel += nr;
    else nrOwned += nr;
  }
  return { nrUsed, isKernel, nrOwned, nrKernel };
}

/** Marks so many pages of a free pageblock as in use: those that chance chooses, each set of them equally likely. */
function useSome(m: Machine, start: Pfn, nr: number, seed: number): void {
  const { flags } = m;
  let wanted = nr;
  for (let left = PAGEBLOCK_PAGES, pfn = start; wanted > 0; left--, pfn++) {
    if (mix32(pfn ^ seed) * left >= wanted * 0x1_0000_0000) continue;
    flags[pfn] = 0;
    wanted--;
  }
}

/** What nobody got goes to the free lists, in the largest aligned blocks. */
function freeRest(m: Machine, start: Pfn): void {
  const { flags } = m;
  const end = start + PAGEBLOCK_PAGES;
  for (let pfn = start; pfn < end; ) {
    if (flags[pfn] !== PG_BUDDY) {
      pfn++;
      continue;
    }
    let next = pfn + 1;
    while (next < end && flags[next] === PG_BUDDY) next++;
    for (let order = 0; pfn < next; pfn += 1 << order) {
      order = PAGEBLOCK_ORDER;
      while (pfn % (1 << order) !== 0 || pfn + (1 << order) > next) order--;
      freeBlock(m, pfn, order);
    }
  }
}
