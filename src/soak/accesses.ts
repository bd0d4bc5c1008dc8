import { isPresent, ptePayload } from '../mm/pte.js';
import { ACCESS_FAULT, ACCESS_NO_MEMORY, ACCESS_OK, type Access } from '../sim/access.js';
import { pteOf } from '../sim/page-tables.js';
import { isNotBefore, writerOf } from './ledger.js';
import { type Area, FIRST_VPN, firstRow } from './shape.js';
import { countOutOfMemory, type ProcessThread } from './thread.js';
import { wordOf } from './words.js';
import { FoundWrong } from './wrong-word.js';

/** Accesses in one go; most of them to a few pages, as those of programs are, so that TLBs have something to hold. */
const BURST = 512;
const WINDOW_PAGES = 8;
/** Pages around which processes that never write are read. */
const RESIDENT_PAGES = 32;

/** Reads and writes of a thread, each word compared with the ledger. They return false when memory is gone. */
export interface Accesses {
  /** Memory of a process that nobody else writes: a word reads exactly what was last written. */
  own(slot: number, area: 'private' | 'library'): boolean;
  /** Memory that all threads share: a word never goes back, and is never ahead of its writer. */
  shared(mm: number, area: 'common' | 'file' | 'shmem'): boolean;
  /** The thread's file, of which there may be less every time. */
  temp(mm: number): boolean;
  /** Pages of processes that never write. */
  residents(): boolean;
  /** Finds out whether the word was written at which an earlier thread in this one's place was ended. */
  settle(mm: number, area: Area, page: number, word: number, at: number): boolean;
}

/** What all kinds of accesses need. */
interface Tools {
  readonly t: ProcessThread;
  /**
   * Announces the next sequence, stores and notes it: a thread that ends in between has left word of what it was about.
   * Others read the announcement and the note while they read the word.
   */
  write(mm: number, vpn: number, word: number, at: number): Access;
  count(nrLoads: number, nrStores: number): void;
  /** Memory is gone; so many accesses were made before. */
  gone(accesses: number, nrStores: number): false;
  wrong(area: Area, mm: number, page: number, word: number, at: number, found: number): never;
}

export function createAccesses(t: ProcessThread): Accesses {
  const tools = createTools(t);
  return {
    own: ownAccesses(tools),
    shared: sharedAccesses(tools),
    temp: tempAccesses(tools),
    residents: residentReads(tools),
    settle: settling(tools),
  };
}

function createTools(t: ProcessThread): Tools {
  const { cpu, ledger, counters, thread } = t;
  const { store } = cpu;
  const { expected, issued, underWay } = ledger;
  const { loads, stores, checked } = counters;

  function count(nrLoads: number, nrStores: number): void {
    loads[thread] = loads[thread]! + nrLoads;
    stores[thread] = stores[thread]! + nrStores;
    checked[thread] = checked[thread]! + nrLoads;
  }

  return {
    t,
    count,
    write(mm, vpn, word, at) {
      const value = (issued[thread]! + 1) >>> 0;
      Atomics.store(issued, thread, value);
      underWay[thread] = at + 1;
      const access = store(mm, vpn, word, value);
      if (access === ACCESS_OK) Atomics.store(expected, at, value);
      underWay[thread] = 0;
      return access;
    },
    gone(accesses, nrStores) {
      count(accesses - nrStores, nrStores);
      countOutOfMemory(t);
      return false;
    },
    wrong(area, mm, page, word, at, found) {
      const whose = `${area} memory of process ${mm}, read by thread ${thread}`;
      const vpn = FIRST_VPN[area] + page;
      throw new FoundWrong({ whose, mm, page: vpn, word, expected: expected[at]!, found, frame: frameOf(t, mm, vpn) });
    },
  };
}

function frameOf({ cpu }: ProcessThread, mm: number, vpn: number): number | null {
  const pte = pteOf(cpu.machine, mm, vpn);
  return isPresent(pte) ? ptePayload(pte) : null;
}

function ownAccesses({ t, write, count, gone, wrong }: Tools): Accesses['own'] {
  const { ledger, prng } = t;
  const { load } = t.cpu;
  const { shape, expected } = ledger;
  const { words } = shape;
  return (slot, area) => {
    const mm = ledger.slotMm[slot]!;
    const pages = area === 'private' ? shape.privatePages : shape.libraryPages;
    const row = firstRow(shape, area, slot);
    const vpn = FIRST_VPN[area];
    const writes = area === 'private' ? 0x8000_0000 : 0x1000_0000;
    const window = prng.below(pages);
    let nrStores = 0;
    for (let i = 0; i < BURST; i++) {
      const chance = prng.uint32();
      const page = (window + (chance % WINDOW_PAGES)) % pages;
      const word = (chance >>> 8) % words;
      const at = (row + page) * words + word;
      if (prng.uint32() < writes) {
        if (write(mm, vpn + page, word, at) !== ACCESS_OK) return gone(i, nrStores);
        nrStores++;
        continue;
      }
      const found = load(mm, vpn + page, word);
      if (found === expected[at]) continue;
      if (found === -ACCESS_NO_MEMORY) return gone(i, nrStores);
      wrong(area, mm, page, word, at, found);
    }
    count(BURST - nrStores, nrStores);
    return true;
  };
}

