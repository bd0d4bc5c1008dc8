import type { KindOfPlainPage } from '../host/bulk-mover.js';
import {
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
import { SLOT_PFN } from './page-cache.js';
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

/** Where the one entry is that maps each page (0 for none, SEVERAL), and its slot in the page cache (0 for none). */
export interface Places {
  readonly entry: Uint32Array;
  readonly slot: Uint32Array;
}

/**
 * Finds what names each page. False, at the first page that is not plain or is named by somebody who cannot be found:
 * then it is for the service to say why.
 */
export function findPlaces(
  m: Machine,
  sources: Uint32Array,
  nrPages: number,
  kindOf: KindOfPlainPage,
  { entry, slot }: Places,
): boolean {
  const { flags, count, mapcount, index, extentMapping, extentLeaf, mapNonlinear, mapBase } = m;
  let known = 0;
  for (let i = 0; i < nrPages; i++) {
    const pfn = sources[i]!;
    const has = flags[pfn]!;
    if ((has & NOT_PLAIN) !== PG_LRU) return false;
    const isAnonymous = (has & PG_ANON) !== 0;
    if (has !== known && kindOf(has) !== (isAnonymous ? 'anonymous' : 'page-cache')) return false;
    known = has;
    const place = index[pfn]!;
    const mapping = extentMapping[place >>> EXTENT_SHIFT]!;
    if (place === 0 || mapping === 0 || mapNonlinear[mapping] !== 0) return false;
    const mapped = mapcount[pfn]!;
    let explained = mapped;
    slot[i] = 0;
    if (!isAnonymous) {
      const leaf = extentLeaf[place >>> EXTENT_SHIFT]!;
      if (leaf === 0) return false;
      slot[i] = leaf * EXTENT_PAGES + (place & (EXTENT_PAGES - 1));
      explained += (has & PG_PRIVATE) !== 0 ? 2 : 1;
    }
    if (explained === 0 || count[pfn] !== explained) return false;
    entry[i] = 0;
    if (mapped !== 0) entry[i] = findEntries(m, pfn, mapping, place - mapBase[mapping]!, mapped);
    if (mapped !== 0 && entry[i] === 0) return false;
  }
  return areThere(m, sources, nrPages, slot, entry);
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

/** A loop of its own: entries are all over memory, and this way many of them are fetched at a time. */
function areThere(m: Machine, sources: Uint32Array, nrPages: number, slot: Uint32Array, entry: Uint32Array): boolean {
  const { ptes, leafSlots } = m;
  let wrong = 0;
  for (let i = 0; i < nrPages; i++) {
    const pfn = sources[i]!;
    const at = entry[i]!;
    if (at !== 0 && at !== SEVERAL) {
      const pte = ptes[at]!;
      wrong |= ((pte >>> 4) ^ pfn) | ((pte & PTE_PRESENT) ^ PTE_PRESENT);
    }
    if (slot[i] !== 0) wrong |= (leafSlots[slot[i]!]! & SLOT_PFN) ^ (pfn + 1);
  }
  return wrong === 0;
}
