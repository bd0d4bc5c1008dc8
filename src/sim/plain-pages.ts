import type { KindOfPlainPage } from '../host/bulk-mover.js';
import {
  FREE_FLAGS,
  PG_ANON,
  PG_BUDDY,
  PG_HEAD,
  PG_HUGE,
  PG_HWPOISON,
  PG_ISOLATED,
  PG_LOCKED,
  PG_LRU,
  PG_MLOCKED,
  PG_MOVABLE_OPS,
  PG_NONLINEAR,
  PG_NOPAGE,
  PG_OFFLINE,
  PG_PCP,
  PG_PRIVATE,
  PG_RESERVED,
  PG_SWAPCACHE,
  PG_TAIL,
  PG_UNEVICTABLE,
  PG_WRITEBACK,
} from '../mm/page-flags.js';
import { PTE_PRESENT } from '../mm/pte.js';
import type { Pfn } from '../mm/units.js';
import { EXTENT_PAGES, EXTENT_SHIFT, type Machine } from './machine.js';
import { isInItsSlot, SLOT_PFN } from './page-cache.js';
import { pteAt } from './page-tables.js';
import { vpnInVma } from './rmap.js';
import { VM_LOCKED } from './vm-flags.js';

/** Where the entry of a page is that several map: each has to be looked for. */
export const SEVERAL = 0xffff_ffff;

/** What a page must have of these is PG_LRU alone: whoever has another one is in somebody's hands, or moves otherwise. */
const NOT_PLAIN =
  PG_LRU |
  PG_LOCKED |
  PG_WRITEBACK |
  PG_ISOLATED |
  PG_SWAPCACHE |
  PG_UNEVICTABLE |
  PG_MLOCKED |
  PG_NONLINEAR |
  PG_MOVABLE_OPS |
  PG_HEAD |
  PG_TAIL |
  PG_HUGE |
  PG_HWPOISON |
  PG_OFFLINE |
  PG_NOPAGE |
  PG_RESERVED |
  PG_BUDDY |
  PG_PCP;

/** By position: where the one entry is that maps a page (0 for none, SEVERAL), and its page-cache slot (0 for none). */
export interface Places {
  readonly entry: Uint32Array;
  readonly slot: Uint32Array;
  /** Pages that are not plain, or are named by somebody who cannot be found: it is for the service to say why. */
  readonly others: Uint32Array;
}

export function createPlaces(capacity: number): Places {
  return {
    entry: new Uint32Array(capacity),
    slot: new Uint32Array(capacity),
    others: new Uint32Array(capacity),
  };
}

/** Finds what names each page. Plain ones come to stand first in `sources`, the others behind them; returns how many are. */
export function sortOutPlain(
  m: Machine,
  sources: Uint32Array,
  nrPages: number,
  kindOf: KindOfPlainPage,
  places: Places,
): number {
  const { entry, slot, others } = places;
  const { flags, count, mapcount, index, extentMapping, extentLeaf, mapNonlinear, mapBase } = m;
  let known = 0;
  let isKnownPlain = false;
  let nr = 0;
  let nrOthers = 0;
  for (let i = 0; i < nrPages; i++) {
    const pfn = sources[i]!;
    const has = flags[pfn]!;
    const isAnonymous = (has & PG_ANON) !== 0;
    if (has !== known) {
      known = has;
      isKnownPlain = (has & NOT_PLAIN) === PG_LRU && kindOf(has) === (isAnonymous ? 'anonymous' : 'page-cache');
    }
    const place = index[pfn]!;
    const mapping = extentMapping[place >>> EXTENT_SHIFT]!;
    const mapped = mapcount[pfn]!;
    let explained = mapped;
    let at = 0;
    let slotAt = 0;
    if (!isAnonymous) {
      const leaf = extentLeaf[place >>> EXTENT_SHIFT]!;
      slotAt = leaf === 0 ? 0 : leaf * EXTENT_PAGES + (place & (EXTENT_PAGES - 1));
      explained += (has & PG_PRIVATE) !== 0 ? 2 : 1;
    }
    let isPlain = isKnownPlain && place !== 0 && mapping !== 0 && mapNonlinear[mapping] === 0;
    isPlain &&= explained !== 0 && count[pfn] === explained && (isAnonymous || slotAt !== 0);
    if (isPlain && mapped !== 0) {
      at = findEntries(m, pfn, mapping, place - mapBase[mapping]!, mapped);
      isPlain = at !== 0;
    }
    if (!isPlain) {
      others[nrOthers++] = pfn;
      continue;
    }
    sources[nr] = pfn;
    entry[nr] = at;
    slot[nr++] = slotAt;
  }
  const nrPlain = keepThoseThatAreThere(m, sources, nr, places, nrOthers);
  for (let i = nrPlain; i < nrPages; i++) sources[i] = others[i - nrPlain]!;
  return nrPlain;
}

