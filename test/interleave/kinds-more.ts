import { ptePayload } from '../../src/mm/pte.js';
import { ACCESS_OK, fault, readFilePage, writePage } from '../../src/sim/access.js';
import { findVma, mapMemory, remapFilePage, VM_SHARED, VM_WRITE } from '../../src/sim/address-space.js';
import { createFile } from '../../src/sim/files.js';
import { isolateRange } from '../../src/sim/isolation.js';
import { findInCache } from '../../src/sim/page-cache.js';
import { pteOf } from '../../src/sim/page-tables.js';
import { advance, startWriteback } from '../../src/sim/writeback.js';
import { CPU, type Kind, type Place } from './kinds.js';

const words = new Uint32Array(2);
/** Frames of a range that is emptied. */
const BOOKED = 8;

function mapShared({ machine, oracle, vpn, file }: Place, offset: number): number {
  return mapMemory(machine, oracle.mm(0), { start: vpn, nrPages: 1, flags: VM_WRITE | VM_SHARED, file, offset });
}

function write({ machine, oracle, page, vpn }: Place, slot: number): void {
  oracle.contents(oracle.write(slot, page), page, words);
  if (writePage(machine, CPU, oracle.mm(slot), vpn, words[0]!, words[1]!) !== ACCESS_OK)
    throw new Error('a page of the world cannot be written');
}

/**
 * Kinds that only some guards are for. Worlds have them by name alone: with all others they would be as many again, and
 * show nothing that these do not show by themselves.
 */
export const MORE_KINDS: readonly Kind[] = [
  {
    // The parent has its page, and the child has copied it on write: both move, at one address, in one family.
    name: 'anon-copied',
    forked: true,
    file: null,
    make: (at) => {
      mapMemory(at.machine, at.oracle.mm(0), { start: at.vpn, nrPages: 1, flags: VM_WRITE, file: 0, offset: 0 });
      write(at, 0);
    },
    finish: (at) => write(at, 1),
  },
  {
    // Written to since it was written back, which only the page-table entry knows.
    name: 'file-redirtied',
    forked: false,
    file: (m) => createFile(m, 2),
    make: (at) => {
      mapShared(at, 0);
      write(at, 0);
    },
    finish: (at) => {
      const { machine, file } = at;
      if (!startWriteback(machine, findInCache(machine, machine.mapBase[file]!)))
        throw new Error('the page is not written back');
      advance(machine, CPU, 1e6);
      write(at, 0);
    },
  },
  {
    // In the cache; a process has the file's other page mapped, and may remap to this one.
    name: 'file-beside',
    forked: false,
    file: (m) => createFile(m, 2),
    make: (at) => {
      mapShared(at, 1);
      at.oracle.setFilePage(0, at.page, 1);
      readFilePage(at.machine, CPU, at.file, 0);
    },
  },
  {
    // In a range that is being emptied: a few frames are booked.
    name: 'anon-vacated',
    forked: false,
    file: null,
    make: (at) => {
      mapMemory(at.machine, at.oracle.mm(0), { start: at.vpn, nrPages: 1, flags: VM_WRITE, file: 0, offset: 0 });
      write(at, 0);
    },
    finish: ({ machine, oracle, vpn }) => {
      const pfn = ptePayload(pteOf(machine, oracle.mm(0), vpn));
      isolateRange(machine, { start: pfn - (pfn % BOOKED), end: pfn - (pfn % BOOKED) + BOOKED });
    },
  },
  {
    // Its last move ended before everybody had looked: somebody still has its old frame, which is free, in his hands.
    name: 'anon-moved-before',
    forked: false,
    wasElsewhere: true,
    file: null,
    make: (at) => {
      mapMemory(at.machine, at.oracle.mm(0), { start: at.vpn, nrPages: 1, flags: VM_WRITE, file: 0, offset: 0 });
      write(at, 0);
    },
  },
  {
    // Mapped through a nonlinear VMA.
    name: 'file-nonlinear',
    forked: false,
    file: (m) => createFile(m, 2),
    make: (at) => {
      const { machine, oracle, page, vpn } = at;
      mapShared(at, 0);
      remapFilePage(machine, CPU, findVma(machine, oracle.mm(0), vpn), vpn, 1);
      oracle.setFilePage(0, page, 1);
      if (fault(machine, CPU, oracle.mm(0), vpn, false) !== ACCESS_OK) throw new Error('the page cannot be faulted in');
    },
  },
];
