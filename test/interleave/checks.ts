import type { MigrationReport } from '../../src/migration/migration-report.js';
import {
  FREE_FLAGS,
  formatFlags,
  PG_ISOLATED,
  PG_LOCKED,
  PG_MLOCKED,
  PG_NOPAGE,
  PG_PCP,
  PG_PGTABLE,
  PG_WRITEBACK,
} from '../../src/mm/page-flags.js';
import { isMigration, isPresent, ptePayload } from '../../src/mm/pte.js';
import { formatPfn } from '../../src/mm/units.js';
import { ACCESS_BLOCKED, ACCESS_OK, ACCESS_TORN, fault } from '../../src/sim/access.js';
import { VM_LOCKED } from '../../src/sim/address-space.js';
import { readContents } from '../../src/sim/contents.js';
import { readOfFile } from '../../src/sim/ledger.js';
import { SCALAR } from '../../src/sim/machine.js';
import { drainLruAdd } from '../../src/sim/page-allocator.js';
import { pteOf } from '../../src/sim/page-tables.js';
import { isIsolated } from '../../src/sim/pageblocks.js';
import { tlbFlushAll, tlbLookup } from '../../src/sim/tlb.js';
import { validateMachine } from '../../src/sim/validate.js';
import { advance } from '../../src/sim/writeback.js';
import { endLock, endPin } from './operations.js';
import { IDLE, NR_PROCESSES } from './oracle.js';
import type { Step } from './step.js';
import { FIRST_FRAME } from './tiny-machine.js';
import type { World } from './world.js';

const out = new Uint32Array(2);
const wanted = new Uint32Array(2);

/** The CPU that looks at everything when all is over. */
const LOOKER = 1;

/** What the report says, against what is: null, or what is wrong. */
export function checkReport(world: World, report: MigrationReport): string | null {
  const { frames, oracle } = world;
  const refused = report.refused.reduce((sum, { pages }) => sum + pages, 0);
  if (report.migrated + report.freed + refused !== report.asked)
    return `the report has ${report.migrated} migrated, ${report.freed} freed, ${refused} refused of ${report.asked} asked`;
  const back = report.targets.find((pfn) => isIsolated(world.machine, pfn));
  if (back !== undefined) return `${formatPfn(back)}, to which a page has moved, is in the range that is emptied`;
  if (new Set(report.sources).size !== report.sources.length) return 'the report has a page twice';
  for (let page = 0; page < frames.length; page++) {
    if (oracle.isTouched(page)) continue;
    const moved = report.sources.indexOf(frames[page]!);
    const now = world.frameOf(page);
    const expected = moved < 0 ? frames[page]! : report.targets[moved]!;
    if (now !== expected)
      return `page ${page} is in ${formatPfn(now)}, by the report it should be in ${formatPfn(expected)}`;
    if (moved < 0 && !isAsBefore(world, now)) return `page ${page} was refused, and is not as it was`;
    if (!hasFlagsOf(world, now, frames[page]!)) return `page ${page} has moved, and has not the flags that it had`;
  }
  return null;
}

/** What flags say of a page goes with it; its device alone may have been done with it meanwhile. */
function hasFlagsOf({ machine, base }: World, now: number, before: number): boolean {
  const flags = new Uint32Array(base.buffer, base.byteOffset + machine.flags.byteOffset, machine.flags.length);
  return ((machine.flags[now]! ^ flags[before]!) & ~PG_WRITEBACK) === 0;
}

function isAsBefore({ machine, base }: World, pfn: number): boolean {
  const flags = new Uint32Array(base.buffer, base.byteOffset + machine.flags.byteOffset, machine.flags.length);
  const count = new Uint16Array(base.buffer, base.byteOffset + machine.count.byteOffset, machine.count.length);
  return machine.flags[pfn] === flags[pfn] && machine.count[pfn] === count[pfn];
}

/** Brings the other CPUs to rest: accesses end, pins and locks are given back, writes complete. */
export function settle(world: World, steps: readonly Step[]): void {
  const { machine, oracle } = world;
  for (const step of steps) if (!step.begins) while (step.enabled(step.cpu)) step.perform(step.cpu);
  for (let cpu = 1; cpu < machine.spec.nrCpus; cpu++) if (oracle.doing(cpu) !== IDLE) throw new Error('not at rest');
  for (let page = 0; page < world.frames.length; page++) {
    if (oracle.pinned(page) >= 0) endPin(world, LOOKER, page);
    if (oracle.locked(page) >= 0) endLock(world, LOOKER, page);
  }
  advance(machine, LOOKER, 1e9);
  drainLruAdd(machine);
}

