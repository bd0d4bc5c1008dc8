import { PTE_DIRTY, PTE_WRITE, ptePayload } from '../../src/mm/pte.js';
import { ACCESS_BLOCKED, ACCESS_FAULT, ACCESS_NO_MEMORY, fault } from '../../src/sim/access.js';
import { fillContents, readContents } from '../../src/sim/contents.js';
import { putPage } from '../../src/sim/page-allocator.js';
import { getPageUnlessZero } from '../../src/sim/page-ref.js';
import { tlbLookup } from '../../src/sim/tlb.js';
import { HOLDING, IDLE, LOADING, LOOKING_UP, STORING } from './oracle.js';
import { DONE, type Draft, SLEEPS, type StepResult, Violation } from './step.js';
import type { World } from './world.js';

/*
 * Operations that take more than one step: between two of them anything may happen.
 */
const STRAY = 0xdead_dead;
const out = new Uint32Array(2);
const wanted = new Uint32Array(2);

/** The second half of what a CPU is in the middle of. */
export function goOn(world: World, cpu: number): Draft {
  const { oracle } = world;
  return {
    name: 'goes on',
    touches: 'going-on',
    cpu,
    page: -1,
    begins: false,
    enabled: () => oracle.doing(cpu) !== IDLE,
    perform: () => {
      const doing = oracle.doing(cpu);
      if (doing === LOADING) load(world, cpu);
      else if (doing === STORING) store(world, cpu);
      else if (doing === LOOKING_UP) return takeReference(world, cpu);
      else putPage(world.machine, cpu, oracle.frameOf(cpu));
      oracle.end(cpu);
      return DONE;
    },
  };
}

function load(world: World, cpu: number): void {
  const { machine, oracle } = world;
  const slot = oracle.slotOf(cpu);
  const page = oracle.pageOf(cpu);
  const whole = readContents(machine, oracle.frameOf(cpu), out);
  const value = oracle.mm(slot) === oracle.mmOf(cpu) ? oracle.expected(slot, page) : -1;
  if (value >= 0) compare(world, page, value, whole ? out : null, `process ${slot} reads page ${page}`);
}

/** Compares what was read, null if it was torn, with what was last written. */
export function compare(world: World, page: number, value: number, read: Uint32Array | null, who: string): void {
  world.oracle.contents(value, page, wanted);
  if (read !== null && read[0] === wanted[0] && read[1] === wanted[1]) return;
  throw new Violation(
    `${who}: it holds ${read === null ? 'words that do not belong together' : describe(read[0]!)}, last written was ${describe(wanted[0]!)}`,
  );
}

function describe(lo: number): string {
  if (lo === 0) return 'zeroes';
  if (lo === 0xaaaaaaaa) return 'the poison of a free page';
  return lo < 0x1_0000 ? `version ${lo >>> 8} of page ${(lo >>> 4) & 0xf}` : `0x${lo.toString(16)}`;
}

function store(world: World, cpu: number): void {
  const { machine, oracle } = world;
  const slot = oracle.slotOf(cpu);
  const page = oracle.pageOf(cpu);
  // Without its mapping the store is a stray one, for which munmap should have waited.
  if (oracle.mm(slot) === oracle.mmOf(cpu) && oracle.vma(slot, page) !== 0)
    oracle.contents(oracle.write(slot, page), page, wanted);
  else wanted.fill(STRAY);
  fillContents(machine, oracle.frameOf(cpu), wanted[0]!, wanted[1]!);
}

/** get_page_unless_zero, then the look whether the page is still what it was found as (filemap_get_entry). */
function takeReference(world: World, cpu: number): StepResult {
  const { machine, oracle } = world;
  const page = oracle.pageOf(cpu);
  const pfn = oracle.frameOf(cpu);
  if (getPageUnlessZero(machine, pfn)) oracle.begin(cpu, HOLDING, 0, page, pfn);
  else oracle.end(cpu);
  return DONE;
}

export function lookUp(world: World, cpu: number, page: number): Draft {
  return {
    name: `filemap_get_entry(page ${page})`,
    touches: 'lookup',
    cpu,
    page,
    begins: true,
    enabled: () => world.frameOf(page) >= 0,
    perform: () => {
      world.oracle.begin(cpu, LOOKING_UP, 0, page, world.frameOf(page));
      return DONE;
    },
  };
}

/** The same by one who found the page where it was before, and was interrupted then (get_user_pages_fast). */
export function lookUpLate(world: World, cpu: number, page: number): Draft {
  return {
    name: `gup_fast_pte_range(page ${page}, where it was before)`,
    touches: 'lookup',
    cpu,
    page,
    begins: true,
    enabled: () => true,
    perform: () => {
      world.oracle.begin(cpu, LOOKING_UP, 0, page, world.nextTarget);
      return DONE;
    },
  };
}

/** A load and a store of a process: the translation now, the access itself whenever the CPU gets to it. */
export function accesses(world: World, cpu: number, slot: number, page: number): Draft[] {
  const { machine, oracle } = world;
  const enabled = () => {
    const mm = oracle.mm(slot);
    return mm !== 0 && (oracle.vma(slot, page) !== 0 || tlbLookup(machine, cpu, mm, oracle.vpns[page]!) !== 0);
  };
  return [false, true].map((write) => ({
    name: `${write ? 'store' : 'load'}(process ${slot}, page ${page})`,
    touches: write ? ('store' as const) : ('load' as const),
    slot,
    cpu,
    page,
    begins: true,
    enabled,
    perform: () => translate(world, cpu, slot, page, write),
  }));
}

function translate(world: World, cpu: number, slot: number, page: number, write: boolean): StepResult {
  const { machine, oracle } = world;
  const mm = oracle.mm(slot);
  const vpn = oracle.vpns[page]!;
  let pte = tlbLookup(machine, cpu, mm, vpn);
  const ready = PTE_WRITE | PTE_DIRTY;
  if (pte !== 0 && oracle.vma(slot, page) === 0)
    throw new Violation(`CPU${cpu} still has a translation of page ${page} of process ${slot}, which is unmapped`);
  if (pte === 0 || (write && (pte & ready) !== ready)) {
    const access = fault(machine, cpu, mm, vpn, write);
    if (access === ACCESS_BLOCKED) return SLEEPS;
    if (access === ACCESS_NO_MEMORY) return DONE;
    if (access === ACCESS_FAULT) return unlessBeyondFile(world, slot, page);
    if (write) oracle.copied(slot, page);
    pte = tlbLookup(machine, cpu, mm, vpn);
  }
  oracle.begin(cpu, write ? STORING : LOADING, slot, page, ptePayload(pte));
  return DONE;
}

function unlessBeyondFile(world: World, slot: number, page: number): StepResult {
  if (world.oracle.expected(slot, page) >= 0)
    throw new Violation(`process ${slot} gets SIGBUS at page ${page}, which is there`);
  return DONE;
}
