import { PG_DIRTY, PG_LOCKED, PG_MOVABLE_OPS, PG_SLAB } from '../../src/mm/page-flags.js';
import { isPresent, ptePayload } from '../../src/mm/pte.js';
import { NO_PAGE } from '../../src/mm/units.js';
import {
  ACCESS_BLOCKED,
  ACCESS_FAULT,
  ACCESS_NO_MEMORY,
  ACCESS_OK,
  allocateKernelPages,
  readFilePage,
  readPage,
  writeFilePage,
  writePage,
} from '../../src/sim/access.js';
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
  vmasOf,
} from '../../src/sim/address-space.js';
import { fillContents } from '../../src/sim/contents.js';
import {
  addDriverPage,
  createDriverPool,
  createFile,
  createShmem,
  isCached,
  truncateFile,
} from '../../src/sim/files.js';
import { lockPage, pin } from '../../src/sim/holds.js';
import { faultHugePage } from '../../src/sim/huge-pages.js';
import { allocatePages, freePages } from '../../src/sim/page-allocator.js';
import { pteOf } from '../../src/sim/page-tables.js';
import { pageout } from '../../src/sim/pageout.js';
import { reclaimPages } from '../../src/sim/reclaim.js';
import { shrinkZone } from '../../src/sim/shrink-zone.js';
import { advance, startWriteback, unpin } from '../../src/sim/writeback.js';
import type { World } from './world.js';

