import { assert } from '../base/assert.js';
import { touchBytes, touchWords } from '../base/gather.js';
import {
  PG_ACTIVE,
  PG_ISOLATED,
  PG_LRU,
  PG_MOVABLE_OPS,
  PG_SWAPBACKED,
  PG_UNEVICTABLE,
  PG_WRITEBACK,
} from '../mm/page-flags.js';
import { PAGEBLOCK_ORDER, PAGEBLOCK_PAGES, type Pfn } from '../mm/units.js';
import { LRU_ADD_BATCH, LRU_CHUNK, LRU_LISTS_PER_NODE, type Machine, NO_ZONE, SCALAR } from './machine.js';
import { getPage } from './page-ref.js';
import { nodeOf } from './pageblocks.js';
import { returnToPool, takeFromPool } from './pool.js';

/**
 * LRU lists, mm/vmscan.c: per node active and inactive, for anonymous and file pages. The unevictable "list" is a flag
 * only, as in Linux since 5.18, for nobody ever scans it.
 *
 * A list is a queue of words [epoch:4 | pfn:28]; a page's `lruEpoch` is the epoch of its one valid entry. Taking a page
 * off its list is clearing PG_LRU, putting it back is setting it again: the entry has kept the page's place. So
 * isolation costs one store, undo is exact, and neighbours are never touched. Entries that no longer hold are dropped
 * when the queue is read, or when they outnumber a quarter of it.
 *
 * Pages that a machine is populated with have no entries at all: they are the oldest of their lists, in the order of their
 * pfns. Such a founder is known by its epoch, 0, which nobody gets who is placed. `lruFounderAt` says where those begin that
 * a list still has, and `lruFounders` how many they are at most.
 */
export const LRU_INACTIVE_FILE = 0;
export const LRU_ACTIVE_FILE = 1;
export const LRU_INACTIVE_ANON = 2;
export const LRU_ACTIVE_ANON = 3;

export const LRU_EPOCH_SHIFT = 28;
const PAYLOAD = 0x0fff_ffff;
export const PLACEMENT_BITS = 3;
export const LAST_PLACEMENT = 7;
const FOUNDER_EPOCH = 0;

/** The list of its node on which a page with these flags belongs; -1 for unevictable. */
export function lruListOf(flags: number): number {
  if ((flags & PG_UNEVICTABLE) !== 0) return -1;
  return ((flags & PG_ACTIVE) !== 0 ? 1 : 0) + ((flags & PG_SWAPBACKED) !== 0 ? 2 : 0);
}

/**
 * Gives the page a new place, at the young end of the list that its flags name. It is on the list once PG_LRU is set.
 *
 * An epoch is [generation:1 | placement:3]. The generation is the node's: when a page has used up its eight placements,
 * the node's queues are swept of everything stale and the other generation begins, in which every page may be placed
 * eight times again before it could meet an entry of its own.
 */
export function placeOnLru(m: Machine, pfn: Pfn): void {
  const node = nodeOf(m, pfn);
  const old = m.lruEpoch[pfn]!;
  const sameGeneration = old >>> PLACEMENT_BITS === m.lruGeneration[node];
  let placement = sameGeneration ? (old & LAST_PLACEMENT) + 1 : 0;
  if (placement > LAST_PLACEMENT) {
    beginGeneration(m, node);
    placement = 0;
  }
  const epoch = Math.max((m.lruGeneration[node]! << PLACEMENT_BITS) | placement, FOUNDER_EPOCH + 1);
  m.lruEpoch[pfn] = epoch;
  const kind = lruListOf(m.flags[pfn]!);
  if (kind < 0) return;
  const list = node * LRU_LISTS_PER_NODE + kind;
  if (m.lruLength[list]! >= Math.max(m.lruLimit[list]!, LRU_CHUNK)) dropStale(m, list);
  sweepWhenShort(m);
  appendToLru(m, list, ((epoch << LRU_EPOCH_SHIFT) | pfn) >>> 0);
}

function beginGeneration(m: Machine, node: number): void {
  for (let list = node * LRU_LISTS_PER_NODE; list < (node + 1) * LRU_LISTS_PER_NODE; list++) dropStale(m, list);
  m.lruGeneration[node] = m.lruGeneration[node]! ^ 1;
}

