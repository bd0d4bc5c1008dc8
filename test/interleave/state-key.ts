import type { Batch } from '../../src/migration/migrate-batch.js';
import { LRU_CHUNK, type Machine, TABLE_ENTRIES } from '../../src/sim/machine.js';
import { FIRST_FRAME, SWAP_SLOTS } from './tiny-machine.js';

const imul = Math.imul;

/** Words of a machine that can differ between two states of a world, as [from, to) on its buffer. */
export function wordsInPlay(machine: Machine): Uint32Array {
  const ranges: Array<readonly [from: number, to: number]> = [];
  const part = (column: ArrayBufferView, from: number, to: number): void => {
    const width = column.byteLength / (column as Uint32Array).length;
    const start = column.byteOffset + from * width;
    const end = column.byteOffset + Math.min(to * width, column.byteLength);
    ranges.push([start >>> 2, (end + 3) >>> 2]);
  };
  const whole = (...columns: readonly ArrayBufferView[]): void => {
    for (const column of columns) part(column, 0, (column as Uint32Array).length);
  };
  const m = machine;
  for (const column of [m.flags, m.count, m.mapcount, m.index, m.lruEpoch]) part(column, FIRST_FRAME, m.spec.nrPfns);
  part(m.contents, FIRST_FRAME * m.contentWords, m.spec.nrPfns * m.contentWords);
  part(m.stored, 0, (SWAP_SLOTS + 8) * m.contentWords);
  part(m.storedNext, 0, SWAP_SLOTS + 8);
  whole(m.migratetype, m.nrFree, m.nrIsolatedFree, m.freeHead, m.freeTail, m.freeBlocks);
  whole(m.pcpHead, m.pcpTail, m.pcpCount, m.pcpHigh, m.pcpFreed);
  for (let chunk = 0; chunk < 8; chunk++) part(m.lruEntries, chunk * LRU_CHUNK, chunk * LRU_CHUNK + 32);
  whole(m.lruChunkNext, m.lruFirst, m.lruLast, m.lruFirstAt, m.lruLastAt, m.lruLength, m.lruLimit, m.lruGeneration);
  whole(m.lruAdd, m.lruAddCount);
  whole(m.mapKind, m.mapBase, m.mapPages, m.mapCached, m.mapLinks, m.mapNonlinear, m.mapRoot, m.mapNext);
  whole(m.extentMapping, m.extentLeaf, m.extentDisk);
  // Files of a world have two pages: the first slots of a leaf.
  for (let leaf = 0; leaf < m.leafSlots.length / 64; leaf++) part(m.leafSlots, leaf * 64, leaf * 64 + 4);
  whole(m.leafNext);
  for (const column of [m.linkVma, m.linkMapping, m.linkNext, m.linkVmaNext]) part(column, 0, 48);
  whole(m.mmAlive, m.mmPgd, m.mmVmas, m.mmNext, m.tableFrame, m.tableNext);
  for (let table = 0; table < m.ptes.length / TABLE_ENTRIES; table++) {
    part(m.ptes, table * TABLE_ENTRIES, table * TABLE_ENTRIES + 1);
    part(m.ptes, table * TABLE_ENTRIES + 16, table * TABLE_ENTRIES + 24);
  }
  whole(m.vmaMm, m.vmaStart, m.vmaPages, m.vmaOffset, m.vmaFile, m.vmaAnon, m.vmaFlags, m.vmaNext, m.vmaLinks);
  whole(m.swapMap, m.swapCache, m.swapChain, m.swapBucket, m.holdPfn, m.holdKind, m.holdUntil);
  whole(m.tlb, m.clock, m.scalars);
  return joined(ranges);
}

function joined(ranges: Array<readonly [from: number, to: number]>): Uint32Array {
  ranges.sort((a, b) => a[0] - b[0]);
  const words: number[] = [];
  for (const [from, to] of ranges) {
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

  constructor(machine: Machine) {
    this.#words = new Uint32Array(machine.buffer);
    this.#inPlay = wordsInPlay(machine);
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

  /** The first word outside of those that are hashed which differs; -1 if none does, as it must be. */
  strayWord(base: Uint8Array): number {
    const inPlay = this.#inPlay;
    const before = new Uint32Array(base.buffer, base.byteOffset, base.byteLength >>> 2);
    for (let range = 0, at = 0; range <= inPlay.length; range += 2) {
      const end = range < inPlay.length ? inPlay[range]! : before.length;
      for (; at < end; at++) if (this.#words[at] !== before[at]) return at;
      at = inPlay[range + 1] ?? before.length;
    }
    return -1;
  }
}
