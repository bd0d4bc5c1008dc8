import { PG_DIRTY, PG_LOCKED, PG_LRU, PG_SLAB } from '../../src/mm/page-flags.js';
import { isPresent, ptePayload } from '../../src/mm/pte.js';
import {
  ACCESS_BLOCKED,
  ACCESS_OK,
  ACCESS_TORN,
  allocateKernelPages,
  readFileContents,
  writeFilePage,
} from '../../src/sim/access.js';
import {
  exitProcess,
  forkProcess,
  remapFilePage,
  setLocked,
  unmapVma,
  VM_LOCKED,
  VM_SHARED,
} from '../../src/sim/address-space.js';
import { fillContents, readContents } from '../../src/sim/contents.js';
import { truncateFile } from '../../src/sim/files.js';
import { findHold, HOLD_LOCK, HOLD_WRITEBACK, lockPage, pin } from '../../src/sim/holds.js';
import { MAPPING_DRIVER } from '../../src/sim/mappings.js';
import { putPage } from '../../src/sim/page-allocator.js';
import { removeFromCache } from '../../src/sim/page-cache.js';
import { pteOf } from '../../src/sim/page-tables.js';
import { pageout } from '../../src/sim/pageout.js';
import { advance, startWriteback, unpin } from '../../src/sim/writeback.js';
import { accesses, compare, goOn, lookUp, lookUpLate } from './accesses.js';
import { NR_PROCESSES } from './oracle.js';
import { DONE, type Draft, SLEEPS, type Step, Violation } from './step.js';
import type { World } from './world.js';

const FOREVER = Number.POSITIVE_INFINITY;
const out = new Uint32Array(2);
const wanted = new Uint32Array(2);

/** All steps of a world, in a fixed order. */
export function stepsOf(world: World): Step[] {
  const pages = world.spec.kinds.map((_, page) => page);
  const slots = Array.from({ length: NR_PROCESSES }, (_, slot) => slot);
  const cpus = Array.from({ length: world.spec.cpus - 1 }, (_, i) => i + 1);
  const drafts: Draft[] = [
    ...cpus.map((cpu) => goOn(world, cpu)),
    ...cpus.flatMap((cpu) => pages.flatMap((page) => [lookUp(world, cpu, page), ...late(world, cpu, page)])),
    ...cpus.flatMap((cpu) => slots.flatMap((slot) => pages.flatMap((page) => accesses(world, cpu, slot, page)))),
    ...slots.flatMap((slot) => pages.flatMap((page) => ofMapping(world, slot, page))),
    ...pages.flatMap((page) => [...references(world, page), ...reclaim(world, page), ...ofFile(world, page)]),
    ...slots.flatMap((slot) => ofProcess(world, slot)),
    ...neighbour(world),
  ];
  return drafts.map((draft, id) => ({ slot: -1, again: true, ...draft, id }));
}

function late(world: World, cpu: number, page: number): Draft[] {
  return world.spec.kinds[page]!.wasElsewhere === true ? [lookUpLate(world, cpu, page)] : [];
}

/** What a process does with one of its VMAs. */
function ofMapping(world: World, slot: number, page: number): Draft[] {
  const { machine, oracle } = world;
  const enabled = () => oracle.vma(slot, page) !== 0;
  return [
    {
      name: `munmap(process ${slot}, page ${page})`,
      touches: 'page-and-memory',
      cpu: 0,
      page,
      begins: true,
      enabled,
      perform: (cpu) => {
        unmapVma(machine, cpu, oracle.vma(slot, page));
        oracle.unmap(slot, page);
        return DONE;
      },
    },
    {
      name: `mlock or munlock(process ${slot}, page ${page})`,
      touches: 'page-and-lru',
      cpu: 0,
      page,
      begins: true,
      enabled,
      perform: () => {
        const vma = oracle.vma(slot, page);
        setLocked(machine, vma, (machine.vmaFlags[vma]! & VM_LOCKED) === 0);
        return DONE;
      },
    },
    {
      name: `remap_file_pages(process ${slot}, page ${page})`,
      touches: 'page-and-memory',
      cpu: 0,
      page,
      begins: true,
      enabled: () => {
        const vma = oracle.vma(slot, page);
        return vma !== 0 && (machine.vmaFlags[vma]! & VM_SHARED) !== 0 && oracle.ofFile(page, 1) >= 0;
      },
      perform: (cpu) => {
        const to = 1 - oracle.filePage(slot, page);
        if (!remapFilePage(machine, cpu, oracle.vma(slot, page), oracle.vpns[page]!, to)) return SLEEPS;
        oracle.setFilePage(slot, page, to);
        return DONE;
      },
    },
  ];
}

