import { assert } from '../base/assert.js';
import { PG_DIRTY, PG_LOCKED, PG_PRIVATE } from '../mm/page-flags.js';
import { NO_PAGE } from '../mm/units.js';
import { readFilePage } from '../sim/access.js';
import {
  createProcess,
  exitProcess,
  findVma,
  forkProcess,
  type MapRequest,
  mapMemory,
  setLocked,
  unmapVma,
  VM_SHARED,
  VM_WRITE,
} from '../sim/address-space.js';
import { createFile, deleteFile, truncateFile } from '../sim/files.js';
import { findInCache, markDirty } from '../sim/page-cache.js';
import { getPage } from '../sim/page-ref.js';
import { reclaimPages } from '../sim/reclaim.js';
import { advance, startWriteback } from '../sim/writeback.js';
import { copySlot, isNotBefore, type SoakLedger, writerOf } from './ledger.js';
import { FIRST_VPN, firstRow } from './shape.js';
import { counted, countOutOfMemory, type ProcessThread } from './thread.js';
import { originalOf, wordOf } from './words.js';
import { FoundWrong } from './wrong-word.js';

/*
 * What processes ask the kernel for. Each call changes the machine and the ledger in one go under the kernel lock, where
 * no thread is ended: so the two agree whenever somebody looks.
 */

/** Forks after forks make anon_vmas that each page has to be looked for in; programs begin anew by exec. */
const DEPTH_MAX = 4;
const WRITEBACK_PAGES = 16;
const RECLAIM_PAGES = 32;
/** Virtual time between two looks of the flusher. */
const TICK_NS = 100_000;

function freeSlot({ slotOwner, shape }: SoakLedger): number {
  for (let slot = 0; slot < shape.nrSlots; slot++) if (Atomics.load(slotOwner, slot) === 0) return slot;
  return -1;
}

/** A new process with its memory, the library, the shared file and shared memory; nothing is faulted in. */
export function spawn(t: ProcessThread): void {
  const { cpu, ledger, thread } = t;
  cpu.kernel(() => {
    const slot = freeSlot(ledger);
    if (slot < 0) return;
    const m = cpu.machine;
    const mm = createProcess(m, cpu.cpu);
    if (mm === 0) {
      countOutOfMemory(t);
      return;
    }
    const { privatePages, libraryPages, sharedPages } = ledger.shape;
    const map = (request: Omit<MapRequest, 'offset'>) =>
      assert(mapMemory(m, mm, { ...request, offset: 0 }) !== 0, 'a new process has room for its mappings');
    map({ start: FIRST_VPN.private, nrPages: privatePages, flags: VM_WRITE, file: 0 });
    map({ start: FIRST_VPN.library, nrPages: libraryPages, flags: VM_WRITE, file: ledger.library[0]! });
    const shared = VM_WRITE | VM_SHARED;
    map({ start: FIRST_VPN.file, nrPages: sharedPages, flags: shared, file: ledger.file[0]! });
    map({ start: FIRST_VPN.shmem, nrPages: sharedPages, flags: shared, file: ledger.shmem[0]! });
    ledger.slotMm[slot] = mm;
    ledger.slotDepth[slot] = 0;
    ledger.slotLocked[slot] = 0;
    ledger.slotTemp[slot] = 0;
    expectFresh(t, slot);
    for (let page = 0; page < libraryPages; page++)
      expectPage(ledger, firstRow(ledger.shape, 'library', slot) + page, originalOf(m, ledger.library[0]!, page));
    Atomics.store(ledger.slotOwner, slot, thread + 1);
    counted(t, 'spawn');
  });
}

function expectFresh({ ledger }: ProcessThread, slot: number): void {
  const row = firstRow(ledger.shape, 'private', slot);
  for (let page = 0; page < ledger.shape.privatePages; page++) expectPage(ledger, row + page, [0, 0]);
}

function expectPage({ shape, expected }: SoakLedger, row: number, [lo, hi]: readonly [number, number]): void {
  const at = row * shape.words;
  for (let word = 0; word < shape.words; word++) expected[at + word] = wordOf(lo, hi, word);
}