/** One step of other CPUs: what, and three numbers from which it takes whatever it needs to choose. */
export interface Operation {
  readonly what: keyof typeof OPERATIONS;
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

/** Everything that processes and the kernel do to pages besides moving them. Each keeps the world's oracle in step. */
export const OPERATIONS = {
  process(world: World, { a }: Operation): void {
    if (world.processes.length >= 12) return;
    const mm = createProcess(world.machine, cpuOf(world, a));
    if (mm !== 0) world.processes.push({ mm, vmas: new Map() });
  },

  mapAnonymous(world: World, { a, b }: Operation): void {
    mapInto(world, a, { nrPages: 1 + (b % 96), flags: VM_WRITE, file: 0, offset: 0 });
  },

  mapFile(world: World, { a, b, c }: Operation): void {
    const file = pickFile(world, c);
    if (file === 0) return;
    const pages = Math.max(1, world.machine.mapPages[file]!);
    const offset = b % pages;
    mapInto(world, a, {
      nrPages: 1 + ((b >>> 8) % (pages - offset)),
      flags: VM_WRITE | (c % 3 === 0 ? 0 : VM_SHARED),
      file,
      offset,
    });
  },

  file(world: World, { a, b }: Operation): void {
    if (world.files.size >= 8) return;
    world.files.set(
      a % 3 === 0 ? createShmem(world.machine, 1 + (b % 80)) : createFile(world.machine, 1 + (b % 80)),
      new Map(),
    );
  },

  write(world: World, { a, b, c }: Operation): void {
    const at = pickPage(world, a, b);
    if (at === null) return;
    const words = world.stamp();
    const result = writePage(world.machine, cpuOf(world, c), at.mm, at.vpn, words[0], words[1]);
    if (result === ACCESS_OK) world.noteWrite(at.vma, at.vpn, words);
    else if (result !== ACCESS_BLOCKED && result !== ACCESS_NO_MEMORY && !isBeyondFile(world, at.vma, at.vpn))
      throw new Error(`write to process ${at.mm}, page ${at.vpn} ended with ${result}`);
  },

  hog(world: World, { a, b, c }: Operation): void {
    const mm = pickProcess(world, a);
    // Now and then a machine must be short of memory, not all the time.
    if (mm === 0 || c % 4 !== 0 || vmasOf(world.machine, mm).length > 6) return;
    mapInto(world, a, { nrPages: 500 + (b % 1000), flags: VM_WRITE, file: 0, offset: 0 });
    const vma = vmasOf(world.machine, mm).at(-1)!;
    for (
      let vpn = world.machine.vmaStart[vma]!;
      vpn < world.machine.vmaStart[vma]! + world.machine.vmaPages[vma]!;
      vpn++
    ) {
      const words = world.stamp();
      if (writePage(world.machine, cpuOf(world, c), mm, vpn, words[0], words[1]) !== ACCESS_OK) return;
      world.noteWrite(vma, vpn, words);
    }
  },

  pinAndTruncate(world: World, operation: Operation): void {
    const file = pickFile(world, operation.a);
    if (file === 0 || world.machine.mapPages[file] === 0) return;
    const page = world.machine.mapPages[file]! - 1;
    const pfn = readFilePage(world.machine, 0, file, page);
    if (pfn !== NO_PAGE) pin(world.machine, pfn, world.machine.clock[0]! + (operation.c % 40) * 1e6);
    truncateFile(world.machine, 0, file, page);
  },

  writeMany(world: World, operation: Operation): void {
    for (let i = 0; i < 24; i++) OPERATIONS.write(world, { ...operation, b: operation.b + i * 7 });
  },

  read(world: World, { a, b, c }: Operation): void {
    const at = pickPage(world, a, b);
    if (at === null) return;
    const out = new Uint32Array(2);
    const result = readPage(world.machine, cpuOf(world, c), at.mm, at.vpn, out);
    if (result === ACCESS_BLOCKED || result === ACCESS_NO_MEMORY) return;
    const expected = world.expected(at.vma, at.vpn);
    if (result === ACCESS_FAULT && (expected === null || isBeyondFile(world, at.vma, at.vpn))) return;
    if (result !== ACCESS_OK || expected === null || out[0] !== expected[0] || out[1] !== expected[1])
      throw new Error(
        `process ${at.mm}, page ${at.vpn} reads ${String([...out])} (result ${result}), last written was ${String(expected)}`,
      );
  },

  readMany(world: World, operation: Operation): void {
    for (let i = 0; i < 16; i++) OPERATIONS.read(world, { ...operation, b: operation.b + i * 5 });
  },

  writeFile(world: World, { a, b, c }: Operation): void {
    const file = pickFile(world, a);
    if (file === 0 || world.machine.mapPages[file] === 0) return;
    const page = b % world.machine.mapPages[file]!;
    const words = world.stamp();
    if (writeFilePage(world.machine, cpuOf(world, c), file, page, words[0], words[1], c % 2 === 0) === ACCESS_OK)
      world.noteFileWrite(file, page, words);
  },

  fork(world: World, { a, b }: Operation): void {
    const parent = pickProcess(world, a);
    if (parent === 0 || world.processes.length >= 12) return;
    const parentVmas = vmasOf(world.machine, parent);
    const child = forkProcess(world.machine, cpuOf(world, b), parent);
    if (child === 0) return;
    const model = world.model(parent);
    const vmas = vmasOf(world.machine, child).map((vma, i) => [vma, new Map(model.vmas.get(parentVmas[i]!))] as const);
    world.processes.push({ mm: child, vmas: new Map(vmas) });
  },

  exit(world: World, { a, b }: Operation): void {
    const mm = pickProcess(world, a);
    if (mm === 0) return;
    exitProcess(world.machine, cpuOf(world, b), mm);
    world.processes.splice(
      world.processes.findIndex((process) => process.mm === mm),
      1,
    );
  },

  unmap(world: World, { a, b }: Operation): void {
    const at = pickPage(world, a, b);
    if (at === null) return;
    unmapVma(world.machine, 0, at.vma);
    world.model(at.mm).vmas.delete(at.vma);
  },

  truncate(world: World, { a, b }: Operation): void {
    const file = pickFile(world, a);
    if (file === 0) return;
    truncateFile(world.machine, 0, file, b % (world.machine.mapPages[file]! + 1));
  },

  mlock(world: World, { a, b, c }: Operation): void {
    const at = pickPage(world, a, b);
    if (at !== null) setLocked(world.machine, at.vma, c % 2 === 0);
  },

  nonlinear(world: World, { a, b, c }: Operation): void {
    const at = pickPage(world, a, b);
    if (at === null) return;
    const m = world.machine;
    const file = m.vmaFile[at.vma]!;
    if (file === 0 || m.mapPages[file] === 0 || c % 4 !== 0) return;
    remapFilePage(m, 0, at.vma, at.vpn, (c >>> 4) % m.mapPages[file]!);
  },

  pin(world: World, { a, b, c }: Operation): void {
    const pfn = pickPresent(world, a, b);
    if (pfn >= 0 && world.machine.scalars[19]! < 200)
      pin(world.machine, pfn, world.machine.clock[0]! + (c % 4 === 0 ? Number.POSITIVE_INFINITY : (c % 12) * 1e6));
  },

  unpin(world: World, { a, b }: Operation): void {
    const pfn = pickPresent(world, a, b);
    if (pfn >= 0) unpin(world.machine, 0, pfn);
  },

  lock(world: World, { a, b, c }: Operation): void {
    const pfn = pickPresent(world, a, b);
    if (pfn < 0 || (world.machine.flags[pfn]! & PG_LOCKED) !== 0 || world.machine.scalars[19]! > 200) return;
    const until = world.machine.clock[0]! + (c % 3 === 0 ? 60 : c % 6) * 1e6;
    lockPage(world.machine, pfn, until);
  },

  writeback(world: World, { a }: Operation): void {
    const m = world.machine;
    for (let i = 0, started = 0; i < m.spec.nrPfns && started < 8; i++) {
      const pfn = (a + i) % m.spec.nrPfns;
      if ((m.flags[pfn]! & PG_DIRTY) !== 0 && startWriteback(m, pfn)) started++;
    }
  },

  reclaim(world: World, { a, b }: Operation): void {
    reclaimPages(world.machine, cpuOf(world, b), 1 + (a % 64));
  },

  kswapd(world: World, { a, b, c }: Operation): void {
    shrinkZone(world.machine, 0, a % world.machine.spec.zones.length, b % 13, 1 + (c % 64));
  },

  pageout(world: World, { a, b }: Operation): void {
    const pfn = pickPresent(world, a, b);
    if (pfn >= 0) pageout(world.machine, 0, pfn);
  },

  hugePage(world: World, { a, b, c }: Operation): void {
    const at = pickPage(world, a, b);
    if (at === null) return;
    const order = 1 + (c % 5);
    const vpn = at.vpn - (at.vpn % 2 ** order);
    faultHugePage(world.machine, cpuOf(world, a), at.mm, vpn, order);
  },

  driverPage(world: World, { a, b }: Operation): void {
    const m = world.machine;
    if (world.pool === 0) world.pool = createDriverPool(m, 64);
    if (!world.files.has(world.pool)) world.files.set(world.pool, new Map());
    const page = a % 64;
    if (isCached(m, world.pool, page)) return;
    const pfn = allocatePages(m, cpuOf(world, b), { order: 0, type: 1, node: 0, highest: 'Movable', mark: 'low' });
    if (pfn === NO_PAGE) return;
    const words = world.stamp();
    fillContents(m, pfn, words[0], words[1]);
    addDriverPage(m, pfn, world.pool, page, PG_MOVABLE_OPS);
    world.noteFileWrite(world.pool, page, words);
  },

  time(world: World, { a }: Operation): void {
    advance(world.machine, 0, (a % 8) * 50_000);
  },

  kernelPage(world: World, { a, b }: Operation): void {
    const m = world.machine;
    if (a % 2 === 0 && world.kernelPages.length > 0) {
      const pfn = world.kernelPages.splice(b % world.kernelPages.length, 1)[0]!;
      m.count[pfn] = 0;
      freePages(m, 0, pfn, 0);
      return;
    }
    const pfn = allocateKernelPages(m, cpuOf(world, b), 0, PG_SLAB);
    if (pfn !== NO_PAGE) world.kernelPages.push(pfn);
  },
} satisfies Record<string, (world: World, operation: Operation) => void>;

export function apply(world: World, operation: Operation): void {
  (OPERATIONS[operation.what] as (world: World, operation: Operation) => void)(world, operation);
}

function cpuOf(world: World, n: number): number {
  return n % world.machine.spec.nrCpus;
}

function pickProcess(world: World, n: number): number {
  return world.processes.length === 0 ? 0 : world.processes[n % world.processes.length]!.mm;
}

function pickFile(world: World, n: number): number {
  const files = [...world.files.keys()].filter((file) => file !== world.pool);
  return files.length === 0 ? 0 : files[n % files.length]!;
}

function pickPage(world: World, a: number, b: number): { mm: number; vma: number; vpn: number } | null {
  const mm = pickProcess(world, a);
  if (mm === 0) return null;
  const vmas = vmasOf(world.machine, mm);
  if (vmas.length === 0) return null;
  const vma = vmas[b % vmas.length]!;
  return { mm, vma, vpn: world.machine.vmaStart[vma]! + ((b >>> 3) % world.machine.vmaPages[vma]!) };
}

function pickPresent(world: World, a: number, b: number): number {
  const at = pickPage(world, a, b);
  if (at === null) return -1;
  const pte = pteOf(world.machine, at.mm, at.vpn);
  return isPresent(pte) ? ptePayload(pte) : -1;
}

function isBeyondFile(world: World, vma: number, vpn: number): boolean {
  const m = world.machine;
  const file = m.vmaFile[vma]!;
  return file !== 0 && world.filePageAt(vma, vpn) >= m.mapPages[file]!;
}

function mapInto(
  world: World,
  a: number,
  request: { nrPages: number; flags: number; file: number; offset: number },
): void {
  const mm = pickProcess(world, a);
  if (mm === 0 || world.model(mm).vmas.size >= 8) return;
  const vma = mapMemory(world.machine, mm, { start: -1, ...request });
  if (vma !== 0) world.model(mm).vmas.set(vma, new Map());
}