/** References and locks that are nobody's mappings: get_user_pages, read(2) that waits for its device. */
function references(world: World, page: number): Draft[] {
  const { machine, oracle } = world;
  const mapped = () => {
    for (let slot = 0; slot < NR_PROCESSES; slot++) {
      const pte = oracle.mm(slot) === 0 ? 0 : pteOf(machine, oracle.mm(slot), oracle.vpns[page]!);
      if (isPresent(pte)) return ptePayload(pte);
    }
    return -1;
  };
  return [
    {
      name: `get_user_pages(page ${page})`,
      touches: 'page-and-holds',
      cpu: 0,
      page,
      begins: true,
      enabled: () => oracle.pinned(page) < 0 && mapped() >= 0,
      perform: () => {
        const pfn = mapped();
        pin(machine, pfn, FOREVER);
        oracle.setPinned(page, pfn);
        return DONE;
      },
    },
    {
      name: `put_user_page(page ${page})`,
      touches: 'page-and-memory',
      cpu: 0,
      page,
      begins: true,
      enabled: () => oracle.pinned(page) >= 0,
      perform: (cpu) => {
        endPin(world, cpu, page);
        return DONE;
      },
    },
    {
      name: `folio_lock(page ${page})`,
      touches: 'page-and-holds',
      cpu: 0,
      page,
      begins: true,
      enabled: () => oracle.locked(page) < 0 && world.frameOf(page) >= 0,
      perform: () => {
        const pfn = world.frameOf(page);
        if (!lockPage(machine, pfn, FOREVER)) return SLEEPS;
        oracle.setLocked(page, pfn);
        return DONE;
      },
    },
    {
      name: `folio_unlock(page ${page})`,
      touches: 'page-and-memory',
      cpu: 0,
      page,
      begins: true,
      enabled: () => oracle.locked(page) >= 0,
      perform: (cpu) => {
        endLock(world, cpu, page);
        return DONE;
      },
    },
  ];
}

export function endPin({ machine, oracle }: World, cpu: number, page: number): void {
  unpin(machine, cpu, oracle.pinned(page));
  oracle.setPinned(page, -1);
}

export function endLock({ machine, oracle }: World, cpu: number, page: number): void {
  if ((machine.flags[oracle.locked(page)]! & PG_LOCKED) === 0)
    throw new Violation(`somebody else has unlocked page ${page}, which was locked`);
  machine.holdUntil[findHold(machine, oracle.locked(page), HOLD_LOCK)] = machine.clock[0]!;
  advance(machine, cpu, 0);
  oracle.setLocked(page, -1);
}

/** Reclaim to swap or to the file's device, and its writes. */
function reclaim(world: World, page: number): Draft[] {
  const { machine } = world;
  const flags = () => {
    const pfn = world.frameOf(page);
    return pfn < 0 ? 0 : machine.flags[pfn]!;
  };
  return [
    {
      name: `shrink_folio_list(page ${page})`,
      touches: 'page-and-memory',
      cpu: 0,
      page,
      begins: true,
      enabled: () => (flags() & PG_LRU) !== 0,
      perform: (cpu) => {
        pageout(machine, cpu, world.frameOf(page));
        return DONE;
      },
    },
    {
      name: `start_writeback(page ${page})`,
      touches: 'page-and-memory',
      cpu: 0,
      page,
      begins: true,
      enabled: () => (flags() & PG_DIRTY) !== 0,
      perform: () => {
        // Writeback takes the page lock, and lets it go when the write is under way.
        if ((flags() & PG_LOCKED) !== 0) return SLEEPS;
        startWriteback(machine, world.frameOf(page));
        return DONE;
      },
    },
    {
      name: `end_writeback(page ${page})`,
      touches: 'everything',
      cpu: 0,
      page,
      begins: true,
      enabled: () => world.frameOf(page) >= 0 && findHold(machine, world.frameOf(page), HOLD_WRITEBACK) >= 0,
      perform: (cpu) => {
        const at = findHold(machine, world.frameOf(page), HOLD_WRITEBACK);
        advance(machine, cpu, Math.max(0, machine.holdUntil[at]! - machine.clock[0]!));
        return DONE;
      },
    },
  ];
}

