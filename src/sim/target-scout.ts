import { touchWords } from '../base/gather.js';
import type { Migratetype } from '../mm/migratetype.js';
import { PG_BUDDY } from '../mm/page-flags.js';
import { freeListAt } from './buddy.js';
import type { Machine } from './machine.js';
import { freeListType } from './pageblocks.js';

/**
 * Which single free pages come next. A free list is followed link by link, and where its pages lie all over memory each
 * link is a line that nothing could ask for earlier: following it is most of what a target costs. So when a list has been
 * followed for a while, it is read from many of its pages at once, each up to the next one of them, and what was read is put
 * together: from then on links are asked for many at a time. It is a hint, never believed: the list is what it is.
 */
export interface Scout {
  /** The list that was read, or is being followed; -1 for none. */
  list: number;
  /** Pages taken from it one link after the other since then. */
  followed: number;
  /** Its pages, the next one at `at`. */
  pages: Uint32Array;
  at: number;
  /** What was read ahead, kept so that no compiler leaves the reading out. */
  touched: number;
}

export function createScout(): Scout {
  return { list: -1, followed: 0, pages: NONE, at: 0, touched: 0 };
}

const NONE = new Uint32Array();
const imul = Math.imul;

/** Shorter lists are in the caches when they have been followed twice; longer ones take too much memory. */
const LENGTH_MIN = 2 ** 15;
const LENGTH_MAX = 2 ** 23;
/** A link that nothing asked for costs about as much as so many that are asked for together. */
const WORTH = 12;
/** Pages are far apart when they are on lines of different parts of memory. */
const FAR = 2 ** 12;

/** Asks for the links of the next pages, at most so many, if it is known which they are. */
export function lookAhead(m: Machine, scout: Scout, zone: number, type: Migratetype, most: number): void {
  const list = freeListAt(zone, type, 0);
  const head = m.freeHead[list]! - 1;
  if (scout.list !== list) forget(scout, list);
  const isKnown = scout.at < scout.pages.length && scout.pages[scout.at] === head;
  if (!isKnown) {
    if (scout.pages.length !== 0) forget(scout, list);
    const length = m.freeBlocks[list]!;
    if (length < LENGTH_MIN || length > LENGTH_MAX || scout.followed * WORTH < length) return;
    scout.followed = 0;
    scout.at = 0;
    scout.pages = readList(m, zone, type, list);
  }
  const { pages, at } = scout;
  scout.touched = touchWords(m.index, pages, at, Math.min(at + most, pages.length));
}

/** These pages have been taken off the list. */
export function hasTaken(scout: Scout, taken: Uint32Array, from: number, to: number): void {
  if (scout.pages.length !== 0) {
    scout.at += to - from;
    return;
  }
  for (let i = from + 1; i < to; i++) if (Math.abs(taken[i]! - taken[i - 1]!) > FAR) scout.followed++;
}

function forget(scout: Scout, list: number): void {
  scout.list = list;
  scout.followed = 0;
  scout.pages = NONE;
  scout.at = 0;
}

/** Chains that are followed at a time, so many steps before it is looked where they have got to; and all chains. */
const LANES = 16;
const STEPS = 256;
const CHAINS = 256;
const TRIES = CHAINS * 16;
const SLOT_BITS = 13;

/** Pages of the list from which it is read, and what has come of each: links, as they stand in `index`. */
interface Chains {
  /** The link to its first page; the first chain is the head's. */
  readonly starts: number[];
  /** By hash of a link: 1 + the chain that begins there. */
  readonly chainAt: Uint16Array;
  /** The chain that begins where this one ends, -1 if none does. */
  readonly next: Int32Array;
  readonly lengths: Uint32Array;
  /** Where its links stand in what was read: STEPS of them from each of these on, every LANES-th word. */
  readonly pieces: number[][];
}

/** All pages of a list of single pages, in its order. */
function readList(m: Machine, zone: number, type: Migratetype, list: number): Uint32Array {
  const chains = chainsOf(m, zone, type, m.freeHead[list]!);
  const read = readChains(m.index, chains, m.freeBlocks[list]!);
  return inOrder(chains, read, m.freeBlocks[list]!);
}

