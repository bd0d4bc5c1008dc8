import { MIGRATE_SYNC } from '../../../src/mm/migrate-mode.js';
import {
  FREE_FLAGS,
  PG_ERROR,
  PG_HEAD,
  PG_ISOLATED,
  PG_LOCKED,
  PG_NOPAGE,
  PG_PGTABLE,
  PG_TAIL,
  PG_THP,
  PG_WRITEBACK,
} from '../../../src/mm/page-flags.js';
import { formatPfn, PAGEBLOCK_PAGES, type Pfn } from '../../../src/mm/units.js';
import { findHold, HOLD_LOCK, HOLD_WRITEBACK, removeHold } from '../../../src/sim/holds.js';
import { undoIsolateRange } from '../../../src/sim/isolation.js';
import { LRU_ADD_BATCH, SCALAR } from '../../../src/sim/machine.js';
import { onlineBlock } from '../../../src/sim/memory-blocks.js';
import { drainLruAdd, drainPcp, freePages } from '../../../src/sim/page-allocator.js';
import { endWritebackMark, markDirty } from '../../../src/sim/page-cache.js';
import { isIsolated } from '../../../src/sim/pageblocks.js';
import { advance } from '../../../src/sim/writeback.js';
import type { FaultWorld } from './fault-world.js';

/** Pages as they were before a run. */
export interface Photograph {
  readonly asked: number;
  readonly pfns: Uint32Array;
  /** Flags, count, mapcount, index, LRU epoch of each. */
  readonly words: Uint32Array;
}

const WORDS = 5;

export function photograph({ machine: m }: FaultWorld, pfns: Uint32Array): Photograph {
  const words = new Uint32Array(pfns.length * WORDS);
  for (const [i, pfn] of pfns.entries())
    words.set([m.flags[pfn]!, m.count[pfn]!, m.mapcount[pfn]!, m.index[pfn]!, m.lruEpoch[pfn]!], i * WORDS);
  // A compound page is asked for whole, whichever of its pages is named.
  return { asked: pfns.length + 4, pfns, words };
}

/** A page that was refused, and that no fault has touched, is as it was. */
export function checkRefused(world: FaultWorld, { pfns, words }: Photograph): void {
  const { machine: m, touched, touchedAll } = world;
  if (touchedAll) return;
  for (const [i, pfn] of pfns.entries()) {
    const at = i * WORDS;
    if (touched.has(pfn) || (m.flags[pfn]! & FREE_FLAGS) !== 0 || m.index[pfn] !== words[at + 3]) continue;
    // A compound page is split when no target is as large, and stays so.
    const split = words[at]! & ~m.flags[pfn]! & (PG_HEAD | PG_TAIL | PG_THP);
    const now = [(m.flags[pfn]! | split) >>> 0, m.count[pfn]!, m.mapcount[pfn]!, m.index[pfn]!, m.lruEpoch[pfn]!];
    if (now.some((word, j) => word !== words[at + j]))
      throw new Error(`${formatPfn(pfn)} was ${String(words.slice(at, at + WORDS))} and is ${String(now)}`);
  }
}

/** What holds whenever nobody is in the midst of something, whatever faults still last. */
export function checkRest(world: FaultWorld): void {
  const { machine: m } = world;
  const wrong = [...world.host.validate(), ...world.wrongContents()];
  const { flags: flagsOf } = m;
  for (let pfn = 0; pfn < m.spec.nrPfns && wrong.length === 0; pfn++) {
    const flags = flagsOf[pfn]!;
    if ((flags & (FREE_FLAGS | PG_NOPAGE)) !== 0) continue;
    if ((flags & PG_ISOLATED) !== 0) wrong.push(`${formatPfn(pfn)} stays isolated`);
    if ((flags & PG_LOCKED) !== 0 && !world.trylocked.has(pfn) && findHold(m, pfn, HOLD_LOCK) < 0)
      wrong.push(`${formatPfn(pfn)} stays locked`);
    if (m.count[pfn] === 0) wrong.push(`${formatPfn(pfn)} stays frozen`);
    if (m.index[pfn] === 0 && (flags & PG_PGTABLE) === 0 && !world.taken.has(pfn) && !isHeld(world, pfn))
      wrong.push(`${formatPfn(pfn)} has leaked: count ${m.count[pfn]}`);
  }
  for (let pfn = 0; pfn < m.spec.nrPfns; pfn += PAGEBLOCK_PAGES)
    if (isIsolated(m, pfn) && !world.isolated.some(({ start }) => start === pfn))
      wrong.push(`${formatPfn(pfn)} stays in isolation`);
  if (wrong.length > 0) throw new Error(wrong.join('\n'));
}

