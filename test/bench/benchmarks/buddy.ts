import { Prng } from '../../../src/base/prng.js';
import { BLOCK_ONLINE } from '../../../src/mm/memory-block.js';
import { MIGRATE_MOVABLE } from '../../../src/mm/migratetype.js';
import { MAX_PAGE_ORDER, NO_PAGE, NR_PAGE_ORDERS, type Order, type Pfn } from '../../../src/mm/units.js';
import { NO_LOWMEM_RESERVE, watermarksFromMin } from '../../../src/mm/zone.js';
import { freeBlock, freeListAt } from '../../../src/sim/buddy.js';
import { createMachine, type Machine } from '../../../src/sim/machine.js';
import { onlineBlock } from '../../../src/sim/memory-blocks.js';
import { takeBlock } from '../../../src/sim/take-block.js';
import type { Benchmark, Contestant, Context } from '../framework/benchmark.js';
import { cProgram } from '../framework/c-program.js';
import { hashWords, timed } from '../framework/timed.js';
import { MapBuddy } from './map-buddy.js';

const ZONE = 0;
const BLOCK_PAGES = 32_768;
const NR_OPERATIONS = 2 ** 20;
/** Nobody has processes or files here. */
const NOTHING_ELSE = { processes: 1, vmas: 1, mappings: 1, extents: 1, tables: 1, leaves: 1, holds: 1 };

export const buddy: Benchmark = {
  name: 'buddy',
  shows:
    'Allocating and freeing blocks of mixed orders (half of them single pages, half of the rest two, up to 1024) with ' +
    'half of memory in use: buddies are found, merged and split all the time.',
  doesNotShow:
    'Per-CPU lists and watermarks, which are passed over, and several migratetypes: all of memory is movable. That an ' +
    'allocation marks all of its pages is in the time; C does the same.',
  sizes: [1, 16, 64],
  unit: 'call',
  goals: [
    { contestant: 'vacate', against: 'C -O2', speedAtLeast: 0.65, fromGib: 64 },
    { contestant: 'vacate', against: 'a Map of objects', speedAtLeast: 15, fromGib: 64 },
  ],
  async prepare({ nrPages }: Context) {
    const nrOperations = Math.min(NR_OPERATIONS, nrPages);
    const inC = await cProgram({
      name: 'C -O2',
      source: 'buddy.c',
      optimise: '-O2',
      args: [nrPages, nrOperations],
      nrUnits: nrOperations,
      result: RESULT,
    });
    return [inC, ofProduct(nrPages, nrOperations), ofMap(nrPages, nrOperations)];
  },
};

const RESULT = 'blocks held, and the heads of the free lists';

/** Who holds which block; the same in all. */
interface Holdings {
  readonly pfns: Uint32Array;
  readonly orders: Uint8Array;
  nr: number;
  /** Pages in all of them. */
  nrPages: number;
}

/** Half of all allocations are single pages, half of the rest two, and so on. */
function orderOf(word: number): Order {
  return 31 - Math.clz32((word | (1 << MAX_PAGE_ORDER)) & -(word | (1 << MAX_PAGE_ORDER)));
}

function holdNothing(nrPages: number): Holdings {
  return { pfns: new Uint32Array(nrPages), orders: new Uint8Array(nrPages), nr: 0, nrPages: 0 };
}

function operateAll(machine: Machine, held: Holdings, operations: Uint32Array): void {
  const { pfns, orders } = held;
  const most = machine.spec.nrPfns / 2;
  let { nr, nrPages } = held;
  for (let i = 0; i < operations.length; i++) {
    const word = operations[i]!;
    if (nrPages < most) {
      const order = orderOf(word);
      const pfn = takeBlock(machine, ZONE, MIGRATE_MOVABLE, order);
      if (pfn === NO_PAGE) continue;
      pfns[nr] = pfn;
      orders[nr++] = order;
      nrPages += 1 << order;
    } else {
      const at = (word >>> 1) % nr;
      const pfn = pfns[at]!;
      const order = orders[at]!;
      pfns[at] = pfns[--nr]!;
      orders[at] = orders[nr]!;
      nrPages -= 1 << order;
      freeBlock(machine, pfn, order);
    }
  }
  held.nr = nr;
  held.nrPages = nrPages;
}

function ofProduct(nrPages: number, nrOperations: number): Contestant {
  const machine = machineOf(nrPages);
  const held = holdNothing(nrPages);
  const prng = new Prng(1);
  const operations = new Uint32Array(nrOperations);
  const one = new Uint32Array(1);
  while (held.nrPages < nrPages / 2) {
    one[0] = prng.uint32();
    operateAll(machine, held, one);
  }
  return timed({
    name: 'vacate',
    nrUnits: nrOperations,
    result: RESULT,
    reset() {
      for (let i = 0; i < nrOperations; i++) operations[i] = prng.uint32();
    },
    work: () => operateAll(machine, held, operations),
    hash() {
      const first = freeListAt(ZONE, MIGRATE_MOVABLE, 0);
      const heads = machine.freeHead.subarray(first, first + NR_PAGE_ORDERS);
      return hashWords(machine.nrFree, hashWords(heads, hashWords(held.pfns.subarray(0, held.nr))));
    },
  });
}

function machineOf(nrPages: number): Machine {
  const watermarks = watermarksFromMin(0);
  const nrBlocks = nrPages / BLOCK_PAGES;
  const machine = createMachine({
    name: 'half full',
    nrPfns: nrPages,
    nrCpus: 1,
    blockPages: BLOCK_PAGES,
    zones: [{ node: 0, kind: 'Normal', start: 0, end: nrPages, watermarks, lowmemReserve: NO_LOWMEM_RESERVE }],
    blocks: Array.from({ length: nrBlocks }, (_, block) => ({ block, state: BLOCK_ONLINE })),
    dimms: [],
    nrSwapSlots: 0,
    contents: 'token',
    capacity: NOTHING_ELSE,
  });
  for (let block = 0; block < nrBlocks; block++) onlineBlock(machine, block);
  return machine;
}

/** The same stream; which of several free blocks it takes is its own affair. */
function ofMap(nrPages: number, nrOperations: number): Contestant {
  const allocator = new MapBuddy(nrPages);
  const held: { pfn: Pfn; order: Order }[] = [];
  const prng = new Prng(1);
  const operations = new Uint32Array(nrOperations);
  let used = 0;
  const operate = (word: number) => {
    if (used < nrPages / 2) {
      const order = orderOf(word);
      const pfn = allocator.take(order);
      if (pfn === null) return;
      held.push({ pfn, order });
      used += 2 ** order;
    } else {
      const at = (word >>> 1) % held.length;
      const { pfn, order } = held[at]!;
      held[at] = held.at(-1)!;
      held.pop();
      used -= 2 ** order;
      allocator.free(pfn, order);
    }
  };
  while (used < nrPages / 2) operate(prng.uint32());
  return timed({
    name: 'a Map of objects',
    nrUnits: nrOperations,
    result: 'blocks held, in its own order',
    reset() {
      for (let i = 0; i < nrOperations; i++) operations[i] = prng.uint32();
    },
    work() {
      for (let i = 0; i < nrOperations; i++) operate(operations[i]!);
    },
    hash: () => held.reduce((hash, { pfn }) => hashWords([pfn], hash), 0x811c9dc5),
  });
}
