import { PG_MOVABLE_OPS } from '../../src/mm/page-flags.js';
import { ptePayload } from '../../src/mm/pte.js';
import { ACCESS_OK, fault, readFilePage, writeFilePage, writePage } from '../../src/sim/access.js';
import { mapMemory, setLocked, VM_SHARED, VM_WRITE } from '../../src/sim/address-space.js';
import { fillContents } from '../../src/sim/contents.js';
import { addDriverPage, createDriverPool, createFile, createShmem } from '../../src/sim/files.js';
import type { Machine } from '../../src/sim/machine.js';
import { allocatePages } from '../../src/sim/page-allocator.js';
import { findInCache } from '../../src/sim/page-cache.js';
import { pteOf } from '../../src/sim/page-tables.js';
import { pageout } from '../../src/sim/pageout.js';
import { advance, startWriteback } from '../../src/sim/writeback.js';
import type { Oracle } from './oracle.js';

/** What a page of a world is when the migration begins. */
export interface Kind {
  readonly name: string;
  /** True if the world's second process, a child of the first, has the page too. */
  readonly forked: boolean;
  /** The file, shared memory or pool that owns it; null for anonymous memory. */
  readonly file: ((m: Machine) => number) | null;
  /** Makes the page in the first process, before the fork. */
  make(at: Place): void;
  /** True if its frame was another one a moment ago: the one that it will move to, which somebody may still look for. */
  readonly wasElsewhere?: boolean;
  /** Goes on after the fork. */
  finish?(at: Place): void;
}

export interface Place {
  readonly machine: Machine;
  readonly oracle: Oracle;
  readonly page: number;
  readonly vpn: number;
  readonly file: number;
}

/** CPU of the processes. */
export const CPU = 1;
const words = new Uint32Array(2);
const twoPages = (m: Machine) => createFile(m, 2);

function map({ machine, oracle, vpn, file }: Place, flags: number): number {
  return mapMemory(machine, oracle.mm(0), { start: vpn, nrPages: 1, flags, file, offset: 0 });
}

function write(at: Place): void {
  const { machine, oracle, page, vpn } = at;
  oracle.contents(oracle.write(0, page), page, words);
  expectOk(writePage(machine, CPU, oracle.mm(0), vpn, words[0]!, words[1]!));
}

function read({ machine, oracle, vpn }: Place): void {
  expectOk(fault(machine, CPU, oracle.mm(0), vpn, false));
}

function expectOk(access: number): void {
  if (access !== ACCESS_OK) throw new Error(`a page of the world cannot be made: access ended with ${access}`);
}

function anonymous(at: Place): void {
  map(at, VM_WRITE);
  write(at);
}

/** Anonymous, in the swap cache, not mapped: what reclaim leaves behind when it has written a page. */
function swapOut(at: Place): void {
  const { machine, oracle, vpn } = at;
  const pfn = ptePayload(pteOf(machine, oracle.mm(0), vpn));
  if (pageout(machine, CPU, pfn) !== 'writing') throw new Error('the page does not go to swap');
  advance(machine, CPU, 1e6);
}

function writeFile(at: Place, buffers: boolean): void {
  const { machine, oracle, page, file } = at;
  oracle.contents(oracle.writeFile(page, 0), page, words);
  expectOk(writeFilePage(machine, CPU, file, 0, words[0]!, words[1]!, buffers));
}

/** Pages that have to be on the LRU before they can be what they are are finished in a second step. */
export const KINDS: readonly Kind[] = [
  { name: 'anon', forked: false, file: null, make: anonymous },
  { name: 'anon-forked', forked: true, file: null, make: anonymous },
  {
    name: 'swapcache',
    forked: false,
    file: null,
    make: anonymous,
    finish: (at) => {
      swapOut(at);
      read(at);
    },
  },
  { name: 'swapcache-unmapped', forked: false, file: null, make: anonymous, finish: swapOut },
  {
    name: 'file-shared',
    forked: false,
    file: twoPages,
    make: (at) => {
      map(at, VM_WRITE | VM_SHARED);
      read(at);
    },
  },
  {
    name: 'file-private',
    forked: false,
    file: twoPages,
    make: (at) => {
      map(at, VM_WRITE);
      read(at);
    },
  },
  {
    name: 'file-dirty',
    forked: false,
    file: twoPages,
    make: (at) => {
      map(at, VM_WRITE | VM_SHARED);
      writeFile(at, true);
      read(at);
    },
  },
  {
    name: 'shmem',
    forked: true,
    file: (m) => createShmem(m, 2),
    make: (at) => {
      map(at, VM_WRITE | VM_SHARED);
      write(at);
    },
  },
  {
    name: 'mlocked',
    forked: false,
    file: null,
    make: (at) => {
      setLocked(at.machine, map(at, VM_WRITE), true);
      write(at);
    },
  },
  {
    name: 'cache',
    forked: false,
    file: twoPages,
    make: ({ machine, file }) => {
      readFilePage(machine, CPU, file, 0);
    },
  },
  {
    name: 'writeback',
    forked: false,
    file: twoPages,
    make: (at) => {
      map(at, VM_WRITE | VM_SHARED);
      writeFile(at, false);
      read(at);
    },
    finish: ({ machine, file }) => {
      if (!startWriteback(machine, findInCache(machine, machine.mapBase[file]!)))
        throw new Error('the page is not written back');
    },
  },
  {
    name: 'driver',
    forked: false,
    file: (m) => createDriverPool(m, 2),
    make: ({ machine, oracle, page, file }) => {
      const pfn = allocatePages(machine, CPU, { order: 0, type: 1, node: 0, highest: 'Movable', mark: 'low' });
      oracle.contents(oracle.writeFile(page, 0), page, words);
      fillContents(machine, pfn, words[0]!, words[1]!);
      addDriverPage(machine, pfn, file, 0, PG_MOVABLE_OPS);
    },
  },
];
