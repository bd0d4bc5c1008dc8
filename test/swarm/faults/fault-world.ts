import 'reflect-metadata';
import { KeptMachine } from '../../../src/compare/kept-machine.js';
import { PageEvents } from '../../../src/events/page-events.js';
import { MigrationService } from '../../../src/migration/migration-service.js';
import { BLOCK_ONLINE } from '../../../src/mm/memory-block.js';
import { PG_MOVABLE_OPS } from '../../../src/mm/page-flags.js';
import type { PfnRange } from '../../../src/mm/pfn-range.js';
import { isFile, isMigration, isPresent, isSwap, ptePayload, swapPte } from '../../../src/mm/pte.js';
import { NO_PAGE, type Pfn } from '../../../src/mm/units.js';
import { NO_LOWMEM_RESERVE, watermarksFromMin } from '../../../src/mm/zone.js';
import { ACCESS_OK, readFilePage, readPage, writeFilePage, writePage } from '../../../src/sim/access.js';
import {
  createProcess,
  forkProcess,
  mapMemory,
  remapFilePage,
  setLocked,
  VM_SHARED,
  VM_WRITE,
} from '../../../src/sim/address-space.js';
import { fillContents, originalLo, readContents, readStored } from '../../../src/sim/contents.js';
import { addDriverPage, createDriverPool, createFile, createShmem } from '../../../src/sim/files.js';
import { faultHugePage } from '../../../src/sim/huge-pages.js';
import { createMachine, type Machine } from '../../../src/sim/machine.js';
import { onlineBlock } from '../../../src/sim/memory-blocks.js';
import { allocatePages, drainLruAdd, drainPcp } from '../../../src/sim/page-allocator.js';
import { findInCache } from '../../../src/sim/page-cache.js';
import { pteOf } from '../../../src/sim/page-tables.js';
import { unmapForGood } from '../../../src/sim/rmap.js';
import { addToSwap, duplicateSwap, swapCachePage, swapSlotOf } from '../../../src/sim/swap.js';
import { advance, startWriteback } from '../../../src/sim/writeback.js';
import { SHIPPED } from '../world.js';
import { HookedHost } from './hooked-host.js';
import { type Plot, sabotaged } from './saboteur.js';

const BLOCK = 512;
const NR_PFNS = 3 * BLOCK;
const NR_SWAP = 16;
/** A virtual page, or a page of a file, that is no more. */
export const GONE = -1;

/** A virtual page and what it must read; of a shared mapping, the file says it. */
export interface Place {
  readonly mm: number;
  readonly vma: number;
  readonly vpn: number;
  /** Index into `filePages` for a shared mapping, -1 for memory of its own. */
  readonly filePage: number;
  lo: number;
}

export interface FilePage {
  readonly file: number;
  readonly page: number;
  readonly isDriver: boolean;
  lo: number;
}

/**
 * A machine of 6 MiB with a page or two of every type and state, kept in bytes, and an oracle of what each must read.
 * Faults leave word here of what has to be put right before the machine is whole again.
 */
export class FaultWorld {
  readonly machine: Machine;
  readonly host: HookedHost;
  readonly events = new PageEvents({ onListenerError: (error) => this.listenerErrors.push(error) });
  service: MigrationService;
  readonly plot: Plot = { sabotage: null, caught: null, isOn: false };
  readonly #plugins = sabotaged(SHIPPED, this.plot);
  readonly places: Place[] = [];
  readonly filePages: FilePage[] = [];
  /** Files that can be truncated, each with its pages. */
  readonly files: number[] = [];
  pool = 0;
  /** A process with more pages than swap has slots. */
  hog = { mm: 0, vpn: 0, nrPages: NR_SWAP + 4 };
  /** Frames in use when the machine was kept, ascending. */
  readonly frames: Pfn[] = [];

  readonly listenerErrors: unknown[] = [];
  /** Pages that a fault has taken off the allocator. */
  readonly taken = new Set<Pfn>();
  readonly isolated: PfnRange[] = [];
  readonly offline: number[] = [];
  /** Locks without a reference, on targets. */
  readonly trylocked = new Set<Pfn>();
  /** Pages whose writeback is going to fail. */
  readonly doomed = new Set<Pfn>();
  /** Pages that faults changed; everything, once a fault says so. */
  readonly touched = new Set<Pfn>();
  touchedAll = false;
  targetsFail: ((order: number) => boolean) | null = null;
  readonly #kept: KeptMachine;
  readonly #initial: { readonly places: readonly number[]; readonly filePages: readonly number[] };
  readonly #out = new Uint32Array(2);
  #stamp = 1000;