/** A page that its owner let go is nobody's until whoever else holds it drops it: a pin, or a CPU's batch for the LRU. */
function isHeld({ machine: m }: FaultWorld, pfn: Pfn): boolean {
  for (let at = 0; at < m.scalars[SCALAR.nrHolds]!; at++) if (m.holdPfn[at] === pfn) return true;
  for (let cpu = 0; cpu < m.spec.nrCpus; cpu++)
    for (let i = 0; i < m.lruAddCount[cpu]!; i++) if (m.lruAdd[cpu * LRU_ADD_BATCH + i] === pfn) return true;
  return false;
}

/** Takes every fault away: locks and pins are dropped, writes end, memory is there again. */
export function heal(world: FaultWorld): void {
  const { machine: m, host } = world;
  host.hook = null;
  world.targetsFail = null;
  for (const pfn of world.trylocked) m.flags[pfn] = m.flags[pfn]! & ~PG_LOCKED;
  for (const pfn of world.doomed) failWrite(world, pfn);
  m.holdUntil.fill(m.clock[0]!);
  advance(m, 0, 1);
  for (const pfn of world.taken) {
    m.count[pfn] = 0;
    freePages(m, 0, pfn, 0);
  }
  drainPcp(m);
  drainLruAdd(m);
  for (const range of world.isolated) undoIsolateRange(m, range);
  for (const block of world.offline) onlineBlock(m, block);
  for (const [zone, { watermarks }] of m.spec.zones.entries()) m.watermarkMin[zone] = watermarks.min;
}

/** The device reports an error: the page has it (PG_error, AS_EIO), and its data is dirty again, as it never arrived. */
function failWrite({ machine: m }: FaultWorld, pfn: Pfn): void {
  const at = findHold(m, pfn, HOLD_WRITEBACK);
  if (at < 0) return;
  removeHold(m, at);
  endWritebackMark(m, pfn);
  markDirty(m, pfn);
  if ((m.flags[pfn]! & PG_WRITEBACK) === 0) m.flags[pfn] = m.flags[pfn]! | PG_ERROR;
}

/** The fault is gone: what it kept from moving moves, and everything is still there. */
export function moveAgain(world: FaultWorld, pfns: Uint32Array, isWalked: boolean): void {
  const { machine: m, service } = world;
  const nrErrors = world.listenerErrors.length;
  const left = pfns.filter((pfn) => (m.flags[pfn]! & (FREE_FLAGS | PG_NOPAGE)) === 0 && m.index[pfn] !== 0);
  const report = service.migrate({ pfns: left, mode: MIGRATE_SYNC });
  for (const { reason, handler, pages, pfns: refused } of report.refused)
    if (reason !== 'nonlinear-mapping')
      throw new Error(
        `afterwards, ${handler} refuses ${pages} pages: ${reason} (${refused.map(formatPfn).join(', ')})`,
      );
  if (world.listenerErrors.length !== nrErrors) throw new Error('a listener still listens');
  world.trylocked.clear();
  world.taken.clear();
  world.isolated.length = 0;
  const [wrong] = world.wrongContents();
  if (wrong !== undefined) throw new Error(`afterwards, ${wrong}`);
  if (isWalked) checkRest(world);
}