/** read(2), write(2) and truncate(2); a driver's own use of its pages, and its giving one up. */
function ofFile(world: World, page: number): Draft[] {
  const { machine, oracle } = world;
  const file = oracle.files[page]!;
  if (file === 0) return [];
  const common = { cpu: 0, page, begins: true, enabled: () => machine.mapPages[file] !== 0 };
  if (machine.mapKind[file] === MAPPING_DRIVER) return ofDriver(world, page);
  return [
    {
      ...common,
      name: `read(file of page ${page})`,
      touches: 'file-page',
      perform: (cpu) => {
        const access = readFileContents(machine, cpu, file, 0, out);
        if (access === ACCESS_BLOCKED) return SLEEPS;
        if (access === ACCESS_OK || access === ACCESS_TORN)
          compare(world, page, oracle.ofFile(page, 0), access === ACCESS_OK ? out : null, `read(2) of page ${page}`);
        return DONE;
      },
    },
    {
      ...common,
      name: `write(file of page ${page})`,
      touches: 'file-page',
      perform: (cpu) => {
        const before = oracle.words.slice();
        oracle.contents(oracle.writeFile(page, 0), page, wanted);
        const access = writeFilePage(machine, cpu, file, 0, wanted[0]!, wanted[1]!, true);
        if (access !== ACCESS_OK) oracle.words.set(before);
        return access === ACCESS_BLOCKED ? SLEEPS : DONE;
      },
    },
    {
      ...common,
      name: `truncate(file of page ${page})`,
      touches: 'everything',
      perform: (cpu) => (truncateFile(machine, cpu, file, 0) ? DONE : SLEEPS),
    },
  ];
}

function ofDriver(world: World, page: number): Draft[] {
  const { machine, oracle } = world;
  const common = { cpu: 0, page, begins: true, enabled: () => world.cachedFrame(page, 0) >= 0 };
  const locked = () => (machine.flags[world.cachedFrame(page, 0)]! & PG_LOCKED) !== 0;
  return [
    {
      ...common,
      name: `driver_read(page ${page})`,
      touches: 'page',
      perform: () => {
        if (locked()) return SLEEPS;
        const whole = readContents(machine, world.cachedFrame(page, 0), out);
        compare(world, page, oracle.ofFile(page, 0), whole ? out : null, `the driver of page ${page}`);
        return DONE;
      },
    },
    {
      ...common,
      name: `driver_write(page ${page})`,
      touches: 'page',
      perform: () => {
        if (locked()) return SLEEPS;
        oracle.contents(oracle.writeFile(page, 0), page, wanted);
        fillContents(machine, world.cachedFrame(page, 0), wanted[0]!, wanted[1]!);
        return DONE;
      },
    },
    {
      ...common,
      name: `driver_free(page ${page})`,
      touches: 'page-and-memory',
      perform: (cpu) => {
        if (locked()) return SLEEPS;
        const pfn = world.cachedFrame(page, 0);
        for (let references = removeFromCache(machine, pfn); references > 0; references--) putPage(machine, cpu, pfn);
        return DONE;
      },
    },
  ];
}

function ofProcess(world: World, slot: number): Draft[] {
  const { machine, oracle } = world;
  const child = NR_PROCESSES - 1;
  const common = { cpu: 0, page: -1, begins: true };
  const exit: Draft = {
    ...common,
    name: `exit(process ${slot})`,
    touches: 'everything',
    enabled: () => oracle.mm(slot) !== 0,
    perform: (cpu) => {
      exitProcess(machine, cpu, oracle.mm(slot));
      oracle.exit(slot);
      return DONE;
    },
  };
  if (slot === child) return [exit];
  const fork: Draft = {
    ...common,
    name: `fork(process ${slot})`,
    touches: 'everything',
    enabled: () => oracle.mm(slot) !== 0 && oracle.mm(child) === 0,
    perform: (cpu) => {
      const mm = forkProcess(machine, cpu, oracle.mm(slot));
      if (mm !== 0) oracle.fork(slot, child, mm);
      return DONE;
    },
  };
  return [fork, exit];
}

/** Kernel memory beside the pages, which takes and gives back the frames that a migration might want. */
function neighbour(world: World): Draft[] {
  const { machine, oracle } = world;
  const common = { cpu: 0, page: -1, begins: true };
  return [
    {
      ...common,
      name: 'alloc_pages',
      touches: 'free-lists',
      enabled: () => oracle.neighbour < 0,
      perform: (cpu) => {
        const pfn = allocateKernelPages(machine, cpu, 0, PG_SLAB);
        if (pfn < machine.spec.nrPfns) oracle.neighbour = pfn;
        return DONE;
      },
    },
    {
      ...common,
      name: 'free_pages',
      touches: 'free-lists',
      enabled: () => oracle.neighbour >= 0,
      perform: (cpu) => {
        putPage(machine, cpu, oracle.neighbour);
        oracle.neighbour = -1;
        return DONE;
      },
    },
  ];
}
