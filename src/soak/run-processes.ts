import type { Accesses } from './accesses.js';
import { endOf, isQuiet, nap, setThreadState, standStill, THREAD_ENDED, THREAD_RUNNING } from './control.js';
import { pinPage, unpinAll } from './pins.js';
import { type Area, placeAt } from './shape.js';
import { exit, flush, fork, lockMemory, readFile, reclaim, remap, spawn, turnFile, writeFile } from './system-calls.js';
import { ownSlot, type ProcessThread } from './thread.js';

/** Of so many things that a thread does, so many are accesses. */
const CHOICES = 1600;
/** Before one of so many it sleeps. */
const SLEEPS = 4;
const SLEEP_MS = 0.2;
/** So often memory may be gone when a page has to be read back. */
const SETTLE_TRIES = 100;

/**
 * A thread of a soak: runs its processes until the soak ends, one burst of accesses or one system call after the other,
 * as its seed says. Everything that it reads is compared with the ledger.
 *
 * @throws FoundWrong for a word that is not what it must be.
 */
export function runProcesses(t: ProcessThread, accesses: Accesses, atQuiet: () => void): void {
  const { cpu, control, thread } = t;
  setThreadState(control, thread, THREAD_RUNNING);
  cpu.online();
  try {
    takeOver(t, accesses);
    while (endOf(control) === 0) {
      if (isQuiet(control)) rest(t, atQuiet);
      else oneThing(t, accesses);
    }
    unpinAll(t);
  } finally {
    cpu.offline();
    setThreadState(control, thread, THREAD_ENDED);
  }
}

/** Stands still with everybody else. One that is about to be ended does not count as standing still: it may hold pages. */
function rest(t: ProcessThread, atQuiet: () => void): void {
  if (!unpinAll(t)) return;
  t.cpu.offline();
  atQuiet();
  standStill(t.control, t.thread);
  t.cpu.online();
}

/** An earlier thread in this place was ended, wherever it was: its references go, and its last write is looked at. */
function takeOver(t: ProcessThread, accesses: Accesses): void {
  const { ledger, thread } = t;
  unpinAll(t);
  const at = Atomics.load(ledger.underWay, thread) - 1;
  if (at < 0) return;
  const { area, holder, page, word } = placeAt(ledger.shape, at);
  const mm = processThatMaps(t, area, holder);
  if (mm === 0) return;
  for (let tries = 0; tries < SETTLE_TRIES && !accesses.settle(mm, area, page, word, at); tries++) reclaim(t);
}

/** A process that has an area: any that maps what is shared. */
function processThatMaps({ ledger, thread }: ProcessThread, area: Area, holder: number): number {
  if (area === 'common') return ledger.commonMm[0]!;
  if (area === 'private' || area === 'library') return ledger.slotMm[holder]!;
  const { slotOwner, slotTemp, slotMm } = ledger;
  const slot = slotOwner.findIndex((owner, at) => owner === thread + 1 && (area !== 'temp' || slotTemp[at] !== 0));
  return slot < 0 ? 0 : slotMm[slot]!;
}

function oneThing(t: ProcessThread, accesses: Accesses): void {
  const { prng } = t;
  const slot = ownSlot(t);
  if (slot < 0) {
    spawn(t);
    if (!accesses.residents()) reclaim(t);
    return;
  }
  if (prng.below(SLEEPS) === 0) sleep(t);
  const choice = prng.below(CHOICES);
  if (choice >= SYSTEM_CALLS_OF_CHOICES) {
    if (!burst(t, accesses, slot, choice)) exit(t, slot);
    return;
  }
  if (choice < 1) spawn(t);
  else if (choice < 4) fork(t, slot);
  else if (choice < 6) exit(t, slot);
  else if (choice < 7) remap(t, slot);
  else if (choice < 9) lockMemory(t, slot);
  else if (choice < 17) turnFile(t, slot);
  else if (choice < 25) readFile(t);
  else if (choice < 33) writeFile(t);
  else if (choice < 38) pinPage(t, slot);
  else if (choice < 58) unpinAll(t);
  else if (choice < 62) flush(t);
  else reclaim(t);
}

/** Processes wait for the world now and then; their CPU is idle, and owes nobody an answer. */
function sleep({ cpu, control }: ProcessThread): void {
  cpu.offline();
  nap(control, SLEEP_MS);
  cpu.online();
}

const SYSTEM_CALLS_OF_CHOICES = 64;

/** Accesses to memory of one kind; false if memory is gone: then the process has to (OOM killer). */
function burst({ ledger }: ProcessThread, accesses: Accesses, slot: number, choice: number): boolean {
  const mm = ledger.slotMm[slot]!;
  switch (choice % 8) {
    case 0:
      return accesses.residents();
    case 1:
      return accesses.own(slot, 'library');
    case 2:
      return accesses.shared(ledger.commonMm[0]!, 'common');
    case 3:
      return accesses.shared(mm, 'file');
    case 4:
      return accesses.shared(mm, 'shmem');
    case 5:
      return ledger.slotTemp[slot] === 0 ? accesses.residents() : accesses.temp(mm);
    default:
      return accesses.own(slot, 'private');
  }
}