/** Sweeps every queue: what a machine that has just been built leaves behind of its making. */
export function sweepLru(m: Machine): void {
  for (let list = 0; list < m.lruLength.length; list++) dropStale(m, list);
}

/** Every list may keep an old entry of every page; when chunks run short, all are swept. */
function sweepWhenShort(m: Machine): void {
  const left = m.lruChunkNext.length - 1 - m.scalars[SCALAR.lruChunkFill]!;
  if (left > m.lruLength.length * 2 || m.scalars[SCALAR.lruChunkFree] !== 0) return;
  sweepLru(m);
}

/** An entry at the young end of a queue. */
export function appendToLru(m: Machine, list: number, entry: number): void {
  let chunk = m.lruLast[list]!;
  if (chunk === 0 || m.lruLastAt[list] === LRU_CHUNK) {
    const fresh = takeFromPool(m, m.lruChunkNext, SCALAR.lruChunkFree, SCALAR.lruChunkFill, 'LRU chunks');
    m.lruChunkNext[fresh] = 0;
    if (chunk === 0) {
      m.lruFirst[list] = fresh;
      m.lruFirstAt[list] = 0;
    } else m.lruChunkNext[chunk] = fresh;
    m.lruLast[list] = fresh;
    m.lruLastAt[list] = 0;
    chunk = fresh;
  }
  m.lruEntries[chunk * LRU_CHUNK + m.lruLastAt[list]!] = entry;
  m.lruLastAt[list] = m.lruLastAt[list]! + 1;
  m.lruLength[list] = m.lruLength[list]! + 1;
}

function shift(m: Machine, list: number): number {
  const chunk = m.lruFirst[list]!;
  const entry = m.lruEntries[chunk * LRU_CHUNK + m.lruFirstAt[list]!]!;
  m.lruFirstAt[list] = m.lruFirstAt[list]! + 1;
  m.lruLength[list] = m.lruLength[list]! - 1;
  if (m.lruLength[list] === 0 || m.lruFirstAt[list] === LRU_CHUNK) {
    const next = m.lruChunkNext[chunk]!;
    returnToPool(m, m.lruChunkNext, SCALAR.lruChunkFree, chunk);
    m.lruFirst[list] = next;
    m.lruFirstAt[list] = 0;
    if (next === 0) {
      m.lruLast[list] = 0;
      m.lruLastAt[list] = 0;
    }
  }
  return entry;
}

function holds(m: Machine, entry: number, kind: number): boolean {
  const pfn = entry & PAYLOAD;
  const flags = m.flags[pfn]!;
  return (
    (flags & (PG_LRU | PG_ISOLATED)) !== 0 && m.lruEpoch[pfn] === entry >>> LRU_EPOCH_SHIFT && lruListOf(flags) === kind
  );
}

/** Sweeps a queue: what holds stays, in its order, and moves up chunk by chunk. */
function dropStale(m: Machine, list: number): void {
  const { lruEntries, lruChunkNext } = m;
  const kind = list % LRU_LISTS_PER_NODE;
  let from = m.lruFirst[list]!;
  let at = m.lruFirstAt[list]!;
  let to = from;
  let end = at;
  let kept = 0;
  for (let left = m.lruLength[list]!; left > 0; ) {
    const next = Math.min(LRU_CHUNK, at + left);
    touchPages(m, from * LRU_CHUNK + at, from * LRU_CHUNK + next);
    left -= next - at;
    for (; at < next; at++) {
      const entry = lruEntries[from * LRU_CHUNK + at]!;
      if (!holds(m, entry, kind)) continue;
      if (end === LRU_CHUNK) {
        to = lruChunkNext[to]!;
        end = 0;
      }
      lruEntries[to * LRU_CHUNK + end++] = entry;
      kept++;
    }
    from = lruChunkNext[from]!;
    at = 0;
  }
  if (to !== 0) endAt(m, list, kept === 0 ? 0 : to, end);
  m.lruLength[list] = kept;
  setLimit(m, list);
}

/** The next sweep comes when what a list has, founders included, has grown by a quarter. */
function setLimit(m: Machine, list: number): void {
  const kept = m.lruLength[list]!;
  m.lruLimit[list] = kept + ((kept + m.lruFounders[list]!) >>> 2) + LRU_CHUNK;
}