function slotOf(link: number): number {
  return imul(link, 0x9e3779b1) >>> (32 - SLOT_BITS);
}

/** The head's chain, and those of pages that are found on the list by looking about in its zone. */
function chainsOf(m: Machine, zone: number, type: Migratetype, head: number): Chains {
  const { flags, mapcount } = m;
  const { start, end } = m.spec.zones[zone]!;
  const starts = [head];
  const chainAt = new Uint16Array(1 << SLOT_BITS);
  chainAt[slotOf(head)] = 1;
  for (let i = 1; i < TRIES && starts.length < CHAINS; i++) {
    const pfn = start + Math.floor(((imul(i, 0x9e3779b1) >>> 0) / 2 ** 32) * (end - start));
    if ((flags[pfn]! & PG_BUDDY) === 0 || mapcount[pfn] !== 1 || freeListType(m, pfn) !== type) continue;
    if (chainAt[slotOf(pfn + 1)] !== 0) continue;
    starts.push(pfn + 1);
    chainAt[slotOf(pfn + 1)] = starts.length;
  }
  const nr = starts.length;
  return {
    starts,
    chainAt,
    next: new Int32Array(nr).fill(-1),
    lengths: new Uint32Array(nr),
    pieces: starts.map(() => []),
  };
}

/** Follows all chains, some at a time, each until another one begins or the list ends. */
function readChains(index: Uint32Array, chains: Chains, length: number): Uint32Array {
  const { starts, pieces, lengths } = chains;
  const read = new Uint32Array(2 * (length + CHAINS * STEPS));
  const links = new Uint32Array(LANES);
  const chain = new Int32Array(LANES).fill(-1);
  let nrBegun = 0;
  let nrUnderWay = 0;
  for (let at = 0; at + LANES * STEPS <= read.length; at += LANES * STEPS) {
    for (let lane = 0; lane < LANES && nrBegun < starts.length; lane++) {
      if (chain[lane]! >= 0) continue;
      links[lane] = starts[nrBegun]!;
      chain[lane] = nrBegun++;
      nrUnderWay++;
    }
    if (nrUnderWay === 0) break;
    follow(index, links, read, at);
    for (let lane = 0; lane < LANES; lane++) {
      const its = chain[lane]!;
      if (its < 0) continue;
      const nr = stepsOf(chains, its, read, at + lane);
      pieces[its]!.push(at + lane);
      lengths[its] = lengths[its]! + nr;
      if (nr === STEPS) continue;
      chain[lane] = -1;
      links[lane] = 0;
      nrUnderWay--;
    }
  }
  return read;
}

/** Writes down so many links of each lane: nothing else, so that all lanes' lines are on their way at a time. */
function follow(index: Uint32Array, links: Uint32Array, read: Uint32Array, from: number): void {
  for (let at = from, end = from + LANES * STEPS; at < end; at += LANES) {
    for (let lane = 0; lane < LANES; lane++) {
      const link = links[lane]!;
      read[at + lane] = link;
      if (link !== 0) links[lane] = index[link - 1]!;
    }
  }
}

/** How many of the links are the chain's own: it ends where another one begins. */
function stepsOf({ starts, chainAt, next, lengths }: Chains, its: number, read: Uint32Array, from: number): number {
  for (let step = 0; step < STEPS; step++) {
    const link = read[from + step * LANES]!;
    if (link === 0) return step;
    const begins = chainAt[slotOf(link)]!;
    if (begins === 0 || starts[begins - 1] !== link || (step === 0 && lengths[its] === 0)) continue;
    next[its] = begins - 1;
    return step;
  }
  return STEPS;
}

/** The pages that the chains have read, from the head's on, as far as one goes on in the next. */
function inOrder({ pieces, lengths, next }: Chains, read: Uint32Array, most: number): Uint32Array {
  const pages = new Uint32Array(most);
  let nr = 0;
  for (let chain = 0; chain >= 0 && nr + lengths[chain]! <= most; chain = next[chain]!) {
    if (lengths[chain] === 0) break;
    let left = lengths[chain]!;
    for (const piece of pieces[chain]!) {
      for (let step = 0; step < STEPS && left > 0; step++, left--) pages[nr++] = read[piece + step * LANES]! - 1;
    }
  }
  return pages.subarray(0, nr);
}