  constructor(host: (machine: Machine) => HookedHost = (machine) => new HookedHost(machine)) {
    this.machine = newMachine();
    this.host = host(this.machine);
    this.service = this.#newService();
    populate(this);
    this.#kept = new KeptMachine(this.machine);
    this.#initial = {
      places: this.places.map(({ lo }) => lo),
      filePages: this.filePages.map(({ lo }) => lo),
    };
  }

  /** Handlers are asked anew: what flags they claim is remembered. */
  #newService(): MigrationService {
    return new MigrationService(this.host, this.#plugins, this.events);
  }

  /** Everything as it was built. */
  restore(): void {
    this.service = this.#newService();
    this.#kept.restore();
    this.places.length = this.#initial.places.length;
    for (const [i, lo] of this.#initial.places.entries()) this.places[i]!.lo = lo;
    for (const [i, lo] of this.#initial.filePages.entries()) this.filePages[i]!.lo = lo;
    for (const set of [this.taken, this.trylocked, this.doomed, this.touched]) set.clear();
    this.isolated.length = 0;
    this.offline.length = 0;
    this.listenerErrors.length = 0;
    this.touchedAll = false;
    this.targetsFail = null;
    this.plot.sabotage = null;
    this.plot.caught = null;
    this.plot.isOn = false;
  }

  stamp(): number {
    return ++this.#stamp;
  }

  write(place: Place, lo: number, cpu = 1): boolean {
    if (place.lo === GONE) return false;
    if (writePage(this.machine, cpu, place.mm, place.vpn, lo, ~lo) !== ACCESS_OK) return false;
    if (place.filePage >= 0) this.filePages[place.filePage]!.lo = lo;
    else place.lo = lo;
    return true;
  }

  writeFile(filePage: FilePage, lo: number, buffers: boolean): boolean {
    const { file, page } = filePage;
    if (filePage.lo === GONE || writeFilePage(this.machine, 1, file, page, lo, ~lo, buffers) !== ACCESS_OK)
      return false;
    filePage.lo = lo;
    return true;
  }

  /** Frame of a place or file page now, -1 if it is in none. Places come first. */
  frameOf(at: number): Pfn {
    const m = this.machine;
    const place = this.places[at];
    if (place !== undefined) {
      if (place.lo === GONE || m.mmAlive[place.mm] === 0) return -1;
      const pte = pteOf(m, place.mm, place.vpn);
      if (isPresent(pte) || isMigration(pte)) return ptePayload(pte);
      return isSwap(pte) ? swapCachePage(m, ptePayload(pte)) : -1;
    }
    const filePage = this.filePages[at - this.places.length]!;
    if (filePage.lo === GONE) return -1;
    const pfn = findInCache(m, m.mapBase[filePage.file]! + filePage.page);
    return pfn === NO_PAGE ? -1 : pfn;
  }

  get nrPages(): number {
    return this.places.length + this.filePages.length;
  }

  /** Sentences about pages that do not read what was last written to them. */
  wrongContents(): string[] {
    const m = this.machine;
    const wrong: string[] = [];
    for (const { mm, vpn, filePage, lo } of this.places) {
      const expected = filePage >= 0 && lo !== GONE ? this.filePages[filePage]!.lo : lo;
      if (expected === GONE) continue;
      const found = this.#peek(pteOf(m, mm, vpn));
      if (found !== null && found !== expected)
        wrong.push(`process ${mm}, page ${vpn} reads ${found}, not ${expected}`);
    }
    for (const { file, page, lo } of this.filePages) {
      const pfn = lo === GONE ? NO_PAGE : findInCache(m, m.mapBase[file]! + page);
      if (pfn === NO_PAGE) continue;
      readContents(m, pfn, this.#out);
      if (this.#out[0] !== lo >>> 0) wrong.push(`file ${file}, page ${page} holds ${this.#out[0]}, not ${lo}`);
    }
    return wrong;
  }

  /** What an entry leads to, without a fault; null for what is not there (a file is asked by itself). */
  #peek(pte: number): number | null {
    const m = this.machine;
    if (pte === 0 || isFile(pte)) return null;
    if (isPresent(pte) || isMigration(pte)) readContents(m, ptePayload(pte), this.#out);
    else {
      const cached = swapCachePage(m, ptePayload(pte));
      if (cached >= 0) readContents(m, cached, this.#out);
      else readStored(m, ptePayload(pte), this.#out);
    }
    return this.#out[0]! | 0;
  }
}

function newMachine(): Machine {
  const zone = { node: 0, watermarks: watermarksFromMin(4), lowmemReserve: NO_LOWMEM_RESERVE };
  const machine = createMachine({
    name: 'faults',
    nrPfns: NR_PFNS,
    nrCpus: 2,
    blockPages: BLOCK,
    zones: [
      { ...zone, kind: 'Normal', start: 0, end: BLOCK },
      { ...zone, kind: 'Movable', start: BLOCK, end: NR_PFNS },
    ],
    blocks: [0, 1, 2].map((block) => ({ block, state: BLOCK_ONLINE })),
    dimms: [],
    nrSwapSlots: NR_SWAP,
    contents: 'token',
    capacity: { processes: 16, vmas: 24, mappings: 24, extents: 32, tables: 48, leaves: 8, holds: 64 },
  });
  for (const block of [2, 1, 0]) onlineBlock(machine, block);
  return machine;
}

/** A page or two of every type, in every state that a migration meets. */
function populate(world: FaultWorld): void {
  const { machine: m, places, filePages } = world;
  const must = (ok: boolean): void => {
    if (!ok) throw new Error('the world of faults cannot be built');
  };
  const add = (mm: number, vma: number, page: number, filePage = -1): Place => {
    const place = { mm, vma, vpn: m.vmaStart[vma]! + page, filePage, lo: 0 };
    places.push(place);
    return place;
  };
  const map = (mm: number, nrPages: number, file = 0, flags = VM_WRITE, start = -1): number =>
    mapMemory(m, mm, { start, nrPages, flags, file, offset: 0 });
  const own = (mm: number, vma: number, page: number): Place => {
    const place = add(mm, vma, page);
    must(world.write(place, world.stamp(), 0));
    return place;
  };
  const process = createProcess(m, 0);
  const anon = map(process, 4);
  const [, , swapMapped, swappedOut] = [0, 1, 2, 3].map((page) => own(process, anon, page));
  const family = createProcess(m, 0);
  const shared = map(family, 2);
  for (const page of [0, 1]) own(family, shared, page);
  const locker = createProcess(m, 0);
  const locked = map(locker, 1);
  own(locker, locked, 0);
  const huge = createProcess(m, 0);
  const hugeVma = map(huge, 8, 0, VM_WRITE, 64);
  must(faultHugePage(m, 0, huge, 64, 2) === ACCESS_OK);
  for (const page of [0, 1, 2, 3]) own(huge, hugeVma, page);
  const file = createFile(m, 4);
  const shmem = createShmem(m, 2);
  world.files.push(file, shmem);
  const cachePage = (of: number, page: number, isDriver = false): number =>
    filePages.push({ file: of, page, isDriver, lo: of === shmem ? 0 : originalLo(of, page) | 0 }) - 1;
  const [first, second, third] = [0, 1, 2, 3].map((page) => cachePage(file, page));
  const window = map(process, 3, file, VM_WRITE | VM_SHARED);
  must(world.write(add(process, window, 0, first), world.stamp(), 0));
  must(world.writeFile(filePages[first!]!, world.stamp(), true));
  must(readPage(m, 0, process, add(process, window, 1, second).vpn, new Uint32Array(2)) === ACCESS_OK);
  must(world.writeFile(filePages[third!]!, world.stamp(), false));
  readFilePage(m, 0, file, 3);
  const segment = map(process, 2, shmem, VM_WRITE | VM_SHARED);
  for (const page of [0, 1]) must(world.write(add(process, segment, page, cachePage(shmem, page)), world.stamp(), 0));
  world.pool = createDriverPool(m, 2);
  addToPool(world, cachePage(world.pool, 0, true));
  const crooked = createFile(m, 2);
  const odd = createProcess(m, 0);
  const oddVma = map(odd, 2, crooked, VM_WRITE | VM_SHARED);
  remapFilePage(m, 0, oddVma, m.vmaStart[oddVma]!, 1);
  cachePage(crooked, 0);
  must(world.write(add(odd, oddVma, 0, cachePage(crooked, 1)), world.stamp(), 0));
  world.hog.mm = createProcess(m, 0);
  world.hog.vpn = m.vmaStart[map(world.hog.mm, world.hog.nrPages)]!;
  drainLruAdd(m);
  setLocked(m, locked, true);
  const child = forkProcess(m, 0, family);
  const childVma = m.mmVmas[child]!;
  for (const page of [0, 1]) places.push({ ...places[4 + page]!, mm: child, vma: childVma });
  for (const place of [swapMapped!, swappedOut!]) must(addToSwap(m, world.frameOf(places.indexOf(place))));
  const pfn = world.frameOf(places.indexOf(swappedOut!));
  unmapForGood(m, pfn, swapPte(swapSlotOf(m, pfn)), () => duplicateSwap(m, swapSlotOf(m, pfn)));
  must(startWriteback(m, pfn));
  advance(m, 0, 1e9);
  drainPcp(m);
  for (const place of places) if (place !== swappedOut) warm(m, place);
  const frames = new Set(Array.from({ length: world.nrPages }, (_, at) => world.frameOf(at)).filter((at) => at >= 0));
  world.frames.push(...[...frames].sort((a, b) => a - b));
}

/** Both CPUs know the translation: whoever forgets to shoot it down will hear of it. */
function warm(m: Machine, { mm, vpn }: Place): void {
  for (const cpu of [0, 1]) readPage(m, cpu, mm, vpn, new Uint32Array(2));
}

function addToPool({ machine: m, filePages, pool }: FaultWorld, at: number): void {
  const request = { order: 0, type: 1, node: 0, highest: 'Movable', mark: 'low' } as const;
  const pfn = allocatePages(m, 0, request);
  filePages[at]!.lo = 77;
  fillContents(m, pfn, 77, ~77);
  addDriverPage(m, pfn, pool, 0, PG_MOVABLE_OPS);
}