/** Reads what a sweep asks of the pages of some entries, at most a chunk: it lies anywhere, and so many lines come at a time. */
function touchPages({ lruEntries, flags, lruEpoch }: Machine, start: number, end: number): void {
  for (let i = start; i < end; i++) pagesOfChunk[i - start] = lruEntries[i]! & PAYLOAD;
  touched[0] = touchWords(flags, pagesOfChunk, 0, end - start) ^ touchBytes(lruEpoch, pagesOfChunk, 0, end - start);
}

const pagesOfChunk = new Uint32Array(LRU_CHUNK);
/** What was read for nothing else, so that it is read. */
const touched = new Uint32Array(1);

/** A queue ends within this chunk from now on, or (0) has no chunks; the rest are free again. */
function endAt(m: Machine, list: number, last: number, lastAt: number): void {
  let chunk = last === 0 ? m.lruFirst[list]! : m.lruChunkNext[last]!;
  if (last === 0) {
    m.lruFirst[list] = 0;
    m.lruFirstAt[list] = 0;
  } else m.lruChunkNext[last] = 0;
  m.lruLast[list] = last;
  m.lruLastAt[list] = last === 0 ? 0 : lastAt;
  while (chunk !== 0) {
    const next = m.lruChunkNext[chunk]!;
    returnToPool(m, m.lruChunkNext, SCALAR.lruChunkFree, chunk);
    chunk = next;
  }
}

/** So many pages, of epoch 0 and with PG_LRU, are on the list from now on, older than all others. Before anything has run. */
export function addFounders(m: Machine, node: number, kind: number, nr: number): void {
  const list = node * LRU_LISTS_PER_NODE + kind;
  assert(m.lruFounderAt[list] === 0, 'a machine is populated before anybody reads its LRU lists');
  m.lruFounders[list] = m.lruFounders[list]! + nr;
  setLimit(m, list);
}

/** The first founder that a list has at `from` or above; the end of memory if there is none. */
export function founderFrom(m: Machine, list: number, from: Pfn, inZone = -1): Pfn {
  const { flags, lruEpoch, zoneOfPageblock } = m;
  const node = Math.floor(list / LRU_LISTS_PER_NODE);
  const kind = list % LRU_LISTS_PER_NODE;
  const end = m.lruFounders[list] === 0 ? from : m.spec.nrPfns;
  for (let pfn = from; pfn < end; ) {
    const zone = zoneOfPageblock[pfn >>> PAGEBLOCK_ORDER]!;
    const next = (pfn | (PAGEBLOCK_PAGES - 1)) + 1;
    const isOurs = inZone < 0 ? zone !== NO_ZONE && m.spec.zones[zone]!.node === node : zone === inZone;
    if (isOurs)
      for (; pfn < next && pfn < end; pfn++)
        if (lruEpoch[pfn] === FOUNDER_EPOCH && isListed(flags[pfn]!) && lruListOf(flags[pfn]!) === kind) return pfn;
    pfn = next;
  }
  return m.spec.nrPfns;
}

/** On its list, or on the way of somebody who has isolated it; a driver's page never is. */
function isListed(flags: number): boolean {
  return (flags & PG_LRU) !== 0 || (flags & (PG_ISOLATED | PG_MOVABLE_OPS)) === PG_ISOLATED;
}

/** Takes the oldest founder off its list. */
function shiftFounder(m: Machine, list: number): Pfn {
  const pfn = founderFrom(m, list, m.lruFounderAt[list]!);
  if (pfn === m.spec.nrPfns) {
    m.lruFounders[list] = 0;
    return -1;
  }
  m.lruFounderAt[list] = pfn + 1;
  m.lruFounders[list] = m.lruFounders[list]! - 1;
  return pfn;
}

function takeOffLru(m: Machine, pfn: Pfn): Pfn {
  m.flags[pfn] = (m.flags[pfn]! & ~PG_LRU) | PG_ISOLATED;
  getPage(m, pfn);
  return pfn;
}

/**
 * The oldest page of a list, taken off it with a reference (isolate_lru_pages); -1 when the list is empty.
 * A page that somebody else has isolated goes to the young end, where Linux would put it back.
 */
