import { PAGEBLOCK_ORDER, type Pfn } from '../mm/units.js';
import { appendToLru, LAST_PLACEMENT, LRU_EPOCH_SHIFT, lruListOf, PLACEMENT_BITS } from './lru.js';
import { LRU_CHUNK, LRU_LISTS_PER_NODE, type Machine, SCALAR } from './machine.js';
import { nodeOf } from './pageblocks.js';

/**
 * The pages in `pages[from..to)`, all of one node, get a place on the LRU, just those that `placeOnLru` would give one after the other, if that can be
 * had without sweeping a queue: a sweep asks which pages are on their lists while some of them are and others not yet.
 * False, with nothing changed, if a queue might be swept meanwhile, or if pages are of several nodes.
 */
export function canPlaceMany(m: Machine, pages: Uint32Array, from: number, to: number): boolean {
  const { lruEpoch, lruGeneration, lruLength, lruLimit, lruChunkNext, scalars } = m;
  const node = nodeOf(m, pages[from]!);
  const nrPages = to - from;
  if (m.nrNodes > 1 && !areOfNode(m, pages, from, to, node)) return false;
  const first = node * LRU_LISTS_PER_NODE;
  for (let list = first; list < first + LRU_LISTS_PER_NODE; list++)
    if (lruLength[list]! + nrPages > Math.max(lruLimit[list]!, LRU_CHUNK)) return false;
  const chunks = Math.ceil(nrPages / LRU_CHUNK) + LRU_LISTS_PER_NODE;
  if (lruChunkNext.length - 1 - scalars[SCALAR.lruChunkFill]! <= lruLength.length * 2 + chunks) return false;
  const lastOfGeneration = (lruGeneration[node]! << PLACEMENT_BITS) | LAST_PLACEMENT;
  for (let i = from; i < to; i++) if (lruEpoch[pages[i]!] === lastOfGeneration) return false;
  return true;
}

/** After `canPlaceMany` has said so. Flags of the pages are final: they name their lists. */
export function placeMany(m: Machine, pages: Uint32Array, from: number, to: number): void {
  const { flags, lruEpoch, lruEntries, lruLast, lruLastAt, lruLength } = m;
  const node = nodeOf(m, pages[from]!);
  const generation = m.lruGeneration[node]!;
  for (let i = from; i < to; i++) {
    const pfn = pages[i]!;
    const old = lruEpoch[pfn]!;
    const placement = old >>> PLACEMENT_BITS === generation ? (old & LAST_PLACEMENT) + 1 : 0;
    // 0 is for pages that a machine is populated with.
    const epoch = (generation << PLACEMENT_BITS) | placement || 1;
    lruEpoch[pfn] = epoch;
    const kind = lruListOf(flags[pfn]!);
    if (kind < 0) continue;
    const list = node * LRU_LISTS_PER_NODE + kind;
    const entry = ((epoch << LRU_EPOCH_SHIFT) | pfn) >>> 0;
    const chunk = lruLast[list]!;
    const at = lruLastAt[list]!;
    if (chunk === 0 || at === LRU_CHUNK) {
      appendToLru(m, list, entry);
      continue;
    }
    lruEntries[chunk * LRU_CHUNK + at] = entry;
    lruLastAt[list] = at + 1;
    lruLength[list] = lruLength[list]! + 1;
  }
}

function areOfNode(m: Machine, pages: Uint32Array, from: number, to: number, node: number): boolean {
  const { zoneOfPageblock } = m;
  let known = zoneOfPageblock[pages[from]! >>> PAGEBLOCK_ORDER]!;
  for (let i = from + 1; i < to; i++) {
    const pfn: Pfn = pages[i]!;
    const zone = zoneOfPageblock[pfn >>> PAGEBLOCK_ORDER]!;
    if (zone === known) continue;
    if (nodeOf(m, pfn) !== node) return false;
    known = zone;
  }
  return true;
}