/** A child, which any thread may be given to run. It does without its parent's file, so that one thread writes that. */
export function fork(t: ProcessThread, slot: number): void {
  const { cpu, ledger, prng } = t;
  if (ledger.slotDepth[slot]! >= DEPTH_MAX) return;
  cpu.kernel(() => {
    const child = freeSlot(ledger);
    if (child < 0) return;
    const m = cpu.machine;
    const mm = forkProcess(m, cpu.cpu, ledger.slotMm[slot]!);
    if (mm === 0) {
      countOutOfMemory(t);
      return;
    }
    if (ledger.slotTemp[slot] !== 0) unmapVma(m, cpu.cpu, findVma(m, mm, FIRST_VPN.temp));
    ledger.slotMm[child] = mm;
    ledger.slotDepth[child] = ledger.slotDepth[slot]! + 1;
    ledger.slotLocked[child] = 0;
    ledger.slotTemp[child] = 0;
    copySlot(ledger, slot, child);
    Atomics.store(ledger.slotOwner, child, prng.below(ledger.shape.nrThreads) + 1);
    counted(t, 'fork');
  });
}

export function exit(t: ProcessThread, slot: number): void {
  const { cpu, ledger } = t;
  cpu.kernel(() => {
    exitProcess(cpu.machine, cpu.cpu, ledger.slotMm[slot]!);
    ledger.slotTemp[slot] = 0;
    Atomics.store(ledger.slotOwner, slot, 0);
  });
  counted(t, 'exit');
}

/** A process gives its memory back and asks for as much again, which is empty. */
export function remap(t: ProcessThread, slot: number): void {
  const { cpu, ledger } = t;
  cpu.kernel(() => {
    const m = cpu.machine;
    const mm = ledger.slotMm[slot]!;
    unmapVma(m, cpu.cpu, findVma(m, mm, FIRST_VPN.private));
    const request = { start: FIRST_VPN.private, nrPages: ledger.shape.privatePages, file: 0, offset: 0 };
    assert(mapMemory(m, mm, { ...request, flags: VM_WRITE }) !== 0, 'what was unmapped can be mapped');
    ledger.slotLocked[slot] = 0;
    expectFresh(t, slot);
  });
  counted(t, 'mmap');
}

/** mlock and munlock in turn. */
export function lockMemory(t: ProcessThread, slot: number): void {
  const { cpu, ledger } = t;
  cpu.kernel(() => {
    const m = cpu.machine;
    const locked = ledger.slotLocked[slot] === 0;
    setLocked(m, findVma(m, ledger.slotMm[slot]!, FIRST_VPN.private), locked);
    ledger.slotLocked[slot] = locked ? 1 : 0;
  });
  counted(t, 'mlock');
}

/** The thread's file: made and mapped, shortened step by step, unmapped and deleted. */
export function turnFile(t: ProcessThread, slot: number): void {
  const { cpu, ledger, prng, thread } = t;
  const { tempFile, tempLength, slotTemp, shape } = ledger;
  cpu.kernel(() => {
    const m = cpu.machine;
    const mm = ledger.slotMm[slot]!;
    if (tempFile[thread] === 0) {
      const file = createFile(m, shape.tempPages);
      tempFile[thread] = file;
      tempLength[thread] = shape.tempPages;
      for (let page = 0; page < shape.tempPages; page++)
        expectPage(ledger, firstRow(shape, 'temp', thread) + page, originalOf(m, file, page));
    }
    const file = tempFile[thread]!;
    if (slotTemp[slot] === 0) {
      if (m.mapPages[file] !== shape.tempPages) return deleteUnmapped(t);
      const request = { start: FIRST_VPN.temp, nrPages: shape.tempPages, flags: VM_WRITE | VM_SHARED, offset: 0 };
      assert(mapMemory(m, mm, { ...request, file }) !== 0, 'a process has room for a file');
      slotTemp[slot] = 1;
      return;
    }
    truncateFile(m, cpu.cpu, file, prng.below(m.mapPages[file]! + 1));
    tempLength[thread] = m.mapPages[file]!;
    counted(t, 'truncate');
    if (tempLength[thread] !== 0) return;
    unmapVma(m, cpu.cpu, findVma(m, mm, FIRST_VPN.temp));
    slotTemp[slot] = 0;
    deleteUnmapped(t);
  });
}

