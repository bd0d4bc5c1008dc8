import { touchBytes, touchHalfWords, touchWords } from '../base/gather.js';
import type { BulkMover, KindOfPlainPage } from '../host/bulk-mover.js';
import { NR_MAX_BATCHED_MIGRATION } from '../mm/migrate-mode.js';
import { PG_ISOLATED, PG_LOCKED, PG_LRU, PG_PRIVATE } from '../mm/page-flags.js';
import { isPresent, presentPte, pteBits, ptePayload } from '../mm/pte.js';
import { type Order, PAGEBLOCK_ORDER, type Pfn } from '../mm/units.js';
import { freeMany } from './bulk-free.js';
import { allocateTargets } from './bulk-targets.js';
import { CARRIED } from './carried-flags.js';
import { copyContentsBatch, copyWords } from './contents.js';
import { placeOnLru } from './lru.js';
import { canPlaceMany, placeMany } from './lru-bulk.js';
import { EXTENT_SHIFT, type Machine } from './machine.js';
import { freeAbove, zonelist } from './page-allocator.js';
import { SLOT_PFN } from './page-cache.js';
import { pteAt } from './page-tables.js';
import { nodeOf } from './pageblocks.js';
import { createPlaces, type Places, SEVERAL, sortOutPlain } from './plain-pages.js';
import { vpnInVma } from './rmap.js';
import { createPlainLook, skipPlain } from './skip-plain.js';
import { createScout } from './target-scout.js';
import { tlbFlushAll } from './tlb.js';

/** CPU on which the migrator runs. */
const CPU = 0;

/**
 * The phases of a migration for plain pages of a machine that one thread has to itself: the same steps in the same order,
 * each as one loop over columns. The service's phases are the reference: what both leave behind is the same to the byte.
 */
export class SimBulkMover implements BulkMover {
  readonly capacity = NR_MAX_BATCHED_MIGRATION;
  readonly #places = createPlaces(NR_MAX_BATCHED_MIGRATION);
  readonly #scout = createScout();
  readonly #look = createPlainLook();

  /** What was read ahead, kept so that no compiler leaves the reading out. */
  touched = 0;

  constructor(private readonly machine: Machine) {}

