import type { KindOfPlainPage } from '../host/bulk-mover.js';
import { PTE_PRESENT } from '../mm/pte.js';
import type { Pfn } from '../mm/units.js';
import { EXTENT_PAGES, EXTENT_SHIFT, type Machine, TABLE_ENTRIES } from './machine.js';
import { SLOT_PFN } from './page-cache.js';
import { pteAt } from './page-tables.js';
import { ask, createKnownFlags, type KnownFlags, learn, NOT_PLAIN, placeOfFlags } from './plain-flags.js';
import { vpnInVma } from './rmap.js';
import { VM_LOCKED } from './vm-flags.js';

/** Where the entry of a page is that several map: each has to be looked for. */
export const SEVERAL = 0xffff_ffff;
/** No entry, no slot, where there should be one. */
const MISSING = 0xffff_fffe;
const LEVEL_BITS = 9;
const IN_TABLE = TABLE_ENTRIES - 1;

/** By position: where the one entry is that maps a page (0 for none, SEVERAL), and its page-cache slot (0 for none). */
export interface Places {
  readonly entry: Uint32Array;
  readonly slot: Uint32Array;
  /** Pages that are not plain, or are named by somebody who cannot be found: it is for the service to say why. */
  readonly others: Uint32Array;
  nrOthers: number;
  /** On the way there: the page's place on the index line, its mapping, and where its table is named. */
  readonly onLine: Uint32Array;
  readonly mapping: Uint32Array;
  readonly table: Uint32Array;
  readonly known: KnownFlags;
}

export function createPlaces(capacity: number): Places {
  return {
    entry: new Uint32Array(capacity),
    slot: new Uint32Array(capacity),
    others: new Uint32Array(capacity),
    nrOthers: 0,
    onLine: new Uint32Array(capacity),
    mapping: new Uint32Array(capacity),
    table: new Uint32Array(capacity),
    known: createKnownFlags(),
  };
}

/**
 * Finds what names each page. Plain ones come to stand first in `sources`, the others behind them; returns how many are.
 * From a page to its entry it is four steps, each of which lies anywhere in memory: each is a loop of its own, that has
 * many pages' lines on their way at a time.
 */
export function sortOutPlain(
  m: Machine,
  sources: Uint32Array,
  nrPages: number,
  kindOf: KindOfPlainPage,
  places: Places,
): number {
  const { others } = places;
  places.nrOthers = 0;
  ask(places.known, kindOf);
  const nr = keepThoseInNobodysHands(m, sources, nrPages, places);
  const nrBefore = places.nrOthers;
  findExtents(m, nr, places);
  findTables(m, sources, nr, places);
  findEntries(m, nr, places);
  const nrPlain = keepThoseThatAreThere(m, sources, nr, places);
  if (nrBefore !== 0 && places.nrOthers !== nrBefore) others.subarray(0, places.nrOthers).sort();
  for (let i = nrPlain; i < nrPages; i++) sources[i] = others[i - nrPlain]!;
  return nrPlain;
}

/** Those whose flags are a plain page's, and whose references are all explained. Leaves mapcounts in `entry`, references of the cache in `slot`. */
function keepThoseInNobodysHands(m: Machine, sources: Uint32Array, nrPages: number, places: Places): number {
  const { entry, slot, others, onLine, known } = places;
  const { flags, count, mapcount, index } = m;
  let nr = 0;
  let nrOthers = 0;
  for (let i = 0; i < nrPages; i++) {
    const pfn = sources[i]!;
    const has = flags[pfn]!;
    const at = placeOfFlags(has);
    if (known.flags[at] !== has) learn(known, has);
    const references = known.references[at]!;
    const mapped = mapcount[pfn]!;
    const place = index[pfn]!;
    const explained = mapped + references;
    if (references === NOT_PLAIN || place === 0 || explained === 0 || count[pfn] !== explained) {
      others[nrOthers++] = pfn;
      continue;
    }
    sources[nr] = pfn;
    onLine[nr] = place;
    entry[nr] = mapped;
    slot[nr++] = references;
  }
  places.nrOthers = nrOthers;
  return nr;
}

/** Whose the pages are, and where their slots. */
function findExtents({ extentMapping, extentLeaf }: Machine, nrPages: number, places: Places): void {
  const { onLine, mapping, slot } = places;
  for (let i = 0; i < nrPages; i++) {
    const place = onLine[i]!;
    mapping[i] = extentMapping[place >>> EXTENT_SHIFT]!;
    if (slot[i] === 0) continue;
    const leaf = extentLeaf[place >>> EXTENT_SHIFT]!;
    slot[i] = leaf === 0 ? MISSING : leaf * EXTENT_PAGES + (place & (EXTENT_PAGES - 1));
  }
}

