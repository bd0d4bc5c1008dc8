import type { Batch } from '../../src/migration/batch.js';
import { PG_ANON, PG_SWAPCACHE } from '../../src/mm/page-flags.js';
import { isMigration, isPresent, PTE_DIRTY, PTE_WRITE, ptePayload } from '../../src/mm/pte.js';
import { VM_LOCKED, VM_SHARED } from '../../src/sim/address-space.js';
import { SCALAR } from '../../src/sim/machine.js';
import { mappingOfPage } from '../../src/sim/mappings.js';
import { pteOf } from '../../src/sim/page-tables.js';
import { tlbLookup } from '../../src/sim/tlb.js';
import { HOLDING, IDLE, LOADING, MAX_CPUS, MAX_PAGES, NR_PROCESSES } from './oracle.js';
import type { Step } from './step.js';
import * as verb from './verbs.js';
import type { World } from './world.js';

/**
 * What a step touches, as bits: what it reads in the lower half, what it writes in the upper one. Two steps that have
 * nothing in common except what both only read can be taken in either order: the state is the same to the byte. A page's
 * bit stands for all that is the page's: its VMAs and entries, its TLB entries, its file, its slots, its frames, and what
 * the oracle knows. Where it is not plain that something is left alone, it is taken for touched.
 */
export type Footprint = number;

const PAGES = (1 << MAX_PAGES) - 1;
/** Free lists. */
const ALLOCATOR = 1 << 3;
const LRU = 1 << 4;
const SWAP = 1 << 5;
/** Records of VMAs, processes, mappings; page tables. */
const POOLS = 1 << 6;
/** Translations of pages that are not named. */
const TLBS = 1 << 7;
/** Pins, locks and writes under way, and the clock. */
const HOLDS = 1 << 8;
/** What a CPU is in the middle of; the migrator has none. */
const CPUS = ((1 << MAX_CPUS) - 1) << 9;
const EVERYTHING = 0xffff;
const cpuBit = (cpu: number) => 1 << (9 + cpu);
/** What comes with a new page, or with one that goes. */
const MEMORY = ALLOCATOR | LRU | SWAP | POOLS;

const footprint = (reads: number, writes: number): Footprint => reads | (writes << 16);
export const ALL: Footprint = footprint(EVERYTHING, EVERYTHING);

export function areIndependent(a: Footprint, b: Footprint): boolean {
  const writesA = a >>> 16;
  const writesB = b >>> 16;
  return (writesA & (b | writesB)) === 0 && (writesB & a) === 0;
}

/** What a step of another CPU touches in this state. */
export function footprintOf(world: World, step: Step): Footprint {
  const { oracle } = world;
  const page = step.page < 0 ? PAGES : 1 << step.page;
  switch (step.touches) {
    case 'everything':
      return ALL;
    case 'going-on': {
      const doing = oracle.doing(step.cpu);
      const frames = groupsOf(world, oracle.frameOf(step.cpu)) | (1 << oracle.pageOf(step.cpu));
      if (doing === IDLE || doing === LOADING) return footprint(frames, cpuBit(step.cpu));
      return footprint(0, frames | cpuBit(step.cpu) | (doing === HOLDING ? MEMORY : 0));
    }
    case 'lookup':
      return footprint(page, cpuBit(step.cpu));
    case 'load':
    case 'store':
      return footprintOfAccess(world, step, page);
    case 'free-lists':
      return footprint(CPUS, ALLOCATOR);
    case 'page':
      return footprint(CPUS, page);
    case 'page-and-lru':
      return footprint(CPUS, page | LRU);
    case 'page-and-holds':
      return footprint(CPUS, page | HOLDS);
    case 'page-and-memory':
      return footprint(CPUS | TLBS, page | MEMORY | HOLDS);
    case 'file-page': {
      const simple = world.cachedFrame(step.page, 0) >= 0;
      return footprint(CPUS, simple ? page : page | MEMORY | HOLDS);
    }
  }
}

function footprintOfAccess(world: World, step: Step, page: number): Footprint {
  const { machine, oracle } = world;
  const mm = oracle.mm(step.slot);
  const vpn = oracle.vpns[step.page]!;
  const cpu = cpuBit(step.cpu);
  const cached = mm === 0 ? 0 : tlbLookup(machine, step.cpu, mm, vpn);
  const write = step.touches === 'store';
  const ready = PTE_WRITE | PTE_DIRTY;
  if (cached !== 0 && (!write || (cached & ready) === ready)) return footprint(page | TLBS, cpu);
  const vma = oracle.vma(step.slot, step.page);
  const pte = vma === 0 ? 0 : pteOf(machine, mm, vpn);
  const lru = vma !== 0 && (machine.vmaFlags[vma]! & VM_LOCKED) !== 0 ? LRU : 0;
  if (isMigration(pte)) return footprint(page | TLBS, cpu | page);
  if (!isPresent(pte)) return footprint(TLBS, cpu | page | MEMORY | HOLDS);
  const flags = machine.flags[ptePayload(pte)]!;
  const shared = (machine.vmaFlags[vma]! & VM_SHARED) !== 0;
  const own = (flags & (PG_ANON | PG_SWAPCACHE)) === PG_ANON && machine.mapcount[ptePayload(pte)] === 1;
  if (!write || (pte & PTE_WRITE) !== 0 || shared || own) return footprint(TLBS, cpu | page | lru);
  return footprint(TLBS, cpu | page | MEMORY | HOLDS);
}

