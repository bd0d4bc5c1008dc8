import { MIGRATE_MOVABLE } from '../../src/mm/migratetype.js';
import { PG_ACTIVE, PG_LRU, PG_MOVABLE_OPS, PG_OFFLINE } from '../../src/mm/page-flags.js';
import { isPresent, ptePayload, swapPte } from '../../src/mm/pte.js';
import { NO_PAGE, type Pfn } from '../../src/mm/units.js';
import { ACCESS_OK, readFilePage, readPage, writeFilePage, writePage } from '../../src/sim/access.js';
import {
  createProcess,
  exitProcess,
  forkProcess,
  mapMemory,
  remapFilePage,
  setLocked,
  unmapVma,
  VM_SHARED,
  VM_WRITE,
} from '../../src/sim/address-space.js';
import { fillContents } from '../../src/sim/contents.js';
import { addDriverPage, createDriverPool, createFile, createShmem, truncateFile } from '../../src/sim/files.js';
import { pin } from '../../src/sim/holds.js';
import { changeLruFlags } from '../../src/sim/lru.js';
import type { Machine } from '../../src/sim/machine.js';
import { clearIndex } from '../../src/sim/mappings.js';
import { allocatePages, putPage } from '../../src/sim/page-allocator.js';
import { removeFromCache } from '../../src/sim/page-cache.js';
import { pteOf } from '../../src/sim/page-tables.js';
import { unmapForGood } from '../../src/sim/rmap.js';
import { addToSwap, duplicateSwap, swapSlotOf } from '../../src/sim/swap.js';
import { advance, startWriteback, unpin, WRITE_LATENCY_NS } from '../../src/sim/writeback.js';
import type { Fixture, FixturePage, Provocation } from './page-type-conformance.js';
import { settle, smallMachine } from './small-machine.js';

/*
 * Machines for the conformance cases of the page types that vacate ships: pages in every state that the simulated
 * kernel can bring them into, by the same calls that bring them there in a run.
 */

const CPU = 0;
const FOR_EVER = Number.POSITIVE_INFINITY;

/** Collects pages under the name of their state. */
class Pages {
  readonly list: FixturePage[] = [];

  constructor(readonly machine: Machine) {}

  add(state: string, pfn: Pfn): Pfn {
    this.list.push({ state, pfn });
    return pfn;
  }
}

/** The page of a fixture that is in the state of this name. */
export function pageThatIs(state: string, { pages }: Fixture): Pfn {
  const found = pages.find((page) => page.state === state);
  if (found === undefined) throw new Error(`no page of the fixture is "${state}"`);
  return found.pfn;
}

/** A process with one mapping, and its first virtual page. */
interface Space {
  readonly mm: number;
  readonly vma: number;
  readonly vpn: number;
}

function newSpace(m: Machine, nrPages: number, { file = 0, flags = VM_WRITE, offset = 0 } = {}): Space {
  const mm = createProcess(m, CPU);
  const vma = mapMemory(m, mm, { start: -1, nrPages, flags, file, offset });
  return { mm, vma, vpn: m.vmaStart[vma]! };
}

/** The page that a process has at a virtual page. */
function at(m: Machine, mm: number, vpn: number): Pfn {
  const pte = pteOf(m, mm, vpn);
  if (!isPresent(pte)) throw new Error(`process ${mm} has no page at ${vpn}`);
  return ptePayload(pte);
}

function mustBeOk(result: number): void {
  if (result !== ACCESS_OK) throw new Error(`an access ended with ${result}`);
}

/** A write through a mapping, of words that nothing else holds; returns the page. */
function write(m: Machine, mm: number, vpn: number): Pfn {
  mustBeOk(writePage(m, CPU, mm, vpn, mm * 1000 + vpn, vpn));
  return at(m, mm, vpn);
}

function read(m: Machine, mm: number, vpn: number): Pfn {
  mustBeOk(readPage(m, CPU, mm, vpn, new Uint32Array(2)));
  return at(m, mm, vpn);
}

/** Its owner takes a page off the LRU in the moment in which it is to be isolated. */
function offLru(m: Machine, pfn: Pfn): Provocation {
  const toggle = (): void => {
    m.flags[pfn] = (m.flags[pfn]! ^ PG_LRU) >>> 0;
  };
  return { pfn, from: 'isolate', provoke: toggle, relieve: toggle };
}