function sharedAccesses({ t, write, count, gone, wrong }: Tools): Accesses['shared'] {
  const { ledger, prng, thread } = t;
  const { load } = t.cpu;
  const { shape, expected, issued } = ledger;
  const { words, sharedPages } = shape;
  return (mm, area) => {
    const row = firstRow(shape, area);
    const vpn = FIRST_VPN[area];
    const window = prng.below(sharedPages);
    let nrStores = 0;
    for (let i = 0; i < BURST; i++) {
      const chance = prng.uint32();
      const page = (window + (chance % WINDOW_PAGES)) % sharedPages;
      const word = (chance >>> 8) % words;
      const at = (row + page) * words + word;
      const writer = writerOf(shape, at);
      if (writer === thread && (chance & 0x8000_0000) !== 0) {
        if (write(mm, vpn + page, word, at) !== ACCESS_OK) return gone(i, nrStores);
        nrStores++;
        continue;
      }
      const before = Atomics.load(expected, at);
      const found = load(mm, vpn + page, word);
      if (found === -ACCESS_NO_MEMORY) return gone(i, nrStores);
      if (found < 0 || !isNotBefore(found, before) || !isNotBefore(Atomics.load(issued, writer), found))
        wrong(area, mm, page, word, at, found);
    }
    count(BURST - nrStores, nrStores);
    return true;
  };
}

function tempAccesses({ t, write, count, gone, wrong }: Tools): Accesses['temp'] {
  const { ledger, prng, thread } = t;
  const { load } = t.cpu;
  const { shape, expected, tempLength } = ledger;
  const { words, tempPages } = shape;
  const row = firstRow(shape, 'temp', thread);
  const vpn = FIRST_VPN.temp;
  return (mm) => {
    let nrStores = 0;
    for (let i = 0; i < BURST; i++) {
      const page = prng.below(tempPages);
      const word = prng.below(words);
      const at = (row + page) * words + word;
      const isThere = page < tempLength[thread]!;
      if (isThere && prng.chance(0.5)) {
        if (write(mm, vpn + page, word, at) !== ACCESS_OK) return gone(i, nrStores);
        nrStores++;
        continue;
      }
      const found = load(mm, vpn + page, word);
      if (found === -ACCESS_NO_MEMORY) return gone(i, nrStores);
      // Beyond the end of the file there is nothing: SIGBUS.
      if (found !== (isThere ? expected[at] : -ACCESS_FAULT)) wrong('temp', mm, page, word, at, found);
    }
    count(BURST - nrStores, nrStores);
    return true;
  };
}

function residentReads({ t, count, gone }: Tools): Accesses['residents'] {
  const { prng, residents, thread } = t;
  const { load } = t.cpu;
  const { words } = t.ledger.shape;
  const { mm, vpn, lo, hi } = residents;
  return () => {
    if (mm.length === 0) return true;
    const window = prng.below(mm.length);
    for (let i = 0; i < BURST; i++) {
      const chance = prng.uint32();
      const at = (window + (chance % RESIDENT_PAGES)) % mm.length;
      const word = (chance >>> 8) % words;
      const found = load(mm[at]!, vpn[at]!, word);
      const expected = wordOf(lo[at]!, hi[at]!, word);
      if (found === expected) continue;
      if (found === -ACCESS_NO_MEMORY) return gone(i, 0);
      const whose = `process ${mm[at]}, which never writes, read by thread ${thread}`;
      const frame = frameOf(t, mm[at]!, vpn[at]!);
      throw new FoundWrong({ whose, mm: mm[at]!, page: vpn[at]!, word, expected, found, frame });
    }
    count(BURST, 0);
    return true;
  };
}

function settling({ t, wrong }: Tools): Accesses['settle'] {
  const { cpu, ledger, thread } = t;
  const { expected, issued, underWay } = ledger;
  return (mm, area, page, word, at) => {
    const found = cpu.load(mm, FIRST_VPN[area] + page, word);
    if (found === -ACCESS_NO_MEMORY) return false;
    if (found !== expected[at] && found !== issued[thread]) wrong(area, mm, page, word, at, found);
    Atomics.store(expected, at, found);
    underWay[thread] = 0;
    return true;
  };
}
