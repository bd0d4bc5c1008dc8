import { expect } from '@jest/globals';
import { Prng } from '../../../src/base/prng.js';
import { PG_ANON, PG_HEAD, PG_LRU, PG_TAIL } from '../../../src/mm/page-flags.js';
import { readFilePage, writeFilePage } from '../../../src/sim/access.js';
import { createProcess, exitProcess, forkProcess } from '../../../src/sim/address-space.js';
import { createFile } from '../../../src/sim/files.js';
import { lockPage, pin } from '../../../src/sim/holds.js';
import { faultHugePage } from '../../../src/sim/huge-pages.js';
import type { Machine } from '../../../src/sim/machine.js';
import { pageout } from '../../../src/sim/pageout.js';
import { SimHost } from '../../../src/sim/sim-host.js';
import { anonProcess, fileProcess, get, mapInto, settle, smallMachine, zone } from '../sim/small-machine.js';
import { BLOCK, usedIn } from './offline-machines.js';
import { fillWithFile, freeFragments, setMarks } from './reclaim-machines.js';

const NR_BLOCKS = 6;
const FIRST_MOVABLE = 2;
const FILE_PAGES = 80;
const MS = 1e6;

/** Pages of a process that has nothing but them. */
interface Load {
  readonly crowd: number;
}

/**
 * 12 MiB with some of everything: memory that two processes share since a fork, compound pages, pages with swap slots,
 * and a file that is read, written, mapped, and has buffers.
 */
function loadedMachine({ crowd }: Load): Machine {
  const zones = [zone('Normal', 0, FIRST_MOVABLE * BLOCK), zone('Movable', FIRST_MOVABLE * BLOCK, NR_BLOCKS * BLOCK)];
  const capacity = { extents: 512, leaves: 512 };
  const m = smallMachine({ pages: NR_BLOCKS * BLOCK, blockPages: BLOCK, zones, swap: 1024, capacity });
  const shared = anonProcess(m, 60, 3);
  file(m);
  const gone = anonProcess(m, 90, 2);
  hugePages(m);
  anonProcess(m, crowd, 9);
  exitProcess(m, 0, gone.mm);
  forkProcess(m, 0, shared.mm);
  settle(m);
  const { swap } = new SimHost(m);
  const anonymous = basePages(m).filter((pfn) => (m.flags[pfn]! & PG_ANON) !== 0);
  for (let i = 0; i < 10; i++) expect(swap.add(anonymous[5 * i]!)).toBe(true);
  return m;
}

function file(m: Machine): void {
  const prng = new Prng(3);
  const id = createFile(m, FILE_PAGES);
  for (let page = 0; page < FILE_PAGES; page++) {
    if (prng.chance(0.3)) writeFilePage(m, 0, id, page, 5, page, prng.chance(0.5));
    else readFilePage(m, 0, id, page);
  }
  const mapped = fileProcess(m, id, 30);
  for (let page = 0; page < 30; page++) get(m, mapped.mm, mapped.start + page);
}

/** Four compound pages of eight. */
function hugePages(m: Machine): void {
  const { mm, start } = mapInto(m, createProcess(m, 0), 64);
  for (let vpn = Math.ceil(start / 8) * 8, nr = 0; nr < 4; nr++, vpn += 8)
    expect(faultHugePage(m, 0, mm, vpn, 3)).toBe(0);
}

/** Pages on the LRU that are no part of a larger one, ascending. */
function basePages(m: Machine): number[] {
  const pfns: number[] = [];
  for (let pfn = 0; pfn < m.spec.nrPfns; pfn++)
    if ((m.flags[pfn]! & (PG_LRU | PG_HEAD | PG_TAIL)) === PG_LRU) pfns.push(pfn);
  return pfns;
}

export const MOVABLE_BLOCKS = Array.from({ length: NR_BLOCKS - FIRST_MOVABLE }, (_, i) => i + FIRST_MOVABLE);

/** The two blocks of zone Movable that are fullest. */
export function busiestBlocks(m: Machine): number[] {
  return [...MOVABLE_BLOCKS].sort((a, b) => usedIn(m, b).length - usedIn(m, a).length).slice(0, 2);
}

/** Two pages of the fullest block are held by others, for a few passes of retries. */
export function offlineMachine(load: Load = { crowd: 600 }): Machine {
  const m = loadedMachine(load);
  const [fullest] = busiestBlocks(m);
  const inBlock = basePages(m).filter((pfn) => Math.floor(pfn / BLOCK) === fullest);
  pin(m, inBlock[0]!, m.clock[0]! + 2.5 * MS);
  expect(lockPage(m, inBlock[9]!, m.clock[0]! + 1.5 * MS)).toBe(true);
  return m;
}

/** The same, and its zone Movable is short of free pages, so that reclaim runs. */
export function pressedMachine(): Machine {
  const m = offlineMachine();
  setMarks(m, 1, m.nrFree[1]!);
  return m;
}

/** Memory is full but for single pages, three blocks of order 3 and one of order 4: whoever wants two more must move pages. */
export function fragmentedMachine(): Machine {
  const full = fillWithFile(loadedMachine({ crowd: 200 }));
  const { m } = full;
  freeFragments(full, 0, 150);
  freeFragments(full, 1, 40);
  let from = 3 * BLOCK;
  for (const size of [8, 8, 8, 16]) from = freeBlockOf(m, size, from);
  return m;
}

/** Gives up cached pages that make a block, with as many before it that could go too; returns where it ends. */
function freeBlockOf(m: Machine, size: number, from: number): number {
  const isCachedOnly = (pfn: number) => (m.flags[pfn]! & (PG_LRU | PG_ANON)) === PG_LRU && m.count[pfn] === 1;
  for (let start = from; ; start += 32) {
    const before = Array.from({ length: size }, (_, i) => start - size + i);
    const block = before.map((pfn) => pfn + size);
    if (![...before, ...block].every(isCachedOnly)) continue;
    for (const pfn of block) expect(pageout(m, 0, pfn)).toBe('freed');
    settle(m);
    return start + 32;
  }
}

/** The same, with its zones below their marks: kswapd has something to do. */
export function shortMachine(): Machine {
  const m = fragmentedMachine();
  for (const id of [0, 1]) setMarks(m, id, 28);
  return m;
}
