import { ImageHost } from '../../../src/linux/host/image-host.js';
import type { MachineImage } from '../../../src/mm/machine-image.js';
import { PG_BUDDY } from '../../../src/mm/page-flags.js';
import { MAX_PAGE_ORDER, NR_PAGE_ORDERS } from '../../../src/mm/units.js';
import {
  blocksByOrder,
  contigPageInfo,
  fragmentationIndex,
} from '../../../src/strategies/high-order/compaction/fragmentation.js';
import type { Benchmark, Contestant, Context } from '../framework/benchmark.js';
import { cProgram } from '../framework/c-program.js';
import { hashWords, repeated, repeatsFor, timed } from '../framework/timed.js';
import { wordImage } from './word-image.js';

const OBJECTS_MAX = 2 ** 22;
const RESULT = 'free blocks and fragmentation index by order';

export const fragmentation: Benchmark = {
  name: 'fragmentation-index',
  shows:
    'The fragmentation index of every order from the flags of all pages: free pages are put together to the largest ' +
    'blocks that a buddy allocator would have made of them.',
  doesNotShow:
    'A simulated machine, which knows its free blocks by order as the kernel does, and answers at once. Which pages ' +
    'are free is chance here, so that branches are hard to predict; that holds for C as well.',
  sizes: [1, 16, 256, 1024],
  unit: 'page',
  goals: [{ contestant: 'vacate', growthAtMost: 1.5, fromGib: 16 }],
  async prepare({ nrPages }: Context) {
    const image = wordImage(nrPages);
    const inC = await cProgram({
      name: 'C -O3',
      source: 'fragmentation.c',
      optimise: '-O3',
      args: [nrPages],
      nrUnits: nrPages,
      result: RESULT,
      repeats: repeatsFor(nrPages),
    });
    return [inC, ofProduct(image), ofObjects(image.flags)];
  },
};

function ofProduct(image: MachineImage): Contestant {
  let blocks: readonly number[] = [];
  return repeated({
    name: 'vacate',
    nrUnits: image.nrPfns,
    result: RESULT,
    work() {
      // A host of its own each time: it remembers what it has counted.
      blocks = blocksByOrder(new ImageHost(image), 0);
    },
    hash: () => hashOf(blocks),
  });
}

function hashOf(blocks: readonly number[]): number {
  const indices = blocks.map((_, order) => fragmentationIndex(contigPageInfo(blocks, order), order));
  return hashWords(indices, hashWords(blocks));
}

/** An object a page; a block is free if each of its pages is, and is not part of a larger one. */
function ofObjects(flags: Uint32Array): Contestant {
  const nrUnits = Math.min(flags.length, OBJECTS_MAX);
  let pages: { readonly pfn: number; readonly isFree: boolean }[] = [];
  let blocks: number[] = [];
  return timed({
    name: 'an object a page',
    nrUnits,
    result: nrUnits === flags.length ? RESULT : `${RESULT}, of ${nrUnits} pages`,
    reset() {
      pages = Array.from({ length: nrUnits }, (_, pfn) => ({ pfn, isFree: (flags[pfn]! & PG_BUDDY) !== 0 }));
    },
    work() {
      blocks = new Array(NR_PAGE_ORDERS).fill(0);
      const split = (start: number, order: number) => {
        if (pages.slice(start, start + 2 ** order).every(({ isFree }) => isFree)) blocks[order] = blocks[order]! + 1;
        else if (order > 0) for (const half of [start, start + 2 ** (order - 1)]) split(half, order - 1);
      };
      for (let start = 0; start < nrUnits; start += 2 ** MAX_PAGE_ORDER) split(start, MAX_PAGE_ORDER);
    },
    hash: () => hashOf(blocks),
    release() {
      pages = [];
    },
  });
}
