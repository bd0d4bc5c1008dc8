import type { Batch } from '../../src/migration/batch.js';
import { EXTENT_PAGES, LRU_CHUNK, type Machine, SCALAR, TABLE_ENTRIES } from '../../src/sim/machine.js';
import { FIRST_FRAME, SWAP_SLOTS } from './tiny-machine.js';

const imul = Math.imul;

type Ranges = ReadonlyArray<readonly [from: number, to: number]>;

/** Elements `from` to `to` of a column, as words of the machine's buffer. */
function part(column: ArrayBufferView, from: number, to: number): readonly [from: number, to: number] {
  const width = column.byteLength / (column as Uint32Array).length;
  const start = column.byteOffset + from * width;
  const end = column.byteOffset + Math.min(to * width, column.byteLength);
  return [start >>> 2, (end + 3) >>> 2];
}

function whole(...columns: readonly ArrayBufferView[]): Ranges {
  return columns.map((column) => part(column, 0, (column as Uint32Array).length));
}

/** What can differ between two states of a world and decides what happens next. */
function hashedWords(m: Machine): Ranges {
  const leaves = Array.from({ length: m.leafSlots.length / EXTENT_PAGES }, (_, leaf) => leaf * EXTENT_PAGES);
  const tables = Array.from({ length: m.ptes.length / TABLE_ENTRIES }, (_, table) => table * TABLE_ENTRIES);
  const chunks = Array.from({ length: 8 }, (_, chunk) => chunk * LRU_CHUNK);
  return [
    ...[m.flags, m.count, m.mapcount, m.index, m.lruEpoch].map((column) => part(column, FIRST_FRAME, m.spec.nrPfns)),
    part(m.contents, FIRST_FRAME * m.contentWords, m.spec.nrPfns * m.contentWords),
    part(m.stored, 0, (SWAP_SLOTS + 8) * m.contentWords),
    part(m.storedNext, 0, SWAP_SLOTS + 8),
    ...whole(m.booked, m.blockState, m.managed, m.watermarkMin, m.watermarkLow, m.watermarkHigh),
    ...whole(m.migratetype, m.nrFree, m.nrIsolatedFree, m.freeHead, m.freeTail, m.freeBlocks),
    ...whole(m.pcpHead, m.pcpTail, m.pcpCount, m.pcpHigh, m.pcpFreed),
    ...chunks.map((at) => part(m.lruEntries, at, at + 32)),
    ...whole(m.lruChunkNext, m.lruFirst, m.lruLast, m.lruFirstAt, m.lruLastAt, m.lruLength, m.lruLimit),
    ...whole(m.lruFounders, m.lruFounderAt, m.lruGeneration, m.lruAdd, m.lruAddCount),
    ...whole(m.mapKind, m.mapBase, m.mapPages, m.mapCached, m.mapLinks, m.mapNonlinear, m.mapRoot, m.mapNext),
    ...whole(m.extentMapping, m.extentLeaf, m.extentDisk, m.leafNext),
    // Files of a world have two pages, and its processes four virtual ones at most: the first of a leaf or a table.
    ...leaves.map((at) => part(m.leafSlots, at, at + 4)),
    ...[m.linkVma, m.linkMapping, m.linkNext, m.linkVmaNext].map((column) => part(column, 0, 48)),
    ...whole(m.mmAlive, m.mmPgd, m.mmVmas, m.mmNext, m.tableFrame, m.tableNext),
    ...tables.flatMap((at) => [part(m.ptes, at, at + 1), part(m.ptes, at + 16, at + 24)]),
    ...whole(m.vmaMm, m.vmaStart, m.vmaPages, m.vmaOffset, m.vmaFile, m.vmaAnon, m.vmaFlags, m.vmaNext, m.vmaLinks),
    ...whole(m.swapMap, m.swapCache, m.swapChain, m.swapBucket, m.tlb),
    part(m.scalars, 0, SCALAR.pgscan),
  ];
}

/** What differs too: holds, which are hashed one by one, and counts by which nobody decides anything. */
function otherWords(m: Machine): Ranges {
  return [
    ...whole(m.holdPfn, m.holdKind, m.holdUntil, m.clock, m.pageblockUse),
    part(m.scalars, SCALAR.pgscan, m.scalars.length),
  ];
}