/** What a verb of the migrator touches. */
export function footprintOfVerb(world: World, name: number, a: number, b: number): Footprint {
  const pages = groupsOf(world, a) | (verb.takesTwoPfns(name) ? groupsOf(world, b) : 0);
  switch (name) {
    case verb.PAUSE:
      return footprint(0, 0);
    case verb.LOCK:
    case verb.UNLOCK:
    case verb.FREEZE:
    case verb.UNFREEZE:
    case verb.UNMAP:
    case verb.COPY:
    case verb.ISOLATE_LRU:
    case verb.ISOLATE_DRIVER:
    case verb.MOVE_BUFFERS:
      return footprint(0, pages);
    case verb.ALLOCATE_TARGET:
      return footprint(pages, ALLOCATOR);
    case verb.FREE_TARGET:
    case verb.FREE_SOURCE:
    case verb.PUTBACK_LRU:
    case verb.PUTBACK_DRIVER:
      return footprint(0, pages | MEMORY);
    case verb.MOVE_SLOT:
      return footprint(0, pages | SWAP);
    case verb.REMAP:
    case verb.CARRY:
      return footprint(0, pages | LRU);
    case verb.SHOOTDOWN:
      for (let cpu = 1; cpu < world.spec.cpus; cpu++) if (world.oracle.doing(cpu) !== IDLE) return ALL;
      return footprint(0, TLBS);
    case verb.RELAX:
      return endsSomething(world) ? ALL : footprint(0, HOLDS);
    default:
      return ALL;
  }
}

/** The migrator looks at these pages without changing anything. */
export function looksAt(pages: number): Footprint {
  return footprint(pages, 0);
}

/** True if a pin, a lock or a write comes to its end by itself. */
function endsSomething({ machine }: World): boolean {
  for (let at = 0; at < machine.scalars[SCALAR.nrHolds]!; at++)
    if (machine.holdUntil[at] !== Number.POSITIVE_INFINITY) return true;
  return false;
}

/** Pages of the world, as bits, through which somebody can come to a frame, or which it belongs to. */
export function groupsOf(world: World, pfn: number): number {
  if (pfn < 0) return 0;
  const { oracle } = world;
  let groups = ownersOf(world, pfn);
  for (let page = 0; page < world.frames.length; page++) {
    const has =
      world.cachedFrame(page, 0) === pfn ||
      world.cachedFrame(page, 1) === pfn ||
      oracle.pinned(page) === pfn ||
      oracle.locked(page) === pfn ||
      isMappedIn(world, page, pfn);
    if (has) groups |= 1 << page;
  }
  for (let cpu = 1; cpu < world.spec.cpus; cpu++)
    if (oracle.doing(cpu) !== IDLE && oracle.frameOf(cpu) === pfn) groups |= 1 << oracle.pageOf(cpu);
  return groups;
}

function isMappedIn(world: World, page: number, pfn: number): boolean {
  for (let slot = 0; slot < NR_PROCESSES; slot++) if (world.mappedFrame(slot, page) === pfn) return true;
  return false;
}

/** The page whose file, or one of whose VMAs, the frame's mapping has. */
function ownersOf({ machine, oracle }: World, pfn: number): number {
  const mapping = pfn < machine.index.length ? mappingOfPage(machine, pfn) : 0;
  if (mapping === 0) return 0;
  const file = oracle.files.indexOf(mapping);
  if (file >= 0) return 1 << file;
  let groups = 0;
  for (let link = machine.mapLinks[mapping]!; link !== 0; link = machine.linkNext[link]!)
    groups |= 1 << oracle.vpns.indexOf(machine.vmaStart[machine.linkVma[link]!]!);
  return groups;
}

/** Pages of the world, as bits, that a batch has at positions `from` to `to`. */
export function groupsOfUnits(world: World, batch: Batch, from: number, to: number): number {
  let groups = 0;
  for (let unit = from; unit <= to && unit < batch.nrUnits; unit++) groups |= groupsOf(world, batch.source[unit]!);
  return groups;
}

/**
 * Phases of which the migrator looks at its pages also between two verbs (judge, obstacle, wasFreed, references), by the
 * phase that comes before them.
 */
const LOOKS_AFTER: ReadonlySet<string> = new Set(['isolate', 'lock', 'shootdown', 'finish', 'relax']);

export function looksAfter(phase: string): boolean {
  return LOOKS_AFTER.has(phase);
}
