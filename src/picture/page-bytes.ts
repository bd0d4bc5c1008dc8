import {
  FREE_FLAGS,
  PG_BUDDY,
  PG_DIRTY,
  PG_ISOLATED,
  PG_LOCKED,
  PG_MLOCKED,
  PG_PCP,
  PG_UNEVICTABLE,
  PG_WRITEBACK,
} from '../mm/page-flags.js';
import type { PfnRange } from '../mm/pfn-range.js';
import type { Pfn } from '../mm/units.js';
import { KIND_FREE, kindOf, newCounts } from './page-kinds.js';

/**
 * What a map shows of a page, in a byte:  [ state:4 | kind:4 ]. The kind indexes PAGE_KINDS. A free page's state is the
 * order of the largest aligned free block that it is part of, or STATE_PCP; any other page's is one of the STATE_* below.
 */
export type PageByte = number;

/** Nothing to be said but what kind it is. */
export const STATE_PLAIN = 0;
export const STATE_DIRTY = 1;
export const STATE_WRITEBACK = 2;
/** Somebody has its lock. */
export const STATE_LOCKED = 3;
/** Reclaim must not take it: mlocked, or unevictable for another reason. */
export const STATE_UNEVICTABLE = 4;
/** Off its LRU list, in a migrator's hands. */
export const STATE_ISOLATED = 5;
/** It has come to stand here in the run that is shown. */
export const STATE_ARRIVED = 6;
/** It has refused in the run that is shown. */
export const STATE_REFUSED = 7;

/** State of a free page on a per-CPU list. Orders end at 10. */
export const STATE_PCP = 15;

export function byteOf(kind: number, state: number): PageByte {
  return (state << 4) | kind;
}

export function kindOfByte(byte: PageByte): number {
  return byte & 0x0f;
}

export function stateOfByte(byte: PageByte): number {
  return byte >>> 4;
}

/** Bytes of [start, end) into `bytes`, the page `start` at `at`. Free pages are given order 0; see `markFreeOrders`. */
export function writePageBytes(flags: Uint32Array, start: Pfn, end: Pfn, bytes: Uint8Array, at: number): void {
  const words = knownWords;
  const known = knownBytes;
  for (let pfn = start; pfn < end; pfn++) {
    const has = flags[pfn]!;
    const slot = Math.imul(has, GOLDEN) >>> SLOT_SHIFT;
    bytes[at + pfn - start] = words[slot] === has ? known[slot]! : learn(has, slot);
  }
}

/**
 * The same for memory in which zones have gaps between them: there is no memory, whatever its flags were left at. `bytes` is
 * all zero, as a fresh array is.
 */
export function writeMemoryBytes(
  flags: Uint32Array,
  zones: readonly PfnRange[],
  start: Pfn,
  end: Pfn,
  bytes: Uint8Array,
  at: number,
): void {
  for (const zone of zones) {
    const from = Math.max(start, zone.start);
    const to = Math.min(end, zone.end);
    if (from < to) writePageBytes(flags, from, to, bytes, at + from - start);
  }
}

/** Adds the pages of [start, end) to `counts`, by kind. */
export function countKinds(flags: Uint32Array, start: Pfn, end: Pfn, counts = newCounts()): Uint32Array {
  const words = knownWords;
  const known = knownBytes;
  for (let pfn = start; pfn < end; pfn++) {
    const has = flags[pfn]!;
    const slot = Math.imul(has, GOLDEN) >>> SLOT_SHIFT;
    const kind = (words[slot] === has ? known[slot]! : learn(has, slot)) & 0x0f;
    counts[kind] = counts[kind]! + 1;
  }
  return counts;
}

/*
 * Pages are many and what they look like is little: a word of flags that has been met is not taken apart again. A slot
 * forgets its word for the next that falls into it.
 */
const SLOT_SHIFT = 22;
const GOLDEN = 0x9e3779b1;
const knownWords = new Uint32Array(1 << (32 - SLOT_SHIFT));
/** Of no flags at all, which is what an empty slot stands for. */
const knownBytes = new Uint8Array(knownWords.length).fill(byteOf(kindOf(0), STATE_PLAIN));

/** Of a page with these flags; a free one is given order 0. */
export function byteOfFlags(flags: number): PageByte {
  return byteOf(kindOf(flags), stateOfFlags(flags));
}

function learn(flags: number, slot: number): PageByte {
  const byte = byteOfFlags(flags);
  knownWords[slot] = flags;
  knownBytes[slot] = byte;
  return byte;
}

/** The first that applies: what keeps a page where it is comes before what merely costs something. */
function stateOfFlags(flags: number): number {
  if ((flags & FREE_FLAGS) !== 0) return (flags & PG_PCP) !== 0 && (flags & PG_BUDDY) === 0 ? STATE_PCP : 0;
  if ((flags & PG_ISOLATED) !== 0) return STATE_ISOLATED;
  if ((flags & PG_LOCKED) !== 0) return STATE_LOCKED;
  if ((flags & PG_WRITEBACK) !== 0) return STATE_WRITEBACK;
  if ((flags & (PG_UNEVICTABLE | PG_MLOCKED)) !== 0) return STATE_UNEVICTABLE;
  return (flags & PG_DIRTY) !== 0 ? STATE_DIRTY : STATE_PLAIN;
}

/** True for a byte of a page that buddy has: its state is an order. */
export function isInBuddy(byte: PageByte): boolean {
  return kindOfByte(byte) === KIND_FREE && stateOfByte(byte) !== STATE_PCP;
}