function joined(ranges: Ranges): Uint32Array {
  const words: number[] = [];
  for (const [from, to] of [...ranges].sort((a, b) => a[0] - b[0])) {
    const last = words.length - 1;
    if (last > 0 && from <= words[last]!) words[last] = Math.max(words[last]!, to);
    else words.push(from, to);
  }
  return Uint32Array.from(words);
}

/**
 * Names states by 53 bits of two independent 32-bit hashes, as one number. With n states two of them share a name with a
 * probability of about n² / 2^54: one in eighteen thousand for a million.
 */
export class StateKey {
  readonly #words: Uint32Array;
  readonly #inPlay: Uint32Array;
  #a = 0;
  #b = 0;

  readonly #all: Uint32Array;
  readonly #saved: Uint32Array;

  constructor(private readonly machine: Machine) {
    this.#words = new Uint32Array(machine.buffer);
    const hashed = hashedWords(machine);
    this.#inPlay = joined(hashed);
    this.#all = joined([...hashed, ...otherWords(machine)]);
    let length = 0;
    for (let range = 0; range < this.#all.length; range += 2) length += this.#all[range + 1]! - this.#all[range]!;
    this.#saved = new Uint32Array(length);
  }

  /** Keeps the machine as it is, until `putBack`. */
  save(): void {
    const words = this.#words;
    const all = this.#all;
    const saved = this.#saved;
    for (let range = 0, to = 0; range < all.length; range += 2)
      for (let at = all[range]!, end = all[range + 1]!; at < end; at++) saved[to++] = words[at]!;
  }

  putBack(): void {
    const words = this.#words;
    const all = this.#all;
    const saved = this.#saved;
    for (let range = 0, from = 0; range < all.length; range += 2)
      for (let at = all[range]!, end = all[range + 1]!; at < end; at++) words[at] = saved[from++]!;
  }

  begin(): void {
    this.#a = 0x811c9dc5;
    this.#b = 0x01000193;
  }

  /** Everything of the machine that can differ. */
  addMachine(): void {
    const words = this.#words;
    const inPlay = this.#inPlay;
    let a = this.#a;
    let b = this.#b;
    for (let range = 0; range < inPlay.length; range += 2) {
      for (let at = inPlay[range]!, end = inPlay[range + 1]!; at < end; at++) {
        const word = words[at]!;
        a = imul(a ^ word, 0x85ebca6b);
        a ^= a >>> 15;
        b = imul(b + word, 0xc2b2ae35);
        b ^= b >>> 13;
      }
    }
    this.#a = a;
    this.#b = b;
    this.#addHolds();
  }

  /** How long a hold lasts from now on counts, and not when it is. */
  #addHolds(): void {
    const { clock, holdKind, holdPfn, holdUntil, scalars } = this.machine;
    for (let at = 0; at < scalars[SCALAR.nrHolds]!; at++) {
      this.add((holdPfn[at]! << 2) | holdKind[at]!);
      const left = holdUntil[at]! - clock[0]!;
      this.add(Number.isFinite(left) ? left : -1);
    }
  }

  addWords(words: Uint32Array): void {
    for (let at = 0; at < words.length; at++) this.add(words[at]!);
  }

  /** What a migrator has in hand. */
  addBatch({ nrUnits, source, target, order, state, handler, outcome }: Batch): void {
    this.add(nrUnits);
    for (let unit = 0; unit < nrUnits; unit++) {
      this.add(source[unit]!);
      this.add(target[unit]!);
      this.add((order[unit]! << 16) | (state[unit]! << 8) | handler[unit]!);
      this.add(outcome[unit]!);
    }
  }

  add(word: number): void {
    let a = imul(this.#a ^ word, 0x85ebca6b);
    let b = imul(this.#b + word, 0xc2b2ae35);
    a ^= a >>> 15;
    b ^= b >>> 13;
    this.#a = a;
    this.#b = b;
  }

  get value(): number {
    return (this.#a >>> 11) * 2 ** 32 + (this.#b >>> 0);
  }

  /** The first word that differs and is none of those that may; -1 if none does, as it must be. */
  strayWord(base: Uint8Array): number {
    const all = this.#all;
    const before = new Uint32Array(base.buffer, base.byteOffset, base.byteLength >>> 2);
    for (let range = 0, at = 0; range <= all.length; range += 2) {
      const end = range < all.length ? all[range]! : before.length;
      for (; at < end; at++) if (this.#words[at] !== before[at]) return at;
      at = all[range + 1] ?? before.length;
    }
    return -1;
  }
}