/**
 * The first page from `start` to before `end` that is neither free nor plain, or of which somebody has a reference that its
 * mappings, its cache, and its buffers do not explain. Of the others it is known that they would go.
 */
export function skipPlain(m: Machine, start: Pfn, end: Pfn, kindOf: KindOfPlainPage): Pfn {
  const { flags, count, mapcount, index } = m;
  let known = 0;
  let isKnownPlain = false;
  for (let pfn = start; pfn < end; pfn++) {
    const has = flags[pfn]!;
    if ((has & FREE_FLAGS) !== 0) continue;
    const isAnonymous = (has & PG_ANON) !== 0;
    if (has !== known) {
      known = has;
      isKnownPlain = (has & NOT_PLAIN) === PG_LRU && kindOf(has) === (isAnonymous ? 'anonymous' : 'page-cache');
    }
    if (!isKnownPlain || index[pfn] === 0) return pfn;
    const explained = mapcount[pfn]! + (isAnonymous ? 0 : (has & PG_PRIVATE) !== 0 ? 2 : 1);
    if (explained === 0 || count[pfn] !== explained || (!isAnonymous && !isInItsSlot(m, pfn))) return pfn;
  }
  return end;
}

/** Where the page's one entry may be, SEVERAL if it has more and all are there, 0 if some are not to be found. */
function findEntries(m: Machine, pfn: Pfn, mapping: number, offset: number, mapped: number): number {
  const { mapLinks, linkNext, linkVma, vmaFlags, vmaMm } = m;
  const first = mapLinks[mapping]!;
  const isAlone = first !== 0 && linkNext[first] === 0;
  let found = 0;
  let last = 0;
  for (let link = first; link !== 0; link = linkNext[link]!) {
    const vma = linkVma[link]!;
    const vpn = vpnInVma(m, vma, offset);
    if (vpn < 0) continue;
    // What mlock has said of the VMA is made good when its page arrives.
    if ((vmaFlags[vma]! & VM_LOCKED) !== 0) return 0;
    const at = pteAt(m, vmaMm[vma]!, vpn);
    // With one VMA there is one entry to look at, and that is looked at later, with those of the other pages.
    if (at === 0 || (!isAlone && !maps(m, at, pfn))) continue;
    found++;
    last = at;
  }
  if (found !== mapped) return 0;
  return mapped === 1 ? last : SEVERAL;
}

function maps(m: Machine, at: number, pfn: Pfn): boolean {
  const pte = m.ptes[at]!;
  return (pte & PTE_PRESENT) !== 0 && pte >>> 4 === pfn;
}

/** A loop of its own: entries and slots are all over memory, and this way many of them are fetched at a time. */
function keepThoseThatAreThere(
  m: Machine,
  sources: Uint32Array,
  nrPages: number,
  places: Places,
  others: number,
): number {
  const { entry, slot } = places;
  const { ptes, leafSlots } = m;
  let nr = 0;
  let nrOthers = others;
  for (let i = 0; i < nrPages; i++) {
    const pfn = sources[i]!;
    const at = entry[i]!;
    const slotAt = slot[i]!;
    let wrong = 0;
    if (at !== 0 && at !== SEVERAL) wrong = ((ptes[at]! >>> 4) ^ pfn) | (~ptes[at]! & PTE_PRESENT);
    if (slotAt !== 0) wrong |= (leafSlots[slotAt]! & SLOT_PFN) ^ (pfn + 1);
    if (wrong !== 0) {
      places.others[nrOthers++] = pfn;
      continue;
    }
    sources[nr] = pfn;
    entry[nr] = at;
    slot[nr++] = slotAt;
  }
  if (nrOthers > others) places.others.subarray(0, nrOthers).sort();
  return nr;
}