export function takeOldest(m: Machine, node: number, kind: number): Pfn {
  const list = node * LRU_LISTS_PER_NODE + kind;
  const nrEntries = m.lruLength[list]!;
  while (m.lruFounders[list] !== 0) {
    const pfn = shiftFounder(m, list);
    if (pfn < 0) break;
    if ((m.flags[pfn]! & PG_LRU) !== 0) return takeOffLru(m, pfn);
    appendToLru(m, list, pfn);
  }
  for (let left = nrEntries; left > 0; left--) {
    const entry = shift(m, list);
    if (!holds(m, entry, kind)) continue;
    const pfn = entry & PAYLOAD;
    if ((m.flags[pfn]! & PG_LRU) !== 0) return takeOffLru(m, pfn);
    appendToLru(m, list, entry);
  }
  return -1;
}

/**
 * The oldest pages of a list that lie in one zone, oldest first, at most so many. All stay in their places, so that a
 * zone's pages age by themselves, as on the lists by zone of 2004. One under writeback is passed over: its place makes it
 * the first choice when the write has ended (rotate_reclaimable_page).
 */
export function oldestPages(m: Machine, node: number, kind: number, zone: number, most: number): Uint32Array {
  const list = node * LRU_LISTS_PER_NODE + kind;
  const { flags, lruEntries, lruChunkNext, zoneOfPageblock } = m;
  const found = new Uint32Array(Math.min(most, lruLengthOf(m, node, kind)));
  let nr = 0;
  const end = m.spec.nrPfns;
  for (let pfn = founderFrom(m, list, m.lruFounderAt[list]!, zone); pfn < end && nr < found.length; ) {
    if ((flags[pfn]! & (PG_LRU | PG_WRITEBACK)) === PG_LRU) found[nr++] = pfn;
    pfn = founderFrom(m, list, pfn + 1, zone);
  }
  let chunk = m.lruFirst[list]!;
  let at = m.lruFirstAt[list]!;
  for (let left = m.lruLength[list]!; left > 0 && nr < found.length; left--) {
    const entry = lruEntries[chunk * LRU_CHUNK + at]!;
    if (++at === LRU_CHUNK) {
      chunk = lruChunkNext[chunk]!;
      at = 0;
    }
    const pfn = entry & PAYLOAD;
    if (zoneOfPageblock[pfn >>> PAGEBLOCK_ORDER] !== zone || (flags[pfn]! & (PG_LRU | PG_WRITEBACK)) !== PG_LRU)
      continue;
    if (holds(m, entry, kind)) found[nr++] = pfn;
  }
  return found.subarray(0, nr);
}

/** Drops what is stale at the old end, where reclaim has been, so that the length says how much is left. */
export function dropStaleOldest(m: Machine, node: number, kind: number): void {
  const list = node * LRU_LISTS_PER_NODE + kind;
  if (m.lruFounders[list] !== 0) {
    m.lruFounderAt[list] = founderFrom(m, list, m.lruFounderAt[list]!);
    if (m.lruFounderAt[list] !== m.spec.nrPfns) return;
    m.lruFounders[list] = 0;
  }
  while (m.lruLength[list] !== 0) {
    const oldest = m.lruEntries[m.lruFirst[list]! * LRU_CHUNK + m.lruFirstAt[list]!]!;
    if (holds(m, oldest, kind)) return;
    shift(m, list);
  }
}

/** Pages that a list has, and perhaps some that it has no more: entries are counted whether valid or not, so are founders. */
export function lruLengthOf(m: Machine, node: number, kind: number): number {
  const list = node * LRU_LISTS_PER_NODE + kind;
  return m.lruFounders[list]! + m.lruLength[list]!;
}

/** Changes flags that decide the list of a page, and moves it to the young end of the new one. */
export function changeLruFlags(m: Machine, pfn: Pfn, set: number, clear: number): void {
  const before = lruListOf(m.flags[pfn]!);
  m.flags[pfn] = (m.flags[pfn]! & ~clear) | set;
  if (lruListOf(m.flags[pfn]!) !== before) placeOnLru(m, pfn);
}

/**
 * A new page on its way to the LRU: it waits in the CPU's batch, which holds a reference (folio_add_lru). Returns true
 * if the batch is full and must be drained.
 */
export function addToLruBatch(m: Machine, cpu: number, pfn: Pfn): boolean {
  const at = m.lruAddCount[cpu]!;
  getPage(m, pfn);
  m.lruAdd[cpu * LRU_ADD_BATCH + at] = pfn;
  m.lruAddCount[cpu] = at + 1;
  return at + 1 === LRU_ADD_BATCH;
}