export function anonymousFixture(): Fixture {
  const m = smallMachine();
  const pages = new Pages(m);
  const { mm, vpn } = newSpace(m, 8);
  const once = pages.add('mapped once', write(m, mm, vpn));
  pages.add('only ever read', read(m, mm, vpn + 1));
  const active = pages.add('active', write(m, mm, vpn + 2));
  const mlocked = newSpace(m, 1);
  pages.add('mlocked', write(m, mlocked.mm, mlocked.vpn));
  const family = newSpace(m, 4);
  pages.add('shared by fork', write(m, family.mm, family.vpn));
  write(m, family.mm, family.vpn + 1);
  const child = forkProcess(m, CPU, family.mm);
  pages.add("a child's own copy", write(m, child, family.vpn + 1));
  pages.add('shared by three, through two forks', write(m, child, family.vpn + 2));
  forkProcess(m, CPU, forkProcess(m, CPU, child));
  const parent = newSpace(m, 2);
  pages.add('left by a parent that has ended', write(m, parent.mm, parent.vpn));
  forkProcess(m, CPU, parent.mm);
  exitProcess(m, CPU, parent.mm);
  const dying = newSpace(m, 1);
  const orphan = write(m, dying.mm, dying.vpn);
  settle(m);
  changeLruFlags(m, active, PG_ACTIVE, 0);
  setLocked(m, mlocked.vma, true);
  const anonVmaGone: Provocation = {
    pfn: orphan,
    from: 'refuses',
    // Its last process ends while a device still holds it: as in the kernel, nothing leads to the page any more.
    provoke: () => {
      pin(m, orphan, FOR_EVER);
      unmapVma(m, CPU, dying.vma);
      clearIndex(m, orphan);
    },
    relieve: () => void unpin(m, CPU, orphan),
  };
  return { machine: m, pages: pages.list, refusals: { 'off-lru': offLru(m, once), 'anon-vma-gone': anonVmaGone } };
}

export function swapBackedFixture(): Fixture {
  const m = smallMachine();
  const pages = new Pages(m);
  const { mm, vpn } = newSpace(m, 8);
  const mapped = pages.add('mapped, and not yet written out', write(m, mm, vpn));
  const unmapped = pages.add('unmapped, and not yet written out', write(m, mm, vpn + 1));
  const clean = pages.add('read back, while swap keeps its copy', write(m, mm, vpn + 2));
  const family = newSpace(m, 2);
  const shared = pages.add('shared by fork', write(m, family.mm, family.vpn));
  const readBack = pages.add('read back by one of the two that share it', write(m, family.mm, family.vpn + 1));
  forkProcess(m, CPU, family.mm);
  settle(m);
  for (const pfn of [mapped, unmapped, clean, shared, readBack]) addToSwap(m, pfn);
  for (const pfn of [unmapped, clean, readBack]) swapOut(m, pfn);
  for (const pfn of [clean, readBack]) startWriteback(m, pfn);
  advance(m, CPU, WRITE_LATENCY_NS);
  read(m, mm, vpn + 2);
  read(m, family.mm, family.vpn + 1);
  const slot = swapSlotOf(m, mapped);
  const slotTaken: Provocation = {
    pfn: mapped,
    from: 'migrate',
    provoke: () => {
      m.swapCache[slot] = unmapped + 1;
    },
    relieve: () => {
      m.swapCache[slot] = mapped + 1;
    },
  };
  return { machine: m, pages: pages.list, refusals: { 'off-lru': offLru(m, mapped), 'slot-taken': slotTaken } };
}

/** Takes a swap-cache page's mappings away, leaving swap entries. */
function swapOut(m: Machine, pfn: Pfn): void {
  const slot = swapSlotOf(m, pfn);
  unmapForGood(m, pfn, swapPte(slot), () => duplicateSwap(m, slot));
}