  move(
    sources: Uint32Array,
    nrPages: number,
    targets: Uint32Array,
    sparedOrder: Order,
    kindOf: KindOfPlainPage,
  ): number {
    const m = this.machine;
    const nr = hasRoom(m, sources, nrPages) ? sortOutPlain(m, sources, nrPages, kindOf, this.#places) : 0;
    if (nr === 0) return 0;
    allocateTargets(m, sources, nr, sparedOrder, targets, this.#scout);
    tlbFlushAll(m);
    rePoint(m, sources, targets, this.#places);
    this.touched = moveInGroups(m, sources, targets, nr);
    freeMany(m, CPU, sources, nr);
    return nr;
  }

  skipPlain(start: Pfn, end: Pfn, kindOf: KindOfPlainPage): Pfn {
    return skipPlain(this.machine, start, end, kindOf, this.#look);
  }
}

/** Columns of so many pages are in no cache. */
const BEYOND_CACHES = 2 ** 18;
/** Of so many targets all columns stay within reach, of the caches and of the TLB, from one loop to the next. */
const GROUP = 64;

/** Everything else that is the source's becomes the target's, group by group. Returns what was read ahead. */
function moveInGroups(m: Machine, sources: Uint32Array, targets: Uint32Array, nr: number): number {
  let touched = 0;
  for (let from = 0, to = 0; from < nr; from = to) {
    to = Math.min(from + GROUP, nr);
    if (m.spec.nrPfns >= BEYOND_CACHES) touched += touchAhead(m, targets, from, to);
    const isUnswept = canPlaceMany(m, targets, from, to);
    // Who sweeps asks about all pages of the batch.
    if (!isUnswept) to = nr;
    handOver(m, sources, targets, from, to);
    if (m.contentWords <= 2) copyWords(m, sources, targets, from, to);
    if (isUnswept) carry(m, sources, targets, from, to);
    else carryOneByOne(m, sources, targets, from, to);
  }
  if (m.contentWords > 2) copyContentsBatch(m, sources, targets, nr);
  return touched;
}

/** Reads what the loops after this one are going to write, column by column: targets lie all over memory. */
function touchAhead(m: Machine, pages: Uint32Array, from: number, to: number): number {
  const sum =
    touchWords(m.flags, pages, from, to) ^
    touchWords(m.index, pages, from, to) ^
    touchHalfWords(m.count, pages, from, to) ^
    touchHalfWords(m.mapcount, pages, from, to) ^
    touchBytes(m.lruEpoch, pages, from, to);
  if (m.contentWords > 2) return sum;
  for (let i = from; i < to; i++) wordsOfGroup[i - from] = pages[i]! * m.contentWords;
  return sum ^ touchWords(m.contents, wordsOfGroup, 0, to - from);
}

/** Where contents begin. */
const wordsOfGroup = new Uint32Array(GROUP);

/** True if the pages, ascending, are of one zone, and there is a target for each of them, wherever in its zonelist. */
function hasRoom(m: Machine, sources: Uint32Array, nrPages: number): boolean {
  const { zoneOfPageblock } = m;
  const [first, last] = [sources[0]!, sources[nrPages - 1]!];
  // Zones are in one piece, and do not overlap.
  if (zoneOfPageblock[first >>> PAGEBLOCK_ORDER] !== zoneOfPageblock[last >>> PAGEBLOCK_ORDER]) return false;
  let room = 0;
  for (const zone of zonelist(m, nodeOf(m, first), 'Movable'))
    room += Math.max(0, freeAbove(m, zone, 'min', 'Movable'));
  return room >= nrPages;
}

/** Whatever named the old pages names the new ones (folio_migrate_mapping, and rmap). */
function rePoint(m: Machine, sources: Uint32Array, targets: Uint32Array, places: Places): void {
  const { ptes, leafSlots } = m;
  const { entry, mapped, nrMapped, slot, cached, nrCached } = places;
  for (let k = 0; k < nrMapped; k++) {
    const i = mapped[k]!;
    const at = entry[i]!;
    if (at === SEVERAL) rePointEach(m, sources[i]!, targets[i]!);
    else ptes[at] = presentPte(targets[i]!, pteBits(ptes[at]!));
  }
  for (let k = 0; k < nrCached; k++) {
    const i = cached[k]!;
    leafSlots[slot[i]!] = (leafSlots[slot[i]!]! & ~SLOT_PFN) | (targets[i]! + 1);
  }
}

function rePointEach(m: Machine, source: Pfn, target: Pfn): void {
  const place = m.index[source]!;
  const mapping = m.extentMapping[place >>> EXTENT_SHIFT]!;
  for (let link = m.mapLinks[mapping]!; link !== 0; link = m.linkNext[link]!) {
    const vma = m.linkVma[link]!;
    const vpn = vpnInVma(m, vma, place - m.mapBase[mapping]!);
    const at = vpn < 0 ? 0 : pteAt(m, m.vmaMm[vma]!, vpn);
    const pte = m.ptes[at]!;
    if (at !== 0 && isPresent(pte) && ptePayload(pte) === source) m.ptes[at] = presentPte(target, pteBits(pte));
  }
}

/** The new page has the references that the old one had, which has none left. */
function handOver(m: Machine, sources: Uint32Array, targets: Uint32Array, from: number, to: number): void {
  const { count, mapcount, index } = m;
  for (let i = from; i < to; i++) {
    const source = sources[i]!;
    const target = targets[i]!;
    index[target] = index[source]!;
    index[source] = 0;
    mapcount[target] = mapcount[source]!;
    mapcount[source] = 0;
    count[target] = count[source]!;
    count[source] = 0;
  }
}

/** Flags follow the contents, and the new page has its place on the LRU (folio_migrate_flags, folio_add_lru). */
function carry(m: Machine, sources: Uint32Array, targets: Uint32Array, from: number, to: number): void {
  const { flags } = m;
  for (let i = from; i < to; i++) {
    const source = sources[i]!;
    flags[targets[i]!] = (flags[source]! & (CARRIED | PG_PRIVATE)) | PG_LRU;
    flags[source] = PG_LOCKED | PG_ISOLATED;
  }
  placeMany(m, targets, from, to);
}

/** The same where queues may be swept between two pages. */
function carryOneByOne(m: Machine, sources: Uint32Array, targets: Uint32Array, from: number, to: number): void {
  const { flags } = m;
  // Until then it is on no list: nothing that a queue keeps of its frame's last page may hold.
  for (let i = from; i < to; i++) flags[targets[i]!] = PG_LOCKED | PG_ISOLATED;
  for (let i = from; i < to; i++) {
    const has = flags[sources[i]!]!;
    flags[targets[i]!] = (has & (CARRIED | PG_PRIVATE)) | PG_LRU;
    flags[sources[i]!] = PG_LOCKED | PG_ISOLATED;
    placeOnLru(m, targets[i]!);
  }
}