/** Everything that must hold when all is over: null, or what is wrong. */
export function checkAtRest(world: World): string | null {
  return checkFrames(world) ?? validateMachine(world.machine)[0] ?? checkVirtualPages(world) ?? checkFiles(world);
}

/** Nothing is left in hand, nothing is lost. */
function checkFrames({ machine, oracle }: World): string | null {
  const { count, flags, index, scalars } = machine;
  if (scalars[SCALAR.nrHolds] !== 0) return 'a pin, a lock or a write never ended';
  for (let pfn = FIRST_FRAME; pfn < machine.spec.nrPfns; pfn++) {
    const what = flags[pfn]!;
    if ((what & PG_LOCKED) !== 0) return `${formatPfn(pfn)} stays locked (${formatFlags(what)})`;
    if ((what & PG_PCP) !== 0 && isIsolated(machine, pfn))
      return `${formatPfn(pfn)}, in the range that is emptied, can be handed out from a per-CPU list`;
    if ((what & PG_ISOLATED) !== 0) return `${formatPfn(pfn)} stays isolated (${formatFlags(what)})`;
    if ((what & (FREE_FLAGS | PG_PGTABLE | PG_NOPAGE)) !== 0 || index[pfn] !== 0 || pfn === oracle.neighbour) continue;
    return `${formatPfn(pfn)} is lost: count ${count[pfn]}, ${formatFlags(what)}, and nobody owns it`;
  }
  return null;
}

/** Every process reads what was last written, through a fault of its own; nobody sleeps for ever. */
function checkVirtualPages(world: World): string | null {
  const { machine, oracle } = world;
  tlbFlushAll(machine);
  for (let slot = 0; slot < NR_PROCESSES; slot++) {
    for (let page = 0; page < world.frames.length; page++) {
      if (oracle.vma(slot, page) === 0) continue;
      const value = oracle.expected(slot, page);
      const who = `process ${slot}, page ${page}`;
      const vpn = oracle.vpns[page]!;
      if (isLockedInVain(world, slot, page)) return `${who}: mlock keeps it resident, and reclaim does not know`;
      const access = fault(machine, LOOKER, oracle.mm(slot), vpn, false);
      if (isMigration(pteOf(machine, oracle.mm(slot), vpn))) return `${who} keeps a migration entry`;
      if (access === ACCESS_BLOCKED) return `${who}: the fault sleeps for ever`;
      if ((access === ACCESS_OK || access === ACCESS_TORN) !== value >= 0)
        return `${who}: a fault ends with ${access}, and the page ${value >= 0 ? 'is' : 'is not'} there`;
      if (value < 0) continue;
      const whole = readContents(machine, ptePayload(tlbLookup(machine, LOOKER, oracle.mm(slot), vpn)), out);
      if (!whole || !isValue(world, page, value)) return `${who} reads ${out[0]}, last written was ${wanted[0]}`;
    }
  }
  return null;
}

/** A page in memory that a process has locked, without the flag that says so. */
function isLockedInVain({ machine, oracle }: World, slot: number, page: number): boolean {
  const pte = pteOf(machine, oracle.mm(slot), oracle.vpns[page]!);
  if (!isPresent(pte) || (machine.vmaFlags[oracle.vma(slot, page)]! & VM_LOCKED) === 0) return false;
  return (machine.flags[ptePayload(pte)]! & PG_MLOCKED) === 0;
}

function checkFiles(world: World): string | null {
  const { machine, oracle } = world;
  for (let page = 0; page < world.frames.length; page++) {
    for (let at = 0; oracle.files[page] !== 0 && oracle.ofFile(page, at) >= 0; at++) {
      if (!readOfFile(machine, oracle.files[page]!, at, out)) continue;
      if (!isValue(world, page, oracle.ofFile(page, at)))
        return `page ${at} of the file of page ${page} reads ${out[0]}, last written was ${wanted[0]}`;
    }
  }
  return null;
}

function isValue(world: World, page: number, value: number): boolean {
  world.oracle.contents(value, page, wanted);
  return out[0] === wanted[0] && out[1] === wanted[1];
}