export function fileBackedFixture(): Fixture {
  const m = smallMachine();
  const pages = new Pages(m);
  const file = createFile(m, 8);
  const cached = (page: number, buffers: boolean): Pfn => {
    mustBeOk(writeFilePage(m, CPU, file, page, page, 77, buffers));
    return readFilePage(m, CPU, file, page);
  };
  pages.add('clean and unmapped', readFilePage(m, CPU, file, 0));
  pages.add('dirty and unmapped', cached(1, false));
  pages.add('dirty, with buffers', cached(2, true));
  const written = pages.add('written back, with buffers', cached(3, true));
  const shared = newSpace(m, 8, { file, flags: VM_WRITE | VM_SHARED });
  const other = newSpace(m, 4, { file, flags: VM_SHARED, offset: 4 });
  pages.add('dirty through a mapping', write(m, shared.mm, shared.vpn + 4));
  pages.add('mapped by two processes', read(m, shared.mm, shared.vpn + 5));
  read(m, other.mm, other.vpn + 1);
  const library = newSpace(m, 8, { file });
  pages.add('mapped privately, and shared by fork', read(m, library.mm, library.vpn + 6));
  forkProcess(m, CPU, library.mm);
  const shmem = newSpace(m, 2, { file: createShmem(m, 2), flags: VM_WRITE | VM_SHARED });
  pages.add('shared memory', write(m, shmem.mm, shmem.vpn));
  const mlocked = newSpace(m, 1, { file: createFile(m, 1), flags: VM_SHARED });
  pages.add('mlocked', read(m, mlocked.mm, mlocked.vpn));
  const shrinking = createFile(m, 1);
  const cut = readFilePage(m, CPU, shrinking, 0);
  settle(m);
  setLocked(m, mlocked.vma, true);
  startWriteback(m, written);
  advance(m, CPU, WRITE_LATENCY_NS);
  const truncated: Provocation = {
    pfn: cut,
    from: 'refuses',
    provoke: () => {
      pin(m, cut, FOR_EVER);
      truncateFile(m, CPU, shrinking, 0);
    },
    relieve: () => void unpin(m, CPU, cut),
  };
  return { machine: m, pages: pages.list, refusals: { 'off-lru': offLru(m, written), truncated } };
}

export function movableOpsFixture(): Fixture {
  const m = smallMachine();
  const pages = new Pages(m);
  const pool = createDriverPool(m, 4);
  const inPool = (page: number, highest: 'Normal' | 'Movable', flags = PG_MOVABLE_OPS): Pfn => {
    const pfn = allocatePages(m, CPU, { order: 0, type: MIGRATE_MOVABLE, node: 0, highest, mark: 'min' });
    if (pfn === NO_PAGE) throw new Error('no page for the driver');
    fillContents(m, pfn, page, 99);
    addDriverPage(m, pfn, pool, page, flags);
    return pfn;
  };
  pages.add("in a driver's pool", inPool(0, 'Movable'));
  pages.add("in a driver's pool, in a kernel zone", inPool(1, 'Normal'));
  pages.add('given away by a balloon', inPool(3, 'Movable', PG_MOVABLE_OPS | PG_OFFLINE));
  const leaving = inPool(2, 'Movable');
  settle(m);
  const released: Provocation = {
    pfn: leaving,
    from: 'refuses',
    // The driver lets go of the page while somebody else still looks at it.
    provoke: () => {
      pin(m, leaving, FOR_EVER);
      for (let references = removeFromCache(m, leaving); references > 0; references--) putPage(m, CPU, leaving);
    },
    relieve: () => void unpin(m, CPU, leaving),
  };
  return { machine: m, pages: pages.list, refusals: { released } };
}

export function nonlinearFixture(): Fixture {
  const m = smallMachine();
  const pages = new Pages(m);
  const file = createFile(m, 8);
  const shared = newSpace(m, 8, { file, flags: VM_WRITE | VM_SHARED });
  const linear = newSpace(m, 8, { file, flags: VM_SHARED });
  remapFilePage(m, CPU, shared.vma, shared.vpn, 5);
  pages.add('mapped elsewhere than reverse mapping looks', read(m, shared.mm, shared.vpn));
  pages.add('mapped where reverse mapping looks, too', read(m, shared.mm, shared.vpn + 3));
  pages.add('mapped by a linear mapping only', read(m, linear.mm, linear.vpn + 1));
  pages.add('unmapped', readFilePage(m, CPU, file, 7));
  const calm = createFile(m, 4);
  const window = newSpace(m, 4, { file: calm, flags: VM_SHARED });
  const pfn = read(m, window.mm, window.vpn);
  settle(m);
  const provoke = () => void remapFilePage(m, CPU, window.vma, window.vpn + 1, 2);
  return { machine: m, pages: pages.list, refusals: { 'nonlinear-mapping': { pfn, from: 'refuses', provoke } } };
}