/**
 * Where the page tables of the pages are named, and in `entry` which of a table's entries is the page's; what is known of
 * a mapping serves for all its pages that follow. A page that several VMAs may map gets its answer at once, and no table.
 */
function findTables(m: Machine, sources: Uint32Array, nrPages: number, places: Places): void {
  const { entry, table, mapping, onLine } = places;
  const { mapNonlinear, mapBase, mapLinks, linkNext, linkVma, ptes } = m;
  const { vmaOffset, vmaPages, vmaStart, vmaFlags, vmaMm, mmPgd } = m;
  let last = 0;
  let isKnown = false;
  let isAlone = false;
  let base = 0;
  let nrInVma = 0;
  let start = 0;
  let top = 0;
  for (let i = 0; i < nrPages; i++) {
    const its = mapping[i]!;
    if (its !== last) {
      last = its;
      const link = mapLinks[its]!;
      const vma = linkVma[link]!;
      isKnown = its !== 0 && mapNonlinear[its] === 0;
      isAlone = link !== 0 && linkNext[link] === 0;
      base = isAlone ? mapBase[its]! + vmaOffset[vma]! : mapBase[its]!;
      // What mlock has said of the VMA is made good when its page arrives: then none of them is plain.
      nrInVma = (vmaFlags[vma]! & VM_LOCKED) !== 0 ? 0 : vmaPages[vma]!;
      start = vmaStart[vma]!;
      top = mmPgd[vmaMm[vma]!]! * TABLE_ENTRIES;
    }
    const mapped = entry[i]!;
    table[i] = 0;
    if (!isKnown) entry[i] = MISSING;
    else if (mapped === 0) continue;
    else if (isAlone) {
      const page = onLine[i]! - base;
      const vpn = start + page;
      const pmd = mapped === 1 && page >= 0 && page < nrInVma ? ptes[top + (vpn >>> (2 * LEVEL_BITS))]! : 0;
      entry[i] = pmd === 0 ? MISSING : vpn & IN_TABLE;
      if (pmd !== 0) table[i] = pmd * TABLE_ENTRIES + ((vpn >>> LEVEL_BITS) & IN_TABLE);
    } else entry[i] = entryAmongSeveral(m, sources[i]!, its, onLine[i]! - base, mapped);
  }
}

function findEntries({ ptes }: Machine, nrPages: number, { table, entry }: Places): void {
  for (let i = 0; i < nrPages; i++) {
    if (table[i] === 0) continue;
    const found = ptes[table[i]!]!;
    entry[i] = found === 0 ? MISSING : found * TABLE_ENTRIES + entry[i]!;
  }
}

/** The page's one entry, SEVERAL if it has more and all are there, MISSING if some are not to be found. */
function entryAmongSeveral(m: Machine, pfn: Pfn, mapping: number, offset: number, mapped: number): number {
  let found = 0;
  let last = 0;
  for (let link = m.mapLinks[mapping]!; link !== 0; link = m.linkNext[link]!) {
    const vma = m.linkVma[link]!;
    const vpn = vpnInVma(m, vma, offset);
    if (vpn < 0) continue;
    if ((m.vmaFlags[vma]! & VM_LOCKED) !== 0) return MISSING;
    const at = pteAt(m, m.vmaMm[vma]!, vpn);
    if (at === 0 || !maps(m, at, pfn)) continue;
    found++;
    last = at;
  }
  if (found !== mapped) return MISSING;
  return mapped === 1 ? last : SEVERAL;
}

function maps(m: Machine, at: number, pfn: Pfn): boolean {
  const pte = m.ptes[at]!;
  return (pte & PTE_PRESENT) !== 0 && pte >>> 4 === pfn;
}

function keepThoseThatAreThere(m: Machine, sources: Uint32Array, nrPages: number, places: Places): number {
  const { entry, slot, others } = places;
  const { ptes, leafSlots } = m;
  let nr = 0;
  let { nrOthers } = places;
  for (let i = 0; i < nrPages; i++) {
    const pfn = sources[i]!;
    const at = entry[i]!;
    const slotAt = slot[i]!;
    let wrong = at === MISSING || slotAt === MISSING ? 1 : 0;
    if (wrong === 0 && at !== 0 && at !== SEVERAL) wrong = ((ptes[at]! >>> 4) ^ pfn) | (~ptes[at]! & PTE_PRESENT);
    if (wrong === 0 && slotAt !== 0) wrong = (leafSlots[slotAt]! & SLOT_PFN) ^ (pfn + 1);
    if (wrong !== 0) {
      others[nrOthers++] = pfn;
      continue;
    }
    sources[nr] = pfn;
    entry[nr] = at;
    slot[nr++] = slotAt;
  }
  places.nrOthers = nrOthers;
  return nr;
}