/** Other processes of the thread may map the file still, and pages of it be locked: then another time. */
function deleteUnmapped({ cpu, ledger, thread }: ProcessThread): void {
  const m = cpu.machine;
  const file = ledger.tempFile[thread]!;
  if (m.mapLinks[file] !== 0 || !deleteFile(m, cpu.cpu, file)) {
    ledger.tempLength[thread] = m.mapPages[file]!;
    return;
  }
  ledger.tempFile[thread] = 0;
}

/** read(2) of a page of the shared file: its words through the page cache, while others write them in their mappings. */
export function readFile(t: ProcessThread): void {
  const { cpu, ledger, prng, counters, thread } = t;
  const { shape, expected, issued } = ledger;
  const file = ledger.file[0]!;
  const page = prng.below(shape.sharedPages);
  const first = (firstRow(shape, 'file') + page) * shape.words;
  cpu.kernel(() => {
    const m = cpu.machine;
    // What is looked at before and after tells what may be read: others go on writing.
    const before = expected.slice(first, first + shape.words);
    const frame = readFilePage(m, cpu.cpu, file, page);
    if (frame === NO_PAGE) return countOutOfMemory(t);
    if ((m.flags[frame]! & PG_LOCKED) !== 0) return;
    for (let word = 0; word < shape.words; word++) {
      const found = Atomics.load(m.contents, frame * shape.words + word);
      const latest = Atomics.load(issued, writerOf(shape, first + word));
      if (isNotBefore(found, before[word]!) && isNotBefore(latest, found)) continue;
      const whose = `the shared file, read by read(2) of thread ${thread}`;
      throw new FoundWrong({ whose, mm: 0, page, word, expected: expected[first + word]!, found, frame });
    }
    counters.checked[thread] = counters.checked[thread]! + shape.words;
    counted(t, 'read');
  });
}

/** write(2) of one word of the shared file, as much as a thread may write of it. Filesystems leave buffers on a page. */
export function writeFile(t: ProcessThread): void {
  const { cpu, ledger, prng, thread } = t;
  const { shape, expected, issued, underWay } = ledger;
  const page = prng.below(shape.sharedPages);
  const first = (firstRow(shape, 'file') + page) * shape.words;
  const word = prng.below(shape.words);
  if (writerOf(shape, first + word) !== thread) return;
  cpu.kernel(() => {
    const m = cpu.machine;
    const frame = readFilePage(m, cpu.cpu, ledger.file[0]!, page);
    if (frame === NO_PAGE) return countOutOfMemory(t);
    if ((m.flags[frame]! & PG_LOCKED) !== 0) return;
    const value = (issued[thread]! + 1) >>> 0;
    Atomics.store(issued, thread, value);
    Atomics.store(underWay, thread, first + word + 1);
    m.contents[frame * shape.words + word] = value;
    Atomics.store(expected, first + word, value);
    Atomics.store(underWay, thread, 0);
    if (prng.chance(0.3) && (m.flags[frame]! & PG_PRIVATE) === 0) {
      m.flags[frame] = m.flags[frame]! | PG_PRIVATE;
      getPage(m, frame);
    }
    markDirty(m, frame);
    counted(t, 'write');
  });
}

/** The flusher: dirty pages of the shared file go to disk, and time passes, so that earlier ones arrive. */
export function flush(t: ProcessThread): void {
  const { cpu, ledger, prng } = t;
  const { sharedPages } = ledger.shape;
  cpu.kernel(() => {
    const m = cpu.machine;
    const first = prng.below(sharedPages);
    for (let i = 0; i < WRITEBACK_PAGES; i++) {
      const frame = findInCache(m, m.mapBase[ledger.file[0]!]! + ((first + i) % sharedPages));
      if (frame !== NO_PAGE && (m.flags[frame]! & PG_DIRTY) !== 0) startWriteback(m, frame);
    }
    advance(m, cpu.cpu, TICK_NS);
  });
  counted(t, 'writeback');
}

export function reclaim(t: ProcessThread): void {
  t.cpu.kernel(() => reclaimPages(t.cpu.machine, t.cpu.cpu, RECLAIM_PAGES));
  counted(t, 'reclaim');
}
